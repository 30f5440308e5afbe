// SPDX-License-Identifier: LGPL-2.1-or-later
// Which encoder makes which codec here, and how it is told what a ladder wants.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "bridge/ref.hpp"
#include "core/base/result.hpp"
#include "core/ladder/words.hpp"

namespace genos::element {

struct Encoder {
  const char* codec;
  const char* factory;
  // Properties as gst-launch-1.0 takes them, beside the bitrate.
  const char* settings;
  const char* bitrate_property;
  unsigned bitrate_unit;    // bit/s
  const char* parser = "";  // behind it
  const char* dtx = "";     // more settings, for sound that is to have it
  const char* before = "";  // in front of it; what is called "steady" keeps its first caps
  void (*prepare)(GstElement*) = nullptr;  // what its properties cannot say
};

// What a person prefers: "h264=openh264enc,aac=voaacenc".
using EncoderChoice = std::vector<std::pair<std::string, std::string>>;
core::Result<EncoderChoice> parse_encoders(std::string_view words);

// The best installed one of the codec, or of the best codec when it names none; by preference.
core::Result<const Encoder*> find_encoder(std::string_view codec, bool is_sound,
                                          const EncoderChoice& choice);
// For gst_parse_launch(); its name is "encoder".
std::string encoder_words(const Encoder& encoder, const core::RungWords& words);
void set_bitrate(GstElement* element, const Encoder& encoder, unsigned bitrate);

}  // namespace genos::element
