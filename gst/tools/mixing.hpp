// SPDX-License-Identifier: LGPL-2.1-or-later
// Makes one picture and one sound, encoded, of all that a room shows: a grid that follows who is
// there, and the sum of the sounds.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <string>

#include "tools/pipeline_run.hpp"

namespace genos::tool {

// All of it on the main loop, but for what says otherwise.
class Mixing {
 public:
  struct Settings {
    int width = 1280, height = 720;
    // On a streaming thread, once of each kind: where what is encoded comes out.
    std::function<void(GstPad*, bool is_sound)> made;
    std::function<void()> changed;  // how many there are
    std::function<void(GstPad*, bool is_sound)> left_out;
  };
  Mixing(PipelineRun& run, Settings settings) : run_(run), settings_(std::move(settings)) {}
  Mixing(const Mixing&) = delete;
  Mixing& operator=(const Mixing&) = delete;
  ~Mixing() = default;

  // A pad of a genosroomsrc; the first one begins it all. False, after saying what is missing.
  [[nodiscard]] bool take(GstPad* pad);
  void drop(const std::string& pad);
  // Of which something came.
  [[nodiscard]] std::size_t pictures() const { return count(false, true); }
  [[nodiscard]] std::size_t sounds() const { return count(true, true); }

 private:
  struct Input {
    bool is_sound = false, flows = false;
    Ref<GstElement> line;
    Ref<GstPad> entry;  // of a mixer
  };
  struct Watch {
    Mixing* mixing;
    std::string pad;
    bool flows = false;
  };
  [[nodiscard]] std::size_t count(bool is_sound, bool that_flow) const;
  bool build();
  bool add_base(const char* words, GstElement* mixer);
  void flows(const std::string& pad);
  void arrange();
  static GstPadProbeReturn on_input(GstPad*, GstPadProbeInfo* info, gpointer watch) noexcept;
  static GstPadProbeReturn on_output(GstPad*, GstPadProbeInfo* info, gpointer self) noexcept;

  PipelineRun& run_;
  const Settings settings_;
  GstElement *pictures_ = nullptr, *sounds_ = nullptr;
  std::map<std::string, Input> inputs_;  // by the source's pad
  Connection encoded_;
  std::atomic<GstClockTime> begins_{GST_CLOCK_TIME_NONE};  // running time of the first that came
};

}  // namespace genos::tool
