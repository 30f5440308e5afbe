// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tools/record_names.hpp"

#include <glib.h>

namespace genos::tool {
namespace {

constexpr std::size_t longest_name = 64;

bool is_folder(const std::string& text) {
  std::error_code none;
  return text.ends_with('/') || std::filesystem::is_directory(text, none) ||
         (std::filesystem::path(text).extension().empty() && !std::filesystem::exists(text, none));
}

}  // namespace

std::string name_for_file(const std::string& text) {
  std::string name;
  for (const char c : text) {
    if (name.size() == longest_name) break;
    const bool plain = g_ascii_isalnum(c) || static_cast<unsigned char>(c) >= 0x80;
    name += plain || c == '-' || c == '_' ? c : '-';
  }
  // It may have been cut within a letter.
  const char* end = nullptr;
  if (!g_utf8_validate(name.c_str(), gssize(name.size()), &end))
    name.resize(std::size_t(end - name.c_str()));
  return name;
}

RecordNames::RecordNames(const std::string& out, bool replace)
    : replace_(replace), path_(out), folder_(is_folder(out)) {}

std::string RecordNames::problem() const {
  std::error_code none;
  const auto parent = folder_ ? path_ : path_.parent_path();
  if (!parent.empty() && !std::filesystem::is_directory(parent, none))
    return "there is no folder '" + parent.string() + "'; make it, or name a file like a.webm";
  const auto extension = path_.extension();
  if (!folder_ && extension != ".webm" && extension != ".mkv")
    return "'" + path_.string() + "' should end in .webm or .mkv, or be a folder";
  if (!folder_ && !replace_ && std::filesystem::exists(path_, none))
    return "'" + path_.string() + "' is there already; --replace writes over it";
  return {};
}

std::string RecordNames::next(const std::string& who, bool is_webm) {
  const auto base = folder_ ? path_ / name_for_file(who) : path_.parent_path() / path_.stem();
  const bool wants_mkv = !folder_ && path_.extension() == ".mkv";
  const std::string extension = is_webm && !wants_mkv ? ".webm" : ".mkv";
  for (unsigned& n = last_[base.string() + extension];;) {
    ++n;
    std::string path = base.string() + (n == 1 ? "" : "-" + std::to_string(n)) + extension;
    std::error_code none;
    const bool there = std::filesystem::exists(path, none);
    if ((!there || replace_) && taken_.insert(path).second) return path;
  }
}

}  // namespace genos::tool
