// SPDX-License-Identifier: LGPL-2.1-or-later
#include "room_sink.hpp"

#include <algorithm>
#include <cstring>

#include "bridge/element_message.hpp"
#include "bridge/pump.hpp"
#include "room_properties.hpp"
#include "source_change.hpp"

#define GST_CAT_DEFAULT genos_room_sink_debug

namespace genos::element {
namespace {

// av1parse (1.22) drops every frame after other caps came into it, as of another size: it is in
// front of the payloader only where that does not take what comes.
bool needs_parser(const RtpCodec& codec, GstCaps* caps) {
  if (g_strcmp0(codec.in_parser, "av1parse") != 0) return true;
  auto* payloader = gst_element_factory_find(codec.payloader);
  const bool fits = payloader && gst_element_factory_can_sink_all_caps(payloader, caps);
  if (payloader) gst_object_unref(payloader);
  return !fits;
}

std::string media_type_of(GstCaps* caps) {
  return gst_structure_get_name(gst_caps_get_structure(caps, 0));
}

}  // namespace

std::string RoomSink::random_id() {
  const Owned<char> uuid(g_uuid_string_random());
  std::string id(uuid.get());
  std::erase(id, '-');
  return id.substr(0, 20);
}

// --- pads -------------------------------------------------------------------------------------

GstPad* RoomSink::request_pad(GstPadTemplate* templ, const char* name) {
  const bool is_sound = std::strcmp(GST_PAD_TEMPLATE_NAME_TEMPLATE(templ), "audio_%u") == 0;
  const char* prefix = is_sound ? "audio_" : "video_";
  auto track = std::make_shared<Track>();
  track->is_sound = is_sound;
  std::string own;
  {
    const std::scoped_lock guard(streams_lock_);
    guint number = 0;
    if (name && sscanf(name + std::strlen(prefix), "%u", &number) != 1) return nullptr;
    const auto has = [&](guint at) {
      const auto found = streams_.find(at);
      return found != streams_.end() &&
             std::ranges::any_of(found->second->tracks,
                                 [&](const auto& each) { return each->is_sound == is_sound; });
    };
    while (!name && has(number)) ++number;
    if (has(number)) return nullptr;
    auto& stream = streams_[number];
    if (!stream) stream = std::make_shared<Stream>();
    stream->number = number;
    stream->tracks.push_back(track);
    own = prefix + std::to_string(number);
    track->pad =
        GST_PAD(g_object_new(GST_TYPE_GENOS_ROOM_PAD, "name", own.c_str(), "direction",
                             GST_PAD_TEMPLATE_DIRECTION(templ), "template", templ, nullptr));
  }
  gst_pad_add_probe(track->pad, GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, on_event, this, nullptr);
  if (!is_sound) begin_sources_with_keyframes(track->pad);
  gst_element_add_pad(GST_ELEMENT(bin_), track->pad);
  // gst-launch-1.0 sets now what was said of it.
  gst_child_proxy_child_added(GST_CHILD_PROXY(bin_), G_OBJECT(track->pad), own.c_str());
  return track->pad;
}

RoomSink::Pair RoomSink::find(GstPad* pad) {
  const std::scoped_lock guard(streams_lock_);
  for (const auto& [number, stream] : streams_)
    for (const auto& track : stream->tracks)
      if (track->pad == pad) return {stream, track};
  return {};
}

void RoomSink::take_down(std::vector<Ref<GstElement>> elements) {
  for (const auto& element : elements) {
    gst_element_set_locked_state(element.get(), TRUE);
    gst_element_set_state(element.get(), GST_STATE_NULL);
    gst_bin_remove(bin_, element.get());
  }
  elements.clear();  // before the caller goes on
}

std::vector<Ref<GstElement>> RoomSink::elements_of(Track& track) {
  std::vector<Ref<GstElement>> all;
  for (const auto& line : std::exchange(track.lines, {}))
    all.insert(all.end(), line->elements.begin(), line->elements.end());
  return all;
}

void RoomSink::take_apart(Track& track) {
  const auto target = adopt(gst_ghost_pad_get_target(GST_GHOST_PAD(track.pad)));
  const auto parent = target ? adopt(gst_pad_get_parent_element(target.get())) : nullptr;
  gst_ghost_pad_set_target(GST_GHOST_PAD(track.pad), nullptr);
  std::vector<Ref<GstElement>> elements;
  std::shared_ptr<FanOut> fan;
  {
    const std::scoped_lock guard(streams_lock_);
    elements = elements_of(track);
    fan = std::exchange(track.fan, {});
    track.sent = false;
    track.sent_in.clear();
    track.seen_in.clear();
    track.other = nullptr;
  }
  if (fan) fan->on_change({});
  take_down(std::move(elements));
  if (parent && GST_PAD_PAD_TEMPLATE(target.get()) &&
      GST_PAD_TEMPLATE_PRESENCE(GST_PAD_PAD_TEMPLATE(target.get())) == GST_PAD_REQUEST)
    gst_element_release_request_pad(parent.get(), target.get());
  track.kind.clear();
}

void RoomSink::release_pad(GstPad* pad) {
  gst_pad_set_active(pad, FALSE);
  if (const auto [stream, track] = find(pad); track) remove(stream, track);
  gst_child_proxy_child_removed(GST_CHILD_PROXY(bin_), G_OBJECT(pad), GST_PAD_NAME(pad));
  gst_element_remove_pad(GST_ELEMENT(bin_), pad);
}

void RoomSink::remove(const std::shared_ptr<Stream>& stream, const std::shared_ptr<Track>& track) {
  Ref<GstElement> left_over;
  {
    const std::scoped_lock guard(streams_lock_);
    std::erase(stream->tracks, track);
    if (stream->tracks.empty()) {
      left_over = std::exchange(stream->transcoder, {});
      streams_.erase(stream->number);
    }
  }
  end_sending(*stream, *track);
  take_fallback(*stream, *track);
  take_apart(*track);
  if (left_over)
    take_down({std::move(left_over)});
  else
    send_if_whole(*stream);
}

// --- what a pad brings ------------------------------------------------------------------------

GstPadProbeReturn RoomSink::on_event(GstPad* pad, GstPadProbeInfo* info, gpointer self) noexcept {
  auto* event = GST_PAD_PROBE_INFO_EVENT(info);
  if (GST_EVENT_TYPE(event) != GST_EVENT_CAPS) return GST_PAD_PROBE_OK;
  GstCaps* caps = nullptr;
  gst_event_parse_caps(event, &caps);
  static_cast<RoomSink*>(self)->decide(pad, caps);
  return GST_PAD_PROBE_OK;
}

// Another size is the transcoder's or the parser's matter; what is of another kind is another
// stream.
void RoomSink::decide(GstPad* pad, GstCaps* caps) {
  const auto [stream, track] = find(pad);
  const auto kind = media_type_of(caps);
  if (!track || track->kind == kind) return;
  if (!track->kind.empty()) {
    begin_anew(stream, track);
  }
  track->kind = kind;
  Ref<GstPad> entry;
  if (kind.ends_with("/x-raw")) {
    entry = transcode(*stream, track->is_sound);
  } else if (const auto* codec = codec_of_media_type(kind.c_str())) {
    const auto line = std::make_shared<Line>();
    {
      const std::scoped_lock guard(streams_lock_);
      track->lines = {line};
    }
    entry = build(stream, track, line, *codec, needs_parser(*codec, caps));
    send_if_whole(*stream);
  }
  if (entry) gst_ghost_pad_set_target(GST_GHOST_PAD(pad), entry.get());
}

// The tracks of a stream come on threads of their own: one makes it, the others find it.
Ref<GstElement> RoomSink::transcoder_of(Stream& stream) {
  const std::scoped_lock making(making_);
  {
    const std::scoped_lock guard(streams_lock_);
    if (stream.transcoder) return stream.transcoder;
  }
  auto made = sink(gst_element_factory_make("genostranscodebin", nullptr));
  if (!made) {
    post_error({bin_, GST_CAT_DEFAULT}, GST_CORE_ERROR_MISSING_PLUGIN,
               "genostranscodebin is missing");
    return {};
  }
  {
    const std::scoped_lock reading(lock);
    g_object_set(made.get(), "ladder", settings.ladder.c_str(), "sounds", settings.sounds.c_str(),
                 nullptr);
  }
  g_signal_connect(made.get(), "pad-added", G_CALLBACK(on_rung), this);
  // When it cannot begin, which it says, it must not stop the bin's way down, which may follow at
  // once.
  gst_element_set_locked_state(made.get(), TRUE);
  gst_bin_add(bin_, made.get());
  if (gst_element_set_state(made.get(), GST_STATE_PAUSED) == GST_STATE_CHANGE_FAILURE) {
    gst_element_set_state(made.get(), GST_STATE_NULL);
    gst_bin_remove(bin_, made.get());
    return {};
  }
  gst_element_set_locked_state(made.get(), FALSE);
  gst_element_sync_state_with_parent(made.get());
  const std::scoped_lock guard(streams_lock_);
  stream.transcoder = made;
  return made;
}

Ref<GstPad> RoomSink::transcode(Stream& stream, bool is_sound) {
  const auto transcoder = transcoder_of(stream);
  if (!transcoder) return {};
  return adopt(gst_element_request_pad_simple(transcoder.get(), is_sound ? "audio" : "video"));
}

void RoomSink::join_rungs(GstElement* transcoder) {
  GstIterator* rungs = gst_element_iterate_src_pads(transcoder);
  const auto join = [](const GValue* item, gpointer self) {
    auto* rung = GST_PAD(g_value_get_object(item));
    on_rung(adopt(gst_pad_get_parent_element(rung)).get(), rung, self);
  };
  gst_iterator_foreach(rungs, join, this);
  gst_iterator_free(rungs);
}

// Every rung of the first one's codec has its line; what nobody watches is not made.
void RoomSink::on_rung(GstElement* transcoder, GstPad* rung, gpointer data) noexcept {
  if (!GST_PAD_IS_SRC(rung)) return;
  auto& self = *static_cast<RoomSink*>(data);
  const bool is_sound = g_str_has_prefix(GST_PAD_NAME(rung), "sound_");
  std::shared_ptr<Stream> stream;
  {
    const std::scoped_lock guard(self.streams_lock_);
    for (const auto& [number, each] : self.streams_)
      if (each->transcoder.get() == transcoder) stream = each;
  }
  if (!stream || (!is_sound && self.on_fallback_rung(stream, rung))) return;
  const auto line = std::make_shared<Line>(made_on(rung));
  std::shared_ptr<Track> track;
  {
    const std::scoped_lock guard(self.streams_lock_);
    for (const auto& each : stream->tracks)
      if (each->is_sound == is_sound) track = each;
    if (!track) return;
    auto& lines = track->lines;
    const bool is_more = !lines.empty() && (is_sound || lines.front()->codec != line->codec);
    // Two threads may come with the same.
    const bool is_there =
        std::ranges::any_of(lines, [&](const auto& each) { return each->rung.get() == rung; });
    if (is_more || is_there) return;
    lines.push_back(line);
  }
  self.link_rung(stream, track, line);
  self.send_if_whole(*stream);
}

// --- the room ---------------------------------------------------------------------------------

RoomMedia::Events RoomSink::events() {
  RoomMedia::Events events;
  events.admits = [this](const RoomMedia::Peer& peer, std::size_t others) {
    const std::scoped_lock guard(lock);
    if (settings.max_viewers > 0 && others >= settings.max_viewers) return false;
    const auto targets = words_of(settings.targets.c_str());
    return targets.empty() || targets.contains(peer.id) || targets.contains(peer.identity);
  };
  const auto told = [this](const char* signal, int change) {
    return [this, signal, change](const RoomMedia::Peer& peer) {
      viewers_ += change;
      session_.post(
          [this, signal, id = peer.id] { g_signal_emit_by_name(bin_, signal, id.c_str()); });
    };
  };
  events.viewer_added = told("viewer-added", 1);
  events.viewer_removed = told("viewer-removed", -1);
  const auto then = [this](auto what) {
    return [this, what](const RoomMedia::Peer& peer, const std::shared_ptr<FanOut>& fan) {
      session_.post([this, what, peer, fan] { (this->*what)(peer, fan); });
    };
  };
  events.refused = then(&RoomSink::refused);
  events.wants_other = then(&RoomSink::wants_other);
  events.leaves_other = then(&RoomSink::leaves_other);
  return events;
}

bool RoomSink::open() {
  if (!has_name(room(), GST_ELEMENT(bin_)) || !check_words()) return false;
  media_ = std::make_shared<RoomMedia>(events());
  session_.start();
  media_->attach(room());
  session_.join();
  return true;
}

void RoomSink::close() {
  if (!media_) return;
  media_->detach();
  session_.stop();
  std::vector<std::shared_ptr<Stream>> streams;
  {
    const std::scoped_lock guard(streams_lock_);
    for (const auto& [number, stream] : streams_) streams.push_back(stream);
  }
  for (const auto& stream : streams) {
    for (const auto& track : stream->tracks) {
      take_fallback(*stream, *track);
      track->fallback = {};
      take_apart(*track);
    }
    if (const auto transcoder = std::exchange(stream->transcoder, {})) {
      gst_element_set_state(transcoder.get(), GST_STATE_NULL);
      gst_bin_remove(bin_, transcoder.get());
    }
    stream->begun = false;
    stream->first = {};
  }
  media_ = nullptr;
  viewers_ = 0;
  warned_ = false;
}

void RoomSink::stop_viewer(const std::string& peer) {
  if (media_) media_->stop_viewer(peer);
}

}  // namespace genos::element
