// SPDX-License-Identifier: LGPL-2.1-or-later

/**
 * SECTION:element-genosrtpav1depay
 * @title: genosrtpav1depay
 *
 * Takes AV1 out of RTP packets (RTP Payload Format For AV1, version 1.0). What was lost on the way
 * never reaches a decoder in part: the unit is dropped, the sender asked for a keyframe, and
 * everything up to that dropped too.
 *
 * |[
 * gst-launch-1.0 udpsrc port=5004
 * caps=application/x-rtp,media=video,encoding-name=AV1,clock-rate=90000 ! rtpjitterbuffer !
 * genosrtpav1depay ! genosav1dec ! autovideosink
 * ]|
 */

#include "gstgenosrtpav1depay.h"

#include <gst/video/video.h>

#include <array>
#include <atomic>
#include <new>
#include <optional>
#include <string>

#include "bridge/define_type.hpp"
#include "core/rtp/av1_depacketizer.hpp"
#include "core/rtp/dependency_descriptor.hpp"
#include "core/rtp/sequence_header.hpp"
#include "frame_hook.hpp"
#include "layer_meta.hpp"

using namespace genos;
using namespace genos::element;

GST_DEBUG_CATEGORY_STATIC(genos_rtp_av1_depay_debug);
#define GST_CAT_DEFAULT genos_rtp_av1_depay_debug

namespace {

enum Prop : guint { prop_none, prop_opaque, prop_request_keyframe, prop_wait_for_keyframe };

// Longer than a round trip to the other side of the world and an encoder's delay: what was asked
// for is given the time to come.
constexpr gint64 request_interval = 500 * G_TIME_SPAN_MILLISECOND;
constexpr gint clock_rate = 90'000;

GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE(
    "sink", GST_PAD_SINK, GST_PAD_ALWAYS,
    GST_STATIC_CAPS("application/x-rtp, media=(string)video, clock-rate=(int)90000, "
                    "encoding-name=(string)AV1"));
GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE(
    "src", GST_PAD_SRC, GST_PAD_ALWAYS,
    GST_STATIC_CAPS("video/x-av1, stream-format=(string)obu-stream, alignment=(string){tu,frame}; "
                    "video/x-av1, stream-format=(string)annexb, alignment=(string)tu"));

struct Format {
  const char* stream_format;
  const char* alignment;
};
constexpr std::array formats = {Format{"obu-stream", "tu"}, Format{"obu-stream", "frame"},
                                Format{"annexb", "tu"}};

guint frame_signal = 0;

struct State {
  std::atomic<bool> opaque{false}, request_keyframe{true}, wait_for_keyframe{true};

  // Of the streaming thread:
  std::optional<core::Av1Depacketizer> depacketizer;
  std::optional<guint32> ssrc;
  struct Moment {
    std::uint32_t timestamp = 0;
    GstClockTime pts = GST_CLOCK_TIME_NONE;
    std::optional<Layer> layer;  // when the sender tells
  };
  std::array<Moment, 2> moments{};  // of the last two units
  gint64 requested_at = 0;          // a keyframe; 0: never
  const Format* format = nullptr;   // null: not negotiated
  core::Bytes sequence_header;      // as the caps tell it
  guint8 descriptor_id = 0;         // of the header extension; 0: there is none
  std::optional<core::DependencyStructure> structure;
};

}  // namespace

struct _GstGenosRtpAv1Depay {
  GstRTPBaseDepayload parent;
};
using GstGenosRtpAv1DepayPrivate = State;
G_DEFINE_FINAL_TYPE_WITH_PRIVATE(GstGenosRtpAv1Depay, gst_genos_rtp_av1_depay,
                                 GST_TYPE_RTP_BASE_DEPAYLOAD)
GST_ELEMENT_REGISTER_DEFINE(genosrtpav1depay, "genosrtpav1depay", GST_RANK_SECONDARY,
                            GST_TYPE_GENOS_RTP_AV1_DEPAY)

static State& state_of(gpointer self) {
  return *static_cast<State*>(
      gst_genos_rtp_av1_depay_get_instance_private(GST_GENOS_RTP_AV1_DEPAY(self)));
}

// What comes next is another stream.
static void begin(State& state) {
  using Depacketizer = core::Av1Depacketizer;
  state.depacketizer.emplace(Depacketizer::Options{
      state.opaque ? Depacketizer::Content::opaque : Depacketizer::Content::obus,
      state.wait_for_keyframe ? Depacketizer::Resume::at_keyframe
                              : Depacketizer::Resume::anywhere});
  state.ssrc.reset();
  state.requested_at = 0;
  state.structure.reset();
}

// --- caps -------------------------------------------------------------------------------------

// What downstream takes, the most usual first.
static const Format* choose_format(GstRTPBaseDepayload* base) {
  const auto wanted = adopt(gst_pad_peer_query_caps(base->srcpad, nullptr));
  for (const auto& format : formats) {
    const auto caps = adopt(gst_caps_new_simple("video/x-av1", "stream-format", G_TYPE_STRING,
                                                format.stream_format, "alignment", G_TYPE_STRING,
                                                format.alignment, nullptr));
    if (gst_caps_can_intersect(caps.get(), wanted.get())) return &format;
  }
  return formats.data();
}

static void describe(GstCaps* caps, const core::SequenceHeader& header) {
  static constexpr std::array profiles = {"main", "high", "professional"};
  const char* chroma = header.monochrome      ? "4:0:0"
                       : header.subsampling_y ? "4:2:0"
                       : header.subsampling_x ? "4:2:2"
                                              : "4:4:4";
  gst_caps_set_simple(caps, "width", G_TYPE_INT, static_cast<gint>(header.width), "height",
                      G_TYPE_INT, static_cast<gint>(header.height), "profile", G_TYPE_STRING,
                      profiles[header.profile], "chroma-format", G_TYPE_STRING, chroma,
                      "bit-depth-luma", G_TYPE_UINT, guint{header.bit_depth}, "bit-depth-chroma",
                      G_TYPE_UINT, guint{header.bit_depth}, nullptr);
}

static void set_src_caps(GstRTPBaseDepayload* base, const core::Obu* header) {
  auto& state = state_of(base);
  state.format = choose_format(base);
  const auto caps = adopt(
      gst_caps_new_simple("video/x-av1", "parsed", G_TYPE_BOOLEAN, TRUE, "stream-format",
                          G_TYPE_STRING, state.format->stream_format, "alignment", G_TYPE_STRING,
                          state.format->alignment, "framerate", GST_TYPE_FRACTION, 0, 1,
                          nullptr));  // webmmux wants one: variable
  if (header) {
    state.sequence_header.assign(header->payload.begin(), header->payload.end());
    if (const auto parsed = core::parse_sequence_header(header->payload))
      describe(caps.get(), *parsed);
  }
  gst_pad_set_caps(base->srcpad, caps.get());  // when refused, so is what is pushed
}

// Before the first unit, and when the video changes.
static void negotiate(GstRTPBaseDepayload* base, const core::Av1Depacketizer::Unit& unit) {
  auto& state = state_of(base);
  const core::Obu* header = nullptr;
  for (const auto& obu : unit.obus)
    if (obu.type == core::ObuType::sequence_header) header = &obu;
  const bool same =
      !header || std::equal(header->payload.begin(), header->payload.end(),
                            state.sequence_header.begin(), state.sequence_header.end());
  if (!state.format || !same) set_src_caps(base, header);
}

// --- units ------------------------------------------------------------------------------------

static void request_keyframe(GstRTPBaseDepayload* base) {
  auto& state = state_of(base);
  const auto now = g_get_monotonic_time();
  if (!state.request_keyframe) return;
  if (state.requested_at != 0 && now - state.requested_at < request_interval) return;
  state.requested_at = now;
  GST_DEBUG_OBJECT(base, "asking for a keyframe");
  gst_pad_push_event(base->sinkpad,
                     gst_video_event_new_upstream_force_key_unit(GST_CLOCK_TIME_NONE, TRUE, 0));
}

static GstBuffer* buffer_of(core::Bytes bytes) {
  auto* kept = new core::Bytes(std::move(bytes));
  return gst_buffer_new_wrapped_full(
      GST_MEMORY_FLAG_READONLY, kept->data(), kept->size(), 0, kept->size(), kept,
      [](gpointer data) noexcept { delete static_cast<core::Bytes*>(data); });
}

static State::Moment moment_of(const State& state, std::uint32_t timestamp) {
  for (const auto& moment : state.moments)
    if (moment.timestamp == timestamp) return moment;
  return {};
}

static void push(GstRTPBaseDepayload* base, core::Bytes bytes,
                 const core::Av1Depacketizer::Unit& unit, bool first, bool last) {
  auto buffer = adopt(buffer_of(std::move(bytes)));
  const auto moment = moment_of(state_of(base), unit.timestamp);
  GST_BUFFER_PTS(buffer.get()) = moment.pts;
  if (moment.layer) set_layer(buffer.get(), *moment.layer);
  if (!unit.keyframe || !first) GST_BUFFER_FLAG_SET(buffer.get(), GST_BUFFER_FLAG_DELTA_UNIT);
  if (last) GST_BUFFER_FLAG_SET(buffer.get(), GST_BUFFER_FLAG_MARKER);
  buffer = through_frame_hook(base, frame_signal, std::move(buffer));
  if (buffer) gst_rtp_base_depayload_push(base, buffer.release());
}

static void push_frames(GstRTPBaseDepayload* base, const core::Av1Depacketizer::Unit& unit) {
  const auto ends = core::frame_ends(unit.obus);
  std::size_t at = 0;
  for (const auto end : ends) {
    core::Bytes bytes;
    if (at == 0) core::append_obu(bytes, {core::ObuType::temporal_delimiter, std::nullopt, {}});
    const bool first = at == 0;
    for (; at < end; ++at) core::append_obu(bytes, unit.obus[at]);
    push(base, std::move(bytes), unit, first, end == ends.back());
  }
}

static void push_unit(GstRTPBaseDepayload* base, core::Av1Depacketizer::Unit unit) {
  auto& state = state_of(base);
  negotiate(base, unit);
  if (unit.obus.empty()) {
    push(base, std::move(unit.bytes), unit, true, true);
  } else if (state.format == &formats[1]) {
    push_frames(base, unit);
  } else {
    const bool annexb = state.format == &formats[2];
    push(base, annexb ? core::write_annexb(unit.obus) : core::write_obu_stream(unit.obus), unit,
         true, true);
  }
}

static void drain(GstRTPBaseDepayload* base) {
  auto& state = state_of(base);
  while (auto output = state.depacketizer->poll()) {
    if (auto* unit = std::get_if<core::Av1Depacketizer::Unit>(&*output))
      push_unit(base, std::move(*unit));
    else
      request_keyframe(base);
  }
}

// The layer that the packet's dependency descriptor tells.
static std::optional<Layer> read_descriptor(State& state, GstRTPBuffer* rtp) {
  gpointer data = nullptr;
  guint size = 0;
  guint8 bits = 0;
  const auto id = state.descriptor_id;
  const bool there =
      id != 0 && (gst_rtp_buffer_get_extension_onebyte_header(rtp, id, 0, &data, &size) ||
                  gst_rtp_buffer_get_extension_twobytes_header(rtp, &bits, id, 0, &data, &size));
  if (!there) return {};
  auto read = core::parse_dependency_descriptor({static_cast<const guint8*>(data), size},
                                                state.structure ? &*state.structure : nullptr);
  if (!read) return {};
  if ((*read).structure) state.structure = std::move((*read).structure);
  Layer layer{(*read).frame.temporal_id, 1};
  for (const auto& each : state.structure->templates)
    layer.temporal_layers = std::max(layer.temporal_layers, each.temporal_id + 1U);
  return layer;
}

static GstBuffer* gst_genos_rtp_av1_depay_process(GstRTPBaseDepayload* base, GstRTPBuffer* rtp) {
  auto& state = state_of(base);
  const auto ssrc = gst_rtp_buffer_get_ssrc(rtp);
  if (!state.depacketizer || (state.ssrc && state.ssrc != ssrc)) begin(state);
  state.ssrc = ssrc;
  const auto timestamp = gst_rtp_buffer_get_timestamp(rtp);
  auto& [last, before] = state.moments;
  if (last.timestamp != timestamp || !GST_CLOCK_TIME_IS_VALID(last.pts)) {
    before = last;
    last = {timestamp, GST_BUFFER_PTS(rtp->buffer), {}};
  }
  if (const auto layer = read_descriptor(state, rtp)) last.layer = layer;
  state.depacketizer->handle({gst_rtp_buffer_get_seq(rtp),
                              timestamp,
                              gst_rtp_buffer_get_marker(rtp) != FALSE,
                              {static_cast<const std::uint8_t*>(gst_rtp_buffer_get_payload(rtp)),
                               gst_rtp_buffer_get_payload_len(rtp)}});
  drain(base);
  return nullptr;
}

// --- the element ------------------------------------------------------------------------------

// The number that `extmap-NUMBER` gives to the dependency descriptor; 0: none.
static guint8 descriptor_id_in(const GstStructure* about) {
  for (guint id = 1; id <= G_MAXUINT8; ++id) {
    const auto* uri = gst_structure_get_value(about, ("extmap-" + std::to_string(id)).c_str());
    if (uri && GST_VALUE_HOLDS_ARRAY(uri) && gst_value_array_get_size(uri) > 1)
      uri = gst_value_array_get_value(uri, 1);  // direction, URI, attributes
    if (uri && G_VALUE_HOLDS_STRING(uri) &&
        g_strcmp0(g_value_get_string(uri), core::dependency_descriptor_uri) == 0)
      return static_cast<guint8>(id);
  }
  return 0;
}

static gboolean gst_genos_rtp_av1_depay_set_caps(GstRTPBaseDepayload* base, GstCaps* caps) {
  base->clock_rate = clock_rate;
  state_of(base).descriptor_id = descriptor_id_in(gst_caps_get_structure(caps, 0));
  return TRUE;  // ours come with the first unit, that tells the size
}

static gboolean gst_genos_rtp_av1_depay_handle_event(GstRTPBaseDepayload* base, GstEvent* event) {
  auto& state = state_of(base);
  if (GST_EVENT_TYPE(event) == GST_EVENT_EOS && state.depacketizer) {
    state.depacketizer->finish();
    drain(base);
  }
  if (GST_EVENT_TYPE(event) == GST_EVENT_FLUSH_STOP) begin(state);
  return GST_RTP_BASE_DEPAYLOAD_CLASS(gst_genos_rtp_av1_depay_parent_class)
      ->handle_event(base, event);
}

static gboolean gst_genos_rtp_av1_depay_packet_lost(GstRTPBaseDepayload* base, GstEvent* event) {
  // The base class pushes a segment and a gap, which must not come before the caps.
  if (!state_of(base).format) return TRUE;
  return GST_RTP_BASE_DEPAYLOAD_CLASS(gst_genos_rtp_av1_depay_parent_class)
      ->packet_lost(base, event);
}

static GstStateChangeReturn gst_genos_rtp_av1_depay_change_state(GstElement* element,
                                                                 GstStateChange change) {
  auto& state = state_of(element);
  if (change == GST_STATE_CHANGE_READY_TO_PAUSED) {
    begin(state);
    state.format = nullptr;
    state.sequence_header.clear();
    state.moments.fill({});
  }
  return GST_ELEMENT_CLASS(gst_genos_rtp_av1_depay_parent_class)->change_state(element, change);
}

static std::atomic<bool>* property_of(GObject* object, guint id, GParamSpec* pspec) {
  auto& state = state_of(object);
  switch (id) {
    case prop_opaque: return &state.opaque;
    case prop_request_keyframe: return &state.request_keyframe;
    case prop_wait_for_keyframe: return &state.wait_for_keyframe;
    default: G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec); return nullptr;
  }
}

static void gst_genos_rtp_av1_depay_set_property(GObject* object, guint id, const GValue* value,
                                                 GParamSpec* pspec) {
  if (auto* property = property_of(object, id, pspec)) *property = g_value_get_boolean(value);
}

static void gst_genos_rtp_av1_depay_get_property(GObject* object, guint id, GValue* value,
                                                 GParamSpec* pspec) {
  if (auto* property = property_of(object, id, pspec)) g_value_set_boolean(value, *property);
}

static void gst_genos_rtp_av1_depay_init(GstGenosRtpAv1Depay* self) {
  new (&state_of(self)) State();
}

static void gst_genos_rtp_av1_depay_finalize(GObject* object) {
  state_of(object).~State();
  G_OBJECT_CLASS(gst_genos_rtp_av1_depay_parent_class)->finalize(object);
}

static void install_properties(GObjectClass* klass) {
  constexpr auto flags = GParamFlags(G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS);
  constexpr auto when_ready = GParamFlags(flags | GST_PARAM_MUTABLE_READY);
  const auto install = [&](guint id, const char* name, const char* blurb, gboolean standard,
                           GParamFlags how) {
    g_object_class_install_property(klass, id,
                                    g_param_spec_boolean(name, name, blurb, standard, how));
  };
  install(prop_opaque, "opaque",
          "Frames are encrypted: give them out as they were sent, by a payloader that does the "
          "same",
          FALSE, when_ready);
  install(prop_request_keyframe, "request-keyframe",
          "Ask the sender for a keyframe when something was lost, at most twice a second", TRUE,
          GParamFlags(flags | GST_PARAM_MUTABLE_PLAYING));
  install(prop_wait_for_keyframe, "wait-for-keyframe",
          "At the beginning and after a loss, give out nothing before a keyframe", TRUE,
          when_ready);
}

static void gst_genos_rtp_av1_depay_class_init(GstGenosRtpAv1DepayClass* klass) {
  auto* object = G_OBJECT_CLASS(klass);
  object->finalize = gst_genos_rtp_av1_depay_finalize;
  object->set_property = gst_genos_rtp_av1_depay_set_property;
  object->get_property = gst_genos_rtp_av1_depay_get_property;
  install_properties(object);
  /**
   * GstGenosRtpAv1Depay::frame:
   * @self: the depayloader
   * @frame: an encoded frame
   *
   * Emitted with each whole frame, in the streaming thread.
   *
   * Returns: (transfer full) (nullable): what is passed on in its place, or nothing to drop it
   */
  frame_signal = install_frame_hook(G_TYPE_FROM_CLASS(klass));

  auto* element = GST_ELEMENT_CLASS(klass);
  element->change_state = gst_genos_rtp_av1_depay_change_state;
  gst_element_class_add_static_pad_template(element, &src_template);
  gst_element_class_add_static_pad_template(element, &sink_template);
  gst_element_class_set_static_metadata(
      element, "RTP AV1 depayloader", "Codec/Depayloader/Network/RTP",
      "Takes AV1 out of RTP packets (RTP Payload Format For AV1, version 1.0)", "Genos");
  GST_DEBUG_CATEGORY_INIT(genos_rtp_av1_depay_debug, "genosrtpav1depay", 0, "AV1 out of RTP");

  auto* depayload = GST_RTP_BASE_DEPAYLOAD_CLASS(klass);
  depayload->set_caps = gst_genos_rtp_av1_depay_set_caps;
  depayload->process_rtp_packet = gst_genos_rtp_av1_depay_process;
  depayload->handle_event = gst_genos_rtp_av1_depay_handle_event;
  depayload->packet_lost = gst_genos_rtp_av1_depay_packet_lost;
}
