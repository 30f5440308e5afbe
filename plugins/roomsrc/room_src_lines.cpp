// SPDX-License-Identifier: LGPL-2.1-or-later
// The lines of a genosroomsrc, from a track to a pad that is linked, and how loud they are.
#include <algorithm>
#include <array>
#include <utility>

#include "bridge/element_message.hpp"
#include "room_src.hpp"
#include "track_about.hpp"

namespace genos::element {
namespace {

// What an AV1 stream began with, for who reads it now.
struct Kept {
  Ref<GstCaps> caps;
  const GstPad* reader = nullptr;  // never looked into
};

bool is_alike(GstCaps* one, GstCaps* other) {
  const auto* first = gst_caps_get_structure(one, 0);
  const auto* second = gst_caps_get_structure(other, 0);
  return std::ranges::all_of(
      std::array{"profile", "bit-depth-luma", "chroma-format", "stream-format", "alignment"},
      [&](const char* field) {
        const auto *mine = gst_structure_get_value(first, field),
                   *theirs = gst_structure_get_value(second, field);
        return mine && theirs ? gst_value_compare(mine, theirs) == GST_VALUE_EQUAL : mine == theirs;
      });
}

GstPadProbeReturn keep(GstPad* pad, GstPadProbeInfo* info, gpointer data) noexcept {
  auto& kept = *static_cast<Kept*>(data);
  auto* event = GST_PAD_PROBE_INFO_EVENT(info);
  if (GST_EVENT_TYPE(event) != GST_EVENT_CAPS) return GST_PAD_PROBE_OK;
  GstCaps* caps = nullptr;
  gst_event_parse_caps(event, &caps);
  const auto reader = adopt(gst_pad_get_peer(pad));
  const bool is_av1 = gst_structure_has_name(gst_caps_get_structure(caps, 0), "video/x-av1");
  const bool goes_on = kept.caps && kept.reader == reader.get() && is_av1;
  if (goes_on && is_alike(kept.caps.get(), caps)) {
    info->data = gst_event_new_caps(kept.caps.get());
    gst_event_unref(event);
  } else {
    kept = {is_av1 ? retain(caps) : nullptr, reader.get()};
  }
  return GST_PAD_PROBE_OK;
}

bool refuses_raw(GstCaps* wanted, bool is_sound) {
  if (gst_caps_is_any(wanted) || gst_caps_is_empty(wanted)) return false;
  auto* structure = gst_structure_new_empty(is_sound ? "audio/x-raw" : "video/x-raw");
  const auto raw = adopt(gst_caps_new_full(structure, nullptr));
  gst_caps_set_features(raw.get(), 0, gst_caps_features_new_any());
  return !gst_caps_can_intersect(wanted, raw.get());
}

}  // namespace

// The size of a picture stands in its stream, and changes there when a telephone is turned or a
// path gets better. A muxer of 1.22 takes such caps on the way of VP8 and VP9; of AV1 it fails.
gulong keep_size_of_av1(GstPad* pad) {
  return gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, keep, new Kept,
                           [](gpointer data) { delete static_cast<Kept*>(data); });
}

std::unique_ptr<TrackLine> RoomSrc::take_line(Exit& exit) {
  if (exit.line) {
    gst_ghost_pad_set_target(GST_GHOST_PAD(exit.pad.get()), nullptr);
    exit.line->leave();
  }
  return std::exchange(exit.line, nullptr);
}

// One at a time: whoever sends to a reader that stands still makes no heap of them.
void RoomSrc::leave_off(const ExitRef& exit) {
  if (!exit->line) return;
  exit->leaving = true;
  aside_.run([this, line = std::shared_ptr(take_line(*exit)), exit]() mutable {
    line = nullptr;
    session_.post([this, exit] {
      exit->leaving = false;
      if (std::ranges::find(exits_, exit) != exits_.end()) begin(exit);
    });
  });
}

void RoomSrc::begin(const ExitRef& exit) {
  auto* pad = exit->pad.get();
  if (!exit->track || !gst_pad_is_linked(pad)) return;
  if (exit->line && exit->line->track() == exit->track.get()) return;
  const auto encoding = encoding_of(exit->about);
  const auto* codec = codec_of_encoding(encoding);
  if (!codec) {
    post_warning({bin_, GST_CAT_DEFAULT}, GST_STREAM_ERROR_FORMAT,
                 "what '" + exit->about.peer + "' sends as " + encoding + " is not known here");
    return;
  }
  leave_off(exit);
  if (exit->leaving) return;
  const auto wanted = adopt(gst_pad_peer_query_caps(pad, nullptr));
  const auto encoded = adopt(gst_caps_new_empty_simple(codec->media_type));
  const bool decode = !gst_caps_can_intersect(wanted.get(), encoded.get());
  if (decode && refuses_raw(wanted.get(), exit->about.is_sound)) {
    post_warning({bin_, GST_CAT_DEFAULT}, GST_STREAM_ERROR_FORMAT,
                 "what '" + exit->about.peer + "' sends as " + encoding + " does not fit behind " +
                     Owned<char>(gst_pad_get_name(pad)).get() + ", where only " +
                     gst_structure_get_name(gst_caps_get_structure(wanted.get(), 0)) +
                     " does: link what takes it, or a decoder");
    return;
  }
  TrackLine::Options options{decode, latency_, exit->stream.get(), group_of(exit->about)};
  auto line = TrackLine::make(bin_, exit->track, *codec, options);
  if (!line) {
    post_error({bin_, GST_CAT_DEFAULT}, GST_CORE_ERROR_MISSING_PLUGIN, line.error().detail);
    return;
  }
  exit->line = *std::move(line);
  exit->line->sound(loudness_of(exit->about));
  gst_ghost_pad_set_target(GST_GHOST_PAD(pad), exit->line->src());
  if (!gst_pad_is_linked(pad)) return leave_off(exit);
  exit->line->start();
  if (exit->about.is_sound && !ends_with_last()) watch_pauses();
  gst_element_post_message(GST_ELEMENT(bin_), gst_message_new_latency(GST_OBJECT(bin_)));
}

// --- how loud ---------------------------------------------------------------------------------

Loudness RoomSrc::loudness_of(const TrackIn::About& about) {
  const std::scoped_lock guard(lock);
  for (const auto& name : {about.peer, about.identity})
    if (const auto found = loudness_.find(name); found != loudness_.end()) return found->second;
  return {};
}

void RoomSrc::sound_all() {
  session_.post([this] {
    for (const auto& exit : exits_)
      if (exit->line) exit->line->sound(loudness_of(exit->about));
  });
}

void RoomSrc::set_volume(const std::string& peer, double volume) {
  {
    const std::scoped_lock guard(lock);
    loudness_[peer].volume = volume;
  }
  sound_all();
}

void RoomSrc::set_mute(const std::string& peer, bool mute) {
  {
    const std::scoped_lock guard(lock);
    loudness_[peer].mute = mute;
  }
  sound_all();
}

}  // namespace genos::element
