// SPDX-License-Identifier: LGPL-2.1-or-later
// The elements between a peer's packets and one pad of a genosroomsrc.
#pragma once

#include <gst/gst.h>

#include <memory>
#include <string>
#include <vector>

#include "bridge/ref.hpp"
#include "core/base/result.hpp"
#include "genos/track_in.hpp"
#include "rtp_codecs.hpp"

namespace genos::element {

// Of what comes decoded.
struct Loudness {
  double volume = 1;  // linear
  bool mute = false;
};

class TrackLine {
 public:
  struct Options {
    bool decode = false;
    GstClockTime latency = 0;  // at most so much later than in time do packets come
    GstStream* stream = nullptr;
    guint group = 0;  // the same for all tracks of a stream
  };
  // In `bin`, not yet playing.
  static core::Result<std::unique_ptr<TrackLine>> make(GstBin* bin, std::shared_ptr<TrackIn> track,
                                                       const RtpCodec& codec,
                                                       const Options& options);
  TrackLine(const TrackLine&) = delete;
  TrackLine& operator=(const TrackLine&) = delete;
  ~TrackLine();  // waits for whoever reads what is on its way

  [[nodiscard]] GstPad* src() const { return src_.get(); }
  [[nodiscard]] const TrackIn* track() const { return track_.get(); }
  void sound(const Loudness& loudness);
  void start();
  // Plays those too, from where its own packets end; null: no more.
  void fill_from(const std::shared_ptr<TrackIn>& filler);
  void end();    // EOS comes out, after what is on its way
  void leave();  // out of the bin, at once

 private:
  struct Course;

  TrackLine(GstBin* bin, std::shared_ptr<TrackIn> track);
  void watch(const Options& options);
  [[nodiscard]] unsigned take(TrackIn& from, bool fills);

  GstBin* const bin_;
  const std::shared_ptr<TrackIn> track_;
  Ref<GstElement> in_, line_;
  Ref<GstPad> src_;
  unsigned listener_ = 0, filler_listener_ = 0;
  std::shared_ptr<TrackIn> filler_;
  std::shared_ptr<Course> course_;
  bool has_left_ = false;
};

}  // namespace genos::element
