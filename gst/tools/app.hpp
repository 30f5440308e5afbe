// SPDX-License-Identifier: LGPL-2.1-or-later
// What the commands of `genos` share: options, a room, a main loop, words for people or for
// scripts.
#pragma once

#include <gst/genos/genos.h>
#include <json-glib/json-glib.h>

#include <functional>
#include <string>
#include <vector>

#include "bridge/gio_refs.hpp"
#include "bridge/signal.hpp"
#include "genos/object_refs.hpp"

namespace genos {
template <> struct RefOps<JsonObject> {
  static void ref(JsonObject* object) { json_object_ref(object); }
  static void unref(JsonObject* object) { json_object_unref(object); }
};
template <> struct Free<GEnumClass> {
  void operator()(GEnumClass* names) const { g_type_class_unref(names); }
};
template <> struct Free<GOptionContext> {
  void operator()(GOptionContext* context) const { g_option_context_free(context); }
};
}  // namespace genos

namespace genos::tool {

// sysexits.h has the same numbers; scripts may rely on them.
enum Exit : int {
  exit_ok = 0,
  exit_failed = 1,
  exit_usage = 64,
  exit_nobody = 69,  // nobody came, or nobody answered, in time
  exit_interrupted = 130
};

// One line of output: a JSON object with --json, else `text`.
class Line {
 public:
  explicit Line(const char* event);
  Line& add(const char* name, const std::string& value);
  Line& add(const char* name, const char* value) { return add(name, std::string(value)); }
  Line& add(const char* name, double value);
  Line& add(const char* name, guint64 value);
  Line& add(const char* name, bool value);
  void print(bool json, const std::string& text) const;  // stdout, at once

 private:
  Ref<JsonObject> object_;
};

struct Options {
  std::string room, signaling, app_id, password_file, identity, ice_servers, peer_id, name;
  std::vector<std::string> trusted;
  bool strict = false;
  bool relay_only = false;  // --ice-transport-policy=relay
  bool json = false;
  bool quiet = false;
  double timeout = 0;  // seconds; 0: for ever
};

// One line of valid UTF-8: others cannot write what looks like another line of ours, or steer a
// terminal.
std::string printable(const std::string& text);

// A command's own flags beside the common ones.
using Entries = std::vector<GOptionEntry>;

// Parses `args` (without the command's name). Prints what is wrong. What is left stands in `rest`;
// without it, nothing may be left.
bool parse(std::vector<std::string>& args, const char* usage, const char* summary, Options& options,
           const Entries& own, std::vector<std::string>* rest = nullptr);

// Sets what of the options is about a room on it, or on an element that joins one. Prints what is
// wrong.
bool configure(GObject* target, const Options& options);
void complain(const std::string& text);  // stderr

// A joined room and the loop that serves it.
class App {
 public:
  explicit App(Options options);
  ~App();
  App(const App&) = delete;
  App& operator=(const App&) = delete;

  // Joins, runs until quit() or the time-out, leaves. Returns the exit code.
  int run(std::function<int()> code_at_timeout);
  int run(int code_at_timeout) {
    return run([code_at_timeout] { return code_at_timeout; });
  }
  void quit(int code);
  [[nodiscard]] GstGenosRoom* room() const { return room_.get(); }
  [[nodiscard]] const Options& options() const { return options_; }

  std::function<void()> on_start;   // the room is there, joining begins
  std::function<void()> on_inside;  // a relay carries our words
  std::function<void(GstGenosPeer*)> on_join;
  std::function<void(GstGenosPeer*, const char* reason, const char* detail)> on_leave;

 private:
  bool prepare();
  void connect();
  void join();
  void watch_clock_and_signals(struct Timeout& timeout);

  Options options_;
  Owned<GMainLoop> loop_;
  Ref<GstGenosRoom> room_;
  int code_ = exit_ok;
  bool quitting_ = false;
  bool leaving_ = false;
  guint late_ = 0;  // the time-out
  std::vector<guint> sources_;
  std::vector<Connection> connections_;
};

std::string describe(GstGenosPeer* peer);  // id, its name, and the key if it proved one
std::string describe_leave(GstGenosPeer* peer, const char* reason, const char* detail);

int peers(std::vector<std::string> args);
int chat(std::vector<std::string> args);
int ping(std::vector<std::string> args);
int pipe(std::vector<std::string> args);
int send(std::vector<std::string> args);
int receive(std::vector<std::string> args);
int broadcast(std::vector<std::string> args);
int watch(std::vector<std::string> args);
int record(std::vector<std::string> args);
int streams(std::vector<std::string> args);
int transcode(std::vector<std::string> args);
int jobs(std::vector<std::string> args);
int identity(std::vector<std::string> args);
int doctor(std::vector<std::string> args);

}  // namespace genos::tool
