// SPDX-License-Identifier: LGPL-2.1-or-later
#include "net/watch_page.hpp"

#include <algorithm>

#include "net/soup_refs.hpp"
#include "net/watch_page_data.hpp"

namespace genos::net {

namespace {

// Only what came from here runs, is shown or is talked to ('self' includes ws and wss of the same
// address since Chromium 71 and Safari 16), and no text of a stranger can become markup.
constexpr const char* content_policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'";

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (std::size_t at = text.find(from); at != std::string::npos;
       at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
}

}  // namespace

std::optional<RelayHost::Page> watch_page(std::string_view path, const std::string& name) {
  const auto files = watch_page_files();
  const auto file = std::find_if(files.begin(), files.end(),
                                 [&](const WatchPageFile& each) { return each.path == path; });
  if (file == files.end()) return std::nullopt;
  RelayHost::Page page{std::string(file->type), std::string(file->body), {}};
  page.headers = {{"Content-Security-Policy", content_policy}, {"Referrer-Policy", "no-referrer"}};
  if (path == "/") {
    const Owned<char> shown(g_markup_escape_text(name.c_str(), gssize(name.size())));
    replace_all(page.body, "{{name}}", shown.get());
  }
  return page;
}

}  // namespace genos::net
