// SPDX-License-Identifier: LGPL-2.1-or-later
// Descriptors one after another, each with its size in front.
#include "core/rtp/dependency_descriptor.hpp"

#include <algorithm>

#include "require.hpp"

using namespace genos;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  core::ByteView bytes{data, size};
  std::optional<core::DependencyStructure> structure;
  while (!bytes.empty()) {
    const auto length = std::min<std::size_t>(bytes[0], bytes.size() - 1);
    const auto* current = structure ? &*structure : nullptr;
    const auto read = core::parse_dependency_descriptor(bytes.subspan(1, length), current);
    bytes = bytes.subspan(1 + length);
    if (!read) continue;
    const auto& said = *read;
    const auto written =
        core::write_dependency_descriptor(said, said.structure ? *said.structure : *structure);
    // Ours names the first template that fits, and that may take more to say.
    fuzz::require(written || written.error().code == core::Errc::too_large,
                  "what is read can be written");
    if (written) {
      const auto again = core::parse_dependency_descriptor(*written, current);
      fuzz::require(again && *again == said, "and reads back the same");
    }
    if (said.structure) structure = said.structure;
  }
  return 0;
}
