// SPDX-License-Identifier: LGPL-2.1-or-later
// Formats that genosav1enc does not make and genosav1dec decodes: made by libaom here.
#include <aom/aom_encoder.h>
#include <aom/aomcx.h>

#include "av1_fixture.hpp"

namespace genos {
namespace {

using Av1Formats = Av1;

struct Kind {
  const char* name;
  GstVideoFormat format;
  aom_img_fmt_t image;
  unsigned profile, depth;
  bool grey;
};
constexpr Kind kinds[] = {
    {"Y444", GST_VIDEO_FORMAT_Y444, AOM_IMG_FMT_I444, 1, 8, false},
    {"Y42B", GST_VIDEO_FORMAT_Y42B, AOM_IMG_FMT_I422, 2, 8, false},
    {"I420_10LE", GST_VIDEO_FORMAT_I420_10LE, AOM_IMG_FMT_I42016, 0, 10, false},
    {"I420_12LE", GST_VIDEO_FORMAT_I420_12LE, AOM_IMG_FMT_I42016, 2, 12, false},
    {"I422_10LE", GST_VIDEO_FORMAT_I422_10LE, AOM_IMG_FMT_I42216, 2, 10, false},
    {"Y444_10LE", GST_VIDEO_FORMAT_Y444_10LE, AOM_IMG_FMT_I44416, 1, 10, false},
    {"GRAY8", GST_VIDEO_FORMAT_GRAY8, AOM_IMG_FMT_I420, 0, 8, true},
    {"I420_10LE", GST_VIDEO_FORMAT_I420_10LE, AOM_IMG_FMT_I42016, 0, 10, true},
};

// The planes of a picture of this kind; of one that is grey, colours too, which are not coded.
GstVideoInfo info_of_kind(const Kind& kind) {
  const bool is_byte = kind.format == GST_VIDEO_FORMAT_GRAY8;
  return info_of(322, 182, is_byte ? GST_VIDEO_FORMAT_I420 : kind.format);
}

class Aom {
 public:
  explicit Aom(const Kind& kind) : kind_(kind) {
    aom_codec_enc_cfg_t cfg;
    EXPECT_EQ(aom_codec_enc_config_default(aom_codec_av1_cx(), &cfg, AOM_USAGE_REALTIME),
              AOM_CODEC_OK);
    cfg.g_w = 322;
    cfg.g_h = 182;
    cfg.g_profile = kind.profile;
    cfg.g_bit_depth = aom_bit_depth_t(kind.depth);
    cfg.g_input_bit_depth = kind.depth;
    cfg.monochrome = kind.grey;
    cfg.g_lag_in_frames = 0;
    cfg.rc_end_usage = AOM_Q;
    const aom_codec_flags_t flags = kind.depth > 8 ? AOM_CODEC_USE_HIGHBITDEPTH : 0;
    EXPECT_EQ(aom_codec_enc_init(&context_, aom_codec_av1_cx(), &cfg, flags), AOM_CODEC_OK);
    aom_codec_control(&context_, AOME_SET_CPUUSED, 8);
    aom_codec_control(&context_, AOME_SET_CQ_LEVEL, 10);
  }
  ~Aom() { aom_codec_destroy(&context_); }
  Aom(const Aom&) = delete;
  Aom& operator=(const Aom&) = delete;

  Ref<GstBuffer> encode(const Ref<GstBuffer>& shown, unsigned number) {
    const MappedPicture from(info_of_kind(kind_), shown.get(), GST_MAP_READ);
    aom_image_t image;
    aom_img_wrap(&image, kind_.image, 322, 182, 1, from.plane(0));
    image.bit_depth = kind_.depth;
    image.monochrome = kind_.grey;
    for (guint i = 0; i < 3; ++i) {
      image.planes[i] = from.plane(i);
      image.stride[i] = from.stride(i);
    }
    EXPECT_EQ(aom_codec_encode(&context_, &image, number, 1, 0), AOM_CODEC_OK)
        << aom_codec_error_detail(&context_);
    aom_codec_iter_t at = nullptr;
    const auto* packet = aom_codec_get_cx_data(&context_, &at);
    EXPECT_TRUE(packet);
    if (!packet) return {};
    auto unit = adopt(gst_buffer_new_memdup(packet->data.frame.buf, packet->data.frame.sz));
    GST_BUFFER_PTS(unit.get()) = number * frame_time;
    if (number > 0) GST_BUFFER_FLAG_SET(unit.get(), GST_BUFFER_FLAG_DELTA_UNIT);
    return unit;
  }

 private:
  const Kind kind_;
  aom_codec_ctx_t context_{};
};

TEST_F(Av1Formats, ComeOutAsTheyAre) {
  for (const auto& kind : kinds) {
    SCOPED_TRACE(std::string(kind.name) + (kind.grey ? ", grey" : ""));
    const auto info = info_of_kind(kind);
    Aom encoder(kind);
    Buffers units;
    for (unsigned i = 0; i < 4; ++i) units.push_back(encoder.encode(picture(info, i), i));
    Rig copied("genosav1dec"), lent("genosav1dec");
    gst_harness_add_propose_allocation_meta(lent.get(), GST_VIDEO_META_API_TYPE, nullptr);
    for (auto* rig : {&copied, &lent}) {
      rig->caps(av1_caps());
      for (const auto& unit : units) ASSERT_EQ(rig->push(unit), GST_FLOW_OK);
      EXPECT_EQ(rig->caps_field("format"), kind.name);
    }
    const auto out = info_of(322, 182, kind.format);
    const auto a = copied.pull(), b = lent.pull();
    ASSERT_EQ(a.size(), 4U);
    ASSERT_EQ(b.size(), 4U);
    const auto seen = pixels(a[3], out);
    EXPECT_EQ(seen, pixels(b[3], out));
    if (!kind.grey) {
      EXPECT_EQ(seen, decode("av1dec", units, 322, 182, kind.format).back());
    }
    auto given = pixels(picture(info, 3), info);
    if (kind.grey) {
      given.resize(std::size_t(322) * 182 * (kind.depth > 8 ? 2 : 1));
      EXPECT_TRUE(kind.depth == 8 || seen.back() == 0x02);  // no colour: 512
    }
    if (kind.depth == 8) {
      EXPECT_GT(psnr(given, seen), 30);
    }
  }
}

}  // namespace
}  // namespace genos
