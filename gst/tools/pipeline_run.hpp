// SPDX-License-Identifier: LGPL-2.1-or-later
// A pipeline that a command runs until it ends: its bus, Ctrl-C, the time-out.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tools/app.hpp"

namespace genos::tool {

constexpr const char* element_place = "the plugin of Genos; is it in GST_PLUGIN_PATH?";

class PipelineRun {
 public:
  explicit PipelineRun(const Options& options, Ref<GstElement> pipeline = nullptr);
  PipelineRun(const PipelineRun&) = delete;
  PipelineRun& operator=(const PipelineRun&) = delete;
  ~PipelineRun();

  [[nodiscard]] GstElement* pipeline() const { return pipeline_.get(); }
  [[nodiscard]] const Options& options() const { return options_; }
  // Null when there is none; says where it comes from.
  GstElement* add(const char* factory, const char* where);
  // The room's name and what else of the options is about it. Prints what is wrong.
  [[nodiscard]] bool enter_room(GstElement* element) const;

  int run();
  void quit(int code);  // the first reason counts
  // What is on its way comes to its end, then the run ends with that code.
  void finish(int code);
  // To the main loop, from any thread. What is left over when we go does not run.
  void post(std::function<void()> task);
  // From the main loop, until the run ends.
  void every(guint milliseconds, std::function<void()> what);

  std::function<void(const GstStructure*)> on_news;  // what elements tell
  std::function<bool(GstMessage*)> on_message;       // true: it was dealt with
  std::function<void()> on_interrupt;                // Ctrl-C; without it: quit(exit_interrupted)
  std::function<void()> at_timeout;                  // without it: quit(exit_failed)

 private:
  static gboolean take_message(GstBus*, GstMessage* message, gpointer self) noexcept;
  static gboolean take_signal(gpointer self) noexcept;
  void on_error(GstMessage* message);
  using Parse = void (*)(GstMessage*, GError**, gchar**);
  void on_hint(GstMessage* message, Parse parse);

  const Options options_;
  std::string last_hint_;
  Owned<GMainLoop> loop_;
  Ref<GstElement> pipeline_;
  std::vector<guint> sources_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  int code_ = exit_ok;
  int code_at_end_ = exit_ok;
  bool over_ = false;
  bool interrupted_ = false;
};

}  // namespace genos::tool
