// SPDX-License-Identifier: LGPL-2.1-or-later
#include "feeder.hpp"

#include <gst/video/video-event.h>

#include <algorithm>
#include <utility>

#include "bridge/define_type.hpp"

using namespace genos;
using namespace genos::element;

namespace {

struct Feeder {
  std::shared_ptr<FanOut> fan;
  FanOut::Rung rung = 0;
  FeederEvents events;
  guint asked = 0;
};

GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE("sink", GST_PAD_SINK, GST_PAD_ALWAYS,
                                                             GST_STATIC_CAPS("application/x-rtp"));

}  // namespace

namespace genos::element {
struct _GstGenosFeeder {
  GstBaseSink parent;
  Feeder* state;
};
G_DEFINE_FINAL_TYPE(GstGenosFeeder, gst_genos_feeder, GST_TYPE_BASE_SINK)

// What comes live has waited already; of a file the clock says when a frame is due.
static gboolean gst_genos_feeder_set_caps(GstBaseSink* base, GstCaps*) {
  GstQuery* query = gst_query_new_latency();
  gboolean live = FALSE;
  if (gst_pad_peer_query(GST_BASE_SINK_PAD(base), query))
    gst_query_parse_latency(query, &live, nullptr, nullptr);
  gst_query_unref(query);
  gst_base_sink_set_sync(base, !live);
  return TRUE;
}

// When the frame was taken, on the system's clock: the age it has on the clock of this pipeline is
// the same on any.
static GstClockTime moment_of(GstBaseSink* base, GstBuffer* first) {
  const auto system = adopt(gst_system_clock_obtain());
  const GstClockTime now = gst_clock_get_time(system.get());
  const auto clock = adopt(gst_element_get_clock(GST_ELEMENT(base)));
  const GstClockTime pts = GST_BUFFER_PTS(first);
  if (!clock || !GST_CLOCK_TIME_IS_VALID(pts)) return now;
  const auto running = gst_segment_to_running_time(&base->segment, GST_FORMAT_TIME, pts);
  if (!GST_CLOCK_TIME_IS_VALID(running)) return now;
  const GstClockTime here = clock.get() == system.get() ? now : gst_clock_get_time(clock.get());
  const auto age = GST_CLOCK_DIFF(running + gst_element_get_base_time(GST_ELEMENT(base)), here);
  return age <= 0 ? now : now - std::min(GstClockTime(age), now);
}

static GstFlowReturn feed(GstGenosFeeder* self, GstBufferList* raw) {
  auto& state = *self->state;
  const bool begins = state.events.begins();
  auto* list = gst_buffer_list_make_writable(raw);
  if (gst_buffer_list_length(list) > 0) {
    const auto moment = moment_of(GST_BASE_SINK(self), gst_buffer_list_get(list, 0));
    for (guint i = 0; i < gst_buffer_list_length(list); ++i) {
      auto* packet = gst_buffer_list_get_writable(list, i);
      GST_BUFFER_PTS(packet) = moment;
      GST_BUFFER_DTS(packet) = GST_CLOCK_TIME_NONE;
    }
    if (state.fan->push(state.rung, list, begins))
      gst_pad_push_event(GST_BASE_SINK_PAD(self), gst_video_event_new_upstream_force_key_unit(
                                                      GST_CLOCK_TIME_NONE, TRUE, ++state.asked));
  }
  gst_buffer_list_unref(list);
  return GST_FLOW_OK;
}

static GstFlowReturn gst_genos_feeder_render(GstBaseSink* base, GstBuffer* packet) {
  auto* list = gst_buffer_list_new_sized(1);
  gst_buffer_list_add(list, gst_buffer_ref(packet));
  return feed(GST_GENOS_FEEDER(base), list);
}

static GstFlowReturn gst_genos_feeder_render_list(GstBaseSink* base, GstBufferList* list) {
  return feed(GST_GENOS_FEEDER(base), gst_buffer_list_ref(list));
}

static gboolean gst_genos_feeder_event(GstBaseSink* base, GstEvent* event) {
  if (GST_EVENT_TYPE(event) == GST_EVENT_EOS) GST_GENOS_FEEDER(base)->state->events.ended();
  return GST_BASE_SINK_CLASS(gst_genos_feeder_parent_class)->event(base, event);
}

static void gst_genos_feeder_init(GstGenosFeeder* self) {
  self->state = new Feeder;
  auto* base = GST_BASE_SINK(self);
  // A track that begins late holds up nobody.
  gst_base_sink_set_async_enabled(base, FALSE);
  gst_base_sink_set_processing_deadline(base, 0);
  gst_base_sink_set_qos_enabled(base, FALSE);
}

static void gst_genos_feeder_finalize(GObject* object) {
  delete GST_GENOS_FEEDER(object)->state;
  G_OBJECT_CLASS(gst_genos_feeder_parent_class)->finalize(object);
}

static void gst_genos_feeder_class_init(GstGenosFeederClass* klass) {
  G_OBJECT_CLASS(klass)->finalize = gst_genos_feeder_finalize;
  auto* base_class = GST_BASE_SINK_CLASS(klass);
  base_class->set_caps = gst_genos_feeder_set_caps;
  base_class->render = gst_genos_feeder_render;
  base_class->render_list = gst_genos_feeder_render_list;
  base_class->event = gst_genos_feeder_event;
  gst_element_class_add_static_pad_template(GST_ELEMENT_CLASS(klass), &sink_template);
  gst_element_class_set_static_metadata(
      GST_ELEMENT_CLASS(klass), "Genos feeder", "Sink/Network/RTP",
      "Gives the packets of a track to all who watch it", "Genos developers");
}

GstElement* feeder_new(std::shared_ptr<FanOut> fan, FanOut::Rung rung, FeederEvents events) {
  auto* self = GST_GENOS_FEEDER(g_object_new(gst_genos_feeder_get_type(), nullptr));
  self->state->fan = std::move(fan);
  self->state->rung = rung;
  self->state->events = std::move(events);
  return GST_ELEMENT(self);
}

}  // namespace genos::element
