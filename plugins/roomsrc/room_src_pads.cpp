// SPDX-License-Identifier: LGPL-2.1-or-later
// The pads of a genosroomsrc: those that come with their tracks, and those that are there before.
#include <algorithm>
#include <cstring>

#include "room_src.hpp"
#include "track_about.hpp"

namespace genos::element {
namespace {

// More than anybody names, and less than what a counter would take long to reach.
constexpr guint64 most_named = 999;

std::string name_of(bool is_sound, guint number) {
  return (is_sound ? "audio_" : "video_") + std::to_string(number);
}

}  // namespace

bool is_requested(GstPad* pad) {
  return GST_PAD_TEMPLATE_PRESENCE(GST_PAD_PAD_TEMPLATE(pad)) == GST_PAD_REQUEST;
}

Ref<GstPad> RoomSrc::make_pad(GstPadTemplate* templ, const std::string& name) {
  auto made = sink(gst_ghost_pad_new_no_target_from_template(name.c_str(), templ));
  gst_pad_add_probe(
      made.get(), GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM,
      [](GstPad* ended, GstPadProbeInfo* info, gpointer self) noexcept {
        if (GST_EVENT_TYPE(GST_PAD_PROBE_INFO_EVENT(info)) == GST_EVENT_EOS)
          static_cast<RoomSrc*>(self)->post(ended, &RoomSrc::remove);
        return GST_PAD_PROBE_OK;
      },
      this, nullptr);
  return made;
}

Ref<GstPad> RoomSrc::next_pad(bool is_sound) {
  auto* templ = gst_element_class_get_pad_template(GST_ELEMENT_GET_CLASS(bin_),
                                                   is_sound ? "audio_%u" : "video_%u");
  const std::scoped_lock guard(lock);
  const auto name = name_of(is_sound, (is_sound ? next_audio_ : next_video_)++);
  const auto found = reserved_.find(name);
  return found != reserved_.end() ? found->second : make_pad(templ, name);
}

RoomSrc::ExitRef RoomSrc::make_exit(const TrackIn::About& about) {
  auto exit = std::make_shared<Exit>();
  exit->pad = next_pad(about.is_sound);
  auto* pad = exit->pad.get();
  // Not from inside a link that is being made: its thread is the application's.
  g_signal_connect(pad, "linked", G_CALLBACK(+[](GstPad* linked, GstPad*, gpointer self) {
                     static_cast<RoomSrc*>(self)->post(linked, &RoomSrc::on_linked);
                   }),
                   this);
  // What its line brought is no condition for the next reader, who may be linked at once.
  g_signal_connect(pad, "unlinked", G_CALLBACK(+[](GstPad* unlinked, GstPad*, gpointer self) {
                     gst_ghost_pad_set_target(GST_GHOST_PAD(unlinked), nullptr);
                     static_cast<RoomSrc*>(self)->post(unlinked, &RoomSrc::on_unlinked);
                   }),
                   this);
  exit->size_probe = keep_size_of_av1(pad);
  gst_pad_set_active(pad, TRUE);
  exits_.push_back(exit);
  return exit;
}

void RoomSrc::add(const ExitRef& exit) {
  auto* pad = exit->pad.get();
  // Whose it is, who links it wants to know.
  const auto start = adopt(stream_start(exit->stream.get(), group_of(exit->about)));
  gst_pad_store_sticky_event(pad, start.get());
  if (!is_requested(pad)) gst_element_add_pad(GST_ELEMENT(bin_), pad);
}

// --- named before there is a track for them ---------------------------------------------------

// gst-launch-1.0 links `r.audio_0 ! queue ! m.` as it reads it, and takes a pad of the muxer for
// sound only if it sees then what the queue will bring.
GstPad* RoomSrc::reserve(GstPadTemplate* templ, const char* name) {
  // Any that fits is the first that comes; who awaits that already would take this one for it.
  if (!name || awaits_pads(bin_)) return nullptr;
  const bool is_sound = g_str_has_prefix(name, "audio");
  const auto number = g_ascii_strtoull(name + std::strlen("audio_"), nullptr, 10);
  Ref<GstPad> pad;
  bool is_open = false;
  {
    const std::scoped_lock guard(lock);
    const bool is_used = number < (is_sound ? next_audio_ : next_video_);
    if (number > most_named || name_of(is_sound, guint(number)) != name || is_used ||
        reserved_.contains(name))
      return nullptr;
    pad = make_pad(templ, name);
    reserved_[name] = pad;
    is_open = bool(media_);
  }
  if (is_open) gst_pad_set_active(pad.get(), TRUE);
  gst_element_add_pad(GST_ELEMENT(bin_), pad.get());
  return pad.get();
}

// Its thread may be held up by what reads it, so it is not waited for here.
void RoomSrc::release(GstPad* pad) {
  const Owned<char> name(gst_pad_get_name(pad));
  const auto held = retain(pad);
  bool is_open = false;
  {
    const std::scoped_lock guard(lock);
    reserved_.erase(name.get());
    is_open = bool(media_);
  }
  gst_element_remove_pad(GST_ELEMENT(bin_), pad);
  if (is_open)
    session_.post([this, held] { drop(held.get()); });
  else
    gst_pad_set_active(pad, FALSE);
}

// Its track is one that nobody took.
void RoomSrc::drop(GstPad* pad) {
  const auto found =
      std::ranges::find_if(exits_, [&](const auto& each) { return each->pad.get() == pad; });
  if (found == exits_.end()) {
    gst_pad_set_active(pad, FALSE);
    return;
  }
  const ExitRef exit(*found);
  Tracks left;
  if (is_shown(*exit)) left.push_back(exit->track);
  exit->track = nullptr;
  remove(exit);
  show(left);
}

// GstBin sends the end to what makes data within it, which is nothing for these. Not in this
// thread, which a reader that stands still would hold up.
void RoomSrc::end_empty() {
  std::vector<Ref<GstPad>> empty;
  {
    const std::scoped_lock guard(lock);
    if (!media_) return;
    for (const auto& [name, pad] : reserved_)
      if (!adopt(gst_ghost_pad_get_target(GST_GHOST_PAD(pad.get())))) empty.push_back(pad);
  }
  const auto end = [](GstElement*, gpointer data) noexcept {
    auto* pad = static_cast<GstPad*>(data);
    if (const auto begun = adopt(gst_pad_get_sticky_event(pad, GST_EVENT_STREAM_START, 0)); !begun)
      gst_pad_push_event(pad, gst_event_new_stream_start(GST_PAD_NAME(pad)));
    gst_pad_push_event(pad, gst_event_new_eos());
  };
  for (auto& pad : empty)
    gst_element_call_async(GST_ELEMENT(bin_), end, pad.release(), gst_object_unref);
}

// What began while the state changed may have activated one.
void RoomSrc::deactivate_reserved() {
  std::vector<Ref<GstPad>> all;
  {
    const std::scoped_lock guard(lock);
    for (const auto& [name, pad] : reserved_) all.push_back(pad);
  }
  for (const auto& pad : all) gst_pad_set_active(pad.get(), FALSE);
}

bool RoomSrc::is_awaited(const char* name) {
  const std::scoped_lock guard(lock);
  const auto found = reserved_.find(name);
  return found != reserved_.end() && gst_pad_is_linked(found->second.get());
}

}  // namespace genos::element
