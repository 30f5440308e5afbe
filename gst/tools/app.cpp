// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tools/app.hpp"

#include <fcntl.h>
#include <glib-unix.h>
#include <unistd.h>

#include <cerrno>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <cstring>

namespace genos {
template <> struct Free<JsonNode> {
  void operator()(JsonNode* node) const { json_node_free(node); }
};
}  // namespace genos

namespace genos::tool {

Line::Line(const char* event) : object_(adopt(json_object_new())) {
  json_object_set_string_member(object_.get(), "event", event);
}
Line& Line::add(const char* name, const std::string& value) {
  // The name of a file is bytes, and JSON is UTF-8.
  const Owned<char> valid(g_utf8_make_valid(value.data(), gssize(value.size())));
  json_object_set_string_member(object_.get(), name, valid.get());
  return *this;
}
Line& Line::add(const char* name, double value) {
  json_object_set_double_member(object_.get(), name, value);
  return *this;
}
Line& Line::add(const char* name, guint64 value) {
  json_object_set_int_member(object_.get(), name, gint64(value));
  return *this;
}
Line& Line::add(const char* name, bool value) {
  json_object_set_boolean_member(object_.get(), name, value);
  return *this;
}

void Line::print(bool json, const std::string& text) const {
  if (json) {
    const Owned<JsonNode> root(json_node_init_object(json_node_alloc(), object_.get()));
    std::puts(Owned<char>(json_to_string(root.get(), FALSE)).get());
  } else if (!text.empty()) {
    std::puts(text.c_str());
  }
  // Whoever read it has gone (`genos peers --watch | head -1`): as Ctrl-C, so that we say goodbye.
  if (std::fflush(stdout) != 0) raise(SIGTERM);
}

std::string printable(const std::string& text) {
  const Owned<char> valid(g_utf8_make_valid(text.c_str(), gssize(text.size())));
  std::string shown;
  for (const char* at = valid.get(); *at; at = g_utf8_next_char(at)) {
    const gunichar c = g_utf8_get_char(at);
    const GUnicodeType kind = g_unichar_type(c);
    const bool ends_line =
        kind == G_UNICODE_LINE_SEPARATOR || kind == G_UNICODE_PARAGRAPH_SEPARATOR;
    const bool turns = (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
    if (c == '\n') {
      shown += "\\n";
    } else if ((kind == G_UNICODE_CONTROL && c != '\t') || ends_line || turns) {
      const Owned<char> code(g_strdup_printf("\\u%04x", c));
      shown += code.get();
    } else {
      shown.append(at, std::size_t(g_utf8_next_char(at) - at));
    }
  }
  return shown;
}

namespace {

// A month and a half, what GLib's timers can count; longer is as good as for ever.
constexpr double longest_timeout = 4e6;
// Longer ones are some other file.
constexpr std::size_t longest_password = 4096;

// What GOption fills; strings are its own.
struct Raw {
  char* room = nullptr;
  char* signaling = nullptr;
  char* app_id = nullptr;
  char* password_file = nullptr;
  char* identity = nullptr;
  char* ice_servers = nullptr;
  char* ice_policy = nullptr;
  char* self_id = nullptr;
  char* timeout = nullptr;
  char* name = nullptr;
  char** trusted = nullptr;
  char** rest = nullptr;
  gboolean strict = FALSE;
  gboolean json = FALSE;
  gboolean quiet = FALSE;

  ~Raw() {
    for (char* text : {room, signaling, app_id, password_file, identity, ice_servers, ice_policy,
                       self_id, timeout, name})
      g_free(text);
    g_strfreev(trusted);
    g_strfreev(rest);
  }
};

// "FILENAME" takes words as they are; "STRING" would refuse a room named in UTF-8 where the locale
// is C, as it is for services.
Entries common_entries(Raw& raw) {
  return {
      {"room", 'r', 0, G_OPTION_ARG_FILENAME, &raw.room, "The room's name", "NAME"},
      {"signaling", 's', 0, G_OPTION_ARG_FILENAME, &raw.signaling,
       "Relay URIs, comma separated; or lan, or public", "URI"},
      {"app-id", 'a', 0, G_OPTION_ARG_FILENAME, &raw.app_id, "The application (default: genos)",
       "ID"},
      {"password-file", 'p', 0, G_OPTION_ARG_FILENAME, &raw.password_file,
       "File whose first line is the room's password; - for stdin", "FILE"},
      {"identity", 'i', 0, G_OPTION_ARG_FILENAME, &raw.identity,
       "Key file made by `genos identity new`", "FILE"},
      {"trusted", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &raw.trusted,
       "Key or peer id that may connect; may be repeated", "KEY"},
      {"strict", 0, 0, G_OPTION_ARG_NONE, &raw.strict,
       "Only peers of Genos with an identity; needs --identity", nullptr},
      {"ice-servers", 0, 0, G_OPTION_ARG_FILENAME, &raw.ice_servers,
       "stun:HOST:PORT, turn:USER:PASSWORD@HOST:PORT, comma separated; none for none", "LIST"},
      {"ice-transport-policy", 0, 0, G_OPTION_ARG_FILENAME, &raw.ice_policy,
       "all, or relay: only through a TURN server", "POLICY"},
      {"self-id", 0, 0, G_OPTION_ARG_FILENAME, &raw.self_id,
       "Our own peer id (20 letters and digits)", "ID"},
      {"name", 0, 0, G_OPTION_ARG_FILENAME, &raw.name, "Name to show for us", "NAME"},
      {"timeout", 't', 0, G_OPTION_ARG_FILENAME, &raw.timeout, "Give up, or stop, after that long",
       "SECONDS"},
      {"json", 'j', 0, G_OPTION_ARG_NONE, &raw.json, "One JSON object a line, for scripts",
       nullptr},
      {"quiet", 'q', 0, G_OPTION_ARG_NONE, &raw.quiet, "No hints on stderr", nullptr},
      {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &raw.rest, nullptr, nullptr},
  };
}

std::string text_of(const char* text) { return text ? text : ""; }

// Prints what is wrong.
bool take_timeout(const char* text, Options& options) {
  if (!text) return true;
  char* end = nullptr;
  const double seconds = g_ascii_strtod(text, &end);
  if (end == text || *end || !(seconds > 0) || seconds > longest_timeout) {
    std::fprintf(stderr, "genos: --timeout is a number of seconds above 0, not '%s'\n", text);
    return false;
  }
  options.timeout = seconds;
  return true;
}

// Prints what is wrong.
bool take(const Raw& raw, Options& options, std::vector<std::string>* rest) {
  const std::string policy = raw.ice_policy ? raw.ice_policy : "all";
  if (policy != "all" && policy != "relay") {
    std::fprintf(stderr, "genos: --ice-transport-policy is all or relay, not '%s'\n",
                 policy.c_str());
    return false;
  }
  options.relay_only = policy == "relay";
  options.room = text_of(raw.room);
  options.signaling = text_of(raw.signaling);
  options.app_id = raw.app_id ? raw.app_id : "genos";
  options.password_file = text_of(raw.password_file);
  options.identity = text_of(raw.identity);
  options.ice_servers = text_of(raw.ice_servers);
  options.peer_id = text_of(raw.self_id);
  options.name = text_of(raw.name);
  for (char** word = raw.trusted; word && *word; ++word) options.trusted.emplace_back(*word);
  if (raw.rest && !rest) {
    std::fprintf(stderr, "genos: '%s' has no place here; options begin with --\n", *raw.rest);
    return false;
  }
  for (char** word = raw.rest; word && *word; ++word) rest->emplace_back(*word);
  options.strict = raw.strict;
  options.json = raw.json;
  options.quiet = raw.quiet;
  return take_timeout(raw.timeout, options);
}

// Byte by byte: what follows the first line of standard input is for `chat`. Returns what is wrong.
std::string read_line(int file, std::string& line) {
  for (char c = 0;;) {
    const auto got = read(file, &c, 1);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return g_strerror(errno);
    if (got == 0 || c == '\n') return {};
    if (line.size() == longest_password) return "its first line is longer than 4096 bytes";
    line += c;
  }
}

// Returns what is wrong.
std::string read_password(const std::string& name, std::string& password) {
  const int file = name == "-" ? STDIN_FILENO : open(name.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return g_strerror(errno);
  std::string problem = read_line(file, password);
  if (file != STDIN_FILENO) close(file);
  if (!problem.empty()) return problem;
  if (password.ends_with('\r')) password.pop_back();
  // An open room is not what somebody wants who names a password.
  if (password.empty()) return "its first line is empty";
  // NUL is refused with this too.
  if (!g_utf8_validate(password.c_str(), gssize(password.size()), nullptr))
    return "its first line is not UTF-8 text";
  return {};
}

}  // namespace

bool parse(std::vector<std::string>& args, const char* usage, const char* summary, Options& options,
           const Entries& own, std::vector<std::string>* rest) {
  Raw raw;
  Entries entries = common_entries(raw);
  entries.insert(entries.begin(), own.begin(), own.end());
  entries.push_back({});
  const std::string command(usage, std::strcspn(usage, " "));
  g_set_prgname(("genos " + command).c_str());
  const char* parameters = usage + command.size();
  const Owned<GOptionContext> context(g_option_context_new(*parameters ? parameters + 1 : nullptr));
  g_option_context_set_summary(context.get(), summary);
  g_option_context_add_main_entries(context.get(), entries.data(), nullptr);
  auto** argv = g_new0(char*, args.size() + 2);
  argv[0] = g_strdup("genos");
  for (std::size_t i = 0; i < args.size(); ++i) argv[i + 1] = g_strdup(args[i].c_str());
  Owned<GError> error;
  const bool ok = g_option_context_parse_strv(context.get(), &argv, out(error));
  g_strfreev(argv);
  if (!ok) {
    std::fprintf(stderr, "genos: %s\nTry `genos %s --help`.\n", error->message, command.c_str());
    return false;
  }
  return take(raw, options, rest);
}

App::App(Options options) : options_(std::move(options)), loop_(g_main_loop_new(nullptr, FALSE)) {}

App::~App() {
  for (const guint source : sources_) g_source_remove(source);
  connections_.clear();
}

void complain(const std::string& text) {
  std::fprintf(stderr, "genos: %s\n", printable(text).c_str());
}

void App::quit(int code) {
  if (std::exchange(quitting_, true)) return;  // the first reason counts
  code_ = code;
  g_main_loop_quit(loop_.get());
}

bool configure(GObject* target, const Options& options) {
  if (options.room.empty()) {
    complain("--room is missing; every peer that says the same name is in the same room");
    return false;
  }
  const auto& file = options.password_file;
  std::string password;
  const std::string problem = file.empty() ? "" : read_password(file, password);
  if (!problem.empty()) {
    complain("no password can be read from '" + file + "': " + problem);
    return false;
  }
  g_object_set(target, "app-id", options.app_id.c_str(), "signaling", options.signaling.c_str(),
               "password", password.c_str(), "identity", options.identity.c_str(), "strict",
               gboolean(options.strict), "ice-servers", options.ice_servers.c_str(),
               "ice-transport-policy",
               options.relay_only ? GST_GENOS_ICE_POLICY_RELAY : GST_GENOS_ICE_POLICY_ALL,
               "self-id", options.peer_id.c_str(), "name-hint", options.name.c_str(), nullptr);
  return true;
}

bool App::prepare() {
  room_ = adopt(gst_genos_room_new(nullptr, options_.room.c_str()));
  std::vector<const char*> trusted;
  for (const auto& word : options_.trusted) trusted.push_back(word.c_str());
  trusted.push_back(nullptr);
  g_object_set(room_.get(), "trusted", trusted.data(), nullptr);
  return configure(G_OBJECT(room_.get()), options_);
}

void App::connect() {
  connections_.push_back(
      on<void(GstGenosRoom*, GstGenosPeer*)>(room_.get(), "peer-join", [this](auto*, auto* peer) {
        if (on_join) on_join(peer);
      }));
  connections_.push_back(on<void(GstGenosRoom*, GstGenosPeer*, int, const char*)>(
      room_.get(), "peer-leave", [this](auto*, auto* peer, int why, const char* detail) {
        if (!on_leave || leaving_) return;
        auto* reasons = static_cast<GEnumClass*>(g_type_class_ref(GST_TYPE_GENOS_LEAVE_REASON));
        const GEnumValue* reason = g_enum_get_value(reasons, why);
        g_type_class_unref(reasons);
        on_leave(peer, reason ? reason->value_nick : "", detail);
      }));
  connections_.push_back(
      on<void(GstGenosRoom*, const char*)>(room_.get(), "lonely", [this](auto*, const char* hint) {
        if (!options_.quiet) complain(hint);
      }));
  connections_.push_back(on<void(GstGenosRoom*, const char*, GError*)>(
      room_.get(), "join-error", [this](auto*, const char* peer, GError* error) {
        if (!options_.quiet) complain(std::string(peer) + ": " + error->message);
      }));
  connections_.push_back(
      on<void(GstGenosRoom*, GError*)>(room_.get(), "ended", [this](auto*, GError* error) {
        complain(error->message);
        quit(exit_failed);
      }));
}

struct Timeout {
  App* app;
  std::function<int()> code;
};

void App::watch_clock_and_signals(Timeout& timeout) {
  const auto interrupt = [](gpointer data) -> gboolean {
    static_cast<App*>(data)->quit(exit_interrupted);
    return G_SOURCE_CONTINUE;
  };
  sources_.push_back(g_unix_signal_add(SIGINT, interrupt, this));
  sources_.push_back(g_unix_signal_add(SIGTERM, interrupt, this));
  if (options_.timeout <= 0) return;
  const auto late = [](gpointer data) -> gboolean {
    const auto& when = *static_cast<Timeout*>(data);
    when.app->quit(when.code());
    return G_SOURCE_CONTINUE;
  };
  late_ = g_timeout_add(guint(std::ceil(options_.timeout * 1000)), late, &timeout);
}

void App::join() {
  gst_genos_room_join_async(
      room_.get(), nullptr,
      [](GObject* object, GAsyncResult* result, gpointer data) {
        auto* app = static_cast<App*>(data);
        Owned<GError> error;
        if (gst_genos_room_join_finish(GST_GENOS_ROOM(object), result, out(error))) {
          if (app->on_inside && !app->leaving_) app->on_inside();
          return;
        }
        if (app->leaving_) return;
        complain(error->message);
        app->quit(g_error_matches(error.get(), GST_GENOS_ERROR, GST_GENOS_ERROR_INVALID)
                      ? exit_usage
                      : exit_failed);
      },
      this);
}

int App::run(std::function<int()> code_at_timeout) {
  if (!prepare()) return exit_usage;
  connect();
  Timeout timeout{this, std::move(code_at_timeout)};
  watch_clock_and_signals(timeout);
  if (on_start) on_start();
  join();
  if (!quitting_) g_main_loop_run(loop_.get());
  leaving_ = true;
  // It would fire again and again while the queue below is emptied.
  if (late_ != 0) g_source_remove(std::exchange(late_, 0));
  gst_genos_room_leave(room_.get());
  // Callbacks of this room may still be queued for this thread.
  while (g_main_context_iteration(nullptr, FALSE)) {
  }
  return code_;
}

std::string describe(GstGenosPeer* peer) {
  std::string text = gst_genos_peer_get_id(peer);
  text += gst_genos_peer_is_genos(peer) ? "  genos" : "  page";
  if (const char* name = gst_genos_peer_get_name(peer)) text += "  '" + printable(name) + "'";
  if (const char* key = gst_genos_peer_get_identity(peer)) text += std::string("  ") + key;
  return text;
}

std::string describe_leave(GstGenosPeer* peer, const char* reason, const char* detail) {
  const std::string text = std::string("- ") + gst_genos_peer_get_id(peer) + "  " + reason;
  return *detail ? text + ": " + printable(detail) : text;
}

}  // namespace genos::tool
