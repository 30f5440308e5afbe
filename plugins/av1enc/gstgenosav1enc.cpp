// SPDX-License-Identifier: LGPL-2.1-or-later

/**
 * SECTION:element-genosav1enc
 * @title: genosav1enc
 *
 * Encodes AV1 in real time: a picture in, its frame out. Answers requests for keyframes at once,
 * and takes another bitrate while it plays, without a keyframe.
 *
 * |[
 * gst-launch-1.0 videotestsrc num-buffers=90 ! genosav1enc bitrate=500000 ! webmmux ! filesink
 * location=a.webm
 * ]|
 */

#include "gstgenosav1enc.h"

#include <algorithm>
#include <mutex>
#include <new>

#include "aom_encoder.hpp"
#include "av1c.hpp"
#include "bridge/define_type.hpp"
#include "bridge/element_message.hpp"
#include "video_refs.hpp"

using namespace genos;
using namespace genos::element;

GST_DEBUG_CATEGORY_STATIC(genos_av1_enc_debug);
#define GST_CAT_DEFAULT genos_av1_enc_debug

namespace {

using core::Duration;
using std::chrono::microseconds;

enum Prop : guint {
  prop_none,
  prop_bitrate,
  prop_speed,
  prop_threads,
  prop_keyframe_interval,
  prop_screen_content,
  prop_temporal_layers,
  prop_min_quantizer,
  prop_max_quantizer
};

struct Settings {
  AomEncoder::Config encoder;
  guint keyframe_interval = 0;
};

// How long the bits of a picture may take: the time since the one before it.
class Intervals {
 public:
  void set_nominal(Duration nominal) { nominal_ = nominal; }
  void reset() { last_pts_ = GST_CLOCK_TIME_NONE; }
  Duration next(GstClockTime pts) {
    auto interval = nominal_ > Duration::zero() ? nominal_ : default_interval;
    if (GST_CLOCK_TIME_IS_VALID(pts) && GST_CLOCK_TIME_IS_VALID(last_pts_) && pts > last_pts_) {
      const Duration passed{gint64(GST_TIME_AS_USECONDS(pts - last_pts_))};
      // A camera's clock trembles; libaom's rate control need not.
      if (2 * passed < interval || 2 * passed > 3 * interval || nominal_ == Duration::zero())
        interval = passed;
    }
    last_pts_ = pts;
    // After a pause one picture does not get all the bits that were not used: it would be late.
    interval = std::clamp(interval, shortest, std::min(longest, last_ + last_ / 2));
    last_ = interval;
    return interval;
  }

 private:
  static constexpr Duration default_interval = microseconds(33'333);
  static constexpr Duration shortest = microseconds(1'000);
  static constexpr Duration longest = std::chrono::seconds(1);  // as long as the rate's buffer
  Duration nominal_{};
  Duration last_ = longest;
  GstClockTime last_pts_ = GST_CLOCK_TIME_NONE;
};

struct EncoderState {
  std::mutex lock;    // guards settings
  Settings settings;  // as last set; taken at each frame

  // Under the base class's stream lock:
  Ref<GstVideoCodecState> input;
  std::unique_ptr<AomEncoder> encoder;
  Intervals intervals;
  AomEncoder::Format format;
  std::vector<std::uint8_t> av1c;
  bool key_wanted = true;  // the next frame must be one
  guint since_key = 0;     // frames
};

GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE(
    "sink", GST_PAD_SINK, GST_PAD_ALWAYS,
    GST_STATIC_CAPS("video/x-raw, format=I420, width=[1,65535], height=[1,65535], "
                    "framerate=[0/1,2147483647/1]"));
GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE(
    "src", GST_PAD_SRC, GST_PAD_ALWAYS,
    GST_STATIC_CAPS("video/x-av1, stream-format=obu-stream, alignment=tu, profile=main, "
                    "width=[1,65535], height=[1,65535], framerate=[0/1,2147483647/1]"));

}  // namespace

struct _GstGenosAv1Enc {
  GstVideoEncoder parent;
};
using GstGenosAv1EncPrivate = EncoderState;
G_DEFINE_FINAL_TYPE_WITH_PRIVATE(GstGenosAv1Enc, gst_genos_av1_enc, GST_TYPE_VIDEO_ENCODER)
GST_ELEMENT_REGISTER_DEFINE(genosav1enc, "genosav1enc", GST_RANK_PRIMARY, GST_TYPE_GENOS_AV1_ENC)

static EncoderState& state_of(gpointer self) {
  return *static_cast<EncoderState*>(
      gst_genos_av1_enc_get_instance_private(GST_GENOS_AV1_ENC(self)));
}

// --- the stream -------------------------------------------------------------------------------

static gboolean gst_genos_av1_enc_start(GstVideoEncoder* base) {
  auto& state = state_of(base);
  state.intervals = {};
  state.key_wanted = true;
  return TRUE;
}

static gboolean gst_genos_av1_enc_stop(GstVideoEncoder* base) {
  auto& state = state_of(base);
  state.encoder.reset();
  state.av1c.clear();
  state.input = nullptr;
  return TRUE;
}

// What follows a flush may start anywhere, and so may who reads it.
static gboolean gst_genos_av1_enc_flush(GstVideoEncoder* base) {
  auto& state = state_of(base);
  state.intervals.reset();
  state.key_wanted = true;
  return TRUE;
}

static AomEncoder::Format format_of(const GstVideoInfo& info) {
  const auto& colour = info.colorimetry;
  return {guint(info.width),
          guint(info.height),
          int(gst_video_color_primaries_to_iso(colour.primaries)),
          int(gst_video_transfer_function_to_iso(colour.transfer)),
          int(gst_video_color_matrix_to_iso(colour.matrix)),
          colour.range == GST_VIDEO_COLOR_RANGE_0_255};
}

static bool announce(GstVideoEncoder* base) {
  auto& state = state_of(base);
  auto* caps = gst_caps_new_simple(
      "video/x-av1", "stream-format", G_TYPE_STRING, "obu-stream", "alignment", G_TYPE_STRING, "tu",
      "profile", G_TYPE_STRING, "main", "chroma-format", G_TYPE_STRING, "4:2:0", "bit-depth-luma",
      G_TYPE_UINT, 8U, "bit-depth-chroma", G_TYPE_UINT, 8U, nullptr);
  if (!state.av1c.empty()) {
    auto box = adopt(gst_buffer_new_memdup(state.av1c.data(), state.av1c.size()));
    gst_caps_set_simple(caps, "codec_data", GST_TYPE_BUFFER, box.get(), nullptr);
  }
  const auto output = adopt(gst_video_encoder_set_output_state(base, caps, state.input.get()));
  return output && gst_video_encoder_negotiate(base);
}

static Duration frame_time_of(const GstVideoInfo& info) {
  if (GST_VIDEO_INFO_FPS_N(&info) <= 0) return {};
  return Duration(gint64(gst_util_uint64_scale_int(G_USEC_PER_SEC, GST_VIDEO_INFO_FPS_D(&info),
                                                   GST_VIDEO_INFO_FPS_N(&info))));
}

static gboolean gst_genos_av1_enc_set_format(GstVideoEncoder* base, GstVideoCodecState* input) {
  auto& state = state_of(base);
  if (GST_VIDEO_INFO_IS_INTERLACED(&input->info)) {
    post_error({base, GST_CAT_DEFAULT}, GST_STREAM_ERROR_FORMAT,
               std::string("AV1 has no interlaced pictures; put 'deinterlace' before ") +
                   GST_OBJECT_NAME(base));
    return FALSE;
  }
  state.input = retain(input);
  state.format = format_of(input->info);
  state.intervals.set_nominal(frame_time_of(input->info));
  gst_video_encoder_set_latency(base, 0, 0);
  // With the same pictures only the caps change; else the first keyframe says what they are.
  return !state.encoder || state.encoder->format() != state.format || announce(base);
}

static gboolean gst_genos_av1_enc_propose_allocation(GstVideoEncoder* base, GstQuery* query) {
  gst_query_add_allocation_meta(query, GST_VIDEO_META_API_TYPE, nullptr);
  return GST_VIDEO_ENCODER_CLASS(gst_genos_av1_enc_parent_class)->propose_allocation(base, query);
}

// The encoder for what is set now; a new one starts with a keyframe.
static std::optional<core::Error> prepare(EncoderState& state, const AomEncoder::Config& config) {
  auto& encoder = state.encoder;
  if (encoder && encoder->format() == state.format && !encoder->config().needs_new(config))
    return encoder->config() == config ? std::nullopt : encoder->change(config);
  encoder.reset();
  auto made = AomEncoder::open(state.format, config);
  if (!made) return made.error();
  encoder = std::move(*made);
  state.av1c.clear();
  state.key_wanted = true;
  return {};
}

static GstFlowReturn fail(GstVideoEncoder* base, const core::Error& error) {
  auto& state = state_of(base);
  const auto size = std::to_string(state.format.width) + "x" + std::to_string(state.format.height);
  post_error({base, GST_CAT_DEFAULT}, GST_LIBRARY_ERROR_ENCODE,
             error.detail + "; try another size than " + size + ", or the properties' defaults");
  state.encoder.reset();
  return GST_FLOW_ERROR;
}

static void fill(GstVideoCodecFrame* frame, const AomEncoder::Unit& unit) {
  if (unit.bytes.empty()) return;
  frame->output_buffer = gst_buffer_new_memdup(unit.bytes.data(), unit.bytes.size());
  const auto& layer = unit.layer;
  if (layer.temporal_layers > 1) set_layer(frame->output_buffer, layer);
  if (layer.temporal > 0 && layer.temporal + 1 == layer.temporal_layers)
    GST_BUFFER_FLAG_SET(frame->output_buffer, GST_BUFFER_FLAG_DROPPABLE);
}

static GstFlowReturn deliver(GstVideoEncoder* base, Ref<GstVideoCodecFrame> frame,
                             const AomEncoder::Unit& unit) {
  auto& state = state_of(base);
  if (unit.is_key) {
    state.key_wanted = false;
    state.since_key = 0;
    GST_VIDEO_CODEC_FRAME_SET_SYNC_POINT(frame.get());
    if (auto box = av1c_of(unit.bytes); box != state.av1c) {
      state.av1c = std::move(box);
      if (!announce(base))
        return GST_PAD_IS_FLUSHING(base->srcpad) ? GST_FLOW_FLUSHING : GST_FLOW_NOT_NEGOTIATED;
    }
  }
  ++state.since_key;
  fill(frame.get(), unit);
  return gst_video_encoder_finish_frame(base, frame.release());
}

static core::Result<AomEncoder::Unit> encode(EncoderState& state, GstVideoCodecFrame* frame,
                                             KeyFrame key) {
  const MappedPicture picture(state.input->info, frame->input_buffer, GST_MAP_READ);
  if (!picture) return core::Error{core::Errc::failed, "a picture cannot be read from its memory"};
  return state.encoder->encode({{picture.plane(0), picture.plane(1), picture.plane(2)},
                                {picture.stride(0), picture.stride(1), picture.stride(2)}},
                               state.intervals.next(frame->pts), key);
}

static GstFlowReturn gst_genos_av1_enc_handle_frame(GstVideoEncoder* base,
                                                    GstVideoCodecFrame* given) {
  auto& state = state_of(base);
  auto frame = adopt(given);
  Settings settings;
  {
    const std::scoped_lock guard(state.lock);
    settings = state.settings;
  }
  const bool asked = GST_VIDEO_CODEC_FRAME_IS_FORCE_KEYFRAME(given);
  if (!asked && state.encoder && gst_video_encoder_get_max_encode_time(base, given) < 0)
    return gst_video_encoder_finish_frame(base, frame.release());  // too late for who plays it
  if (const auto error = prepare(state, settings.encoder)) return fail(base, *error);
  const bool due = settings.keyframe_interval > 0 && state.since_key >= settings.keyframe_interval;
  const auto unit = encode(
      state, given, asked || due || state.key_wanted ? KeyFrame::forced : KeyFrame::as_needed);
  return unit ? deliver(base, std::move(frame), *unit) : fail(base, unit.error());
}

// --- the element ------------------------------------------------------------------------------

static void gst_genos_av1_enc_set_property(GObject* object, guint id, const GValue* value,
                                           GParamSpec* pspec) {
  auto& state = state_of(object);
  const std::scoped_lock guard(state.lock);
  auto& settings = state.settings;
  auto& encoder = settings.encoder;
  switch (id) {
    case prop_bitrate: encoder.bitrate = g_value_get_uint(value); break;
    case prop_speed: encoder.speed = g_value_get_uint(value); break;
    case prop_threads: encoder.threads = g_value_get_uint(value); break;
    case prop_keyframe_interval: settings.keyframe_interval = g_value_get_uint(value); break;
    case prop_screen_content: encoder.screen_content = g_value_get_boolean(value); break;
    case prop_temporal_layers: encoder.temporal_layers = g_value_get_uint(value); break;
    case prop_min_quantizer: encoder.min_quantizer = g_value_get_uint(value); break;
    case prop_max_quantizer: encoder.max_quantizer = g_value_get_uint(value); break;
    default: G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
  }
}

static void gst_genos_av1_enc_get_property(GObject* object, guint id, GValue* value,
                                           GParamSpec* pspec) {
  auto& state = state_of(object);
  const std::scoped_lock guard(state.lock);
  const auto& settings = state.settings;
  const auto& encoder = settings.encoder;
  switch (id) {
    case prop_bitrate: g_value_set_uint(value, encoder.bitrate); break;
    case prop_speed: g_value_set_uint(value, encoder.speed); break;
    case prop_threads: g_value_set_uint(value, encoder.threads); break;
    case prop_keyframe_interval: g_value_set_uint(value, settings.keyframe_interval); break;
    case prop_screen_content: g_value_set_boolean(value, encoder.screen_content); break;
    case prop_temporal_layers: g_value_set_uint(value, encoder.temporal_layers); break;
    case prop_min_quantizer: g_value_set_uint(value, encoder.min_quantizer); break;
    case prop_max_quantizer: g_value_set_uint(value, encoder.max_quantizer); break;
    default: G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
  }
}

static void gst_genos_av1_enc_init(GstGenosAv1Enc* self) {
  static_assert(alignof(EncoderState) <= 2 * sizeof(gsize),
                "GObject aligns private data to two words");
  new (&state_of(self)) EncoderState();
  GST_PAD_SET_ACCEPT_TEMPLATE(GST_VIDEO_ENCODER_SINK_PAD(self));
}

static void gst_genos_av1_enc_finalize(GObject* object) {
  state_of(object).~EncoderState();
  G_OBJECT_CLASS(gst_genos_av1_enc_parent_class)->finalize(object);
}

static void install_properties(GObjectClass* klass) {
  constexpr auto flags =
      GParamFlags(G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_PLAYING);
  const AomEncoder::Config standard;
  const auto number = [&](guint id, const char* name, const char* nick, const char* blurb,
                          guint least, guint most, guint normal) {
    g_object_class_install_property(
        klass, id, g_param_spec_uint(name, nick, blurb, least, most, normal, flags));
  };
  number(prop_bitrate, "bitrate", "Bitrate", "What the stream may take, in bits a second", 1'000,
         1'000'000'000, standard.bitrate);
  number(prop_speed, "speed", "Speed",
         "libaom's speed: higher numbers take less time and look a little worse", 6, 10,
         standard.speed);
  number(prop_threads, "threads", "Threads",
         "Threads of the encoder: more end sooner but take more time in all. A change while "
         "playing makes a keyframe",
         1, 16, standard.threads);
  number(prop_keyframe_interval, "keyframe-interval", "Keyframe interval",
         "At most so many frames from a keyframe to the next; 0: only those asked for", 0, G_MAXINT,
         0);
  number(prop_temporal_layers, "temporal-layers", "Temporal layers",
         "Layers of which the upper ones can be dropped: L1T1, L1T2 or L1T3. A change while "
         "playing makes a keyframe",
         1, 3, standard.temporal_layers);
  number(prop_min_quantizer, "min-quantizer", "Lowest quantizer",
         "The best quality that bits are spent on; lower is better", 0, 63, standard.min_quantizer);
  number(prop_max_quantizer, "max-quantizer", "Highest quantizer",
         "The worst quality to go down to, even where the bitrate is not kept", 0, 63,
         standard.max_quantizer);
  g_object_class_install_property(
      klass, prop_screen_content,
      g_param_spec_boolean("screen-content", "Screen content",
                           "Use what suits text and windows better than a camera's pictures. A "
                           "change while playing makes a keyframe",
                           FALSE, flags));
}

static void gst_genos_av1_enc_class_init(GstGenosAv1EncClass* klass) {
  GST_DEBUG_CATEGORY_INIT(genos_av1_enc_debug, "genosav1enc", 0, "Genos AV1 encoder");
  auto* object_class = G_OBJECT_CLASS(klass);
  auto* element_class = GST_ELEMENT_CLASS(klass);
  auto* encoder_class = GST_VIDEO_ENCODER_CLASS(klass);
  object_class->set_property = gst_genos_av1_enc_set_property;
  object_class->get_property = gst_genos_av1_enc_get_property;
  object_class->finalize = gst_genos_av1_enc_finalize;
  encoder_class->start = gst_genos_av1_enc_start;
  encoder_class->stop = gst_genos_av1_enc_stop;
  encoder_class->flush = gst_genos_av1_enc_flush;
  encoder_class->set_format = gst_genos_av1_enc_set_format;
  encoder_class->propose_allocation = gst_genos_av1_enc_propose_allocation;
  encoder_class->handle_frame = gst_genos_av1_enc_handle_frame;
  install_properties(object_class);
  gst_element_class_add_static_pad_template(element_class, &sink_template);
  gst_element_class_add_static_pad_template(element_class, &src_template);
  gst_element_class_set_static_metadata(element_class, "Genos AV1 encoder", "Codec/Encoder/Video",
                                        "Encodes AV1 in real time, over libaom",
                                        "Genos developers");
}
