// SPDX-License-Identifier: LGPL-2.1-or-later
// Two peer links with media between them.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "support/link_pair.hpp"
#include "support/rtp_feed.hpp"

namespace genos::test {

// The m-lines of one side under names of its own, as a page's are: webrtcbins name them alike, and
// the one that gives way refuses a line that has the name of one that it offered in vain.
inline std::string with_other_mids(const std::string& sdp) {
  std::string text;
  for (std::size_t from = 0; from < sdp.size();) {
    const auto end = std::min(sdp.find('\n', from), sdp.size() - 1) + 1;
    std::string line = sdp.substr(from, end - from);
    from = end;
    const bool names = line.starts_with("a=mid:") || line.starts_with("a=group:");
    for (std::size_t at = 0; names && at < line.size(); ++at)
      for (const auto& [word, other] : {std::pair{"video", "oediv"}, std::pair{"oediv", "video"}})
        if (line.compare(at, 5, word) == 0) {
          line.replace(at, 5, other);
          at += 4;
          break;
        }
    text += line;
  }
  return text;
}

inline std::optional<core::Signal> under_other_names(core::Signal signal) {
  if (auto* description = std::get_if<core::Description>(&signal))
    description->sdp = with_other_mids(description->sdp);
  return signal;
}

// A link with whatever feeds it; the feeds end after the links.
struct Call {
  explicit Call(core::Partner partner) : pair(partner) {
    pair.a.on_pad = [this](GstPad* pad) { to_a.count(pad); };
    pair.b.on_pad = [this](GstPad* pad) { to_b.count(pad); };
    if (partner == core::Partner::page) pair.a.on_the_way = pair.b.on_the_way = under_other_names;
  }
  ~Call() {
    pair.a.link.reset();
    pair.b.link.reset();
    link::drain_teardowns(std::chrono::seconds(10));
  }
  Ref<GstPad> add(LinkSide& side, guint ssrc, const std::string& stream, GstCaps* other = nullptr) {
    auto pad = side.link->add_media(vp8_caps(ssrc).get(), stream, other);
    EXPECT_TRUE(pad) << pad.error().detail;
    return pad ? *pad : nullptr;
  }
  void feed(const Ref<GstPad>& pad, guint ssrc, RtpFeed::Shape shape = RtpFeed::Shape::buffers) {
    feeds.push_back(std::make_unique<RtpFeed>(pad.get(), vp8_caps(ssrc).get(), ssrc, shape));
  }
  bool data_flows() {
    pair.a.messages.clear();
    pair.b.messages.clear();
    pair.a.link->send(core::Bytes(10, 1));
    pair.b.link->send(core::Bytes(10, 2));
    return pair.until([&] { return !pair.a.messages.empty() && !pair.b.messages.empty(); });
  }

  std::vector<std::unique_ptr<RtpFeed>> feeds;
  Arrivals to_a, to_b;
  LinkPair pair;
};

}  // namespace genos::test
