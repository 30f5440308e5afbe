// SPDX-License-Identifier: LGPL-2.1-or-later
#include "aom_encoder.hpp"

#include <aom/aomcx.h>

#include <algorithm>
#include <bit>
#include <string>

namespace genos::element {
namespace {

constexpr int ticks_per_second = 90'000;

struct Control {
  int id;
  int value;
};

// libwebrtc's choice for real time: what costs more time than it saves bits is off.
constexpr std::array real_time_controls = {
    Control{AV1E_SET_AQ_MODE, 3},  // cyclic refresh
    // A keyframe of three frames' bits rather than of sixteen: late joiners wait less.
    Control{AOME_SET_MAX_INTRA_BITRATE_PCT, 300},
    Control{AV1E_SET_ENABLE_CDEF, 1},
    Control{AV1E_SET_CDF_UPDATE_MODE, 2},  // libaom leaves it out where little would be learnt
    Control{AV1E_SET_ENABLE_TPL_MODEL, 0},
    Control{AV1E_SET_DELTAQ_MODE, 0},
    Control{AV1E_SET_ENABLE_ORDER_HINT, 0},
    Control{AV1E_SET_COEFF_COST_UPD_FREQ, 3},
    Control{AV1E_SET_MODE_COST_UPD_FREQ, 3},
    Control{AV1E_SET_MV_COST_UPD_FREQ, 3},
    Control{AV1E_SET_ENABLE_OBMC, 0},
    Control{AV1E_SET_NOISE_SENSITIVITY, 0},
    Control{AV1E_SET_ENABLE_WARPED_MOTION, 0},
    Control{AV1E_SET_ENABLE_GLOBAL_MOTION, 0},
    Control{AV1E_SET_ENABLE_REF_FRAME_MVS, 0},
    Control{AV1E_SET_ENABLE_CFL_INTRA, 0},
    Control{AV1E_SET_ENABLE_SMOOTH_INTRA, 0},
    Control{AV1E_SET_ENABLE_ANGLE_DELTA, 0},
    Control{AV1E_SET_ENABLE_FILTER_INTRA, 0},
    Control{AV1E_SET_INTRA_DEFAULT_TX_ONLY, 1},
    Control{AV1E_SET_DISABLE_TRELLIS_QUANT, 1},
    Control{AV1E_SET_ENABLE_DIST_WTD_COMP, 0},
    Control{AV1E_SET_ENABLE_DIFF_WTD_COMP, 0},
    Control{AV1E_SET_ENABLE_DUAL_FILTER, 0},
    Control{AV1E_SET_ENABLE_INTERINTRA_COMP, 0},
    Control{AV1E_SET_ENABLE_INTERINTRA_WEDGE, 0},
    Control{AV1E_SET_ENABLE_INTRA_EDGE_FILTER, 0},
    Control{AV1E_SET_ENABLE_INTRABC, 0},
    Control{AV1E_SET_ENABLE_MASKED_COMP, 0},
    Control{AV1E_SET_ENABLE_PAETH_INTRA, 0},
    Control{AV1E_SET_ENABLE_QM, 0},
    Control{AV1E_SET_ENABLE_RECT_PARTITIONS, 0},
    Control{AV1E_SET_ENABLE_RESTORATION, 0},
    Control{AV1E_SET_ENABLE_SMOOTH_INTERINTRA, 0},
    Control{AV1E_SET_ENABLE_TX64, 0},
    Control{AV1E_SET_MAX_REFERENCE_FRAMES, 3},
};

// One frame of a pattern of temporal layers. Slot 0 holds the last frame of layer 0, slot 1 the
// last of layer 1.
struct Place {
  unsigned layer;
  int from;  // the slot that it refers to
  int into;  // the slot that it fills, or -1: nobody refers to it
};
constexpr std::array two_layers = {Place{0, 0, 0}, Place{1, 0, -1}};
constexpr std::array three_layers = {Place{0, 0, 0}, Place{2, 0, -1}, Place{1, 0, 1},
                                     Place{2, 1, -1}};

std::span<const Place> pattern_of(unsigned layers) {
  if (layers == 2) return two_layers;
  if (layers == 3) return three_layers;
  return {};
}

// What of the bitrate the layers up to each one get, in percent; libvpx's shares.
constexpr std::array<std::array<unsigned, 3>, 3> shares = {{{100}, {60, 100}, {40, 60, 100}}};

unsigned kilobits(unsigned bitrate) { return std::max(1U, bitrate / 1000); }

}  // namespace

core::Result<std::unique_ptr<AomEncoder>> AomEncoder::open(const Format& format,
                                                           const Config& config) {
  std::unique_ptr<AomEncoder> encoder(new AomEncoder(format, config));
  if (auto error = encoder->start()) return std::move(*error);
  return encoder;
}

AomEncoder::~AomEncoder() {
  if (open_) aom_codec_destroy(&context_);
}

core::Error AomEncoder::failure(const char* what) {
  const char* detail = aom_codec_error_detail(&context_);
  return {core::Errc::failed, std::string(what) + ": " + aom_codec_error(&context_) +
                                  (detail ? std::string(" (") + detail + ")" : std::string())};
}

// Below it libaom 3.6 aborts the process in CBR, at the eleventh frame.
constexpr unsigned least_max_quantizer = 2;

static void set_rate(aom_codec_enc_cfg_t& cfg, const AomEncoder::Config& config) {
  cfg.rc_target_bitrate = kilobits(config.bitrate);
  cfg.rc_min_quantizer = config.min_quantizer;
  cfg.rc_max_quantizer =
      std::max({config.min_quantizer, config.max_quantizer, least_max_quantizer});
}

std::optional<core::Error> AomEncoder::start() {
  auto* codec = aom_codec_av1_cx();
  if (aom_codec_enc_config_default(codec, &cfg_, AOM_USAGE_REALTIME) != AOM_CODEC_OK)
    return core::Error{core::Errc::failed, "this libaom has no real-time encoder"};
  cfg_.g_w = format_.width;
  cfg_.g_h = format_.height;
  cfg_.g_threads = config_.threads;
  cfg_.g_timebase = {1, ticks_per_second};
  cfg_.g_lag_in_frames = 0;
  cfg_.g_pass = AOM_RC_ONE_PASS;
  cfg_.g_error_resilient = 0;
  cfg_.kf_mode = AOM_KF_DISABLED;  // keyframes are asked for
  cfg_.rc_end_usage = AOM_CBR;
  cfg_.rc_dropframe_thresh = 0;
  cfg_.rc_undershoot_pct = cfg_.rc_overshoot_pct = 50;
  // Milliseconds. The defaults of four seconds and more are for files.
  cfg_.rc_buf_sz = 1000;
  cfg_.rc_buf_initial_sz = cfg_.rc_buf_optimal_sz = 600;
  set_rate(cfg_, config_);
  if (aom_codec_enc_init(&context_, codec, &cfg_, 0) != AOM_CODEC_OK)
    return failure("libaom does not start");
  open_ = true;
  if (auto error = set_controls()) return error;
  return set_layers();
}

std::optional<core::Error> AomEncoder::set_controls() {
  const auto set = [this](const Control& control) {
    return aom_codec_control(&context_, control.id, control.value) == AOM_CODEC_OK;
  };
  for (const auto& control : real_time_controls)
    if (!set(control)) return failure("libaom refuses a control");
  const int columns = int(std::bit_width(config_.threads)) - 1;  // as a power of two
  const std::array chosen = {
      Control{AOME_SET_CPUUSED, int(config_.speed)},
      Control{AV1E_SET_TILE_COLUMNS, columns},
      Control{AV1E_SET_ROW_MT, config_.threads > 1},
      Control{AV1E_SET_TUNE_CONTENT,
              config_.screen_content ? AOM_CONTENT_SCREEN : AOM_CONTENT_DEFAULT},
      Control{AV1E_SET_ENABLE_PALETTE, config_.screen_content},
      Control{AV1E_SET_COLOR_PRIMARIES, format_.primaries},
      Control{AV1E_SET_TRANSFER_CHARACTERISTICS, format_.transfer},
      Control{AV1E_SET_MATRIX_COEFFICIENTS, format_.matrix},
      Control{AV1E_SET_COLOR_RANGE, format_.full_range},
  };
  for (const auto& control : chosen)
    if (!set(control)) return failure("libaom refuses a setting");
  return {};
}

std::optional<core::Error> AomEncoder::set_layers() {
  const auto layers = config_.temporal_layers;
  if (layers < 2) return {};
  aom_svc_params_t params{};
  params.number_spatial_layers = 1;
  params.number_temporal_layers = int(layers);
  params.scaling_factor_num[0] = params.scaling_factor_den[0] = 1;
  for (unsigned i = 0; i < layers; ++i) {
    params.min_quantizers[i] = int(cfg_.rc_min_quantizer);
    params.max_quantizers[i] = int(cfg_.rc_max_quantizer);
    params.layer_target_bitrate[i] = int(kilobits(config_.bitrate) * shares[layers - 1][i] / 100);
    params.framerate_factor[i] = 1 << (layers - 1 - i);
  }
  if (aom_codec_control(&context_, AV1E_SET_SVC_PARAMS, &params) != AOM_CODEC_OK)
    return failure("libaom refuses temporal layers");
  return {};
}

std::optional<core::Error> AomEncoder::change(const Config& config) {
  if (config.speed != config_.speed &&
      aom_codec_control(&context_, AOME_SET_CPUUSED, int(config.speed)) != AOM_CODEC_OK)
    return failure("libaom refuses a speed");
  config_.speed = config.speed;
  config_.bitrate = config.bitrate;
  config_.min_quantizer = config.min_quantizer;
  config_.max_quantizer = config.max_quantizer;
  set_rate(cfg_, config_);
  if (aom_codec_enc_config_set(&context_, &cfg_) != AOM_CODEC_OK)
    return failure("libaom refuses a bitrate or quantizers");
  return set_layers();
}

std::optional<core::Error> AomEncoder::set_references(unsigned place) {
  const auto pattern = pattern_of(config_.temporal_layers);
  if (pattern.empty()) return {};
  const auto& now = pattern[place];
  aom_svc_layer_id_t id{0, int(now.layer)};
  aom_svc_ref_frame_config_t config{};
  config.ref_idx[0] = now.from;  // the one that is called LAST
  config.reference[0] = 1;
  if (now.into >= 0) config.refresh[now.into] = 1;
  if (aom_codec_control(&context_, AV1E_SET_SVC_LAYER_ID, &id) != AOM_CODEC_OK ||
      aom_codec_control(&context_, AV1E_SET_SVC_REF_FRAME_CONFIG, &config) != AOM_CODEC_OK)
    return failure("libaom refuses the references of a layer");
  return {};
}

core::Result<AomEncoder::Unit> AomEncoder::encode(const Picture& picture, core::Duration interval,
                                                  KeyFrame key) {
  if (key == KeyFrame::forced) place_ = 0;
  if (auto error = set_references(place_)) return std::move(*error);
  aom_image_t image;
  // The planes are set below: one pointer cannot say where all three are.
  auto* luma = const_cast<std::uint8_t*>(picture.planes[0]);
  aom_img_wrap(&image, AOM_IMG_FMT_I420, format_.width, format_.height, 1, luma);
  for (unsigned i = 0; i < 3; ++i) {
    image.planes[i] = const_cast<std::uint8_t*>(picture.planes[i]);
    image.stride[i] = picture.strides[i];
  }
  const auto ticks = std::max<std::int64_t>(
      1, std::chrono::duration_cast<std::chrono::duration<std::int64_t, std::ratio<1, 90'000>>>(
             interval)
             .count());
  const aom_enc_frame_flags_t flags = key == KeyFrame::forced ? AOM_EFLAG_FORCE_KF : 0;
  if (aom_codec_encode(&context_, &image, now_, std::size_t(ticks), flags) != AOM_CODEC_OK)
    return failure("libaom cannot encode a picture");
  now_ += ticks;

  Unit unit;
  aom_codec_iter_t at = nullptr;
  while (const auto* packet = aom_codec_get_cx_data(&context_, &at)) {
    if (packet->kind != AOM_CODEC_CX_FRAME_PKT) continue;
    unit.bytes = {static_cast<const std::uint8_t*>(packet->data.frame.buf), packet->data.frame.sz};
    unit.is_key = packet->data.frame.flags & AOM_FRAME_IS_KEY;
  }
  const auto pattern = pattern_of(config_.temporal_layers);
  if (!pattern.empty() && !unit.bytes.empty()) {
    unit.layer = {pattern[place_].layer, config_.temporal_layers};
    place_ = (place_ + 1) % unsigned(pattern.size());
  }
  return unit;
}

}  // namespace genos::element
