// SPDX-License-Identifier: LGPL-2.1-or-later
// `genos transcode`: sources into a file for each rung of a ladder.
#include <glib-unix.h>

#include <cstdio>

#include "tools/progress.hpp"

namespace genos::tool {
namespace {

struct Settings {
  std::string ladder = "medium", sound = "opus:96k", out, container = "webm";
  bool replace = false;
};

const char* name_of(GstGenosJobState state) {
  const Owned<GEnumClass> names(
      static_cast<GEnumClass*>(g_type_class_ref(GST_TYPE_GENOS_JOB_STATE)));
  return g_enum_get_value(names.get(), state)->value_nick;
}

// One source after the other.
class Transcode {
 public:
  Transcode(std::vector<std::string> sources, Settings settings, const Options& options)
      : sources_(std::move(sources)),
        settings_(std::move(settings)),
        options_(options),
        progress_(options),
        loop_(g_main_loop_new(nullptr, FALSE)),
        cancellable_(adopt(g_cancellable_new())) {}

  int run() {
    for (const int signal : {SIGINT, SIGTERM})
      signals_.push_back(g_unix_signal_add(signal, stop, this));
    next();
    g_main_loop_run(loop_.get());
    for (const guint signal : signals_) g_source_remove(signal);
    return code_;
  }

 private:
  static gboolean stop(gpointer data) noexcept {
    auto& self = *static_cast<Transcode*>(data);
    self.progress_.say("ending what is there; it can be played up to here");
    g_cancellable_cancel(self.cancellable_.get());
    return G_SOURCE_CONTINUE;
  }

  [[nodiscard]] const std::string& source() const { return sources_[at_]; }
  [[nodiscard]] std::string id() const { return std::to_string(at_ + 1); }

  void next() {
    if (at_ == sources_.size() || g_cancellable_is_cancelled(cancellable_.get()))
      return g_main_loop_quit(loop_.get());
    job_ = adopt(gst_genos_transcode_job_new(source().c_str(), settings_.out.c_str()));
    g_object_set(job_.get(), "ladder", settings_.ladder.c_str(), "sounds", settings_.sound.c_str(),
                 "container", settings_.container.c_str(), "replace", settings_.replace, nullptr);
    told_ = on<void(GstGenosTranscodeJob*, GParamSpec*)>(job_.get(), "notify::progress",
                                                         [this](auto*, auto*) { tell(); });
    const auto done = [](GObject*, GAsyncResult* result, gpointer self) noexcept {
      static_cast<Transcode*>(self)->ended(result);
    };
    gst_genos_transcode_job_run_async(job_.get(), cancellable_.get(), done, this);
  }

  void tell() {
    const double percent = gst_genos_transcode_job_get_progress(job_.get());
    const double speed = gst_genos_transcode_job_get_speed(job_.get());
    const double left = gst_genos_transcode_job_get_time_left(job_.get());
    if (options_.json) {
      Line line("progress");
      line.add("id", id()).add("source", source()).add("speed", speed);
      if (percent >= 0) line.add("percent", percent);
      if (left >= 0) line.add("time-left", left);
      return line.print(true, {});
    }
    char text[64];
    g_snprintf(text, sizeof text, "%5.1f %%  %5.1f x", percent < 0 ? 0.0 : percent, speed);
    progress_.line(printable(source()) + "  " + text +
                   (left >= 0 ? "  " + time_text(left) + " left" : ""));
  }

  void ended(GAsyncResult* result) {
    Owned<GError> error;
    const bool whole = gst_genos_transcode_job_run_finish(job_.get(), result, out(error));
    const auto state = gst_genos_transcode_job_get_state(job_.get());
    progress_.clear();
    gchar** files = gst_genos_transcode_job_dup_outputs(job_.get());
    for (gchar** file = files; *file; ++file)
      Line("file").add("id", id()).add("path", *file).print(options_.json, printable(*file));
    g_strfreev(files);
    Line end("ended");
    end.add("id", id()).add("source", source()).add("state", name_of(state));
    if (!whole) end.add("reason", error->message);
    end.print(options_.json, {});
    if (state == GST_GENOS_JOB_STATE_CANCELLED)
      code_ = exit_interrupted;
    else if (!whole) {
      complain(source() + ": " + error->message);
      code_ = exit_failed;
    }
    ++at_;
    next();
  }

  std::vector<std::string> sources_;
  Settings settings_;
  const Options& options_;
  Progress progress_;
  Owned<GMainLoop> loop_;
  Ref<GCancellable> cancellable_;
  std::vector<guint> signals_;
  Ref<GstGenosTranscodeJob> job_;
  Connection told_;
  std::size_t at_ = 0;
  int code_ = exit_ok;
};

}  // namespace

int transcode(std::vector<std::string> args) {
  char *ladder = nullptr, *sound = nullptr, *to = nullptr, *container = nullptr;
  gboolean replace = FALSE;
  Options options;
  std::vector<std::string> rest;
  const bool fine = parse(
      args, "transcode IN… --out DIR",
      "Makes a file for each rung of a ladder, with the sound, of each IN: a file, a URI, or - "
      "for\n"
      "standard input. What is not whole has .part in its name.",
      options,
      {{"ladder", 'l', 0, G_OPTION_ARG_STRING, &ladder,
        "Rungs like 720p30:1500k,360p30:500k:vp8; or low, medium, high, livestream", "WORDS"},
       {"sound", 0, 0, G_OPTION_ARG_STRING, &sound, "opus:96k, aac:128k, or none", "WORDS"},
       {"out", 'o', 0, G_OPTION_ARG_FILENAME, &to, "Folder for the files", "DIR"},
       {"container", 0, 0, G_OPTION_ARG_STRING, &container, "webm (default) or mkv", "KIND"},
       {"replace", 0, 0, G_OPTION_ARG_NONE, &replace, "Replace files that are there", nullptr}},
      &rest);
  Settings settings;
  const auto take = [](std::string& into, char* given) {
    if (given) into = given;
    g_free(given);
  };
  take(settings.ladder, ladder);
  take(settings.sound, sound);
  take(settings.out, to);
  take(settings.container, container);
  settings.replace = replace;
  if (settings.sound == "none") settings.sound.clear();
  if (!fine) return exit_usage;
  if (rest.empty() || settings.out.empty()) {
    complain("say what and where to: `genos transcode film.mp4 --out DIR`");
    return exit_usage;
  }
  return Transcode(std::move(rest), std::move(settings), options).run();
}

}  // namespace genos::tool
