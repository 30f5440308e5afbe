// SPDX-License-Identifier: LGPL-2.1-or-later
// One run of a transcoding job: a pipeline from a source to a file a rung, and how far it is.
//
// Lives in one thread's context. Files have ".part" in their names until all of them are whole.
#pragma once

#include <gst/gst.h>

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include "bridge/gio_refs.hpp"
#include "core/base/result.hpp"
#include "core/ladder/plan.hpp"

namespace genos {

class TranscodeRun {
 public:
  struct Options {
    std::string source, folder, ladder, sounds, container;
    Ref<GstElement> element;  // taken instead of the source, which is a name only then
    bool replace = false;
    guint patience = 60;  // seconds in which something of a file moves; 0: it has all time
  };
  struct Outcome {
    enum class Kind { done, cancelled, failed } kind = Kind::failed;
    std::string why;                 // also of one that is done: what its input lacked
    std::vector<std::string> files;  // whole and in their place
    double speed = 0;                // over all of it
  };
  struct Course {
    double percent = -1;    // negative: nobody knows how long it is
    double speed = 0;       // seconds of it a second
    double time_left = -1;  // seconds; negative: unknown
  };

  TranscodeRun(Options options, std::function<void(Outcome)> ended);
  TranscodeRun(const TranscodeRun&) = delete;
  TranscodeRun& operator=(const TranscodeRun&) = delete;
  ~TranscodeRun();

  // Says what is wrong, and then nothing follows.
  core::Result<bool> start(GMainContext* context);
  // Ends its files as they are; the outcome follows.
  void cancel();
  [[nodiscard]] Course course() const;
  // The files that are being written, when all are begun.
  [[nodiscard]] std::vector<std::string> parts() const;

 private:
  struct Output {
    Output() = default;
    Output(const Output&) = delete;
    Output& operator=(const Output&) = delete;
    ~Output();
    bool lock();  // against other jobs with the same files, in any process
    [[nodiscard]] std::error_code keep(bool replace) const;

    std::string part, path;
    int locked = -1;  // of `part`, open as long as we write
    Ref<GstElement> mux;
    std::vector<std::string> pads;   // of the transcoder, whose data is in it
    bool broken = false;             // one of them failed
    std::atomic<guint64> passed{0};  // buffers
    std::atomic<GstClockTime> reached{0};
    std::atomic<GstClockTime> offset{0};  // of its first time, which a length may count
    std::atomic<bool> from_zero{false};   // which its length counts
    std::atomic<int> ways{0};             // ways into it that have not ended
    std::atomic<bool> late[2]{};          // a picture, or sound, came after the end of all before
  };
  struct Waiting {
    Ref<GstPad> pad, end;  // of the transcoder, and of the queue behind it
    gulong block;
  };
  core::Result<Ref<GstElement>> make_source() const;
  static Ref<GstElement> make(const char* factory);
  bool link(GstElement* source);
  bool take(GstPad* pad);
  static void on_source_pad(GstElement*, GstPad* pad, gpointer self) noexcept;
  static void on_all_source_pads(GstElement*, gpointer self) noexcept;
  [[nodiscard]] bool has_begun() const;
  static void on_pad(GstElement* t, GstPad* pad, gpointer self) noexcept;
  static void on_all_pads(GstElement* from, gpointer self) noexcept;
  static gboolean on_message(GstBus* bus, GstMessage* message, gpointer self) noexcept;
  [[nodiscard]] bool is_wanted(GstPad* pad);
  Ref<GstPad> add_queue(GstPad* pad);
  Output* make_output(const std::string& rung);
  // These say by a message on the bus what is wrong.
  bool connect(GstPad* end, Output& output, GstPad* of);
  static GstPadProbeReturn forget_length(GstPad*, GstPadProbeInfo* info, gpointer) noexcept;
  static void note_event(GstPad* from, GstEvent* event, Output& output);
  static void note_time(GstPad* from, GstBuffer* buffer, Output& output);
  static GstPadProbeReturn on_passed(GstPad* from, GstPadProbeInfo* info, gpointer output) noexcept;
  bool connect_sound(const Waiting& sound, std::vector<Output*> outputs);
  void fail(const std::string& why);
  void fail(GstMessage* error);
  std::string words_of(GstMessage* error) const;
  bool ask_why_unreachable(GstMessage* error);
  std::string name_of(GstPad* pad) const;
  void spoil(const char* pad);
  struct Place {
    GstClockTime reached = GST_CLOCK_TIME_NONE, length = GST_CLOCK_TIME_NONE, offset = 0;
  };
  [[nodiscard]] Place place() const;
  // Of the input, at its end.
  [[nodiscard]] std::string what_lacks() const;
  [[nodiscard]] std::string what_is_late() const;
  [[nodiscard]] std::string what_is_unseen() const;
  [[nodiscard]] std::string what_is_small() const;
  [[nodiscard]] std::string what_is_tiny() const;  // of what failed
  std::optional<core::Size> size_of(const std::string& words) const;
  void watch_movement(GstElement* source);
  [[nodiscard]] guint64 movement() const;
  void feel_pulse();
  void end(Outcome::Kind kind);
  void stop();

  Options options_;
  std::function<void(Outcome)> ended_;
  Ref<GstElement> pipeline_, t_;
  GSource* bus_ = nullptr;
  GSource* patience_ = nullptr;
  GSource* pulse_ = nullptr;
  std::atomic<guint64> read_{0};  // times that a file brought something
  guint64 moved_ = 0;
  guint still_ = 0;  // seconds
  Ref<GCancellable> connecting_;
  gint64 begun_ = 0;
  bool cancelled_ = false;
  std::string failures_;  // of rungs; the others went on

  mutable std::mutex lock_;        // guards what follows, which streaming threads touch too
  std::vector<Waiting> waiting_;   // until all pads are there
  std::size_t told_ = 0;           // with the lock: how many waited when the transcoder had all
  std::atomic<guint> awaited_{0};  // pads of the source
  std::atomic<bool> taken_[2]{};   // of them a picture, and a sound
  bool complete_ = false;          // they are: what comes later has no file
  bool has_[2]{}, late_[2]{};      // a picture, and a sound: in the files, and only later
  bool has_files_ = false;         // all of them are begun
  std::vector<std::unique_ptr<Output>> outputs_;
};

}  // namespace genos
