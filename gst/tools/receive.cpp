// SPDX-License-Identifier: LGPL-2.1-or-later
// `genos receive`: files that others in a room offer.
#include <glib-unix.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <deque>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>

#include "tools/progress.hpp"

namespace genos::tool {
namespace {

// Nothing more is offered for so long: that was all.
constexpr guint quiet_ms = 2000;

// Where files are until they are whole and go to standard output.
class Basin {
 public:
  ~Basin() {
    std::error_code none;
    if (!path_.empty()) std::filesystem::remove_all(path_, none);
  }
  // False when it failed, which is printed.
  bool open() {
    Owned<GError> error;
    const Owned<char> made(g_dir_make_tmp("genos-stdout-XXXXXX", out(error)));
    if (!made) complain(error->message);
    if (made) path_ = made.get();
    return bool(made);
  }
  [[nodiscard]] const std::string& path() const { return path_; }

  static bool pour(const char* path) {
    std::ifstream file(path, std::ios::binary);
    std::array<char, 65536> bytes{};
    while (file.read(bytes.data(), bytes.size()), file.gcount() > 0) {
      for (ssize_t put = 0, part = 0; put < file.gcount(); put += part) {
        part = write(STDOUT_FILENO, bytes.data() + put, std::size_t(file.gcount() - put));
        if (part < 0 && errno == EINTR) part = 0;
        if (part < 0) complain(std::string("standard output: ") + g_strerror(errno));
        if (part < 0) return false;
      }
    }
    std::error_code none;
    std::filesystem::remove(path, none);
    return true;
  }

 private:
  std::string path_;
};

class Receive {
 public:
  struct Settings {
    std::string into;
    std::set<std::string> from;
    guint64 count = 0;
    guint64 rate = 0;  // bytes a second; 0: any
    bool yes = false, replace = false;
    bool pours = false;  // to standard output, when it is whole
  };
  Receive(App& app, Settings settings)
      : app_(app), progress_(app.options()), settings_(std::move(settings)) {}
  ~Receive() {
    stop_timer();
    if (answers_ != 0) g_source_remove(answers_);
  }
  Receive(const Receive&) = delete;
  Receive& operator=(const Receive&) = delete;

  void start() {
    offer_ = on<void(GstGenosRoom*, GstGenosFile*)>(app_.room(), "file-offer",
                                                    [this](auto*, auto* file) { offered(file); });
  }
  [[nodiscard]] bool begun() const { return !files_.empty(); }
  // What was under way when it ended.
  [[nodiscard]] bool unfinished() const { return active_ > 0; }

 private:
  [[nodiscard]] bool is_from(GstGenosFile* file) const {
    if (settings_.from.empty()) return true;
    const Owned<char> id(gst_genos_file_dup_peer_id(file));
    if (settings_.from.contains(id.get())) return true;
    const auto peer = adopt(gst_genos_room_get_peer(app_.room(), id.get()));
    const char* identity = peer ? gst_genos_peer_get_identity(peer.get()) : nullptr;
    return identity && settings_.from.contains(identity);
  }

  static std::string describe_file(GstGenosFile* file) {
    const Owned<char> peer(gst_genos_file_dup_peer_id(file));
    return std::string(gst_genos_file_is_folder(file) ? "folder '" : "'") +
           gst_genos_file_get_name(file) + "', " + size_text(gst_genos_file_get_size(file)) +
           ", from " + peer.get();
  }

  // One question at a time; the room goes on meanwhile.
  void ask() {
    if (questions_.empty() || answers_ != 0) return;
    progress_.clear();
    const auto what = printable(describe_file(questions_.front().get()));
    std::fprintf(stderr, "Receive %s? [y/N] ", what.c_str());
    std::fflush(stderr);
    answers_ = g_unix_fd_add(
        STDIN_FILENO, GIOCondition(G_IO_IN | G_IO_HUP),
        [](gint, GIOCondition, gpointer data) -> gboolean {
          auto* self = static_cast<Receive*>(data);
          char line[4096] = "";  // all of it: what is left would answer the next question
          const auto got = read(STDIN_FILENO, line, sizeof line - 1);
          self->answers_ = 0;
          self->answered(got > 0 && (line[0] == 'y' || line[0] == 'Y'));
          return G_SOURCE_REMOVE;
        },
        this);
  }

  void answered(bool yes) {
    const auto file = std::move(questions_.front());
    questions_.pop_front();
    if (gst_genos_file_get_state(file.get()) != GST_GENOS_FILE_STATE_OFFERED)
      progress_.say("it is no longer offered");
    else if (yes)
      accept(file);
    else
      gst_genos_file_refuse(file.get(), "not wanted");
    ask();
  }

  void offered(GstGenosFile* raw) {
    const Owned<char> peer(gst_genos_file_dup_peer_id(raw));
    Line("offer")
        .add("id", gst_genos_file_get_id(raw))
        .add("name", gst_genos_file_get_name(raw))
        .add("size", gst_genos_file_get_size(raw))
        .add("peer", peer.get())
        .add("folder", bool(gst_genos_file_is_folder(raw)))
        .print(app_.options().json, {});
    if (!is_from(raw)) return gst_genos_file_refuse(raw, "not from you");
    if (settings_.count > 0 && begun_ == settings_.count)
      return gst_genos_file_refuse(raw, "enough");
    if (settings_.pours && gst_genos_file_is_folder(raw))
      return gst_genos_file_refuse(raw, "a file is wanted, and this is a folder");
    if (settings_.yes) return accept(retain(raw));
    questions_.push_back(retain(raw));
    ask();
  }

  void accept(Ref<GstGenosFile> file) {
    auto* raw = file.get();
    const std::string id = gst_genos_file_get_id(raw);
    stop_timer();
    ++begun_;
    ++active_;
    auto& one = files_[id];
    one.file = std::move(file);
    one.done =
        on<void(GObject*, GParamSpec*)>(G_OBJECT(raw), "notify::done", [this, raw](auto*, auto*) {
          progress_.show(gst_genos_file_get_id(raw), gst_genos_file_get_name(raw),
                         gst_genos_file_get_done(raw), gst_genos_file_get_size(raw));
        });
    one.state = on<void(GObject*, GParamSpec*)>(G_OBJECT(raw), "notify::state",
                                                [this, raw](auto*, auto*) { state_changed(raw); });
    one.finished = on<void(GstGenosFile*, GError*)>(
        raw, "finished", [this](auto* ended, GError* why) { finished(ended, why); });
    if (!app_.options().json && !app_.options().quiet && settings_.yes)
      progress_.say("receiving " + describe_file(raw));
    const auto flags = settings_.replace ? GST_GENOS_FILE_FLAGS_REPLACE : GST_GENOS_FILE_FLAGS_NONE;
    gst_genos_file_accept(raw, settings_.into.c_str(), flags, nullptr);
  }

  void state_changed(GstGenosFile* file) {
    if (gst_genos_file_get_state(file) != GST_GENOS_FILE_STATE_WAITING) return;
    Line("waiting").add("id", gst_genos_file_get_id(file)).print(app_.options().json, {});
    if (!app_.options().json && !app_.options().quiet)
      progress_.say("nobody here has '" + std::string(gst_genos_file_get_name(file)) +
                    "' any more; waiting for them to return");
  }

  void finished(GstGenosFile* file, const GError* why) {
    if (g_error_matches(why, GST_GENOS_ERROR, GST_GENOS_ERROR_STATE)) return;  // we leave
    progress_.clear();
    --active_;
    const std::string id = gst_genos_file_get_id(file);
    const Owned<char> path(gst_genos_file_dup_path(file));
    if (why) {
      Line("failed")
          .add("id", id)
          .add("name", gst_genos_file_get_name(file))
          .add("error", why->message)
          .print(app_.options().json, {});
      complain(std::string("'") + gst_genos_file_get_name(file) + "': " + why->message);
      failed_ = true;
    } else if (settings_.pours) {
      ++whole_;
      failed_ = !Basin::pour(path.get()) || failed_;
    } else {
      ++whole_;
      Line("received")
          .add("id", id)
          .add("name", gst_genos_file_get_name(file))
          .add("size", gst_genos_file_get_size(file))
          .add("path", path.get())
          .print(app_.options().json, path.get());
    }
    if (active_ > 0) return;
    if (settings_.count > 0 && (whole_ == settings_.count || failed_)) return quit();
    if (settings_.count == 0) wait_for_more();
  }

  void wait_for_more() {
    stop_timer();
    timer_ = g_timeout_add(
        quiet_ms,
        [](gpointer data) -> gboolean {
          auto* self = static_cast<Receive*>(data);
          self->timer_ = 0;
          self->quit();
          return G_SOURCE_REMOVE;
        },
        this);
  }
  void stop_timer() {
    if (timer_ != 0) g_source_remove(std::exchange(timer_, 0));
  }
  void quit() { app_.quit(failed_ ? exit_failed : exit_ok); }

  struct Taken {
    Ref<GstGenosFile> file;
    Connection done, state, finished;
  };
  App& app_;
  Progress progress_;
  const Settings settings_;
  Connection offer_;
  std::map<std::string, Taken> files_;
  std::deque<Ref<GstGenosFile>> questions_;
  guint answers_ = 0;  // waits for standard input
  guint64 begun_ = 0, active_ = 0, whole_ = 0;
  bool failed_ = false;
  guint timer_ = 0;
};

// What was said beside the options of all.
struct Said {
  Said() = default;
  Said(const Said&) = delete;
  Said& operator=(const Said&) = delete;
  ~Said() {
    g_free(into);
    g_free(limit);
    g_strfreev(from);
  }
  char *into = nullptr, **from = nullptr, *limit = nullptr;
  gint64 count = 0;
  gboolean yes = FALSE, replace = FALSE;
};

bool read_words(std::vector<std::string>& args, Said& said, Options& options) {
  return parse(
      args, "receive --room NAME",
      "Receives files and folders that others in the room offer; prints where each is. Ends after\n"
      "--count files, or when nothing more is offered for two seconds. What was broken off before\n"
      "goes on where it was, when it goes into the same folder.",
      options,
      {{"into", 'o', 0, G_OPTION_ARG_FILENAME, &said.into,
        "Folder to store them in (default: .); - writes the first file to standard output", "DIR"},
       {"count", 'n', 0, G_OPTION_ARG_INT64, &said.count, "End after so many", "N"},
       {"yes", 'y', 0, G_OPTION_ARG_NONE, &said.yes, "Receive everything, without asking", nullptr},
       {"from", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &said.from,
        "Only from this peer id or identity; may be repeated", "PEER"},
       {"replace", 0, 0, G_OPTION_ARG_NONE, &said.replace, "Replace files of the same name",
        nullptr},
       {"limit", 'l', 0, G_OPTION_ARG_FILENAME, &said.limit, "Bytes a second, in all (500k, 2M)",
        "RATE"}});
}

// What is wrong, if anything.
std::string read_settings(const Said& said, const Options& options, Receive::Settings& settings) {
  settings.into = said.into ? said.into : ".";
  for (char** one = said.from; one && *one; ++one) settings.from.insert(*one);
  settings.pours = settings.into == "-";
  settings.yes = said.yes;
  settings.replace = said.replace;
  settings.count = guint64(std::max<gint64>(said.count, 0));
  if (said.limit && !parse_size(said.limit, settings.rate))
    return "--limit is a number of bytes a second (500k, 2M), not '" + std::string(said.limit) +
           "'";
  if (said.count < 0) return "--count is a number of files";
  if (settings.pours && options.json) return "--into - and --json both want standard output";
  if (!settings.pours && !g_file_test(settings.into.c_str(), G_FILE_TEST_IS_DIR))
    return "--into: there is no folder '" + settings.into + "'";
  if (!settings.yes && !isatty(STDIN_FILENO))
    return "nobody is there to ask: say --yes to receive what is offered";
  return {};
}

int run(const Receive::Settings& settings, const Options& options) {
  App app(options);
  Receive receiving(app, settings);
  app.on_start = [&] {
    g_object_set(app.room(), "download-limit", settings.rate, nullptr);
    receiving.start();
  };
  const int code = app.run([&] { return receiving.begun() ? exit_failed : exit_nobody; });
  if (code == exit_interrupted && receiving.unfinished() && !settings.pours && !options.quiet)
    complain("what has come stays; say the same again to go on");
  return code;
}

}  // namespace

int receive(std::vector<std::string> args) {
  Said said;
  Options options;
  if (!read_words(args, said, options)) return exit_usage;
  Receive::Settings settings;
  if (const auto fault = read_settings(said, options, settings); !fault.empty()) {
    complain(fault);
    return exit_usage;
  }
  Basin basin;
  if (settings.pours) {
    if (!basin.open()) return exit_failed;
    settings.into = basin.path();
    settings.count = std::max<guint64>(settings.count, 1);
  }
  return run(settings, options);
}

}  // namespace genos::tool
