// SPDX-License-Identifier: LGPL-2.1-or-later
// `genos send`: files and folders to whoever takes them.
#include <glib/gstdio.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <map>
#include <set>
#include <string_view>

#include "tools/progress.hpp"

namespace genos::tool {
namespace {

// Standard input is kept in a file that has no name any more, so that those who come late, or come
// again, can have all of it.
class Spool {
 public:
  ~Spool() {
    if (file_ >= 0) close(file_);
  }
  // False when it failed, which is printed.
  bool fill(Progress& progress) {
    Owned<GError> error;
    char* path = nullptr;
    file_ = g_file_open_tmp("genos-stdin-XXXXXX", &path, out(error));
    if (file_ < 0) {
      complain(error->message);
      return false;
    }
    g_unlink(path);
    g_free(path);
    const auto why = copy(progress);
    progress.clear();
    if (!why.empty()) complain(why);
    return why.empty();
  }
  [[nodiscard]] std::string path() const { return "/proc/self/fd/" + std::to_string(file_); }

 private:
  // Both: what failed, if anything.
  std::string copy(Progress& progress) const {
    guint64 done = 0;
    std::vector<char> bytes(1u << 20);
    std::string why;
    while (why.empty()) {
      const auto got = read(STDIN_FILENO, bytes.data(), bytes.size());
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return std::string("standard input: ") + g_strerror(errno);
      if (got == 0) break;
      why = put({bytes.data(), std::size_t(got)});
      progress.show("-", "reading standard input", done += guint64(got), G_MAXUINT64);
    }
    return why;
  }
  [[nodiscard]] std::string put(std::string_view bytes) const {
    while (!bytes.empty()) {
      const auto part = write(file_, bytes.data(), bytes.size());
      if (part < 0) return std::string("a temporary file: ") + g_strerror(errno);
      bytes.remove_prefix(std::size_t(part));
    }
    return {};
  }

  int file_ = -1;
};

class Send {
 public:
  Send(App& app, std::vector<std::string> paths, std::vector<std::string> to, guint64 count,
       std::string stdin_name)
      : app_(app),
        progress_(app.options()),
        paths_(std::move(paths)),
        to_(std::move(to)),
        count_(count),
        stdin_name_(std::move(stdin_name)),
        cancel_(adopt(g_cancellable_new())) {}
  ~Send() { g_cancellable_cancel(cancel_.get()); }
  Send(const Send&) = delete;
  Send& operator=(const Send&) = delete;

  bool prepare() {
    for (const auto& path : paths_) {
      if (path == "-") {
        if (!spool_.fill(progress_)) return false;
      } else if (!g_file_test(path.c_str(), G_FILE_TEST_EXISTS)) {
        complain("'" + path + "': there is no such file or folder");
        return false;
      }
    }
    return true;
  }
  void inside() { next(); }
  [[nodiscard]] bool taken() const { return taken_; }

 private:
  // One after the other: the disk is busy enough with one.
  void next() {
    if (offered_ == paths_.size()) return finish_if_done();
    const auto& path = paths_[offered_];
    const bool spooled = path == "-";
    std::vector<const char*> targets;
    for (const auto& peer : to_) targets.push_back(peer.c_str());
    targets.push_back(nullptr);
    gst_genos_room_send_file_async(
        app_.room(), spooled ? spool_.path().c_str() : path.c_str(),
        spooled ? stdin_name_.c_str() : nullptr, nullptr, to_.empty() ? nullptr : targets.data(),
        cancel_.get(),
        [](goffset done, goffset size, gpointer data) {
          auto* self = static_cast<Send*>(data);
          self->progress_.show("hash", "reading " + self->paths_[self->offered_], guint64(done),
                               guint64(size));
        },
        this,
        [](GObject* object, GAsyncResult* result, gpointer data) {
          Owned<GError> error;
          auto* file = gst_genos_room_send_file_finish(GST_GENOS_ROOM(object), result, out(error));
          if (g_error_matches(error.get(), G_IO_ERROR, G_IO_ERROR_CANCELLED)) return;
          static_cast<Send*>(data)->offer(file, error.get());
        },
        this);
  }

  void offer(GstGenosFile* raw, const GError* error) {
    progress_.clear();
    progress_.forget("hash");
    if (!raw) {
      complain(error->message);
      return app_.quit(exit_failed);
    }
    const auto file = adopt(raw);
    const std::string id = gst_genos_file_get_id(raw), name = gst_genos_file_get_name(raw);
    ++offered_;
    auto& one = files_[id];
    if (one.file) return next();  // the same twice
    one.file = file;
    one.event = on<void(GstGenosFile*, const char*, GstGenosFileEvent, guint64, const char*)>(
        raw, "peer-event",
        [this, id](auto*, const char* peer, GstGenosFileEvent event, guint64 sent,
                   const char* reason) { happened(id, peer, event, sent, reason); });
    one.finished = on<void(GstGenosFile*, GError*)>(raw, "finished", [this](auto*, GError* why) {
      if (g_error_matches(why, GST_GENOS_ERROR, GST_GENOS_ERROR_STATE)) return;  // we leave
      progress_.say(why->message);
      app_.quit(exit_failed);
    });
    Line("offer")
        .add("id", id)
        .add("name", name)
        .add("size", gst_genos_file_get_size(raw))
        .print(app_.options().json, {});
    if (!app_.options().json && !app_.options().quiet)
      progress_.say("offering '" + name + "', " + size_text(gst_genos_file_get_size(raw)));
    next();
  }

  void happened(const std::string& id, const std::string& peer, GstGenosFileEvent event,
                guint64 sent, const std::string& reason) {
    auto& one = files_[id];
    const std::string name = gst_genos_file_get_name(one.file.get());
    const auto size = gst_genos_file_get_size(one.file.get());
    if (event == GST_GENOS_FILE_EVENT_SENT) {
      one.sent[peer] = sent;
      guint64 all = 0;
      for (const auto& [who, bytes] : one.sent) all += bytes;
      return progress_.show(id, name, std::min(all, size), size);  // they share what they get
    }
    const Owned<GEnumClass> names(
        static_cast<GEnumClass*>(g_type_class_ref(GST_TYPE_GENOS_FILE_EVENT)));
    const std::string word = g_enum_get_value(names.get(), int(event))->value_nick;
    Line("peer")
        .add("id", id)
        .add("name", name)
        .add("peer", peer)
        .add("what", word)
        .add("reason", reason)
        .print(app_.options().json, {});
    taken_ = taken_ || event == GST_GENOS_FILE_EVENT_TAKES;
    if (event == GST_GENOS_FILE_EVENT_TAKES) one.sent[peer] = 0;
    if (event != GST_GENOS_FILE_EVENT_TAKES) one.sent.erase(peer);
    if (event == GST_GENOS_FILE_EVENT_DONE) one.done.insert(peer);
    tell(peer, name, event, reason);
    if (event == GST_GENOS_FILE_EVENT_REFUSED && to_.size() == 1) return app_.quit(exit_failed);
    finish_if_done();
  }

  void tell(const std::string& peer, const std::string& name, GstGenosFileEvent event,
            const std::string& reason) {
    if (app_.options().json || app_.options().quiet) return;
    const std::string why = reason.empty() ? "" : ": " + reason;
    switch (event) {
      case GST_GENOS_FILE_EVENT_TAKES: return progress_.say(peer + " takes '" + name + "'");
      case GST_GENOS_FILE_EVENT_DONE: return progress_.say(peer + " has '" + name + "'");
      case GST_GENOS_FILE_EVENT_REFUSED:
        return progress_.say(peer + " does not want '" + name + "'" + why);
      case GST_GENOS_FILE_EVENT_STOPPED: return progress_.say(peer + " has given up" + why);
      case GST_GENOS_FILE_EVENT_GONE:
        return progress_.say(peer + " has left; when it returns, it goes on");
      case GST_GENOS_FILE_EVENT_SENT: return;
    }
  }

  // Enough have everything, and nobody is in the middle of something.
  void finish_if_done() {
    if (offered_ < paths_.size() || count_ == 0) return;
    for (const auto& [id, one] : files_)
      if (one.done.size() < count_ || !one.sent.empty()) return;
    app_.quit(exit_ok);
  }

  struct Offered {
    Ref<GstGenosFile> file;
    std::map<std::string, guint64> sent;  // to those who are on it
    std::set<std::string> done;
    Connection event, finished;
  };
  App& app_;
  Progress progress_;
  const std::vector<std::string> paths_, to_;
  const guint64 count_;
  const std::string stdin_name_;
  Ref<GCancellable> cancel_;
  Spool spool_;
  std::size_t offered_ = 0;
  std::map<std::string, Offered> files_;
  bool taken_ = false;
};

// Prints what is wrong.
bool take_limit(const char* text, const char* option, guint64& bytes) {
  if (!text || parse_size(text, bytes)) return true;
  complain(std::string(option) + " is a number of bytes a second (500k, 2M), not '" + text + "'");
  return false;
}

}  // namespace

int send(std::vector<std::string> args) {
  char** to = nullptr;
  char *limit = nullptr, *limit_one = nullptr, *name = nullptr;
  gint64 count = 1;
  Options options;
  std::vector<std::string> paths;
  const bool ok = parse(
      args, "send --room NAME FILE|FOLDER|-…",
      "Offers files and folders to a room, and ends when somebody has all of them. Receivers that\n"
      "break off go on where they were. - is standard input.",
      options,
      {{"to", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &to, "Only to this peer; may be repeated", "PEER"},
       {"count", 'n', 0, G_OPTION_ARG_INT64, &count,
        "End when so many have all of it (default: 1; 0: never)", "N"},
       {"limit", 'l', 0, G_OPTION_ARG_FILENAME, &limit, "Bytes a second, in all (500k, 2M)",
        "RATE"},
       {"limit-per-peer", 0, 0, G_OPTION_ARG_FILENAME, &limit_one, "Bytes a second, to each peer",
        "RATE"},
       {"file-name", 0, 0, G_OPTION_ARG_FILENAME, &name,
        "What standard input is called (default: stdin)", "NAME"}},
      &paths);
  std::vector<std::string> peers;
  for (char** one = to; one && *one; ++one) peers.emplace_back(*one);
  g_strfreev(to);
  const Owned<char> owned(limit), owned_one(limit_one), owned_name(name);
  guint64 upload = 0, upload_one = 0;
  if (!ok || !take_limit(limit, "--limit", upload) ||
      !take_limit(limit_one, "--limit-per-peer", upload_one))
    return exit_usage;
  if (paths.empty() || count < 0) {
    complain(paths.empty() ? "say what to send: a file, a folder, or - for standard input"
                           : "--count is 0 or more");
    return exit_usage;
  }
  App app(options);
  Send sending(app, paths, peers, guint64(count), name ? name : "stdin");
  if (!sending.prepare()) return exit_failed;
  app.on_start = [&] {
    g_object_set(app.room(), "upload-limit", upload, "upload-limit-per-peer", upload_one, nullptr);
  };
  app.on_inside = [&] { sending.inside(); };
  return app.run([&] { return sending.taken() ? exit_failed : exit_nobody; });
}

}  // namespace genos::tool
