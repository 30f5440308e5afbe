// SPDX-License-Identifier: LGPL-2.1-or-later
#include "net/watch_page.hpp"

#include "net/embedded.hpp"
#include "support/relay_host_fixture.hpp"

namespace genos::net {

namespace {

std::string header_of(const RelayHost::Page& page, std::string_view name) {
  for (const auto& [key, value] : page.headers)
    if (key == name) return value;
  return {};
}

// The values of an attribute, of those of our own pages.
std::vector<std::string> values_of(const std::string& html, const std::string& attribute) {
  std::vector<std::string> values;
  const std::string before = " " + attribute + "=\"";
  for (auto at = html.find(before); at != std::string::npos; at = html.find(before, at + 1)) {
    const auto start = at + before.size();
    values.push_back(html.substr(start, html.find('"', start) - start));
  }
  return values;
}

}  // namespace

TEST(WatchPage, TheNameIsTextAndNothingRunsInline) {
  const auto page = watch_page("/", R"(a"b<c>)");
  ASSERT_TRUE(page);
  EXPECT_EQ(page->type, "text/html; charset=utf-8");
  EXPECT_NE(page->body.find("<h1>a&quot;b&lt;c&gt;</h1>"), std::string::npos);
  EXPECT_EQ(page->body.find("{{"), std::string::npos);
  EXPECT_EQ(page->body.find("<script>"), std::string::npos);
  EXPECT_EQ(page->body.find("<style"), std::string::npos);
  EXPECT_TRUE(values_of(page->body, "style").empty());
  EXPECT_TRUE(values_of(page->body, "onclick").empty());
}

TEST(WatchPage, EverythingItNamesIsServedWithThePolicy) {
  const auto page = watch_page("/", "genos");
  ASSERT_TRUE(page);
  auto paths = values_of(page->body, "href");
  for (const auto& path : values_of(page->body, "src")) paths.push_back(path);
  EXPECT_GE(paths.size(), 2u);
  for (const auto& path : paths) {
    const auto file = watch_page("/" + path, "genos");
    ASSERT_TRUE(file) << path;
    EXPECT_FALSE(file->body.empty()) << path;
    EXPECT_EQ(header_of(*file, "Referrer-Policy"), "no-referrer");
    const auto policy = header_of(*file, "Content-Security-Policy");
    EXPECT_EQ(policy.find("default-src 'none'; script-src 'self';"), 0u) << policy;
    EXPECT_EQ(policy.find("unsafe"), std::string::npos) << policy;
  }
  EXPECT_FALSE(watch_page("/nothing", "genos"));
  EXPECT_FALSE(watch_page("", "genos"));
}

TEST_F(RelayHostTest, APageHasItsHeaders) {
  options.page = [](std::string_view path) { return watch_page(path, "genos"); };
  listen();
  Raw raw(host->port());
  ASSERT_TRUE(raw.say("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"));
  ASSERT_TRUE(raw.hears("</html>"));
  for (const char* wanted :
       {"\r\nContent-Security-Policy: default-src 'none';", "\r\nReferrer-Policy: no-referrer\r\n",
        "\r\nX-Content-Type-Options: nosniff\r\n"})
    EXPECT_NE(raw.text().find(wanted), std::string::npos) << wanted;
}

TEST_F(RelayHostTest, TheEmbeddedRelayServesThePage) {
  listen();
  const auto port = host->port();
  host.reset();
  EmbeddedRelays embedded(nullptr);
  const RelayUri at{"ws://127.0.0.1:" + std::to_string(port), "127.0.0.1",
                    static_cast<std::uint16_t>(port)};
  ASSERT_TRUE(embedded.stand_in(at, RelayHost::Reach::loopback));
  const auto root = "http://127.0.0.1:" + std::to_string(port);
  EXPECT_NE(get(root + "/").body.find("<h1>genos</h1>"), std::string::npos);
  EXPECT_EQ(get(root + "/watch.css").type, "text/css; charset=utf-8");
  EXPECT_EQ(get(root + "/", "*/*", "evil.example").status, 403u);
}

}  // namespace genos::net
