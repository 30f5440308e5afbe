// SPDX-License-Identifier: LGPL-2.1-or-later
// Two descriptions, the second after a line "----": a first offer and, once we answered, a
// re-offer. Gate and shim together: what passes must be whole, and webrtcbin must see every SSRC.
#include "core/negotiation/gate.hpp"

#include <set>

#include "core/base/bytes.hpp"
#include "core/negotiation/shim.hpp"
#include "require.hpp"

using namespace genos;

namespace {

core::Sdp shown_to_webrtcbin(core::Gate& gate, core::Shim& shim, std::string_view text) {
  auto remote = gate.check({core::DescriptionType::offer, std::string(text)});
  if (!remote) return {};
  const auto inner = shim.in(*remote);
  if (!inner) return {};
  auto sdp = core::Sdp::parse((*inner).sdp);
  fuzz::require(sdp.has_value(), "what the shim writes parses");
  std::set<std::string> mids;
  for (const auto& section : (*sdp).media) {
    fuzz::require(mids.emplace(section.mid()).second, "a mid is there once");
    fuzz::require(section.port != 0, "nothing is rejected");
  }
  fuzz::require((*sdp).bundle().size() == mids.size(), "all m-lines are in the bundle");
  for (const auto& media : (*remote).media)
    for (const auto ssrc : media.ssrcs)
      fuzz::require((*inner).sdp.find("a=ssrc:" + std::to_string(ssrc)) != std::string::npos,
                    "webrtcbin knows every SSRC that the guard lets in");
  return *std::move(sdp);
}

// As webrtcbin would: we send on every video line and receive on every audio line.
core::Description answer_to(core::Sdp sdp) {
  for (auto& section : sdp.media) {
    section.set("setup", "active");
    if (section.kind() == core::MediaKind::application) continue;
    const auto theirs = sdp.direction(section);
    const bool video = section.kind() == core::MediaKind::video;
    section.set_direction(
        core::direction_of(video && core::receives(theirs), !video && core::sends(theirs)));
  }
  return {core::DescriptionType::answer, sdp.text()};
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = core::text_of({data, size});
  const auto cut = text.find("----\n");
  core::Gate gate;
  core::Shim shim{core::Platform{}};
  auto sdp = shown_to_webrtcbin(gate, shim, text.substr(0, cut));
  if (sdp.media.empty() || cut == std::string_view::npos) return 0;
  const auto wire = shim.out(answer_to(std::move(sdp)));
  fuzz::require(wire.has_value(), "our answer can be written");
  fuzz::require(gate.sent(*wire), "our answer is one");
  sdp = shown_to_webrtcbin(gate, shim, text.substr(cut + 5));
  if (sdp.media.empty()) return 0;
  const auto second = shim.out(answer_to(std::move(sdp)));
  fuzz::require(second && gate.sent(*second), "our second answer is one");
  return 0;
}
