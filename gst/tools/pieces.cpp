// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tools/pieces.hpp"

#include <gst/app/gstappsink.h>
#include <gst/video/video-event.h>

namespace genos::tool {
namespace {

// Outlives its appsink by what stands in the main loop.
struct Reader {
  PipelineRun* run;
  PieceEvents events;
};
using ReaderRef = std::shared_ptr<Reader>;

GstFlowReturn on_sample(GstAppSink* sink, gpointer data) noexcept {
  const auto& reader = *static_cast<ReaderRef*>(data);
  auto sample = adopt(gst_app_sink_pull_sample(sink));
  if (!sample) return GST_FLOW_EOS;
  auto* buffer = gst_sample_get_buffer(sample.get());
  Piece piece;
  piece.at = gst_segment_to_running_time(gst_sample_get_segment(sample.get()), GST_FORMAT_TIME,
                                         GST_BUFFER_PTS(buffer));
  piece.is_key = !GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_DELTA_UNIT);
  piece.sample = std::move(sample);
  if (!GST_CLOCK_TIME_IS_VALID(piece.at)) return GST_FLOW_OK;
  reader->run->post([reader, piece] { reader->events.came(piece); });
  return GST_FLOW_OK;
}

void on_eos(GstAppSink* sink, gpointer data) noexcept {
  const auto& reader = *static_cast<ReaderRef*>(data);
  reader->run->post([reader, held = retain(GST_ELEMENT(sink))] {
    reader->events.ended();
    gst_element_set_locked_state(held.get(), TRUE);
    gst_element_set_state(held.get(), GST_STATE_NULL);
    gst_bin_remove(GST_BIN(reader->run->pipeline()), held.get());
  });
}

std::string artist_of(GstPad* pad) {
  const auto stream = adopt(gst_pad_get_stream(pad));
  auto* tags = stream ? gst_stream_get_tags(stream.get()) : nullptr;
  if (!tags) return {};
  char* artist = nullptr;
  gst_tag_list_get_string(tags, GST_TAG_ARTIST, &artist);
  gst_tag_list_unref(tags);
  const Owned<char> owned(artist);
  return artist ? artist : "";
}

}  // namespace

void take_pieces(PipelineRun& run, GstPad* pad, const char* words, PieceEvents events) {
  auto* element = gst_element_factory_make("appsink", nullptr);
  const auto caps = adopt(gst_caps_from_string(words));
  g_object_set(element, "caps", caps.get(), "sync", FALSE, "async", FALSE, nullptr);
  const auto reader = std::make_shared<Reader>(Reader{&run, std::move(events)});
  GstAppSinkCallbacks callbacks{};
  callbacks.new_sample = on_sample;
  callbacks.eos = on_eos;
  gst_app_sink_set_callbacks(GST_APP_SINK(element), &callbacks, new ReaderRef(reader),
                             [](gpointer gone) { delete static_cast<ReaderRef*>(gone); });
  const auto end = adopt(gst_element_get_static_pad(element, "sink"));
  run.post([reader, end] { reader->events.begun(end.get()); });
  gst_bin_add(GST_BIN(run.pipeline()), element);
  gst_element_sync_state_with_parent(element);
  gst_pad_link(pad, end.get());
}

void ask_for_keyframe(GstPad* end) {
  gst_pad_push_event(end,
                     gst_video_event_new_upstream_force_key_unit(GST_CLOCK_TIME_NONE, TRUE, 0));
}

StreamOf::StreamOf(GstPad* pad)
    : name(artist_of(pad)), is_sound(g_str_has_prefix(GST_PAD_NAME(pad), "audio")) {
  const Owned<char> id(gst_pad_get_stream_id(pad));
  const std::string whole = id ? id.get() : "";
  key = whole.substr(0, whole.rfind('/'));
  peer = key.substr(0, key.find('/'));
}

}  // namespace genos::tool
