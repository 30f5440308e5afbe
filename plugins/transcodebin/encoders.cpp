// SPDX-License-Identifier: LGPL-2.1-or-later
#include "encoders.hpp"

#include <algorithm>
#include <array>
#include <span>

#include "named_colours.hpp"

namespace genos::element {
namespace {

// In order of preference, within a codec and among codecs. Keyframes come by request only, from the
// grid that all rungs share, so each encoder's own are as far apart as it allows. One thread each:
// a ladder has as many encoders as rungs, and more threads cost 15 to 60 % more CPU time.
constexpr std::array video_encoders = {
    Encoder{"av1", "genosav1enc", "keyframe-interval=0", "bitrate", 1},
    // VP8 cannot say what its colours are: decoders take them for those of old television.
    Encoder{"vp8", "vp8enc",
            "deadline=1 cpu-used=8 end-usage=cbr keyframe-max-dist=100000 error-resilient=default "
            "lag-in-frames=0 threads=1 buffer-size=1000 buffer-initial-size=500 "
            "buffer-optimal-size=600 undershoot=50 static-threshold=1 max-intra-bitrate=300",
            "target-bitrate", 1, "", "",
            "videoconvert qos=false ! video/x-raw,colorimetry=bt601 ! "},
    Encoder{"vp9", "vp9enc",
            "deadline=1 cpu-used=8 end-usage=cbr keyframe-max-dist=100000 lag-in-frames=0 "
            "threads=1 buffer-size=1000 buffer-initial-size=500 buffer-optimal-size=600 "
            "undershoot=50 max-intra-bitrate=300 aq-mode=cyclic-refresh row-mt=false",
            "target-bitrate", 1, "", "", "", name_colours},
    Encoder{"h264", "x264enc",
            "tune=zerolatency speed-preset=superfast key-int-max=100000 threads=1 "
            "vbv-buf-capacity=1000 option-string=scenecut=0",
            "bitrate", 1000, "h264parse config-interval=-1"},
    Encoder{"h264", "openh264enc",
            "rate-control=bitrate complexity=low gop-size=100000 multi-thread=1 "
            "scene-change-detection=false",
            "bitrate", 1, "h264parse config-interval=-1"},
};
constexpr std::array sound_encoders = {
    Encoder{"opus", "opusenc", "inband-fec=true packet-loss-percentage=5 bitrate-type=vbr",
            "bitrate", 1, "", " dtx=true audio-type=voice"},
    // avenc_aac fails when the channels change, and who reads AAC knows them from the beginning.
    Encoder{"aac", "avenc_aac", "", "bitrate", 1, "aacparse", "", "capsfilter name=steady ! "},
    Encoder{"aac", "voaacenc", "", "bitrate", 1, "aacparse", "", "capsfilter name=steady ! "},
};

bool is_installed(const char* name) {
  auto* factory = gst_element_factory_find(name);
  if (!factory) return false;
  gst_object_unref(factory);
  return true;
}

using Encoders = std::span<const Encoder>;

// What was asked for by name, or null.
core::Result<const Encoder*> find_chosen(Encoders all, std::string_view codec,
                                         const EncoderChoice& choice) {
  std::string missing;
  for (const auto& chosen : choice) {
    const auto is_it = [&](const Encoder& one) {
      return codec == one.codec && chosen == EncoderChoice::value_type(one.codec, one.factory);
    };
    const auto one = std::ranges::find_if(all, is_it);
    if (one == all.end()) continue;
    if (is_installed(one->factory)) return &*one;
    missing = one->factory;
  }
  if (missing.empty()) return nullptr;
  return core::Error{core::Errc::not_found,
                     "encoders: " + missing + " is not installed; name another one, or none"};
}

core::Result<const Encoder*> find_installed(Encoders all, std::string_view codec) {
  std::string tried;
  for (const auto& one : all) {
    if (codec != one.codec) continue;
    if (is_installed(one.factory)) return &one;
    tried += (tried.empty() ? "" : ", ") + std::string(one.factory);
  }
  return core::Error{core::Errc::not_found, "no encoder for " + std::string(codec) +
                                                " is installed; one of these makes it: " + tried};
}

core::Result<const Encoder*> find_of_codec(Encoders all, std::string_view codec,
                                           const EncoderChoice& choice) {
  const auto chosen = find_chosen(all, codec, choice);
  return !chosen || *chosen ? chosen : find_installed(all, codec);
}

// Of the first codec of which there is one, made by what is chosen for it.
core::Result<const Encoder*> find_of_any(Encoders all, const EncoderChoice& choice) {
  auto found = find_of_codec(all, all.front().codec, choice);
  for (std::size_t i = 1; i < all.size() && !found; ++i)
    if (auto other = find_of_codec(all, all[i].codec, choice)) found = other;
  return found;
}

}  // namespace

core::Result<EncoderChoice> parse_encoders(std::string_view words) {
  EncoderChoice choice;
  const auto known = [](std::string_view codec, std::string_view factory) {
    const auto is_it = [&](const Encoder& one) {
      return codec == one.codec && factory == one.factory;
    };
    return std::ranges::any_of(video_encoders, is_it) || std::ranges::any_of(sound_encoders, is_it);
  };
  while (!words.empty()) {
    const auto word = words.substr(0, words.find(','));
    words.remove_prefix(std::min(words.size(), word.size() + 1));
    const auto equals = word.find('=');
    const auto codec = word.substr(0, equals);
    const auto factory = equals == std::string_view::npos ? "" : word.substr(equals + 1);
    if (!known(codec, factory))
      return core::Error{core::Errc::malformed,
                         "encoders: '" + std::string(word) +
                             "' is not CODEC=ELEMENT of a pair that is known here, like "
                             "av1=genosav1enc or h264=openh264enc"};
    choice.emplace_back(codec, factory);
  }
  return choice;
}

core::Result<const Encoder*> find_encoder(std::string_view codec, bool is_sound,
                                          const EncoderChoice& choice) {
  const auto all = is_sound ? Encoders(sound_encoders) : Encoders(video_encoders);
  return codec.empty() ? find_of_any(all, choice) : find_of_codec(all, codec, choice);
}

// What an encoder does not take, as AAC's of more than 320 kbit/s, is its nearest.
void set_bitrate(GstElement* element, const Encoder& encoder, unsigned bitrate) {
  auto* spec = g_object_class_find_property(G_OBJECT_GET_CLASS(element), encoder.bitrate_property);
  if (!spec) return;
  GValue asked = G_VALUE_INIT, value = G_VALUE_INIT;
  g_value_init(&asked, G_TYPE_UINT);
  g_value_set_uint(&asked, std::max(1U, bitrate / encoder.bitrate_unit));
  g_value_init(&value, spec->value_type);
  if (g_value_transform(&asked, &value)) {
    g_param_value_validate(spec, &value);
    g_object_set_property(G_OBJECT(element), encoder.bitrate_property, &value);
  }
  g_value_unset(&value);
  g_value_unset(&asked);
}

std::string encoder_words(const Encoder& encoder, const core::RungWords& words) {
  return std::string(encoder.before) + encoder.factory + " name=encoder " + encoder.settings +
         (words.dtx ? encoder.dtx : "");
}

}  // namespace genos::element
