// SPDX-License-Identifier: LGPL-2.1-or-later

/**
 * SECTION:element-genosrtpav1pay
 * @title: genosrtpav1pay
 *
 * Puts AV1 into RTP packets (RTP Payload Format For AV1, version 1.0). A frame leaves as one buffer
 * list.
 *
 * |[
 * gst-launch-1.0 videotestsrc ! genosav1enc ! genosrtpav1pay ! udpsink port=5004
 * ]|
 */

#include "gstgenosrtpav1pay.h"

#include <gst/rtp/gstrtpbuffer.h>

#include <atomic>
#include <new>
#include <string>

#include "bridge/define_type.hpp"
#include "bridge/element_message.hpp"
#include "core/rtp/av1_packetizer.hpp"
#include "core/rtp/sequence_header.hpp"
#include "frame_hook.hpp"
#include "rtpav1pay/header_room.hpp"

using namespace genos;
using namespace genos::element;

GST_DEBUG_CATEGORY_STATIC(genos_rtp_av1_pay_debug);
#define GST_CAT_DEFAULT genos_rtp_av1_pay_debug

namespace {

enum Prop : guint { prop_none, prop_opaque, prop_pt };

constexpr guint default_payload_type = 45;  // Chromium's number for AV1
// From 35 on they are dynamic too (RFC 5761): Chromium's is one of those.
constexpr guint least_payload_type = 35, most_payload_type = 127;
constexpr guint clock_rate = 90'000;
// What an MTU of 28, the least, leaves without header extensions.
constexpr guint least_payload = 16;
static_assert(least_payload >= core::min_av1_payload);

GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE(
    "src", GST_PAD_SRC, GST_PAD_ALWAYS,
    GST_STATIC_CAPS("application/x-rtp, media=(string)video, payload=(int)[35,127], "
                    "clock-rate=(int)90000, encoding-name=(string)AV1"));
GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE(
    "sink", GST_PAD_SINK, GST_PAD_ALWAYS,
    GST_STATIC_CAPS(
        "video/x-av1, stream-format=(string)obu-stream, alignment=(string){tu,frame}; "
        "video/x-av1, stream-format=(string)annexb, alignment=(string)tu; "
        "video/x-av1, alignment=(string)tu"));  // av1enc of 1.22 does not say: an obu-stream

guint frame_signal = 0;

struct State {
  std::atomic<bool> opaque{false};
  HeaderRoom header;
  // Of the streaming thread:
  bool annexb = false;
  bool frames = false;  // a buffer is a frame, not a temporal unit
  bool warned = false;
};

// What becomes of one buffer.
struct Cut {
  std::vector<core::Av1Packet> packets;
  bool ends_unit = true;
};

}  // namespace

struct _GstGenosRtpAv1Pay {
  GstRTPBasePayload parent;
};
using GstGenosRtpAv1PayPrivate = State;
G_DEFINE_FINAL_TYPE_WITH_PRIVATE(GstGenosRtpAv1Pay, gst_genos_rtp_av1_pay,
                                 GST_TYPE_RTP_BASE_PAYLOAD)
GST_ELEMENT_REGISTER_DEFINE(genosrtpav1pay, "genosrtpav1pay", GST_RANK_SECONDARY,
                            GST_TYPE_GENOS_RTP_AV1_PAY)

static State& state_of(gpointer self) {
  return *static_cast<State*>(
      gst_genos_rtp_av1_pay_get_instance_private(GST_GENOS_RTP_AV1_PAY(self)));
}

static gboolean gst_genos_rtp_av1_pay_set_caps(GstRTPBasePayload* base, GstCaps* caps) {
  auto& state = state_of(base);
  const auto* about = gst_caps_get_structure(caps, 0);
  state.annexb = g_strcmp0(gst_structure_get_string(about, "stream-format"), "annexb") == 0;
  state.frames = g_strcmp0(gst_structure_get_string(about, "alignment"), "frame") == 0;
  gst_rtp_base_payload_set_options(base, "video", TRUE, "AV1", clock_rate);
  return gst_rtp_base_payload_set_outcaps(base, nullptr);
}

static core::Result<Cut> cut(GstRTPBasePayload* base, std::span<const std::uint8_t> bytes,
                             core::FrameKind kind, guint room) {
  auto& state = state_of(base);
  if (state.opaque) return Cut{core::packetize_opaque(bytes, kind, room), true};
  const auto obus = state.annexb ? core::split_annexb(bytes) : core::split_obu_stream(bytes);
  if (!obus) return obus.error();
  return Cut{core::packetize_av1(*obus, room), !state.frames || core::shows_frame(*obus)};
}

// `marker`: it ends a temporal unit.
static GstBuffer* packet_of(GstRTPBasePayload* base, const core::Av1Packet& packet, bool marker) {
  GstBuffer* buffer =
      gst_rtp_base_payload_allocate_output_buffer(base, static_cast<guint>(packet.size()), 0, 0);
  GstRTPBuffer rtp = GST_RTP_BUFFER_INIT;
  if (!gst_rtp_buffer_map(buffer, GST_MAP_READWRITE, &rtp)) return buffer;
  packet.write({static_cast<std::uint8_t*>(gst_rtp_buffer_get_payload(&rtp)), packet.size()});
  gst_rtp_buffer_set_marker(&rtp, marker);
  gst_rtp_buffer_unmap(&rtp);
  return buffer;
}

// What the packets of a frame have from it.
struct Moment {
  GstClockTime pts, dts;
  core::FrameKind kind;
};

static GstBufferList* list_of(GstRTPBasePayload* base, const Cut& made, const Moment& moment) {
  GstBufferList* list = gst_buffer_list_new_sized(static_cast<guint>(made.packets.size()));
  for (const auto& packet : made.packets) {
    const bool last = &packet == &made.packets.back();
    GstBuffer* buffer = packet_of(base, packet, made.ends_unit && last);
    GST_BUFFER_PTS(buffer) = moment.pts;
    GST_BUFFER_DTS(buffer) = moment.dts;
    if (last) GST_BUFFER_FLAG_SET(buffer, GST_BUFFER_FLAG_MARKER);  // the end of a frame
    if (moment.kind == core::FrameKind::delta)
      GST_BUFFER_FLAG_SET(buffer, GST_BUFFER_FLAG_DELTA_UNIT);
    gst_buffer_list_add(list, buffer);
  }
  return list;
}

// Once on the bus; the log has each.
static void complain(GstRTPBasePayload* base, const std::string& what) {
  GST_WARNING_OBJECT(base, "dropped a frame: %s", what.c_str());
  if (std::exchange(state_of(base).warned, true)) return;
  post_warning({base, GST_CAT_DEFAULT}, GST_STREAM_ERROR_FORMAT,
               "what comes in is not AV1 as its caps say", what.c_str());
}

static GstFlowReturn gst_genos_rtp_av1_pay_handle_buffer(GstRTPBasePayload* base,
                                                         GstBuffer* incoming) {
  const bool delta = GST_BUFFER_FLAG_IS_SET(incoming, GST_BUFFER_FLAG_DELTA_UNIT);
  const Moment moment{GST_BUFFER_PTS(incoming), GST_BUFFER_DTS(incoming),
                      delta ? core::FrameKind::delta : core::FrameKind::key};
  const auto room = state_of(base).header.payload_of(base, incoming, least_payload);
  const auto frame = through_frame_hook(base, frame_signal, adopt(incoming));
  if (!frame) return GST_FLOW_OK;
  const MappedBuffer mapped(frame.get());
  const auto made = cut(base, mapped.bytes(), moment.kind, room);
  if (!made) {
    complain(base, made.error().detail);
    return GST_FLOW_OK;
  }
  if ((*made).packets.empty()) return GST_FLOW_OK;
  return gst_rtp_base_payload_push_list(base, list_of(base, *made, moment));
}

// The base class's own, which has a wider range.
static GParamSpec* base_payload_type() {
  return g_object_class_find_property(G_OBJECT_CLASS(gst_genos_rtp_av1_pay_parent_class), "pt");
}

static void gst_genos_rtp_av1_pay_set_property(GObject* object, guint id, const GValue* value,
                                               GParamSpec* pspec) {
  switch (id) {
    case prop_opaque: state_of(object).opaque = g_value_get_boolean(value); break;
    case prop_pt: {
      auto* base = base_payload_type();
      G_OBJECT_CLASS(gst_genos_rtp_av1_pay_parent_class)
          ->set_property(object, base->param_id, value, base);
      break;
    }
    default: G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
  }
}

static void gst_genos_rtp_av1_pay_get_property(GObject* object, guint id, GValue* value,
                                               GParamSpec* pspec) {
  switch (id) {
    case prop_opaque: g_value_set_boolean(value, state_of(object).opaque); break;
    case prop_pt: g_value_set_uint(value, GST_RTP_BASE_PAYLOAD_PT(object)); break;
    default: G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
  }
}

static void gst_genos_rtp_av1_pay_init(GstGenosRtpAv1Pay* self) {
  (new (&state_of(self)) State())->header.watch(GST_RTP_BASE_PAYLOAD(self));
  GST_RTP_BASE_PAYLOAD_PT(self) = default_payload_type;
}

static void gst_genos_rtp_av1_pay_finalize(GObject* object) {
  state_of(object).~State();
  G_OBJECT_CLASS(gst_genos_rtp_av1_pay_parent_class)->finalize(object);
}

static void gst_genos_rtp_av1_pay_class_init(GstGenosRtpAv1PayClass* klass) {
  auto* object = G_OBJECT_CLASS(klass);
  object->finalize = gst_genos_rtp_av1_pay_finalize;
  object->set_property = gst_genos_rtp_av1_pay_set_property;
  object->get_property = gst_genos_rtp_av1_pay_get_property;
  g_object_class_install_property(
      object, prop_opaque,
      g_param_spec_boolean(
          "opaque", "Opaque",
          "Frames are encrypted: carry them without looking into them; the other "
          "side must do the same",
          FALSE,
          GParamFlags(G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY)));
  g_object_class_install_property(
      object, prop_pt,
      g_param_spec_uint("pt", "payload type",
                        "The payload type of the packets; WebRTC has 35 to 63 and 96 to 127",
                        least_payload_type, most_payload_type, default_payload_type,
                        GParamFlags(G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS)));
  /**
   * GstGenosRtpAv1Pay::frame:
   * @self: the payloader
   * @frame: an encoded frame
   *
   * Emitted with each frame before it is cut into packets, in the streaming thread.
   *
   * Returns: (transfer full) (nullable): what is sent in its place, or nothing to drop it
   */
  frame_signal = install_frame_hook(G_TYPE_FROM_CLASS(klass));

  auto* element = GST_ELEMENT_CLASS(klass);
  gst_element_class_add_static_pad_template(element, &src_template);
  gst_element_class_add_static_pad_template(element, &sink_template);
  gst_element_class_set_static_metadata(
      element, "RTP AV1 payloader", "Codec/Payloader/Network/RTP",
      "Puts AV1 into RTP packets (RTP Payload Format For AV1, version 1.0)", "Genos");
  GST_DEBUG_CATEGORY_INIT(genos_rtp_av1_pay_debug, "genosrtpav1pay", 0, "AV1 into RTP");

  auto* payload = GST_RTP_BASE_PAYLOAD_CLASS(klass);
  payload->set_caps = gst_genos_rtp_av1_pay_set_caps;
  payload->handle_buffer = gst_genos_rtp_av1_pay_handle_buffer;
}
