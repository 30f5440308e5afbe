// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/negotiation/sdp.hpp"

#include "core/base/bytes.hpp"
#include "require.hpp"

using namespace genos;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto sdp = core::Sdp::parse(core::text_of({data, size}));
  if (!sdp) return 0;
  const auto again = core::Sdp::parse((*sdp).text());
  fuzz::require(again && *again == *sdp, "a description survives a round trip");
  auto edited = *sdp;
  for (auto& section : edited.media) {
    section.set("mid", "x");
    section.set_direction(core::Direction::inactive);
    fuzz::require(section.count("mid") == 1, "an attribute that was set is there once");
    fuzz::require(edited.direction(section) == core::Direction::inactive, "a direction is set");
  }
  edited.set_bundle({"x"});
  fuzz::require(edited.bundle() == std::vector<std::string>{"x"}, "the bundle is set");
  fuzz::require(core::Sdp::parse(edited.text()).has_value(), "an edited description parses");
  return 0;
}
