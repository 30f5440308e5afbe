// SPDX-License-Identifier: LGPL-2.1-or-later
// Names of files that a stranger chose, made such that any system can store them and none of them
// leads out of a folder.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/bytes.hpp"

namespace genos::core {

// One component: no separator, no character that some system forbids, no device of Windows, not
// empty, at most 255 bytes of UTF-8.
enum class Dots : std::uint8_t { refused, kept };  // at the beginning: hidden files
[[nodiscard]] std::string safe_name(std::string_view name, Dots dots = Dots::refused);

// "name (2).txt": for the `number`th of the same name.
[[nodiscard]] std::string numbered_name(std::string_view name, unsigned number);

// The files of a folder, in the order in which their bytes follow the manifest.
struct ManifestEntry {
  std::string path;  // components with '/' between them
  std::uint64_t size = 0;
  bool operator==(const ManifestEntry&) const = default;
};
[[nodiscard]] Bytes manifest_of(const std::vector<ManifestEntry>& entries);
// With safe names, all different from each other also where upper and lower case are one. None when
// it is no manifest, or its files are not `total` bytes.
[[nodiscard]] std::optional<std::vector<ManifestEntry>> manifest_in(ByteView bytes,
                                                                    std::uint64_t total);

}  // namespace genos::core
