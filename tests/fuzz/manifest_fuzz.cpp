// SPDX-License-Identifier: LGPL-2.1-or-later
// A byte that says how long all files are together, and the list of a folder's files.
#include <set>

#include "core/files/safe_name.hpp"
#include "core/wire/limits.hpp"
#include "require.hpp"

using namespace genos;

namespace {

std::string lower(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return text;
}

void check_component(std::string_view name) {
  fuzz::require(!name.empty() && name.size() <= core::limits::max_file_name, "a name has a length");
  fuzz::require(name.front() != ' ' && name.back() != '.' && name.back() != ' ',
                "a name is neither another folder nor cut by Windows");
  fuzz::require(core::is_utf8(name), "a name is text");
  for (const char c : name) {
    fuzz::require(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f, "no control character");
    fuzz::require(std::string_view("<>:\"\\|?*").find(c) == std::string_view::npos,
                  "no character that some system forbids");
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const core::ByteView input(data, size);
  const std::uint64_t total = size > 0 ? input[0] : 0;
  const auto entries = core::manifest_in(input.subspan(std::min<std::size_t>(size, 1)), total);
  if (!entries) return 0;
  std::uint64_t sum = 0;
  std::set<std::string> files, folders;
  bool short_enough = true;
  for (const auto& entry : *entries) {
    sum += entry.size;
    fuzz::require(files.insert(lower(entry.path)).second, "each file has a name of its own");
    short_enough = short_enough && entry.path.size() <= 3072;
    std::size_t begin = 0;
    for (auto end = entry.path.find('/'); end != std::string::npos;
         end = entry.path.find('/', begin)) {
      check_component(std::string_view(entry.path).substr(begin, end - begin));
      folders.insert(lower(entry.path.substr(0, end)));
      begin = end + 1;
    }
    check_component(std::string_view(entry.path).substr(begin));
  }
  fuzz::require(sum == total, "all files together are as long as was said");
  for (const auto& folder : folders)
    fuzz::require(!files.contains(folder), "nothing is a file and a folder");
  if (short_enough)
    fuzz::require(core::manifest_in(core::manifest_of(*entries), total) == entries,
                  "what is safe stays as it is");
  return 0;
}
