// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/files/safe_name.hpp"

#include <algorithm>
#include <set>

#include "core/wire/json.hpp"
#include "core/wire/limits.hpp"

namespace genos::core {
namespace {

constexpr std::string_view forbidden = "<>:\"/\\|?*";  // by Windows, and '/' by everybody
constexpr std::size_t max_depth = 64;
constexpr std::size_t max_path = 3072;  // leaves room for the folder that it goes into

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return result;
}

bool is_device(std::string_view name) {
  auto stem = lower(name.substr(0, name.find('.')));
  while (stem.ends_with(' ')) stem.pop_back();
  if (stem == "con" || stem == "prn" || stem == "aux" || stem == "nul") return true;
  return stem.size() == 4 && (stem.starts_with("com") || stem.starts_with("lpt")) &&
         stem[3] >= '0' && stem[3] <= '9';
}

// What turns the direction of writing or has no width: "exe.txt" must not look like "txt.exe".
bool deceives(std::string_view utf8) {
  if (utf8 == "\xd8\x9c" || utf8 == "\xef\xbb\xbf") return true;  // U+061C, U+FEFF
  if (utf8.size() != 3 || utf8[0] != '\xe2') return false;
  const auto second = static_cast<std::uint8_t>(utf8[1]),
             third = static_cast<std::uint8_t>(utf8[2]);
  const bool marks = third >= 0x8b && third <= 0x8f, embeddings = third >= 0xa8 && third <= 0xae;
  // U+200B to U+200F, U+2028 to U+202E; U+2060 to U+2069.
  return (second == 0x80 && (marks || embeddings)) ||
         (second == 0x81 && third >= 0xa0 && third <= 0xa9);
}

std::size_t length_of(char lead) {
  const auto byte = static_cast<std::uint8_t>(lead);
  return byte < 0x80 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
}

bool is_control_character(std::string_view one) {
  const auto byte = static_cast<std::uint8_t>(one[0]);
  return byte < 0x20 || byte == 0x7f || (byte == 0xc2 && static_cast<std::uint8_t>(one[1]) < 0xa0);
}

std::string cut(std::string_view name, std::size_t limit) {
  if (name.size() <= limit) return std::string(name);
  while (limit > 0 && (static_cast<std::uint8_t>(name[limit]) & 0xc0) == 0x80) --limit;
  return std::string(name.substr(0, limit));
}

// The end that says what kind of file it is; it survives when the rest is cut.
std::string_view extension_of(std::string_view name) {
  const auto dot = name.rfind('.');
  if (dot == name.npos || dot == 0 || name.size() - dot > 16) return {};
  return name.substr(dot);
}

std::string fitted(std::string_view name) {
  const auto end = extension_of(name);
  if (name.size() <= limits::max_file_name) return std::string(name);
  return cut(name.substr(0, name.size() - end.size()), limits::max_file_name - end.size()) +
         std::string(end);
}

// Windows cuts these off by itself, and "con." would become "con".
std::string without_end(std::string name) {
  while (name.ends_with('.') || name.ends_with(' ')) name.pop_back();
  return name;
}

std::vector<std::string_view> components(std::string_view path) {
  std::vector<std::string_view> all;
  for (std::size_t begin = 0; begin <= path.size();) {
    const auto end = std::min(path.find('/', begin), path.size());
    all.push_back(path.substr(begin, end - begin));
    begin = end + 1;
  }
  return all;
}

std::optional<std::string> safe_path(std::string_view path) {
  const auto parts = components(path);
  if (path.size() > max_path || parts.size() > max_depth) return std::nullopt;
  std::string safe;
  for (const auto part : parts) {
    if (part.empty() || part == "." || part == "..") return std::nullopt;
    safe += (safe.empty() ? "" : "/") + safe_name(part, Dots::kept);
  }
  return safe;
}

// Files and folders of one manifest, as a system sees them that knows no case.
class Taken {
 public:
  // A name for it that is no other file's and no folder's. None when too many would be the same,
  // which takes time in the square of their number, or folders are too many and too deep.
  std::optional<std::string> claim(const std::string& path) {
    const auto slash = path.rfind('/');
    const auto folder = slash == path.npos ? "" : path.substr(0, slash + 1);
    const auto name = slash == path.npos ? path : path.substr(slash + 1);
    for (unsigned number = 1; number == 1 || ++tries_ <= max_tries; ++number) {
      const auto candidate = folder + (number == 1 ? name : numbered_name(name, number));
      const auto key = lower(candidate);
      if (folders_.contains(key) || !files_.insert(key).second) continue;
      add_folders(key);
      if (folder_bytes_ > max_folder_bytes) return std::nullopt;
      return candidate;
    }
    return std::nullopt;
  }
  // A folder of that path would have to be a file at the same time.
  [[nodiscard]] bool crosses(const std::string& path) const {
    const auto key = lower(path);
    for (auto at = key.find('/'); at != key.npos; at = key.find('/', at + 1))
      if (files_.contains(key.substr(0, at))) return true;
    return false;
  }

 private:
  // A thousand of one name, or each of all files twice.
  static constexpr std::size_t max_tries = 500'000;
  // Each folder's path is held, and a path of 3 KiB can go through 64 of them.
  static constexpr std::size_t max_folder_bytes = 4 * limits::max_manifest;

  void add_folders(const std::string& path) {
    for (auto at = path.rfind('/'); at != path.npos && at > 0; at = path.rfind('/', at - 1))
      if (folders_.insert(path.substr(0, at)).second) folder_bytes_ += at;
  }

  std::set<std::string> files_, folders_;
  std::size_t tries_ = 0;
  std::size_t folder_bytes_ = 0;
};

}  // namespace

std::string safe_name(std::string_view name, Dots dots) {
  if (!is_utf8(name)) name = "unreadable name";
  std::string safe;
  for (std::size_t at = 0; at < name.size();) {
    const auto one = name.substr(at, length_of(name[at]));
    at += one.size();
    if (deceives(one)) continue;
    const bool bad = is_control_character(one) || forbidden.find(one[0]) != forbidden.npos;
    safe += bad ? "_" : std::string(one);
  }
  safe = without_end(fitted(safe));
  safe.erase(0, std::min(safe.find_first_not_of(' '), safe.size()));
  if (safe.starts_with('.') && dots == Dots::refused) safe[0] = '_';
  if (safe.empty()) return "unnamed";
  return is_device(safe) ? without_end(fitted("_" + safe)) : safe;
}

std::string numbered_name(std::string_view name, unsigned number) {
  const auto end = extension_of(name);
  const auto suffix = " (" + std::to_string(number) + ")" + std::string(end);
  return cut(name.substr(0, name.size() - end.size()), limits::max_file_name - suffix.size()) +
         suffix;
}

Bytes manifest_of(const std::vector<ManifestEntry>& entries) {
  auto list = Json::array();
  for (const auto& entry : entries) {
    auto one = Json::array();
    one.push(entry.path).push(static_cast<std::int64_t>(entry.size));
    list.push(std::move(one));
  }
  const auto text = to_text(list);
  return {text.begin(), text.end()};
}

std::optional<std::vector<ManifestEntry>> manifest_in(ByteView bytes, std::uint64_t total) {
  const JsonLimits within{limits::max_manifest, 3, 3 * limits::max_manifest_entries + 1};
  const auto json = parse_json(text_of(bytes), within);
  const auto* list = json ? (*json).as_array() : nullptr;
  if (!list) return std::nullopt;
  std::vector<ManifestEntry> entries;
  Taken taken;
  for (const auto& each : *list) {
    const auto* pair = each.as_array();
    if (!pair || pair->size() != 2) return std::nullopt;
    const auto* path = (*pair)[0].as_string();
    const auto size = (*pair)[1].as_integer();
    if (!path || !size || *size < 0 || static_cast<std::uint64_t>(*size) > total)
      return std::nullopt;
    const auto safe = safe_path(*path);
    if (!safe || taken.crosses(*safe)) return std::nullopt;
    auto name = taken.claim(*safe);
    if (!name) return std::nullopt;
    entries.push_back({std::move(*name), static_cast<std::uint64_t>(*size)});
    total -= entries.back().size;
  }
  if (total != 0) return std::nullopt;
  return entries;
}

}  // namespace genos::core
