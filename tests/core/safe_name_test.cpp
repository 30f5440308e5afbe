// SPDX-License-Identifier: LGPL-2.1-or-later
// Names that strangers give to files, and the lists of what folders hold.
#include "core/files/safe_name.hpp"

#include <gtest/gtest.h>

#include "core/wire/limits.hpp"

namespace genos::core {
namespace {

TEST(SafeName, OrdinaryNamesStay) {
  for (const char* name :
       {"a", "holiday.mkv", "Grüße aus Köln.txt", "日本語.pdf", "a b  c", "x.tar.gz", "console.log",
        "com10", "nullable", "-rf", "~", "$HOME", "a'b`c;d&e"})
    EXPECT_EQ(safe_name(name), name);
}

TEST(SafeName, WhatNoSystemOrSomeSystemRefusesIsReplaced) {
  const std::pair<std::string, std::string> names[] = {
      {"", "unnamed"},
      {".", "unnamed"},
      {"..", "unnamed"},
      {" ", "unnamed"},
      {"...", "unnamed"},
      {"/etc/passwd", "_etc_passwd"},
      {"../../x", "_._.._x"},
      {"..\\x", "_._x"},
      {".bashrc", "_bashrc"},
      {"C:\\x", "C__x"},
      {"a<b>c:d\"e|f?g*h", "a_b_c_d_e_f_g_h"},
      {"NUL", "_NUL"},
      {"nul.txt", "_nul.txt"},
      {"Nul .txt", "_Nul .txt"},
      {"a\xd8\x9c\xe2\x81\xa0z", "az"},
      {"com1", "_com1"},
      {"LPT9.log", "_LPT9.log"},
      {"end.", "end"},
      {"end. . ", "end"},
      {"  begin", "begin"},
      {std::string("nul\0byte", 8), "nul_byte"},
      {"new\nline\ttab\x1b[31m", "new_line_tab_[31m"},
      {"\xc2\x85next", "_next"},
      {"photo\xe2\x80\xaegpj.exe", "photogpj.exe"},
      {"zero\xe2\x80\x8bwidth", "zerowidth"},
      {"\xff\xfe", "unreadable name"},
      {"over\xc0\xaflong", "unreadable name"}};
  for (const auto& [name, safe] : names) EXPECT_EQ(safe_name(name), safe);
}

TEST(SafeName, LongNamesKeepTheirEnd) {
  const auto name = safe_name(std::string(300, 'x') + ".jpeg");
  EXPECT_EQ(name.size(), limits::max_file_name);
  EXPECT_TRUE(name.ends_with("x.jpeg"));
  std::string umlauts;
  for (int i = 0; i < 200; ++i) umlauts += "ü";
  EXPECT_TRUE(is_utf8(bytes_of(safe_name(umlauts)).empty() ? "" : safe_name(umlauts)));
  EXPECT_EQ(safe_name(umlauts).size(), 254u);
  // What goes before a device pushes the last letter out.
  const auto device = "con." + std::string(249, 'x');
  EXPECT_EQ(safe_name(device + " y"), "_" + device);
}

TEST(SafeName, NumberedBeforeTheEnd) {
  EXPECT_EQ(numbered_name("a.txt", 2), "a (2).txt");
  EXPECT_EQ(numbered_name("a", 3), "a (3)");
  EXPECT_EQ(numbered_name(".profile", 2), ".profile (2)");
  EXPECT_EQ(numbered_name(std::string(255, 'x'), 2).size(), 255u);
}

std::optional<std::vector<ManifestEntry>> read(const std::string& text, std::uint64_t total) {
  return manifest_in(bytes_of(text), total);
}

TEST(Manifest, ComesBackAsItWas) {
  const std::vector<ManifestEntry> entries = {{"a.txt", 3}, {"sub/b.txt", 0}, {"sub/deep/c", 7}};
  EXPECT_EQ(manifest_in(manifest_of(entries), 10), entries);
  EXPECT_EQ(manifest_in(manifest_of({}), 0), std::vector<ManifestEntry>());
  EXPECT_FALSE(manifest_in(manifest_of(entries), 11));
  EXPECT_FALSE(manifest_in(manifest_of(entries), 9));
}

TEST(Manifest, NothingLeadsOut) {
  for (const char* path : {"../x", "a/../../x", "/x", "a//b", "", "a/", "./x", "a/./b", ".."})
    EXPECT_FALSE(manifest_in(manifest_of({{path, 0}}), 0)) << path;
  EXPECT_EQ(manifest_in(manifest_of({{"..\\x/y", 0}}), 0)->front().path, ".._x/y");
  EXPECT_FALSE(manifest_in(manifest_of({{"a", 0}, {"a/b", 0}}), 0));  // a file and a folder
  std::string deep = "x";
  for (int i = 0; i < 100; ++i) deep += "/x";
  EXPECT_FALSE(manifest_in(manifest_of({{deep, 0}}), 0));
}

TEST(Manifest, NamesThatAreOneElsewhereAreToldApart) {
  const auto entries = manifest_in(manifest_of({{"A.txt", 0},
                                                {"a.txt", 0},
                                                {"a.TXT", 0},
                                                {"b?", 0},
                                                {"b*", 0},
                                                {"dir/x", 0},
                                                {"DIR", 0}}),
                                   0);
  ASSERT_TRUE(entries);
  std::vector<std::string> names;
  for (const auto& entry : *entries) names.push_back(entry.path);
  EXPECT_EQ(names, (std::vector<std::string>{"A.txt", "a (2).txt", "a (3).TXT", "b_", "b_ (2)",
                                             "dir/x", "DIR (2)"}));
}

TEST(Manifest, ThousandsOfOneNameAreRefusedAtOnce) {
  std::vector<ManifestEntry> entries(900, {"a", 0});
  EXPECT_TRUE(manifest_in(manifest_of(entries), 0));
  entries.resize(limits::max_manifest_entries, {"a", 0});
  EXPECT_FALSE(manifest_in(manifest_of(entries), 0));  // takes hours if every name is looked for
}

TEST(Manifest, FoldersWithoutEndAreRefused) {
  std::vector<ManifestEntry> entries;
  for (int i = 0; i < 3000; ++i) {
    std::string path = std::to_string(i);
    for (int depth = 0; depth < 60; ++depth) path += "/" + std::string(48, 'x');
    entries.push_back({path, 0});
  }
  EXPECT_FALSE(manifest_in(manifest_of(entries), 0));
  entries.resize(100);
  EXPECT_TRUE(manifest_in(manifest_of(entries), 0));
}

TEST(Manifest, WhatIsNoneIsNone) {
  for (const char* text : {"", "7", "{}", "[1]", "[[]]", "[[\"a\"]]", "[[\"a\",-1]]",
                           "[[\"a\",1.5]]", "[[\"a\",\"1\"]]", "[[\"a\",0,0]]", "[[1,0]]"})
    EXPECT_FALSE(read(text, 0)) << text;
  EXPECT_FALSE(read("[[\"a\",9007199254740991],[\"b\",9007199254740991]]", 10));
}

}  // namespace
}  // namespace genos::core
