// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/rtp/obu.hpp"

#include <algorithm>

#include "core/rtp/limits.hpp"
#include "core/rtp/sequence_header.hpp"
#include "require.hpp"

using namespace genos;

namespace {

bool same(std::span<const core::Obu> a, std::span<const core::Obu> b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) {
    return x.type == y.type && x.extension == y.extension &&
           std::equal(x.payload.begin(), x.payload.end(), y.payload.begin(), y.payload.end());
  });
}

void round_trips(const std::vector<core::Obu>& obus) {
  const auto stream = core::write_obu_stream(obus);
  const auto annexb = core::write_annexb(obus);
  const auto from_stream = core::split_obu_stream(stream);
  const auto from_annexb = core::split_annexb(annexb);
  const bool too_many = obus.size() == core::limits::max_obus;  // no room for the delimiter
  fuzz::require(too_many || (from_stream && same(std::span(*from_stream).subspan(1), obus)),
                "an obu-stream reads back the same");
  fuzz::require(too_many || (from_annexb && same(std::span(*from_annexb).subspan(1), obus)),
                "annex B reads back the same");
  const auto ends = core::frame_ends(obus);
  fuzz::require(std::is_sorted(ends.begin(), ends.end()) &&
                    (obus.empty() ? ends.empty() : ends.back() == obus.size()),
                "frames are all of the unit");
  core::begins_sequence(obus);
  core::shows_frame(obus);
  for (const auto& obu : obus)
    if (const auto header = core::parse_sequence_header(obu.payload))
      fuzz::require((*header).width > 0 && (*header).height > 0, "a picture has a size");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (const auto obus = core::split_obu_stream({data, size})) round_trips(*obus);
  if (const auto obus = core::split_annexb({data, size})) round_trips(*obus);
  return 0;
}
