// SPDX-License-Identifier: LGPL-2.1-or-later
// The media of one link: pads that we send on, and what becomes of those of the other side.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "bridge/signal.hpp"
#include "core/base/result.hpp"
#include "core/negotiation/candidate.hpp"
#include "core/negotiation/gate.hpp"
#include "core/negotiation/shim.hpp"
#include "link/media_standing.hpp"
#include "link/webrtc_refs.hpp"

namespace genos::link {

// The codec in which we take what a line of theirs offers, as the offer numbers it; null when it
// has none that we know.
Ref<GstCaps> receiving_caps(const core::RemoteMedia& media);

// Leaves of an offered line the codecs that are wanted, in the order of the wish; of a kind that
// the wish names none of, all. False: none is left, and the line is as it was.
[[nodiscard]] bool choose_codecs(core::RemoteMedia& media, const std::vector<std::string>& wanted);

// Lets this side say at once that packets were lost, again and again. rtpsession (1.22) says it out
// of turn once in half a second and waits for its turn else, which comes every 3 s: a picture that
// missed a second packet in that time stood still for 0.8 s at 3 % of loss.
void hasten_feedback(GstElement* webrtcbin);

// Held by webrtcbin's handlers and by the link. add() and settle() belong to the context's thread.
class MediaLines : public std::enable_shared_from_this<MediaLines> {
 public:
  // `pad_added` runs on a streaming thread, with the line of webrtcbin. A pad that it leaves
  // unlinked is drained: an unlinked one stops the whole bundle, the data channel included.
  explicit MediaLines(std::function<void(GstPad*, guint)> pad_added)
      : pad_added_(std::move(pad_added)) {}

  [[nodiscard]] std::vector<Connection> watch(GstElement* pipeline, GstElement* webrtcbin);

  // A sink pad of the pipeline. What is pushed into it is dropped until the other side accepted it.
  // `other`: what may be pushed instead, when they take that and not `caps`; of the same `ssrc`.
  core::Result<Ref<GstPad>> add(GstElement* pipeline, GstCaps* caps, const std::string& stream_id,
                                GstCaps* other = nullptr);
  // The other side has a track on a line that only we send on; the next offer has one of ours to
  // receive it on. false: it is of no codec that we know.
  [[nodiscard]] bool receive(const core::RemoteMedia& media);
  // Such a line stands in an offer of ours that is not answered.
  [[nodiscard]] bool is_asking() const { return asking_; }
  // An offer of ours is made next: what was added gets a send-only line of its own, because
  // webrtcbin cannot turn one that exists round, and inactive is for ever. Not earlier: webrtcbin
  // would take a sink pad that has no line yet for one that the other side offers.
  void place(GstElement* webrtcbin);
  // An offer of the other side is about to be applied; ours, if there was one, is thrown away.
  void withdraw();
  void expect(const core::RemoteDescription& offer, const core::Shim& shim);
  // A description of the other side was applied: which of our lines does it take?
  void settle(const core::RemoteDescription& remote, const core::Shim& shim);
  void end(GstPad* pad);  // of add()
  // The wire lines of those that ended, each once.
  [[nodiscard]] std::vector<std::size_t> retire_ended(const core::Shim& shim);
  // What became of a pad that add() made.
  [[nodiscard]] MediaStanding standing(GstPad* pad) const;

 private:
  struct Sending {
    Ref<GstPad> outer;  // what the application feeds
    Ref<GstCaps> caps, other;
    std::string stream;
    Ref<GstPad> inner;  // of webrtcbin, once it is placed
    Ref<GstWebRTCRTPTransceiver> transceiver;
    bool settled = false;  // its line stands in a description of both sides
    bool in_other = false;
    bool ended = false, retired = false;
    std::shared_ptr<std::atomic<bool>> accepted = std::make_shared<std::atomic<bool>>(false);
  };
  static void request(GstElement* webrtcbin, Sending& line);
  static void announce(Sending& line, GstCaps* caps);
  static void offer(Sending& line);
  static void choose(Sending& line, const core::RemoteMedia& answer);
  void on_transceiver(GstWebRTCRTPTransceiver* transceiver);
  void on_pad(GstElement* pipeline, GstPad* pad);

  const std::function<void(GstPad*, guint)> pad_added_;
  unsigned added_ = 0;
  std::vector<Sending> sending_;
  std::vector<Ref<GstCaps>> wanted_;  // lines to receive on, for the next offer
  bool asking_ = false;
  // A page sends from its answer on, before webrtcbin knows of it: a picture may have lost its
  // start.
  std::atomic<bool> asked_{false};
  std::mutex lock_;                         // guards offered_
  std::vector<core::RemoteMedia> offered_;  // by webrtcbin's m-line
};

}  // namespace genos::link
