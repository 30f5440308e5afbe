// SPDX-License-Identifier: LGPL-2.1-or-later
#include "source_change.hpp"

#include <gst/video/video-event.h>

#include <string>

namespace genos::element {
namespace {

// An encoder that had begun already has no reason to make a keyframe of its own, and a decoder
// shows what it had for as long as none comes.
class Source {
 public:
  void on_event(GstEvent* event) {
    if (GST_EVENT_TYPE(event) == GST_EVENT_STREAM_START) {
      const gchar* id = nullptr;
      gst_event_parse_stream_start(event, &id);
      is_other_ = !id_.empty() && id_ != id;
      id_ = id;
    } else if (GST_EVENT_TYPE(event) == GST_EVENT_CAPS) {
      GstCaps* caps = nullptr;
      gst_event_parse_caps(event, &caps);
      const bool was_encoded = is_encoded_;
      is_encoded_ = !gst_structure_has_name(gst_caps_get_structure(caps, 0), "video/x-raw");
      is_changed_ = is_encoded_ && was_encoded;
    }
  }

  GstPadProbeReturn on_frame(GstPad* pad, const GstBuffer* frame) {
    const bool needs_others =
        is_encoded_ && GST_BUFFER_FLAG_IS_SET(frame, GST_BUFFER_FLAG_DELTA_UNIT);
    if (!needs_others) {
      is_other_ = is_changed_ = false;
      left_out_ = 0;
      return GST_PAD_PROBE_OK;
    }
    if ((is_other_ && left_out_++ % frames_between_requests == 0) || is_changed_)
      gst_pad_push_event(pad,
                         gst_video_event_new_upstream_force_key_unit(GST_CLOCK_TIME_NONE, TRUE, 0));
    is_changed_ = false;
    return is_other_ ? GST_PAD_PROBE_DROP : GST_PAD_PROBE_OK;
  }

 private:
  static constexpr guint frames_between_requests = 30;  // about a second

  std::string id_;
  bool is_encoded_ = false;
  bool is_other_ = false;    // since another source began
  bool is_changed_ = false;  // the caps, of what may be the same source
  guint left_out_ = 0;
};

}  // namespace

void begin_sources_with_keyframes(GstPad* pad) {
  constexpr int both = GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM | GST_PAD_PROBE_TYPE_BUFFER;
  gst_pad_add_probe(
      pad, GstPadProbeType(both),
      [](GstPad* of, GstPadProbeInfo* info, gpointer data) noexcept {
        auto& source = *static_cast<Source*>(data);
        if (GST_PAD_PROBE_INFO_TYPE(info) & GST_PAD_PROBE_TYPE_BUFFER)
          return source.on_frame(of, GST_PAD_PROBE_INFO_BUFFER(info));
        source.on_event(GST_PAD_PROBE_INFO_EVENT(info));
        return GST_PAD_PROBE_OK;
      },
      new Source, [](gpointer data) { delete static_cast<Source*>(data); });
}

}  // namespace genos::element
