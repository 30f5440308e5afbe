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
constexpr guint flow_ms = 20, look_ms = 100;
// Without pictures for so long, silence stops too: what it fills would hold up what comes next.
constexpr gint64 flow_patience = G_USEC_PER_SEC / 2;

}  // namespace

bool awaits_pads(GstBin* element) {
  return g_signal_has_handler_pending(element, g_signal_lookup("no-more-pads", GST_TYPE_ELEMENT), 0,
                                      FALSE);
}

bool RoomSrc::is_shown(const Exit& exit) const {
  return exit.track && !(silence_ && exit.track == silence_->track());
}

bool RoomSrc::shows_pictures() const {
  return std::ranges::any_of(exits_, [this](const auto& exit) {
    return is_shown(*exit) && !exit->about.is_sound && gst_pad_is_linked(exit->pad.get());
  });
}

// More packets of one than a moment ago, or else what waits for them is full.
bool RoomSrc::pictures_flow() {
  guint64 packets = 0;
  for (const auto& exit : exits_)
    if (is_shown(*exit) && !exit->about.is_sound && gst_pad_is_linked(exit->pad.get()))
      packets += exit->track->figures().packets;
  const auto now = g_get_monotonic_time();
  if (std::exchange(picture_packets_, packets) != packets) pictures_flowed_ = now;
  return packets > 0 && now - pictures_flowed_ < flow_patience;
}

void RoomSrc::await_silence() {
  session_.post_later(sound_patience_ms, [this] { offer_silence(); });
}

// On the pad that waits; or on one that is awaited.
void RoomSrc::offer_silence() {
  for (const auto& exit : std::vector(exits_))
    if (exit->waits) fill_with_silence(exit);
  bool has_sound = false;
  {
    const std::scoped_lock guard(lock);
    has_sound = settings.media == MediaChoice::all && !settings.end_with_last;
  }
  if (!has_sound || offered_silence_ || next_audio_ > 0 || !shows_pictures()) return;
  if (!is_awaited("audio_0") && (came_by_uri(bin_) || !awaits_pads(bin_))) return;
  offered_silence_ = true;
  silence_ = std::make_unique<Silence>(latency_);
  const auto exit = make_exit(silence_->track()->about());
  give(exit, silence_->track());
  add(exit);
  if (!gst_pad_is_linked(exit->pad.get())) {  // it was something else that is awaited
    remove(exit);
    const std::scoped_lock guard(lock);
    --next_audio_;
    return;
  }
  begin(exit);
  keep_silence();
}

void RoomSrc::fill_with_silence(const ExitRef& exit) {
  if (!exit->about.is_sound || exit->ending || !gst_pad_is_linked(exit->pad.get()) ||
      !shows_pictures())
    return;
  if (!silence_) silence_ = std::make_unique<Silence>(latency_);
  give(exit, silence_->track());
  begin(exit);
  keep_silence();
}

void RoomSrc::keep_silence() {
  const auto is_needed = [this] {
    return silence_ && std::ranges::any_of(exits_, [this](const auto& exit) {
             return (exit->track == silence_->track() || exit->pauses) &&
                    gst_pad_is_linked(exit->pad.get());
           });
  };
  if (!is_needed() || std::exchange(keeps_silence_, true)) return;
  session_.post_later(flow_ms, [this] {
    keeps_silence_ = false;
    if (silence_ && pictures_flow()) silence_->flow();
    keep_silence();
  });
}

void RoomSrc::watch_pauses() {
  if (std::exchange(watches_pauses_, true)) return;
  session_.post_later(look_ms, [this] {
    watches_pauses_ = false;
    fill_pauses();
  });
}

// Sound that goes on being sent may still pause, as that of a caller whose line is held: what is
// mixed or written with its pictures waits for it.
void RoomSrc::fill_pauses() {
  bool any_sound = false;
  for (const auto& exit : exits_) {
    if (!exit->line || !exit->about.is_sound || !is_shown(*exit) || exit->ending) continue;
    any_sound = true;
    exit->pauses = quiet_for(*exit) >= gint64(sound_patience_ms) * 1000;
    if (exit->pauses && !silence_) silence_ = std::make_unique<Silence>(latency_);
    exit->line->fill_from(exit->pauses ? silence_->track() : nullptr);
  }
  keep_silence();
  if (any_sound) watch_pauses();
}

}  // namespace genos::element
