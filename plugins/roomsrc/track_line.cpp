// SPDX-License-Identifier: LGPL-2.1-or-later
#include "track_line.hpp"

#include <gst/app/gstappsrc.h>
#include <gst/video/video-event.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <sstream>
#include <utility>

#include "track_about.hpp"

namespace genos::element {
namespace {

// What waits while nothing is taken; then the oldest goes, and a keyframe is asked for.
constexpr guint64 waiting_limit = 3 * GST_SECOND;
// Packets of one timestamp take no time, however many they are: three seconds of 40 Mbit/s.
constexpr guint64 waiting_bytes = guint64{16} * 1024 * 1024;

bool is_installed(const std::string& name) {
  auto* factory = gst_element_factory_find(name.c_str());
  if (factory) gst_object_unref(factory);
  return factory;
}

// The first that is there of "one|another".
std::string installed_of(const char* names) {
  std::istringstream words(names);
  for (std::string word; std::getline(words, word, '|');)
    if (is_installed(word)) return word;
  return {};
}

// A packet's time on the system's clock, as running time here. None: before the beginning.
GstClockTime running_time(GstElement* element, GstClockTime moment) {
  const auto clock = adopt(gst_element_get_clock(element));
  if (!clock || !GST_CLOCK_TIME_IS_VALID(moment)) return GST_CLOCK_TIME_NONE;
  const auto system = adopt(gst_system_clock_obtain());
  GstClockTimeDiff at =
      GstClockTimeDiff(moment) - GstClockTimeDiff(gst_element_get_base_time(element));
  if (clock.get() != system.get())
    at += GST_CLOCK_DIFF(gst_clock_get_time(system.get()), gst_clock_get_time(clock.get()));
  return at < 0 ? GST_CLOCK_TIME_NONE : GstClockTime(at);
}

constexpr const char* loudness = "loudness";  // an element of a line

bool plays(GstElement* element) {
  GST_OBJECT_LOCK(element);
  const bool does = GST_STATE(element) == GST_STATE_PLAYING;
  GST_OBJECT_UNLOCK(element);
  return does;
}

// What is linked may lead nowhere, as sound into a uridecodebin of which only pictures are taken:
// no error, as long as others are.
GstFlowReturn pass(GstPad* pad, GstObject* parent, GstBuffer* packet) noexcept {
  const auto flow = gst_proxy_pad_chain_default(pad, parent, packet);
  return flow == GST_FLOW_NOT_LINKED ? GST_FLOW_OK : flow;
}

}  // namespace

// Packets come on threads of their own.
struct TrackLine::Course {
  std::mutex lock;
  GstClockTime last = 0, filled = 0;  // with the lock: of its own packets, and of others
  std::atomic<bool> has_paused = false;
};

TrackLine::TrackLine(GstBin* bin, std::shared_ptr<TrackIn> track)
    : bin_(bin), track_(std::move(track)), course_(std::make_shared<Course>()) {}

core::Result<std::unique_ptr<TrackLine>> TrackLine::make(GstBin* bin,
                                                         std::shared_ptr<TrackIn> track,
                                                         const RtpCodec& codec,
                                                         const Options& options) {
  std::string text = codec.depayloader;
  if (*codec.out_parser) text += std::string(" ! ") + codec.out_parser;
  if (options.decode) {
    const auto decoder = installed_of(codec.decoders);
    if (decoder.empty())
      return core::Error{core::Errc::not_found, std::string("nothing here decodes ") +
                                                    codec.encoding_name +
                                                    "; one of these does: " + codec.decoders};
    text += " ! " + decoder;
    if (track->about().is_sound) text += std::string(" ! volume name=") + loudness;
  }
  Owned<GError> error;
  auto line = sink(gst_parse_bin_from_description(text.c_str(), TRUE, out(error)));
  auto in = sink(gst_element_factory_make("appsrc", nullptr));
  if (!line || error || !in)
    return core::Error{core::Errc::not_found, std::string("no line for ") + codec.encoding_name +
                                                  ": install gstreamer1.0-plugins-good and -bad (" +
                                                  (error ? error->message : "appsrc") + ")"};
  g_object_set(in.get(), "is-live", TRUE, "format", GST_FORMAT_TIME, "caps",
               track->about().caps.get(), "leaky-type", GST_APP_LEAKY_TYPE_DOWNSTREAM, "max-bytes",
               waiting_bytes, "max-time", waiting_limit, "min-latency", gint64(options.latency),
               nullptr);
  std::unique_ptr<TrackLine> made(new TrackLine(bin, std::move(track)));
  made->in_ = std::move(in);
  made->line_ = std::move(line);
  gst_bin_add_many(bin, made->in_.get(), made->line_.get(), nullptr);
  const auto entry = adopt(gst_element_get_static_pad(made->line_.get(), "sink"));
  gst_pad_set_chain_function(entry.get(), pass);
  gst_element_link(made->in_.get(), made->line_.get());
  made->src_ = adopt(gst_element_get_static_pad(made->line_.get(), "src"));
  made->watch(options);
  return made;
}

void TrackLine::sound(const Loudness& wish) {
  const auto element = adopt(gst_bin_get_by_name(GST_BIN(line_.get()), loudness));
  if (element) g_object_set(element.get(), "volume", wish.volume, "mute", wish.mute, nullptr);
}

void TrackLine::watch(const Options& options) {
  const auto pad = adopt(gst_element_get_static_pad(in_.get(), "src"));
  struct Watch {
    std::shared_ptr<TrackIn> track;
    Ref<GstStream> stream;
    guint group;
  };
  constexpr int both = GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM | GST_PAD_PROBE_TYPE_EVENT_UPSTREAM;
  gst_pad_add_probe(
      pad.get(), GstPadProbeType(both),
      [](GstPad*, GstPadProbeInfo* info, gpointer data) noexcept {
        const auto& watch = *static_cast<Watch*>(data);
        auto* event = GST_PAD_PROBE_INFO_EVENT(info);
        if (GST_EVENT_TYPE(event) == GST_EVENT_STREAM_START) {
          info->data = stream_start(watch.stream.get(), watch.group);
          gst_event_unref(event);
        } else if (gst_video_event_is_force_key_unit(event)) {
          watch.track->want_keyframe();
        }
        return GST_PAD_PROBE_OK;
      },
      new Watch{track_, retain(options.stream), options.group},
      [](gpointer data) { delete static_cast<Watch*>(data); });
}

void TrackLine::start() {
  gst_element_sync_state_with_parent(line_.get());
  gst_element_sync_state_with_parent(in_.get());
  gst_element_send_event(in_.get(), tags_of(track_->about()));
  listener_ = take(*track_, false);
  if (!track_->about().is_sound) track_->want_keyframe();
}

// What comes during a pause is not shown later: time stands still in one, and goes on with what
// comes then.
unsigned TrackLine::take(TrackIn& from, bool fills) {
  return from.listen([in = in_, course = course_, fills, &from](GstBuffer* packet) {
    if (!plays(in.get())) {
      course->has_paused = true;
      return;
    }
    const bool goes_on = !fills && course->has_paused.exchange(false);
    if (goes_on && !from.about().is_sound) from.want_keyframe();
    const auto at = running_time(in.get(), GST_BUFFER_PTS(packet));
    if (!GST_CLOCK_TIME_IS_VALID(at)) return;
    const std::scoped_lock guard(course->lock);
    // What was late in coming has silence in its place by now.
    const auto since = fills ? course->last : course->filled;
    if (since > 0 && at <= since) return;
    auto& own = fills ? course->filled : course->last;
    own = std::max(own, at);
    auto* copy = gst_buffer_copy(packet);
    GST_BUFFER_PTS(copy) = at;
    gst_app_src_push_buffer(GST_APP_SRC(in.get()), copy);
  });
}

void TrackLine::fill_from(const std::shared_ptr<TrackIn>& filler) {
  if (filler == filler_) return;
  if (filler_) filler_->forget(filler_listener_);
  filler_ = filler;
  if (filler_) filler_listener_ = take(*filler_, true);
}

void TrackLine::end() {
  fill_from(nullptr);
  track_->forget(listener_);
  gst_app_src_end_of_stream(GST_APP_SRC(in_.get()));
}

TrackLine::~TrackLine() {
  leave();
  for (const auto& element : {in_, line_}) gst_element_set_state(element.get(), GST_STATE_NULL);
}

void TrackLine::leave() {
  if (std::exchange(has_left_, true)) return;
  fill_from(nullptr);
  track_->forget(listener_);
  for (const auto& element : {in_, line_}) {
    gst_element_set_locked_state(element.get(), TRUE);
    gst_bin_remove(bin_, element.get());
  }
}

}  // namespace genos::element
