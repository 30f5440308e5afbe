// SPDX-License-Identifier: LGPL-2.1-or-later
// The part of the transcoder that follows a ladder: rungs come, change, fail and go.
#include <algorithm>

#include "bridge/element_message.hpp"
#include "core/ladder/plan.hpp"
#include "transcoder.hpp"

namespace genos::element {
namespace {

// The same rung, at whatever bitrate: but elements that make AAC (1.22) look at theirs once.
bool is_same(const core::RungWords& one, const core::RungWords& other) {
  return one.lines == other.lines && one.frames == other.frames && one.codec == other.codec &&
         one.dtx == other.dtx && (one.codec != "aac" || one.bitrate == other.bitrate);
}

bool is_live(GstPad* entry) {
  GstQuery* query = gst_query_new_latency();
  gboolean live = FALSE;
  if (gst_pad_peer_query(entry, query)) gst_query_parse_latency(query, &live, nullptr, nullptr);
  gst_query_unref(query);
  return live;
}

}  // namespace

// Under the lock.
std::vector<core::RungWords> Transcoder::words_for(const Trunk& trunk) const {
  if (!trunk.is_sound) return ladder_;
  std::vector<core::RungWords> all;
  for (const auto& sound : sounds_) all.push_back(core::rung_of(sound));
  return all;
}

// Of the ladder, those that this picture has lines for.
std::vector<core::RungWords> Transcoder::wanted(const Trunk& trunk) const {
  std::vector<core::RungWords> all;
  {
    const std::scoped_lock guard(lock_);
    all = words_for(trunk);
  }
  if (trunk.is_sound) return all;
  const auto picture = splitter_picture(GST_GENOS_SPLITTER(trunk.splitter.get()));
  if (!picture) return {};
  const auto sizes = core::plan_sizes(all, *picture);
  std::vector<core::RungWords> fitting;
  for (std::size_t i = 0; i < all.size(); ++i)
    if (sizes[i]) fitting.push_back(all[i]);
  return fitting;
}

void Transcoder::follow(Trunk& trunk, GstPad* entry) {
  splitter_set_live(GST_GENOS_SPLITTER(trunk.splitter.get()), is_live(entry));
  auto missing = wanted(trunk);
  drop_others(trunk, missing);
  for (const auto& words : missing) add(trunk, words);
  bool all = false;
  {
    const std::scoped_lock guard(lock_);
    if (std::exchange(trunk.has_pads, true)) return;
    all = (!pictures_.converter || pictures_.has_pads) && (!sound_.converter || sound_.has_pads);
  }
  if (all) gst_element_no_more_pads(GST_ELEMENT(bin_));
}

// The ladder is followed at the next frame: nobody whose reader stands still may keep that away.
void Transcoder::release_others(Trunk& trunk) {
  std::vector<std::pair<std::shared_ptr<Rung>, bool>> rungs;
  {
    const std::scoped_lock guard(lock_);
    const auto words = words_for(trunk);
    for (const auto& rung : trunk.rungs)
      rungs.emplace_back(rung, std::ranges::any_of(words, [&](const auto& each) {
                           return is_same(each, rung->words());
                         }));
  }
  for (const auto& [rung, stays] : rungs) rung->bound(stays);
}

// Nobody waits for a reader until release_others().
void Transcoder::unbound_rungs() {
  std::vector<std::shared_ptr<Rung>> rungs;
  {
    const std::scoped_lock guard(lock_);
    for (const auto* trunk : {&pictures_, &sound_})
      rungs.insert(rungs.end(), trunk->rungs.begin(), trunk->rungs.end());
  }
  for (const auto& rung : rungs) rung->bound(false);
}

// What nobody feeds any more ends and leaves, or who muxes it would wait. Another input gets rungs
// of its own: hardly a reader goes on after an end.
void Transcoder::end_if_left(Trunk& trunk) {
  Ref<GstElement> converter;
  {
    const std::scoped_lock guard(lock_);
    converter = trunk.converter;
  }
  const auto entry =
      converter ? adopt(gst_element_get_static_pad(converter.get(), "sink")) : Ref<GstPad>();
  if (!entry || gst_pad_is_linked(entry.get())) return release_others(trunk);
  std::vector<std::shared_ptr<Rung>> rungs;
  {
    const std::scoped_lock guard(lock_);
    rungs = std::exchange(trunk.rungs, {});
    trunk.leaving.insert(trunk.leaving.end(), rungs.begin(), rungs.end());
    trunk.changed = true;
  }
  for (const auto& rung : rungs) {
    const bool is_read = gst_pad_is_linked(rung->pad());
    Rung::remove(rung);
    if (!is_read) rung->dispose();  // at once: who asks for another input must not find it
  }
}

// Leaves in `wanted` what is not there yet.
void Transcoder::drop_others(Trunk& trunk, std::vector<core::RungWords>& wanted) {
  std::vector<std::shared_ptr<Rung>> dropped, changed;
  {
    const std::scoped_lock guard(lock_);
    std::erase_if(trunk.rungs, [&](const std::shared_ptr<Rung>& rung) {
      const auto same = std::ranges::find_if(
          wanted, [&](const auto& words) { return is_same(words, rung->words()); });
      if (same == wanted.end()) {
        dropped.push_back(rung);
        return true;
      }
      if (rung->note_bitrate(same->bitrate)) changed.push_back(rung);
      wanted.erase(same);
      return false;
    });
    std::erase_if(trunk.leaving, [](const auto& rung) { return rung->has_left(); });
    trunk.leaving.insert(trunk.leaving.end(), dropped.begin(), dropped.end());
  }
  for (const auto& rung : changed) rung->apply_bitrate();
  for (const auto& rung : dropped) Rung::remove(rung);
}

void Transcoder::add(Trunk& trunk, const core::RungWords& words) {
  EncoderChoice choice;
  std::string name;
  {
    const std::scoped_lock guard(lock_);
    choice = encoders_;
    name = trunk.is_sound ? "sound_" + std::to_string(next_sound_++)
                          : "rung_" + std::to_string(next_pad_++);
  }
  const auto encoder = find_encoder(words.codec, trunk.is_sound, choice);
  if (!encoder) return tell_failure(words, name.c_str(), encoder.error().detail);
  auto rung = Rung::make(bin_, GST_GENOS_SPLITTER(trunk.splitter.get()), words, **encoder, name);
  if (!rung) return tell_failure(words, name.c_str(), rung.error().detail);
  {
    const std::scoped_lock guard(lock_);
    trunk.rungs.push_back(*rung);
  }
  (*rung)->start();
  gst_pad_set_active((*rung)->pad(), TRUE);
  gst_element_add_pad(GST_ELEMENT(bin_), (*rung)->pad());
}

void Transcoder::tell_failure(const core::RungWords& words, const char* pad,
                              const std::string& why) {
  const auto said = core::to_words(words);
  post_warning({bin_, GST_CAT_DEFAULT}, GST_STREAM_ERROR_ENCODE, said + " is not made: " + why);
  auto* what =
      gst_structure_new("genos-rung-failed", "pad", G_TYPE_STRING, pad, "words", G_TYPE_STRING,
                        said.c_str(), "reason", G_TYPE_STRING, why.c_str(), nullptr);
  gst_element_post_message(GST_ELEMENT(bin_), gst_message_new_element(GST_OBJECT(bin_), what));
}

bool Transcoder::absorb(GstMessage* message) {
  std::shared_ptr<Rung> failed, leaving;
  bool others = false, is_news = false;
  const auto is_of = [message](const auto& rung) { return rung->owns(GST_MESSAGE_SRC(message)); };
  {
    const std::scoped_lock guard(lock_);
    for (const auto* trunk : {&pictures_, &sound_}) {
      const auto gone = std::ranges::find_if(trunk->leaving, is_of);
      if (gone != trunk->leaving.end()) leaving = *gone;
      const auto own = std::ranges::find_if(trunk->rungs, is_of);
      if (own != trunk->rungs.end()) failed = *own;
      others |= std::ranges::any_of(
          trunk->rungs, [&](const auto& rung) { return !is_of(rung) && !rung->has_failed(); });
    }
    is_news = failed && failed->give_up();  // of two that fail at once one is the last
  }
  if (leaving) Rung::drop(leaving);
  if (leaving) return true;
  if (!failed) return false;
  if (!is_news) return others;
  if (!others) return false;  // an end might come before the error
  Owned<GError> error;
  {
    Out<GError> slot(error);
    gst_message_parse_error(message, slot, nullptr);
  }
  const Owned<char> name(gst_pad_get_name(failed->pad()));
  tell_failure(failed->words(), name.get(), error->message);
  Rung::finish(failed);  // after the words: its end may be the end of all that is read
  return true;
}

}  // namespace genos::element
