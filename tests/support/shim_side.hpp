// SPDX-License-Identifier: LGPL-2.1-or-later
// Our side of a connection as a test drives it: gate and shim as the link uses them.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/negotiation/shim.hpp"
#include "support/sdp_fixtures.hpp"

namespace genos::test {

using core::Description;
using core::DescriptionType;
using core::Direction;
using core::direction_of;
using core::Gate;
using core::MediaKind;
using core::Platform;
using core::receives;
using core::RemoteDescription;
using core::Sdp;
using core::sends;
using core::Shim;

inline constexpr Platform v122{};
inline constexpr Platform v126{1, 26, true, {}};

// Our side of a connection: gate and shim as the link uses them, and what webrtcbin sees.
struct Side {
  explicit Side(Platform platform) : shim(platform) {}

  Gate gate;
  Shim shim;
  Sdp shown;  // to webrtcbin
  Sdp wire;   // to the other side
  RemoteDescription remote;

  void receive(const Description& theirs) {
    auto passed = gate.check(theirs);
    ASSERT_TRUE(passed) << passed.error().detail;
    remote = *passed;
    const auto inner = shim.in(*passed);
    ASSERT_TRUE(inner) << inner.error().detail;
    shown = *Sdp::parse((*inner).sdp);
  }
  void make(const Description& created, std::string_view identity = {}) {
    const auto outer = shim.out(created, identity);
    ASSERT_TRUE(outer) << outer.error().detail;
    EXPECT_TRUE(gate.sent(*outer));
    wire = *Sdp::parse((*outer).sdp);
  }
  // What webrtcbin 1.22 answers: each line's own direction against the one shown.
  [[nodiscard]] Description webrtcbin_answer(const std::vector<Direction>& wanted) const {
    auto sdp = shown;
    for (std::size_t i = 0; i < sdp.media.size(); ++i) {
      auto& section = sdp.media[i];
      for (const auto name : {"ssrc", "ssrc-group", "msid", "candidate"}) section.remove(name);
      section.set("setup", "active");
      if (section.kind() == MediaKind::application) continue;
      const auto theirs = sdp.direction(section);
      const auto ours = i < wanted.size() ? wanted[i] : Direction::recvonly;
      section.set_direction(
          direction_of(sends(ours) && receives(theirs), receives(ours) && sends(theirs)));
    }
    return {DescriptionType::answer, sdp.text()};
  }
};

// A page that answered our data channel and then our send-only video, and now sends on that line.
inline void reach_reuse(Side& side, const std::string& browser) {
  side.make(offer("webrtcbin-1.22-data"));
  side.receive(answer(browser + "-to-webrtcbin-data"));
  side.make(offer("webrtcbin-1.22-video"));
  side.receive(answer(browser + "-to-webrtcbin-video"));
  side.receive(offer(browser + "-to-webrtcbin-reuse"));
}

}  // namespace genos::test
