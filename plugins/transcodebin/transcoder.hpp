// SPDX-License-Identifier: LGPL-2.1-or-later
// What one genostranscodebin holds: an input or several, a trunk for pictures and one for sound,
// and on each the rungs of its ladder.
#pragma once

#include <gst/gst.h>

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/ladder/words.hpp"
#include "rung.hpp"

GST_DEBUG_CATEGORY_EXTERN(genos_transcode_bin_debug);

namespace genos::element {

struct TranscodeSettings {
  std::string ladder = "medium", sounds = "opus:96k", encoders;
  guint64 key_interval = 2 * GST_SECOND;
  bool keeps_size = false;
};

// Pictures, or sound: converters, a splitter, rungs.
struct Trunk {
  bool is_sound = false;
  Ref<GstElement> converter, splitter;
  std::atomic<const GstElement*> decoder = nullptr;  // what feeds it, or fed it last, if any
  std::vector<std::shared_ptr<Rung>> rungs, leaving;
  bool has_pads = false;
  // The ladder or the picture is another: the trunk's thread follows before the next buffer, and it
  // alone makes rungs and removes them.
  std::atomic<bool> changed{true};
  std::atomic<bool> begun{false};  // something has come through the converter
};

class Transcoder {
 public:
  explicit Transcoder(GstBin* bin) : bin_(bin) { sound_.is_sound = true; }

  // A sink pad for anything: raw, encoded, or with several streams in it.
  GstPad* request_input(GstPadTemplate* templ, const char* name);
  void release_input(GstPad* pad);

  // Each says what is wrong with it. While playing, the ladder follows.
  core::Result<bool> set_ladder(const std::string& words);
  core::Result<bool> set_sounds(const std::string& words);
  core::Result<bool> set_encoders(const std::string& words);
  void set_key_interval(guint64 interval);
  void set_keeps_size(bool keeps);
  [[nodiscard]] TranscodeSettings settings() const;
  [[nodiscard]] Owned<GstStructure> stats() const;

  // Before READY to PAUSED: what was wrong of the settings, or cannot be made here.
  core::Result<bool> check() const;
  // Before READY to PAUSED too: what can be pulled is decoded, for which pads must be activated so.
  void prepare();
  // What came is encoded, what comes is not, and all pads end: soon, in other threads.
  bool end();
  // After PAUSED to READY.
  void close();
  // True when the error is of one rung only, and was told as such.
  bool absorb(GstMessage* message);

 private:
  struct Input {
    Transcoder* owner;
    GstPad* pad;
    bool decided = false;
    Ref<GstElement> decoder;
  };
  static GstPadProbeReturn on_input(GstPad* pad, GstPadProbeInfo* info, gpointer input) noexcept;
  static void on_decoded(GstElement* decoder, GstPad* pad, gpointer self) noexcept;
  static void on_all_decoded(GstElement* decoder, gpointer self) noexcept;
  static GstPadProbeReturn on_trunk(GstPad* pad, GstPadProbeInfo* info, gpointer self) noexcept;
  core::Result<bool> remember(const char* property, const core::Error& error);
  [[nodiscard]] bool is_silent() const;  // no sound is asked for
  void decide(Input& input, GstCaps* caps);
  void decode(Input& input, bool in_thread_of_data);
  void forget(Input& input);
  // The sink pad of the trunk for such caps; null when another stream has it, or none is for it.
  Ref<GstPad> claim(GstCaps* caps);
  bool build(Trunk& trunk);
  void close(Trunk& trunk);
  void follow(Trunk& trunk, GstPad* entry);
  [[nodiscard]] std::vector<core::RungWords> wanted(const Trunk& trunk) const;
  [[nodiscard]] std::vector<core::RungWords> words_for(const Trunk& trunk) const;
  void unbound_rungs();
  void end_if_left(Trunk& trunk);
  bool end(const Trunk& trunk, GstElementCallAsyncFunc how);
  void release_others(Trunk& trunk);
  void drop_others(Trunk& trunk, std::vector<core::RungWords>& wanted);
  void add(Trunk& trunk, const core::RungWords& words);
  void report();
  void tell_failure(const core::RungWords& words, const char* pad, const std::string& why);

  GstBin* bin_;
  mutable std::mutex lock_;  // guards what follows; not held while pads or elements are touched
  TranscodeSettings settings_;
  std::map<std::string, core::Error> wrong_;  // by property: it is as it was before
  std::vector<core::RungWords> ladder_ = *core::parse_ladder("medium");
  std::vector<core::SoundWords> sounds_ = *core::parse_sounds("opus:96k");
  EncoderChoice encoders_;
  Trunk pictures_, sound_;
  std::map<GstPad*, std::unique_ptr<Input>> inputs_;
  guint next_pad_ = 0, next_sound_ = 0;
  std::atomic<guint> next_input_{0};
  std::atomic<gint64> next_report_{0};
};

}  // namespace genos::element
