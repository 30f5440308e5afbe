// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tools/pipeline_run.hpp"

#include <glib-unix.h>

#include <cmath>
#include <csignal>

namespace genos::tool {
namespace {

using Task = std::function<void()>;

void drop_task(gpointer task) { delete static_cast<Task*>(task); }

}  // namespace

PipelineRun::PipelineRun(const Options& options, Ref<GstElement> pipeline)
    : options_(options),
      loop_(g_main_loop_new(nullptr, FALSE)),
      pipeline_(pipeline ? std::move(pipeline) : sink(gst_pipeline_new(nullptr))) {}

PipelineRun::~PipelineRun() {
  for (const guint source : sources_) g_source_remove(source);
  gst_element_set_state(pipeline_.get(), GST_STATE_NULL);
}

GstElement* PipelineRun::add(const char* factory, const char* where) {
  GstElement* element = gst_element_factory_make(factory, nullptr);
  if (!element)
    complain(std::string("there is no element '") + factory + "': it comes with " + where);
  else
    gst_bin_add(GST_BIN(pipeline_.get()), element);
  return element;
}

bool PipelineRun::enter_room(GstElement* element) const {
  std::string trusted;
  for (const auto& word : options_.trusted) trusted += (trusted.empty() ? "" : ",") + word;
  g_object_set(element, "room", options_.room.c_str(), "trusted", trusted.c_str(), nullptr);
  return configure(G_OBJECT(element), options_);
}

void PipelineRun::quit(int code) {
  if (!std::exchange(over_, true)) code_ = code;
  g_main_loop_quit(loop_.get());
}

void PipelineRun::finish(int code) {
  code_at_end_ = code;
  gst_element_send_event(pipeline_.get(), gst_event_new_eos());
}

void PipelineRun::post(std::function<void()> given) {
  Task task = [alive = std::weak_ptr(alive_), given = std::move(given)] {
    if (alive.lock()) given();
  };
  const auto run = [](gpointer data) -> gboolean {
    (*static_cast<Task*>(data))();
    return G_SOURCE_REMOVE;
  };
  g_idle_add_full(G_PRIORITY_DEFAULT, run, new Task(std::move(task)), drop_task);
}

void PipelineRun::every(guint milliseconds, std::function<void()> what) {
  const auto run = [](gpointer data) -> gboolean {
    (*static_cast<Task*>(data))();
    return G_SOURCE_CONTINUE;
  };
  sources_.push_back(g_timeout_add_full(G_PRIORITY_DEFAULT, milliseconds, run,
                                        new Task(std::move(what)), drop_task));
}

int PipelineRun::run() {
  const auto bus = adopt(gst_element_get_bus(pipeline_.get()));
  gst_bus_add_watch(bus.get(), take_message, this);
  for (const int signal : {SIGINT, SIGTERM})
    sources_.push_back(g_unix_signal_add(signal, take_signal, this));
  const auto late = [](gpointer data) -> gboolean {
    auto* self = static_cast<PipelineRun*>(data);
    if (self->at_timeout)
      self->at_timeout();
    else
      self->quit(exit_failed);
    return G_SOURCE_CONTINUE;
  };
  if (options_.timeout > 0)
    sources_.push_back(g_timeout_add(guint(std::ceil(options_.timeout * 1000)), late, this));
  // A failure is told on the bus.
  gst_element_set_state(pipeline_.get(), GST_STATE_PLAYING);
  if (!over_) g_main_loop_run(loop_.get());
  gst_bus_remove_watch(bus.get());
  return code_;
}

// The second one does not wait for what is on its way.
gboolean PipelineRun::take_signal(gpointer data) noexcept {
  auto& self = *static_cast<PipelineRun*>(data);
  if (self.on_interrupt && !std::exchange(self.interrupted_, true))
    self.on_interrupt();
  else
    self.quit(exit_interrupted);
  return G_SOURCE_CONTINUE;
}

gboolean PipelineRun::take_message(GstBus*, GstMessage* message, gpointer data) noexcept {
  auto& self = *static_cast<PipelineRun*>(data);
  if (self.on_message && self.on_message(message)) return G_SOURCE_CONTINUE;
  switch (GST_MESSAGE_TYPE(message)) {
    case GST_MESSAGE_EOS: self.quit(self.code_at_end_); break;
    case GST_MESSAGE_ERROR: self.on_error(message); break;
    case GST_MESSAGE_INFO: self.on_hint(message, gst_message_parse_info); break;
    case GST_MESSAGE_WARNING: self.on_hint(message, gst_message_parse_warning); break;
    case GST_MESSAGE_ELEMENT:
      if (self.on_news) self.on_news(gst_message_get_structure(message));
      break;
    default: break;
  }
  return G_SOURCE_CONTINUE;
}

void PipelineRun::on_error(GstMessage* message) {
  Owned<GError> error;
  {
    Out<GError> slot(error);
    gst_message_parse_error(message, slot, nullptr);
  }
  complain(error->message);
  const bool settings =
      g_error_matches(error.get(), GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS) ||
      g_error_matches(error.get(), GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_SETTINGS);
  quit(settings ? exit_usage : exit_failed);
}

void PipelineRun::on_hint(GstMessage* message, Parse parse) {
  Owned<GError> hint;
  {
    Out<GError> slot(hint);
    parse(message, slot, nullptr);
  }
  if (options_.quiet || last_hint_ == hint->message) return;  // some come every second
  last_hint_ = hint->message;
  complain(last_hint_);
}

}  // namespace genos::tool
