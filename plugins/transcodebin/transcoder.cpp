// SPDX-License-Identifier: LGPL-2.1-or-later
#include "transcoder.hpp"

#include "bridge/element_message.hpp"

#define GST_CAT_DEFAULT genos_transcode_bin_debug

namespace genos::element {
namespace {

constexpr gint64 report_interval = G_USEC_PER_SEC;

// Encoders take 8 bits and 4:2:0; whatever comes is made that, whole frames, and upright. What is
// so already passes untouched.
constexpr const char* picture_converter =
    "videoconvert ! video/x-raw,format=I420 ! deinterlace fields=top ! "
    "videoflip video-direction=auto";
constexpr const char* sound_converter = "audioconvert ! audioresample";

// A file, say: a demuxer wants to seek in it.
bool can_pull(GstPad* pad) {
  GstQuery* query = gst_query_new_scheduling();
  const bool can =
      gst_pad_peer_query(pad, query) && gst_query_has_scheduling_mode(query, GST_PAD_MODE_PULL);
  gst_query_unref(query);
  return can;
}

// What has begun to be pushed is not pulled any more, as a file that comes while others play.
gboolean answer(GstPad* pad, GstObject* input, GstQuery* query) noexcept {
  if (GST_QUERY_TYPE(query) != GST_QUERY_SCHEDULING || GST_PAD_MODE(input) != GST_PAD_MODE_PUSH)
    return gst_pad_query_default(pad, input, query);
  gst_query_set_scheduling(query, GST_SCHEDULING_FLAG_SEQUENTIAL, 1, -1, 0);
  gst_query_add_scheduling_mode(query, GST_PAD_MODE_PUSH);
  return TRUE;
}

void refuse(GstBin* bin, const std::string& why) {
  post_error({bin, GST_CAT_DEFAULT}, GST_STREAM_ERROR_WRONG_TYPE, why);
}

// Its demuxer takes it for an error when nobody wants any of its streams any more.
void take_unread(GstElement* decoder) {
  const auto is_free = [](GstElement*, GstPad* pad, gpointer) noexcept -> gboolean {
    return !gst_pad_is_linked(pad);
  };
  const auto drop = [](GstElement*, GstPad* pad, gpointer) noexcept -> gboolean {
    const auto none = [](GstPad*, GstPadProbeInfo*, gpointer) noexcept {
      return GST_PAD_PROBE_DROP;
    };
    gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, none, nullptr, nullptr);
    return TRUE;
  };
  if (gst_element_foreach_src_pad(decoder, is_free, nullptr))
    gst_element_foreach_src_pad(decoder, drop, nullptr);
}

}  // namespace

// --- settings ---------------------------------------------------------------------------------

// It keeps the bin from starting; one that plays goes on with what it has.
core::Result<bool> Transcoder::remember(const char* property, const core::Error& error) {
  if (GST_STATE(GST_ELEMENT(bin_)) >= GST_STATE_PAUSED) return error;
  const std::scoped_lock guard(lock_);
  return wrong_.insert_or_assign(property, error).first->second;
}

core::Result<bool> Transcoder::set_ladder(const std::string& words) {
  auto ladder = core::parse_ladder(words);
  if (!ladder) return remember("ladder", ladder.error());
  {
    const std::scoped_lock guard(lock_);
    wrong_.erase("ladder");
    settings_.ladder = words;
    ladder_ = *std::move(ladder);
    pictures_.changed = true;
  }
  release_others(pictures_);
  return true;
}

core::Result<bool> Transcoder::set_sounds(const std::string& words) {
  auto sounds = core::parse_sounds(words);
  if (!sounds) return remember("sounds", sounds.error());
  {
    const std::scoped_lock guard(lock_);
    wrong_.erase("sounds");
    settings_.sounds = words;
    sounds_ = *std::move(sounds);
    sound_.changed = true;
  }
  release_others(sound_);
  return true;
}

core::Result<bool> Transcoder::set_encoders(const std::string& words) {
  auto encoders = parse_encoders(words);
  if (!encoders) return remember("encoders", encoders.error());
  const std::scoped_lock guard(lock_);
  wrong_.erase("encoders");
  settings_.encoders = words;
  encoders_ = *std::move(encoders);
  return true;
}

void Transcoder::set_key_interval(guint64 interval) {
  const std::scoped_lock guard(lock_);
  settings_.key_interval = interval;
}

void Transcoder::set_keeps_size(bool keeps) {
  const std::scoped_lock guard(lock_);
  settings_.keeps_size = keeps;
}

TranscodeSettings Transcoder::settings() const {
  const std::scoped_lock guard(lock_);
  return settings_;
}

Owned<GstStructure> Transcoder::stats() const {
  Owned<GstStructure> stats(gst_structure_new_empty("genos-transcode"));
  const std::scoped_lock guard(lock_);
  for (const auto* trunk : {&pictures_, &sound_})
    for (const auto& rung : trunk->rungs) {
      const Owned<char> name(gst_pad_get_name(rung->pad()));
      const auto one = rung->stats();
      gst_structure_set(stats.get(), name.get(), GST_TYPE_STRUCTURE, one.get(), nullptr);
    }
  return stats;
}

core::Result<bool> Transcoder::check() const {
  const std::scoped_lock guard(lock_);
  if (!wrong_.empty()) return wrong_.begin()->second;
  for (const auto& rung : ladder_)
    if (auto encoder = find_encoder(rung.codec, false, encoders_); !encoder) return encoder.error();
  for (const auto& sound : sounds_)
    if (auto encoder = find_encoder(sound.codec, true, encoders_); !encoder) return encoder.error();
  return true;
}

// --- inputs -----------------------------------------------------------------------------------

GstPad* Transcoder::request_input(GstPadTemplate* templ, const char* name) {
  std::string numbered;
  do {
    numbered = "sink_" + std::to_string(next_input_++);
  } while (!name && adopt(gst_element_get_static_pad(GST_ELEMENT(bin_), numbered.c_str())));
  auto* pad = gst_ghost_pad_new_no_target_from_template(name ? name : numbered.c_str(), templ);
  const auto inside = adopt(GST_PAD(gst_proxy_pad_get_internal(GST_PROXY_PAD(pad))));
  gst_pad_set_query_function(inside.get(), answer);
  auto input = std::make_unique<Input>(Input{this, pad});
  constexpr auto what = GstPadProbeType(GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM |
                                        GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST);
  gst_pad_add_probe(pad, what, on_input, input.get(), nullptr);
  {
    const std::scoped_lock guard(lock_);
    inputs_[pad] = std::move(input);
  }
  gst_element_add_pad(GST_ELEMENT(bin_), pad);  // which activates it if it is time
  return pad;
}

void Transcoder::forget(Input& input) {
  gst_ghost_pad_set_target(GST_GHOST_PAD(input.pad), nullptr);
  input.decided = false;
  if (const auto decoder = std::exchange(input.decoder, {})) {
    // Else a bin that is on its way to PLAYING takes it along again, and it is never freed.
    gst_element_set_locked_state(decoder.get(), TRUE);
    gst_element_set_state(decoder.get(), GST_STATE_NULL);
    gst_bin_remove(bin_, decoder.get());
  }
}

void Transcoder::release_input(GstPad* pad) {
  unbound_rungs();  // its last frame may wait for a reader that stands still
  gst_pad_set_active(pad, FALSE);
  std::unique_ptr<Input> input;
  {
    const std::scoped_lock guard(lock_);
    auto node = inputs_.extract(pad);
    if (node) input = std::move(node.mapped());
  }
  if (input) forget(*input);
  end_if_left(pictures_);
  end_if_left(sound_);
  gst_element_remove_pad(GST_ELEMENT(bin_), pad);
}

// The first caps, or the first bytes without any, tell what it is.
GstPadProbeReturn Transcoder::on_input(GstPad*, GstPadProbeInfo* info, gpointer data) noexcept {
  auto& input = *static_cast<Input*>(data);
  if (input.decided) return GST_PAD_PROBE_OK;
  if (!(info->type & GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM)) {
    input.owner->decide(input, nullptr);
    return GST_PAD_PROBE_OK;
  }
  auto* event = GST_PAD_PROBE_INFO_EVENT(info);
  if (GST_EVENT_TYPE(event) == GST_EVENT_CAPS) {
    GstCaps* caps = nullptr;
    gst_event_parse_caps(event, &caps);
    input.owner->decide(input, caps);
  } else if (GST_EVENT_TYPE(event) == GST_EVENT_EOS) {
    refuse(input.owner->bin_, "the input ended before it began");
  }
  return GST_PAD_PROBE_OK;
}

bool Transcoder::is_silent() const {
  const std::scoped_lock guard(lock_);
  return sounds_.empty();
}

void Transcoder::decide(Input& input, GstCaps* caps) {
  input.decided = true;
  const char* name = caps ? gst_structure_get_name(gst_caps_get_structure(caps, 0)) : "";
  if (!g_str_has_suffix(name, "/x-raw")) return decode(input, true);
  if (const auto pad = claim(caps))
    gst_ghost_pad_set_target(GST_GHOST_PAD(input.pad), pad.get());
  else if (g_str_has_prefix(name, "audio/") && is_silent())
    refuse(bin_, std::string("nothing takes '") + name + "': `sounds` is empty");
  else
    refuse(bin_, std::string("nothing takes '") + name +
                     "': there is one stream of pictures and one of sound, if any");
}

void Transcoder::prepare() {
  std::vector<Input*> inputs;
  {
    const std::scoped_lock guard(lock_);
    for (const auto& [pad, input] : inputs_) inputs.push_back(input.get());
  }
  for (auto* input : inputs) {
    if (input->decided || !can_pull(input->pad)) continue;
    input->decided = true;
    decode(*input, false);  // it goes to PAUSED with the bin, so that it activates the pads its way
  }
}

void Transcoder::decode(Input& input, bool in_thread_of_data) {
  input.decoder = sink(gst_element_factory_make("decodebin", nullptr));
  if (!input.decoder) {
    post_error({bin_, GST_CAT_DEFAULT}, GST_CORE_ERROR_MISSING_PLUGIN,
               "decodebin is missing: install gstreamer1.0-plugins-base");
    return;
  }
  g_signal_connect(input.decoder.get(), "pad-added", G_CALLBACK(on_decoded), this);
  g_signal_connect(input.decoder.get(), "no-more-pads", G_CALLBACK(on_all_decoded), this);
  gst_bin_add(bin_, input.decoder.get());
  if (in_thread_of_data) gst_element_sync_state_with_parent(input.decoder.get());
  const auto pad = adopt(gst_element_get_static_pad(input.decoder.get(), "sink"));
  gst_ghost_pad_set_target(GST_GHOST_PAD(input.pad), pad.get());
}

// A second stream of a kind stays unlinked, and its decoder stops.
void Transcoder::on_decoded(GstElement* decoder, GstPad* pad, gpointer data) noexcept {
  auto& self = *static_cast<Transcoder*>(data);
  const auto caps = adopt(gst_pad_get_current_caps(pad));
  const auto query = caps ? caps : adopt(gst_pad_query_caps(pad, nullptr));
  const auto entry = self.claim(query.get());
  if (!entry) return;
  if (gst_pad_link(pad, entry.get()) != GST_PAD_LINK_OK)
    return refuse(self.bin_, "what was decoded does not fit the converter");
  const auto converter = adopt(gst_pad_get_parent_element(entry.get()));
  const std::scoped_lock guard(self.lock_);
  (converter.get() == self.sound_.converter.get() ? self.sound_ : self.pictures_).decoder = decoder;
}

// When the streams of a file become others, decodebin (1.22) takes its pads away without an end.
// What has no stream from then on ends here, or who muxes it would wait.
void Transcoder::on_all_decoded(GstElement* decoder, gpointer data) noexcept {
  auto& self = *static_cast<Transcoder*>(data);
  const auto end_what_is_left = [](GstElement* converter, gpointer) noexcept {
    const auto entry = adopt(gst_element_get_static_pad(converter, "sink"));
    if (!gst_pad_is_linked(entry.get())) gst_pad_send_event(entry.get(), gst_event_new_eos());
  };
  bool is_used = false;
  for (const auto* trunk : {&self.pictures_, &self.sound_}) {
    if (trunk->decoder != decoder) continue;
    is_used = true;
    self.end(*trunk, end_what_is_left);
  }
  if (is_used) return take_unread(decoder);
  if (self.is_silent())  // before its demuxer says that nothing is linked
    refuse(self.bin_, "nothing is left to make: it has no picture, and no sound is asked for");
}

// --- trunks -----------------------------------------------------------------------------------

Ref<GstPad> Transcoder::claim(GstCaps* caps) {
  const char* name = gst_structure_get_name(gst_caps_get_structure(caps, 0));
  const bool is_sound = g_str_has_prefix(name, "audio/");
  if (!is_sound && !g_str_has_prefix(name, "video/")) return {};
  Trunk& trunk = is_sound ? sound_ : pictures_;
  Owned<GError> error;
  auto converter = sink(gst_parse_bin_from_description(
      is_sound ? sound_converter : picture_converter, TRUE, out(error)));
  if (!converter || error) {
    post_error({bin_, GST_CAT_DEFAULT}, GST_CORE_ERROR_MISSING_PLUGIN,
               "a converter is missing: install gstreamer1.0-plugins-base and -good",
               error ? error->message : "");
    return {};
  }
  bool is_new = false;
  {
    const std::scoped_lock guard(lock_);
    if (is_sound ? sounds_.empty() : ladder_.empty()) return {};
    is_new = !trunk.converter;
    if (is_new) {
      trunk.converter = std::move(converter);
      trunk.splitter = sink(GST_ELEMENT(splitter_new(is_sound)));
      trunk.changed = true;
      trunk.begun = false;
    } else if (!trunk.begun) {
      return {};  // another is on its way into it
    }
  }
  if (is_new && !build(trunk)) return {};
  auto entry = adopt(gst_element_get_static_pad(trunk.converter.get(), "sink"));
  // Of one that has ended, or was released, another may take the place.
  return gst_pad_is_linked(entry.get()) ? Ref<GstPad>() : entry;
}

bool Transcoder::build(Trunk& trunk) {
  auto* splitter = GST_GENOS_SPLITTER(trunk.splitter.get());
  const auto set = settings();
  splitter_set_key_interval(splitter, core::Duration(gint64(set.key_interval / GST_USECOND)));
  splitter_set_keeps_size(splitter, set.keeps_size);
  gst_bin_add_many(bin_, trunk.converter.get(), trunk.splitter.get(), nullptr);
  if (!gst_element_link(trunk.converter.get(), trunk.splitter.get())) return false;
  const auto entry = adopt(gst_element_get_static_pad(trunk.splitter.get(), "sink"));
  constexpr auto what =
      GstPadProbeType(GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM);
  gst_pad_add_probe(entry.get(), what, on_trunk, this, nullptr);
  gst_element_sync_state_with_parent(trunk.splitter.get());
  gst_element_sync_state_with_parent(trunk.converter.get());
  return true;
}

GstPadProbeReturn Transcoder::on_trunk(GstPad* pad, GstPadProbeInfo* info, gpointer data) noexcept {
  auto& self = *static_cast<Transcoder*>(data);
  const auto splitter = adopt(gst_pad_get_parent_element(pad));
  Trunk& trunk = splitter.get() == self.sound_.splitter.get() ? self.sound_ : self.pictures_;
  trunk.begun = true;
  if (info->type & GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM) {
    const auto type = GST_EVENT_TYPE(GST_PAD_PROBE_INFO_EVENT(info));
    if (type == GST_EVENT_CAPS) trunk.changed = true;
    // A track that begins late, or never: who waits for all pads shall not wait for it.
    const bool is_empty =
        type == GST_EVENT_EOS || (type == GST_EVENT_GAP && gst_pad_has_current_caps(pad));
    if (is_empty && trunk.changed.exchange(false)) self.follow(trunk, pad);
    return GST_PAD_PROBE_OK;
  }
  if (trunk.changed.exchange(false)) self.follow(trunk, pad);
  const gint64 now = g_get_monotonic_time();
  gint64 due = self.next_report_;
  if (now >= due && self.next_report_.compare_exchange_strong(due, now + report_interval) &&
      due > 0)
    self.report();
  return GST_PAD_PROBE_OK;
}

void Transcoder::report() {
  gst_element_post_message(GST_ELEMENT(bin_),
                           gst_message_new_element(GST_OBJECT(bin_), stats().release()));
}

// --- the end ----------------------------------------------------------------------------------

// In a thread of its own: the end drains a converter, whose reader may wait for what this thread is
// about to bring.
bool Transcoder::end(const Trunk& trunk, GstElementCallAsyncFunc how) {
  Ref<GstElement> converter;
  {
    const std::scoped_lock guard(lock_);
    converter = trunk.converter;
  }
  if (converter) gst_element_call_async(converter.get(), how, nullptr, nullptr);
  return bool(converter);
}

bool Transcoder::end() {
  const auto end_it = [](GstElement* converter, gpointer) noexcept {
    const auto entry = adopt(gst_element_get_static_pad(converter, "sink"));
    gst_pad_send_event(entry.get(), gst_event_new_eos());
  };
  const bool has_pictures = end(pictures_, end_it);
  return end(sound_, end_it) || has_pictures;
}

void Transcoder::close(Trunk& trunk) {
  std::vector<std::shared_ptr<Rung>> rungs;
  {
    const std::scoped_lock guard(lock_);
    rungs = std::exchange(trunk.rungs, {});
    rungs.insert(rungs.end(), trunk.leaving.begin(), trunk.leaving.end());
    trunk.leaving.clear();
  }
  for (const auto& rung : rungs) rung->dispose();
  for (auto* element : {&trunk.converter, &trunk.splitter}) {
    if (!*element) continue;
    gst_element_set_state(element->get(), GST_STATE_NULL);
    gst_bin_remove(bin_, element->get());
    *element = nullptr;
  }
  trunk.decoder = nullptr;
  trunk.has_pads = false;
  trunk.changed = true;
}

void Transcoder::close() {
  std::vector<Input*> inputs;
  {
    const std::scoped_lock guard(lock_);
    for (const auto& [pad, input] : inputs_) inputs.push_back(input.get());
  }
  for (auto* input : inputs) forget(*input);
  close(pictures_);
  close(sound_);
  const std::scoped_lock guard(lock_);
  next_pad_ = next_sound_ = 0;
  next_report_ = 0;
}

}  // namespace genos::element
