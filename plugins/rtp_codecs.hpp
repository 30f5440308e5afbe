// SPDX-License-Identifier: LGPL-2.1-or-later
// How the codecs that browsers know go into RTP and come out of it.
#pragma once

#include <string_view>

namespace genos::element {

struct RtpCodec {
  const char* media_type;     // of the encoded stream
  const char* encoding_name;  // in RTP
  bool is_sound;
  int payload;  // that we offer
  int clock_rate;
  const char* more_caps;    // of what we offer
  const char* in_parser;    // what an encoded stream goes through first, or ""
  const char* payloader;    // as gst-launch-1.0 takes it
  const char* depayloader;  // the same
  const char* out_parser;   // what muxers want behind it, or ""
  const char* decoders;     // the first that is installed
};

// For RTX webrtcbin takes the payload types from 96 on, without a look at lines that come later.
inline constexpr RtpCodec rtp_codecs[] = {
    {"video/x-av1", "AV1", false, 45, 90000, "", "av1parse", "genosrtpav1pay", "genosrtpav1depay",
     "av1parse", "genosav1dec|dav1ddec|av1dec"},
    {"video/x-vp8", "VP8", false, 120, 90000, "", "", "rtpvp8pay picture-id-mode=15-bit",
     "rtpvp8depay request-keyframe=true wait-for-keyframe=true", "", "vp8dec"},
    {"video/x-vp9", "VP9", false, 121, 90000, "", "", "rtpvp9pay picture-id-mode=15-bit",
     "rtpvp9depay request-keyframe=true wait-for-keyframe=true", "vp9parse", "vp9dec"},
    // What a browser must know: constrained baseline, whatever level.
    {"video/x-h264", "H264", false, 122, 90000,
     ",packetization-mode=(string)1,level-asymmetry-allowed=(string)1,"
     "profile-level-id=(string)42e01f",
     "h264parse config-interval=-1", "rtph264pay config-interval=-1 aggregate-mode=zero-latency",
     "rtph264depay request-keyframe=true wait-for-keyframe=true", "h264parse",
     "avdec_h264|openh264dec"},
    {"audio/x-opus", "OPUS", true, 111, 48000,
     ",encoding-params=(string)2,minptime=(string)10,useinbandfec=(string)1", "opusparse",
     "rtpopuspay dtx=true", "rtpopusdepay", "opusparse", "opusdec"},
};

inline const RtpCodec* codec_of_media_type(std::string_view name) {
  for (const auto& codec : rtp_codecs)
    if (name == codec.media_type) return &codec;
  return nullptr;
}

inline const RtpCodec* codec_of_encoding(std::string_view name) {
  for (const auto& codec : rtp_codecs)
    if (name == codec.encoding_name) return &codec;
  return nullptr;
}

}  // namespace genos::element
