// SPDX-License-Identifier: LGPL-2.1-or-later
// One connection to one remote peer: a pipeline of its own around one webrtcbin, with every
// workaround that keeps a remote from hurting us. Everything here runs on the thread of `context`.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "bridge/ref.hpp"
#include "core/base/bytes.hpp"
#include "core/base/ids.hpp"
#include "core/base/result.hpp"
#include "core/negotiation/remote_media.hpp"
#include "core/room/node.hpp"
#include "core/wire/signal.hpp"
#include "link/ice_agent.hpp"
#include "link/media_standing.hpp"

namespace genos::link {

class PeerLink {
 public:
  struct Options {
    core::LinkId id;
    core::LinkRole role = core::LinkRole::offerer;
    core::Partner partner = core::Partner::page;
    IceOptions ice;
    GMainContext* context = nullptr;  // retained; all calls and events happen on its thread
    // Turns our certificate's SHA-256 (as in a=fingerprint, "AA:BB:…") into the value of the
    // session attribute `genos-identity` of our descriptions; empty text: no attribute.
    std::function<std::string(const std::string& fingerprint)> identity;
    core::Duration jitter =
        std::chrono::milliseconds(200);  // rtpbin waits this long for a late packet
    // What we take, in this order: "h264", "opus"; of a kind that none is named of, anything. A
    // line of theirs with nothing else is refused. Asked for each offer; empty: anything.
    std::function<std::vector<std::string>()> codecs;
    core::Duration step_limit = std::chrono::seconds(10);  // one step of the negotiation
  };
  // Called on the context's thread (but for pad_added), never from inside a call into the link,
  // never after `closed` nor after the destructor began.
  struct Events {
    std::function<void(core::Signal)> signal;        // for the other side
    std::function<void()> opened;                    // channel open, fingerprint verified
    std::function<void(std::string reason)> closed;  // once, the last event
    std::function<void(core::Bytes)> message;
    std::function<void()> heard;                        // any packet; at most ten times a second
    std::function<void(std::size_t buffered)> drained;  // bytes still held of what send() was given
    std::function<void()> negotiated;                   // a later offer/answer round is complete
    // Media of the other side: a src pad of the pipeline's webrtcbin, and which of its lines that
    // is (RemoteTrack). On a streaming thread, perhaps while the destructor runs: hold weak
    // references. A pad that is left unlinked is drained.
    std::function<void(GstPad*, guint line)> pad_added;
  };

  PeerLink(Options options, Events events);
  PeerLink(const PeerLink&) = delete;
  PeerLink& operator=(const PeerLink&) = delete;
  ~PeerLink();  // at once; teardown goes on in a thread of its own

  void signal(core::Signal signal);  // from the other side
  void send(core::Bytes bytes);      // 1 to 65,536 bytes, after `opened`
  // At most once and in no order, over a channel of its own, made now; `opened`, and to ours only.
  void send_fresh(core::Bytes bytes);
  void close(core::Closing closing);  // `closed` follows

  // Media, for the elements: a sink pad of the pipeline for `caps` (fixed, with `ssrc`), negotiated
  // as a send-only line of its own; what is added in one turn of the context is negotiated
  // together. After `opened`. Towards a page one stream at a time: wrong_state until `negotiated`
  // ended the round of another. The pad may be linked and pushed to at once, and never blocks for
  // longer than the transport takes to start; packets are dropped until the other side accepted
  // them.
  // `other`: in which it can be pushed if they take no `caps`, of the same `ssrc`; or null.
  core::Result<Ref<GstPad>> add_media(GstCaps* caps, const std::string& stream_id,
                                      GstCaps* other = nullptr);
  // Nothing follows on it, and the other side hears so in the next round: a page's track ends. One
  // of ours may be told in words, else there is a round for it.
  void end_media(GstPad* pad, bool in_words);
  // Of a pad of add_media().
  [[nodiscard]] MediaStanding standing(GstPad* pad) const;
  // What the other side sends, as of the last `negotiated`.
  struct RemoteTrack {
    std::size_t line = 0;  // webrtcbin's
    core::RemoteMedia media;
    Ref<GstCaps> caps;
  };
  [[nodiscard]] std::vector<RemoteTrack> tracks() const;
  void set_jitter(core::Duration jitter);  // instead of Options::jitter
  [[nodiscard]] GstElement* pipeline() const;
  [[nodiscard]] std::string remote_fingerprint()
      const;  // "AA:BB:…", empty before their description

  class Impl;

 private:
  std::shared_ptr<Impl> impl_;
};

// Process-wide and early: makes the certificate (0.1 to 0.5 s) on a thread of its own, once.
void warm_up();
// Until that has ended: a program that calls gst_deinit() meanwhile crashes.
void wait_for_warm_up();
// Waits for every link's teardown; true when all ended in time.
bool drain_teardowns(core::Duration limit);

}  // namespace genos::link
