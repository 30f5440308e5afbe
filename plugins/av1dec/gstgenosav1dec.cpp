// SPDX-License-Identifier: LGPL-2.1-or-later

/**
 * SECTION:element-genosav1dec
 * @title: genosav1dec
 *
 * Decodes AV1. In a live pipeline each picture comes out before the next frame goes in. What is
 * damaged or missing is asked for again, as a keyframe, and decoding goes on meanwhile.
 *
 * |[
 * gst-launch-1.0 filesrc location=a.webm ! matroskademux ! av1parse ! genosav1dec ! videoconvert !
 * autovideosink
 * ]|
 */

#include "gstgenosav1dec.h"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <new>

#include "bridge/define_type.hpp"
#include "bridge/element_message.hpp"
#include "decoder_state.hpp"

using namespace genos;
using namespace genos::element;

GST_DEBUG_CATEGORY(genos_av1_dec_debug);
#define GST_CAT_DEFAULT genos_av1_dec_debug

namespace {

enum Prop : guint { prop_none, prop_threads, prop_frame_delay };

// Of level 6, the highest there is: a sequence header may claim 65536x65536.
constexpr unsigned largest_picture = 35'651'584;
constexpr guint most_threads_by_itself = 4;

GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE(
    "sink", GST_PAD_SINK, GST_PAD_ALWAYS,
    GST_STATIC_CAPS("video/x-av1, stream-format=obu-stream, alignment={tu,frame}"));
GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE(
    "src", GST_PAD_SRC, GST_PAD_ALWAYS,
    GST_STATIC_CAPS(GST_VIDEO_CAPS_MAKE(
        "{ I420, I420_10LE, I420_12LE, Y42B, I422_10LE, I422_12LE, Y444, Y444_10LE, "
        "Y444_12LE, GRAY8, GBR, GBR_10LE, GBR_12LE }")));

}  // namespace

struct _GstGenosAv1Dec {
  GstVideoDecoder parent;
};
using GstGenosAv1DecPrivate = DecoderState;
G_DEFINE_FINAL_TYPE_WITH_PRIVATE(GstGenosAv1Dec, gst_genos_av1_dec, GST_TYPE_VIDEO_DECODER)
GST_ELEMENT_REGISTER_DEFINE(genosav1dec, "genosav1dec", GST_RANK_PRIMARY + 1,
                            GST_TYPE_GENOS_AV1_DEC)

DecoderState& genos::element::state_of(GstVideoDecoder* base) {
  return *static_cast<DecoderState*>(
      gst_genos_av1_dec_get_instance_private(GST_GENOS_AV1_DEC(base)));
}

// --- the stream -------------------------------------------------------------------------------

static GstFlowReturn gst_genos_av1_dec_drain(GstVideoDecoder* base) {
  auto& state = state_of(base);
  GstFlowReturn flow = GST_FLOW_OK;
  while (state.decoder && flow == GST_FLOW_OK && take(base, flow) != Taken::none) continue;
  if (flow == GST_FLOW_OK) flow = forget_before(base, G_MAXUINT32);
  return flow;
}

static Dav1dData data_of(GstVideoCodecFrame* frame) {
  struct Held {
    Ref<GstBuffer> buffer;
    MappedBuffer mapped;
    explicit Held(GstBuffer* given) : buffer(retain(given)), mapped(given) {}
  };
  Dav1dData data{};
  auto held = std::make_unique<Held>(frame->input_buffer);
  const auto bytes = held->mapped.bytes();
  if (bytes.empty()) return data;
  const auto release = [](const std::uint8_t*, void* kept) noexcept {
    delete static_cast<Held*>(kept);
  };
  if (dav1d_data_wrap(&data, bytes.data(), bytes.size(), release, held.get()) == 0)
    static_cast<void>(held.release());
  data.m.timestamp = frame->system_frame_number;
  return data;
}

// False when the frame is damaged.
static bool decode(GstVideoDecoder* base, Dav1dData& data, GstFlowReturn& flow) {
  auto& state = state_of(base);
  while (data.sz > 0 && flow == GST_FLOW_OK) {
    const int sent = dav1d_send_data(state.decoder.get(), &data);
    if (sent < 0 && sent != DAV1D_ERR(EAGAIN)) return false;
    auto taken = take(base, flow);
    // Without frame threads nothing is gained by leaving pictures for later. With them a second
    // call would wait for all that are at work.
    while (state.frame_delay == 1 && taken == Taken::picture && flow == GST_FLOW_OK)
      taken = take(base, flow);
    if (taken == Taken::damaged) return false;
  }
  return true;
}

static GstFlowReturn gst_genos_av1_dec_handle_frame(GstVideoDecoder* base,
                                                    GstVideoCodecFrame* given) {
  auto& state = state_of(base);
  auto frame = adopt(given);
  const auto number = given->system_frame_number;
  state.waiting.push_back(number);
  if (GST_VIDEO_CODEC_FRAME_IS_SYNC_POINT(given))
    state.key_asked = false;
  else if (state.key_asked || GST_BUFFER_FLAG_IS_SET(given->input_buffer, GST_BUFFER_FLAG_DISCONT))
    ask_for_key(base, given);  // again, where a request was lost

  auto data = data_of(given);
  if (data.sz == 0) {
    state.waiting.pop_back();
    gst_video_decoder_release_frame(base, frame.release());
    return GST_FLOW_OK;
  }
  GstFlowReturn flow = GST_FLOW_OK;
  const bool whole = decode(base, data, flow);
  if (data.sz > 0) dav1d_data_unref(&data);
  if (flow != GST_FLOW_OK) return flow;
  if (!whole) {
    std::erase(state.waiting, number);
    return give_up(base, std::move(frame), "it is damaged, or what it builds on is missing");
  }
  return state.frame_delay == 1 ? forget_before(base, number + 1) : GST_FLOW_OK;
}

static void log_of_dav1d(void* self, const char* format, va_list arguments) {
  gst_debug_log_valist(GST_CAT_DEFAULT, GST_LEVEL_DEBUG, __FILE__, "dav1d", __LINE__,
                       static_cast<GObject*>(self), format, arguments);
}

static bool is_live(GstVideoDecoder* base) {
  gboolean live = FALSE;
  auto* query = gst_query_new_latency();
  if (gst_pad_peer_query(base->sinkpad, query))
    gst_query_parse_latency(query, &live, nullptr, nullptr);
  gst_query_unref(query);
  return live;
}

static bool open(GstVideoDecoder* base) {
  auto& state = state_of(base);
  DecoderSettings settings;
  {
    const std::scoped_lock guard(state.lock);
    settings = state.settings;
  }
  Dav1dSettings chosen;
  dav1d_default_settings(&chosen);
  const auto threads = settings.threads > 0
                           ? settings.threads
                           : std::clamp(g_get_num_processors(), 1U, most_threads_by_itself);
  // As dav1d does by itself, which does not tell.
  auto delay = settings.frame_delay;
  if (delay == 0) delay = is_live(base) ? 1U : guint(std::ceil(std::sqrt(double(threads))));
  state.frame_delay = std::min(delay, threads);
  chosen.n_threads = int(threads);
  chosen.max_frame_delay = int(state.frame_delay);
  chosen.all_layers = 0;
  chosen.frame_size_limit = largest_picture;
  chosen.logger = {base, log_of_dav1d};
  Dav1dContext* made = nullptr;
  const int result = dav1d_open(&made, &chosen);
  state.decoder.reset(made);
  if (result == 0) return true;
  post_error(
      {base, GST_CAT_DEFAULT}, GST_LIBRARY_ERROR_INIT,
      "dav1d does not start with " + std::to_string(threads) + " threads; try a smaller 'threads'",
      (std::string("dav1d_open: ") + g_strerror(-result)).c_str());
  return false;
}

static void set_latency(GstVideoDecoder* base) {
  auto& state = state_of(base);
  const auto& info = state.input->info;
  GstClockTime latency = 0;
  if (GST_VIDEO_INFO_FPS_N(&info) > 0)
    latency = gst_util_uint64_scale(GST_SECOND * (state.frame_delay - 1),
                                    guint64(GST_VIDEO_INFO_FPS_D(&info)),
                                    guint64(GST_VIDEO_INFO_FPS_N(&info)));
  gst_video_decoder_set_latency(base, latency, latency);
}

static gboolean gst_genos_av1_dec_set_format(GstVideoDecoder* base, GstVideoCodecState* input) {
  auto& state = state_of(base);
  gst_genos_av1_dec_drain(base);
  state.input = retain(input);
  state.out.reset();
  const char* alignment =
      gst_structure_get_string(gst_caps_get_structure(input->caps, 0), "alignment");
  state.whole_units = g_strcmp0(alignment, "frame") != 0;
  if (!state.decoder && !open(base)) return FALSE;
  set_latency(base);
  return TRUE;
}

static gboolean gst_genos_av1_dec_decide_allocation(GstVideoDecoder* base, GstQuery* query) {
  state_of(base).may_wrap = gst_query_find_allocation_meta(query, GST_VIDEO_META_API_TYPE, nullptr);
  return GST_VIDEO_DECODER_CLASS(gst_genos_av1_dec_parent_class)->decide_allocation(base, query);
}

static gboolean gst_genos_av1_dec_start(GstVideoDecoder* base) {
  gst_video_decoder_set_packetized(base, TRUE);
  return TRUE;
}

static gboolean gst_genos_av1_dec_flush(GstVideoDecoder* base) {
  auto& state = state_of(base);
  if (state.decoder) dav1d_flush(state.decoder.get());
  state.waiting.clear();
  state.key_asked = false;
  return TRUE;
}

// A gap may last: what waits for more frames is shown before it, or it would be too late.
static gboolean gst_genos_av1_dec_sink_event(GstVideoDecoder* base, GstEvent* event) {
  if (GST_EVENT_TYPE(event) == GST_EVENT_GAP) {
    GST_VIDEO_DECODER_STREAM_LOCK(base);
    gst_genos_av1_dec_drain(base);
    GST_VIDEO_DECODER_STREAM_UNLOCK(base);
  }
  return GST_VIDEO_DECODER_CLASS(gst_genos_av1_dec_parent_class)->sink_event(base, event);
}

static gboolean gst_genos_av1_dec_stop(GstVideoDecoder* base) {
  auto& state = state_of(base);
  state.decoder.reset();
  state.waiting.clear();
  state.out.reset();
  state.input = nullptr;
  state.key_asked = false;
  return TRUE;
}

// --- the element ------------------------------------------------------------------------------

static void gst_genos_av1_dec_set_property(GObject* object, guint id, const GValue* value,
                                           GParamSpec* pspec) {
  auto& state = state_of(GST_VIDEO_DECODER(object));
  const std::scoped_lock guard(state.lock);
  switch (id) {
    case prop_threads: state.settings.threads = g_value_get_uint(value); break;
    case prop_frame_delay: state.settings.frame_delay = g_value_get_uint(value); break;
    default: G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
  }
}

static void gst_genos_av1_dec_get_property(GObject* object, guint id, GValue* value,
                                           GParamSpec* pspec) {
  auto& state = state_of(GST_VIDEO_DECODER(object));
  const std::scoped_lock guard(state.lock);
  switch (id) {
    case prop_threads: g_value_set_uint(value, state.settings.threads); break;
    case prop_frame_delay: g_value_set_uint(value, state.settings.frame_delay); break;
    default: G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
  }
}

static void gst_genos_av1_dec_init(GstGenosAv1Dec* self) {
  static_assert(alignof(DecoderState) <= 2 * sizeof(gsize),
                "GObject aligns private data to two words");
  new (&state_of(GST_VIDEO_DECODER(self))) DecoderState();
  auto* base = GST_VIDEO_DECODER(self);
  GST_PAD_SET_ACCEPT_TEMPLATE(GST_VIDEO_DECODER_SINK_PAD(base));
  gst_video_decoder_set_use_default_pad_acceptcaps(base, TRUE);
  gst_video_decoder_set_needs_format(base, TRUE);
  // AV1's probabilities go on from frame to frame: what follows a loss is not blurred but wrong.
  // The last good picture stays instead.
  g_object_set(self, "discard-corrupted-frames", TRUE, nullptr);
}

static void gst_genos_av1_dec_finalize(GObject* object) {
  state_of(GST_VIDEO_DECODER(object)).~DecoderState();
  G_OBJECT_CLASS(gst_genos_av1_dec_parent_class)->finalize(object);
}

static void gst_genos_av1_dec_class_init(GstGenosAv1DecClass* klass) {
  GST_DEBUG_CATEGORY_INIT(genos_av1_dec_debug, "genosav1dec", 0, "Genos AV1 decoder");
  auto* object_class = G_OBJECT_CLASS(klass);
  auto* element_class = GST_ELEMENT_CLASS(klass);
  auto* decoder_class = GST_VIDEO_DECODER_CLASS(klass);
  object_class->set_property = gst_genos_av1_dec_set_property;
  object_class->get_property = gst_genos_av1_dec_get_property;
  object_class->finalize = gst_genos_av1_dec_finalize;
  decoder_class->start = gst_genos_av1_dec_start;
  decoder_class->stop = gst_genos_av1_dec_stop;
  decoder_class->flush = gst_genos_av1_dec_flush;
  decoder_class->drain = gst_genos_av1_dec_drain;
  decoder_class->finish = gst_genos_av1_dec_drain;
  decoder_class->sink_event = gst_genos_av1_dec_sink_event;
  decoder_class->set_format = gst_genos_av1_dec_set_format;
  decoder_class->decide_allocation = gst_genos_av1_dec_decide_allocation;
  decoder_class->handle_frame = gst_genos_av1_dec_handle_frame;
  constexpr auto flags =
      GParamFlags(G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY);
  g_object_class_install_property(
      object_class, prop_threads,
      g_param_spec_uint("threads", "Threads",
                        "Threads of the decoder; 0: one a processor, at most four", 0, 64, 0,
                        flags));
  g_object_class_install_property(
      object_class, prop_frame_delay,
      g_param_spec_uint("frame-delay", "Frame delay",
                        "How many frames are decoded at once, and how many pictures late each "
                        "comes out plus one; 0: one in a live pipeline, else as threads allow",
                        0, 64, 0, flags));
  gst_element_class_add_static_pad_template(element_class, &sink_template);
  gst_element_class_add_static_pad_template(element_class, &src_template);
  gst_element_class_set_static_metadata(element_class, "Genos AV1 decoder", "Codec/Decoder/Video",
                                        "Decodes AV1, over dav1d", "Genos developers");
}
