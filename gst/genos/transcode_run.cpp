// SPDX-License-Identifier: LGPL-2.1-or-later
#include "genos/transcode_run.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "bridge/element_message.hpp"
#include "genos/job_words.hpp"

namespace genos {
namespace {

using core::Errc;
using core::Error;

constexpr auto first_has_passed = guint(GST_PAD_FLAG_LAST);

bool is_sound(GstPad* pad) { return g_str_has_prefix(GST_PAD_NAME(pad), "sound_"); }

}  // namespace

TranscodeRun::TranscodeRun(Options options, std::function<void(Outcome)> ended)
    : options_(std::move(options)), ended_(std::move(ended)) {}

TranscodeRun::~TranscodeRun() { stop(); }

// --- the beginning ----------------------------------------------------------------------------

core::Result<bool> TranscodeRun::start(GMainContext* context) {
  if (!gst_is_initialized()) gst_init(nullptr, nullptr);
  jobs::Job said;
  said.ladder = options_.ladder;
  said.sounds = options_.sounds;
  said.container = options_.container;
  if (auto checked = check_words(said); !checked) return checked;
  std::error_code error;
  std::filesystem::create_directories(options_.folder, error);
  if (error) return Error{Errc::failed, "'" + options_.folder + "': " + error.message()};
  auto source = make_source();
  if (!source) return source.error();
  t_ = make("genostranscodebin");
  if (!t_)
    return Error{Errc::not_found,
                 "the element genostranscodebin is not found: install the plugin of Genos, or name "
                 "its folder in GST_PLUGIN_PATH"};
  g_object_set(t_.get(), "ladder", options_.ladder.c_str(), "sounds", options_.sounds.c_str(),
               "keep-size", TRUE, nullptr);
  pipeline_ = sink(gst_pipeline_new(nullptr));
  gst_bin_add_many(GST_BIN(pipeline_.get()), (*source).get(), t_.get(), nullptr);
  if (!link((*source).get())) return Error{Errc::failed, "the source does not fit"};
  g_signal_connect(t_.get(), "pad-added", G_CALLBACK(on_pad), this);
  g_signal_connect(t_.get(), "no-more-pads", G_CALLBACK(on_all_pads), this);
  const auto bus = adopt(gst_element_get_bus(pipeline_.get()));
  bus_ = gst_bus_create_watch(bus.get());
  g_source_set_callback(bus_, G_SOURCE_FUNC(on_message), this, nullptr);
  g_source_attach(bus_, context);
  watch_movement((*source).get());
  begun_ = g_get_monotonic_time();
  gst_element_set_state(pipeline_.get(), GST_STATE_PLAYING);  // what is wrong comes on the bus
  return true;
}

// --- outputs, in streaming threads ------------------------------------------------------------

// Behind a pad; its src pad.
Ref<GstPad> TranscodeRun::add_queue(GstPad* pad) {
  const auto queue = make("queue");
  g_object_set(queue.get(), "max-size-bytes", 0, "max-size-buffers", 0, "max-size-time",
               5 * GST_SECOND, nullptr);
  gst_bin_add(GST_BIN(pipeline_.get()), queue.get());
  gst_element_sync_state_with_parent(queue.get());
  const auto in = adopt(gst_element_get_static_pad(queue.get(), "sink"));
  gst_pad_link(pad, in.get());
  return adopt(gst_element_get_static_pad(queue.get(), "src"));
}

// A file has one sound, and the rungs of the first picture. A pad that nobody links costs nothing.
bool TranscodeRun::is_wanted(GstPad* pad) {
  const std::scoped_lock guard(lock_);
  if (complete_ && !has_[is_sound(pad)]) late_[is_sound(pad)] = true;
  return !complete_ && !(is_sound(pad) && std::ranges::any_of(waiting_, [](const Waiting& other) {
                           return is_sound(other.pad.get());
                         }));
}

// A muxer has to know all its streams before the first data, and of that nothing may be lost.
void TranscodeRun::on_pad(GstElement*, GstPad* pad, gpointer data) noexcept {
  auto& self = *static_cast<TranscodeRun*>(data);
  if (!GST_PAD_IS_SRC(pad) || !self.is_wanted(pad)) return;
  const auto hold = [](GstPad*, GstPadProbeInfo*, gpointer) noexcept { return GST_PAD_PROBE_OK; };
  auto end = self.add_queue(pad);
  const gulong block =
      gst_pad_add_probe(end.get(), GST_PAD_PROBE_TYPE_BLOCK_DOWNSTREAM, hold, nullptr, nullptr);
  const std::scoped_lock guard(self.lock_);
  self.has_[is_sound(pad)] = true;
  self.waiting_.push_back({retain(pad), std::move(end), block});
}

// The transcoder tells of all pads when those of the inputs are there that began; of an
// application's, one may begin later than the other.
bool TranscodeRun::has_begun() const {
  const auto sounds = std::ranges::count_if(
      waiting_, [](const Waiting& waiting) { return is_sound(waiting.pad.get()); });
  const bool has_picture = std::size_t(sounds) < waiting_.size();
  return std::size_t(sounds > 0) + std::size_t(has_picture) >= awaited_;
}

// A frame that is not as long as the rate says is written by matroskamux (1.22) as a block that
// refers to no other, as only keyframes are: who seeks then begins in the middle. When the next
// comes says it, too; of the first there may be no next, and it is a keyframe.
GstPadProbeReturn TranscodeRun::forget_length(GstPad* pad, GstPadProbeInfo* info,
                                              gpointer) noexcept {
  if (!GST_OBJECT_FLAG_IS_SET(pad, first_has_passed)) {
    GST_OBJECT_LOCK(pad);
    GST_OBJECT_FLAG_SET(pad, first_has_passed);
    GST_OBJECT_UNLOCK(pad);
    return GST_PAD_PROBE_OK;
  }
  auto* buffer = gst_buffer_make_writable(GST_PAD_PROBE_INFO_BUFFER(info));
  GST_BUFFER_DURATION(buffer) = GST_CLOCK_TIME_NONE;
  info->data = buffer;
  return GST_PAD_PROBE_OK;
}

void TranscodeRun::on_all_pads(GstElement* from, gpointer data) noexcept {
  auto& self = *static_cast<TranscodeRun*>(data);
  std::vector<Waiting> pads;
  {
    const std::scoped_lock guard(self.lock_);
    if (!from) {  // not the transcoder, which may be adding some now
      if (self.told_ != self.waiting_.size()) return;
    }
    self.told_ = self.waiting_.size();
    if (self.complete_ || !self.has_begun()) return;  // it tells again of what comes later
    pads = std::move(self.waiting_);
    self.complete_ = true;
  }
  if (pads.empty()) return self.fail("there is no picture and no sound in it");
  std::vector<Output*> outputs;
  for (const auto& waiting : pads) {
    if (is_sound(waiting.pad.get())) continue;
    auto* output = self.make_output(self.name_of(waiting.pad.get()));
    if (!output || !self.connect(waiting.end.get(), *output, waiting.pad.get())) return;
    gst_pad_add_probe(waiting.end.get(), GST_PAD_PROBE_TYPE_BUFFER, forget_length, nullptr,
                      nullptr);
    outputs.push_back(output);
  }
  const auto sound = std::ranges::find_if(
      pads, [](const Waiting& waiting) { return is_sound(waiting.pad.get()); });
  if (sound != pads.end() && !self.connect_sound(*sound, std::move(outputs))) return;
  {
    const std::scoped_lock guard(self.lock_);
    self.has_files_ = true;
  }
  for (const auto& waiting : pads) gst_pad_remove_probe(waiting.end.get(), waiting.block);
}

// One sound is enough for a file; without pictures it has one of its own.
bool TranscodeRun::connect_sound(const Waiting& sound, std::vector<Output*> outputs) {
  if (outputs.empty()) outputs.push_back(make_output(name_of(sound.pad.get())));
  const auto tee = make("tee");
  gst_bin_add(GST_BIN(pipeline_.get()), tee.get());
  gst_element_sync_state_with_parent(tee.get());
  const auto entry = adopt(gst_element_get_static_pad(tee.get(), "sink"));
  gst_pad_link(sound.end.get(), entry.get());
  return std::ranges::all_of(outputs, [&](Output* output) {
    const auto exit = adopt(gst_element_request_pad_simple(tee.get(), "src_%u"));
    return output && connect(add_queue(exit.get()).get(), *output, sound.pad.get());
  });
}

// "720p30" of "720p30:1500k:av1", and more of it where that is not enough.
std::string TranscodeRun::name_of(GstPad* pad) const {
  GstStructure* raw = nullptr;
  g_object_get(t_.get(), "stats", &raw, nullptr);
  const Owned<GstStructure> stats(raw);
  const auto words_of = [&](const char* name) -> std::string {
    const GValue* one = gst_structure_get_value(stats.get(), name);
    const char* words = one ? gst_structure_get_string(gst_value_get_structure(one), "words") : "";
    return words ? words : "";
  };
  const std::string words = words_of(GST_PAD_NAME(pad)), brief = words.substr(0, words.find(':'));
  int alike = 0;
  for (int i = 0; i < gst_structure_n_fields(stats.get()); ++i) {
    const auto other = words_of(gst_structure_nth_field_name(stats.get(), guint(i)));
    alike += other.substr(0, other.find(':')) == brief;
  }
  std::string name = alike > 1 ? words : brief;
  std::ranges::replace(name, ':', '-');
  return name;
}

TranscodeRun::Output::~Output() {
  if (locked >= 0) close(locked);
}

// Where the file system has no locks, nobody is kept out.
bool TranscodeRun::Output::lock() {
  locked = open(part.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  struct flock whole {};
  whole.l_type = F_WRLCK;
  whole.l_whence = SEEK_SET;
  return locked < 0 || fcntl(locked, F_OFD_SETLK, &whole) == 0 ||
         (errno != EAGAIN && errno != EACCES);
}

// It is on the disk before it has its name, and nobody's file that came meanwhile is lost.
std::error_code TranscodeRun::Output::keep(bool replace) const {
  if (locked >= 0 && fsync(locked) != 0) return {errno, std::generic_category()};
  const unsigned how = replace ? 0 : RENAME_NOREPLACE;
  if (renameat2(AT_FDCWD, part.c_str(), AT_FDCWD, path.c_str(), how) == 0) return {};
  std::error_code error;  // of a file system that does not know that question
  if (errno == EEXIST || (!replace && std::filesystem::exists(path, error)))
    return std::make_error_code(std::errc::file_exists);
  std::filesystem::rename(part, path, error);
  return error;
}

TranscodeRun::Output* TranscodeRun::make_output(const std::string& rung) {
  const auto base =
      (std::filesystem::path(options_.folder) / jobs::stem_of(options_.source)).string();
  auto output = std::make_unique<Output>();
  output->path = base + "." + rung + "." + options_.container;
  output->part = base + "." + rung + ".part." + options_.container;
  std::error_code none;
  if (!options_.replace && std::filesystem::exists(output->path, none)) {
    fail("'" + output->path +
         "' is there already; have it replaced (--replace), or name another "
         "folder");
    return nullptr;
  }
  output->mux = make(options_.container == "webm" ? "webmmux" : "matroskamux");
  const auto file = make("filesink");
  if (!output->mux || !file) {
    fail("webmmux is missing: install gstreamer1.0-plugins-good");
    return nullptr;
  }
  if (!output->lock()) {
    fail("another job is writing '" + output->part + "'; name another folder, or wait for it");
    return nullptr;
  }
  // Nobody waits for a moment at which a file is to be shown.
  g_object_set(file.get(), "location", output->part.c_str(), "async", FALSE, nullptr);
  auto* mux = output->mux.get();
  gst_bin_add_many(GST_BIN(pipeline_.get()), mux, file.get(), nullptr);
  gst_element_link(mux, file.get());
  for (auto* element : {file.get(), mux}) gst_element_sync_state_with_parent(element);
  const std::scoped_lock guard(lock_);
  outputs_.push_back(std::move(output));
  return outputs_.back().get();
}

bool TranscodeRun::connect(GstPad* end, Output& output, GstPad* of) {
  const auto caps = adopt(gst_pad_query_caps(end, nullptr));
  const auto entry = adopt(gst_element_get_compatible_pad(output.mux.get(), end, caps.get()));
  if (!entry || gst_pad_link(end, entry.get()) != GST_PAD_LINK_OK) {
    fail(options_.container + " files cannot hold what " + GST_PAD_NAME(of) + " is; mkv can");
    return false;
  }
  {
    const std::scoped_lock guard(lock_);
    output.pads.emplace_back(GST_PAD_NAME(of));
  }
  ++output.ways;
  gst_pad_add_probe(
      end, GstPadProbeType(GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM),
      on_passed, &output, nullptr);
  return true;
}

// --- the end ----------------------------------------------------------------------------------

void TranscodeRun::fail(const std::string& why) {
  post_error({pipeline_.get(), GST_CAT_DEFAULT}, GST_RESOURCE_ERROR_FAILED, why);
}

// What is wrong; of an element that has no words of its own, what it tells those who debug it.
std::string TranscodeRun::words_of(GstMessage* message) const {
  Owned<GError> error;
  Owned<char> debug;
  {
    Out<GError> slot(error);
    Out<char> more(debug);
    gst_message_parse_error(message, slot, more);
  }
  const bool is_of_stream = g_error_matches(error.get(), GST_STREAM_ERROR, GST_STREAM_ERROR_FAILED);
  if (auto tiny = is_of_stream ? what_is_tiny() : ""; !tiny.empty()) return tiny;
  const Owned<char> usual(gst_error_get_message(error->domain, error->code));
  const bool says_little = is_of_stream || g_strcmp0(error->message, usual.get()) == 0;
  const std::string words = error->message, more = debug ? debug.get() : "";
  const auto line = more.rfind('\n');  // the first lines are where in its code
  return says_little && line != std::string::npos ? words + " (" + more.substr(line + 1) + ")"
                                                  : words;
}

void TranscodeRun::fail(GstMessage* error) {
  failures_ = words_of(error);
  if (!ask_why_unreachable(error)) end(Outcome::Kind::failed);
}

gboolean TranscodeRun::on_message(GstBus*, GstMessage* message, gpointer data) noexcept {
  auto& self = *static_cast<TranscodeRun*>(data);
  if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_EOS) {
    self.end(self.cancelled_ ? Outcome::Kind::cancelled : Outcome::Kind::done);
    return G_SOURCE_REMOVE;
  }
  if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR) {
    self.fail(message);
    return G_SOURCE_REMOVE;
  }
  if (gst_message_has_name(message, "genos-rung-failed")) {
    const auto* what = gst_message_get_structure(message);
    self.failures_ += std::string(gst_structure_get_string(what, "words")) +
                      " is not made: " + gst_structure_get_string(what, "reason") + "\n";
    self.spoil(gst_structure_get_string(what, "pad"));
  }
  return G_SOURCE_CONTINUE;
}

void TranscodeRun::spoil(const char* pad) {
  const std::scoped_lock guard(lock_);
  for (const auto& output : outputs_)
    if (std::ranges::find(output->pads, pad ? pad : "") != output->pads.end())
      output->broken = true;
}

void TranscodeRun::stop() {
  for (auto** source : {&bus_, &patience_, &pulse_}) {
    if (!*source) continue;
    g_source_destroy(*source);
    g_source_unref(std::exchange(*source, nullptr));
  }
  if (connecting_) g_cancellable_cancel(connecting_.get());
  // Twice: a streaming thread may have been adding an element to it meanwhile.
  for (int i = 0; pipeline_ && i < 2; ++i) gst_element_set_state(pipeline_.get(), GST_STATE_NULL);
  waiting_.clear();
  t_ = nullptr;
  pipeline_ = nullptr;
}

// What is whole gets its name, whatever became of the others.
void TranscodeRun::end(Outcome::Kind kind) {
  std::string remarks;
  const double speed = course().speed;
  if (kind == Outcome::Kind::done)
    for (const auto& remark : {what_lacks(), what_is_late(), what_is_unseen(), what_is_small()})
      remarks += (remarks.empty() || remark.empty() ? "" : "; ") + remark;
  stop();
  Outcome outcome{kind, failures_, {}, speed};
  if (kind == Outcome::Kind::done && !failures_.empty()) outcome.kind = Outcome::Kind::failed;
  if (outcome.why.empty()) outcome.why = remarks;
  for (const auto& output : outputs_) {
    std::error_code error;
    if (kind == Outcome::Kind::cancelled) {
      outcome.files.push_back(output->part);
    } else if (kind == Outcome::Kind::failed || output->broken) {
      std::filesystem::remove(output->part, error);
    } else if (error = output->keep(options_.replace); !error) {
      outcome.files.push_back(output->path);
    } else {
      outcome.kind = Outcome::Kind::failed;
      outcome.why += output->path + ": " + error.message() + "; it is " + output->part + "\n";
    }
  }
  outputs_.clear();
  if (ended_) std::exchange(ended_, {})(std::move(outcome));
}

}  // namespace genos
