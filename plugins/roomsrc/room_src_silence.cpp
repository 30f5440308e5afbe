// SPDX-License-Identifier: LGPL-2.1-or-later
// Sound that somebody waits for and nobody sends, while pictures come: it is silence.
#include <algorithm>

#include "room_src.hpp"
#include "room_uri.hpp"
#include "track_about.hpp"

namespace genos::element {
namespace {

// Sound that comes with the pictures has come by then; what waits for it still has its place in a
// queue, which takes a second.
constexpr guint sound_patience_ms = 700;
constexpr guint flow_ms = 20;

// A line of gst-launch-1.0 in which a pad is named that has not come.
bool is_awaited(gpointer element) {
  return g_signal_has_handler_pending(element, g_signal_lookup("no-more-pads", GST_TYPE_ELEMENT), 0,
                                      FALSE);
}

}  // namespace

bool RoomSrc::is_shown(const Exit& exit) const {
  return exit.track && !(silence_ && exit.track == silence_->track());
}

bool RoomSrc::shows_pictures() const {
  return std::ranges::any_of(exits_, [this](const auto& exit) {
    return is_shown(*exit) && !exit->about.is_sound && gst_pad_is_linked(exit->pad.get());
  });
}

void RoomSrc::await_silence() {
  if (next_audio_ > 0 || next_video_ == 0 || came_by_uri(bin_) || !is_awaited(bin_)) return;
  session_.post_later(sound_patience_ms, [this] { offer_silence(); });
}

void RoomSrc::offer_silence() {
  bool has_sound = false;
  {
    const std::scoped_lock guard(lock);
    has_sound = settings.media == MediaChoice::all && !settings.end_with_last;
  }
  if (!has_sound || next_audio_ > 0 || !is_awaited(bin_) || !shows_pictures()) return;
  silence_ = std::make_unique<Silence>(latency_);
  const auto exit = make_exit(silence_->track()->about());
  give(exit, silence_->track());
  const auto start = adopt(stream_start(exit->stream.get(), group_of(exit->about)));
  gst_pad_store_sticky_event(exit->pad.get(), start.get());
  gst_element_add_pad(GST_ELEMENT(bin_), exit->pad.get());
  if (!gst_pad_is_linked(exit->pad.get())) {  // it was something else that is awaited
    remove(exit);
    return;
  }
  begin(exit);
  keep_silence();
}

bool RoomSrc::fill_with_silence(const ExitRef& exit) {
  if (!exit->about.is_sound || !shows_pictures()) return false;
  if (!silence_) silence_ = std::make_unique<Silence>(latency_);
  give(exit, silence_->track());
  keep_silence();
  return true;
}

void RoomSrc::keep_silence() {
  if (std::exchange(keeps_silence_, true)) return;
  session_.post_later(flow_ms, [this] {
    keeps_silence_ = false;
    const bool is_needed = std::ranges::any_of(
        exits_, [this](const auto& exit) { return exit->track == silence_->track(); });
    if (!is_needed) return;
    if (shows_pictures()) silence_->flow();
    keep_silence();
  });
}

}  // namespace genos::element
