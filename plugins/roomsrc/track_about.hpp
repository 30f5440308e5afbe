// SPDX-License-Identifier: LGPL-2.1-or-later
// What is known of a track, as GStreamer's applications read it.
#pragma once

#include <gst/gst.h>

#include "bridge/ref.hpp"
#include "genos/track_in.hpp"

namespace genos::element {

std::string title_of(const TrackIn::About& about);          // what its sender calls it, or ""
std::string kind_of(const TrackIn::About& about);           // camera, screen, or what it says
std::string encoding_of(const TrackIn::About& about);       // in RTP
std::string stream_key_of(const TrackIn::About& about);     // tracks that belong together share it
Ref<GstStream> gst_stream_of(const TrackIn::About& about);  // with its tags
GstEvent* stream_start(GstStream* stream, guint group);
GstEvent* tags_of(const TrackIn::About& about);

// For the bus: who shows what, from now on or no more.
GstStructure* news_of(const char* name, const TrackIn::About& about);

}  // namespace genos::element
