// SPDX-License-Identifier: LGPL-2.1-or-later
// The part of a genosroomsink that puts what is encoded into packets, for those who watch.
#include <algorithm>
#include <iterator>

#include "bridge/element_message.hpp"
#include "bridge/pump.hpp"
#include "feeder.hpp"
#include "room_sink.hpp"

namespace genos::element {
namespace {

// Between a line and those who watch it: what an encoder makes while the network is slow to take.
constexpr guint64 waiting_limit = GST_SECOND;

Ref<GstCaps> rtp_caps(const RtpCodec& codec, guint ssrc) {
  const std::string text =
      std::string("application/x-rtp,media=") + (codec.is_sound ? "audio" : "video") +
      ",encoding-name=" + codec.encoding_name + ",payload=" + std::to_string(codec.payload) +
      ",clock-rate=" + std::to_string(codec.clock_rate) + ",ssrc=(uint)" + std::to_string(ssrc) +
      codec.more_caps;
  return adopt(gst_caps_from_string(text.c_str()));
}

// Whether the frame that is in the payloader is a keyframe. Its packets do not say so: of VP8
// (1.22) none has the flag of a delta unit.
std::shared_ptr<bool> watch_keyframes(GstElement* line) {
  const auto payloader = adopt(gst_bin_get_by_name(GST_BIN(line), "pay"));
  const auto pad = adopt(gst_element_get_static_pad(payloader.get(), "sink"));
  auto key = std::make_shared<bool>(false);
  gst_pad_add_probe(
      pad.get(), GST_PAD_PROBE_TYPE_BUFFER,
      [](GstPad*, GstPadProbeInfo* info, gpointer data) noexcept {
        **static_cast<std::shared_ptr<bool>*>(data) =
            !GST_BUFFER_FLAG_IS_SET(GST_PAD_PROBE_INFO_BUFFER(info), GST_BUFFER_FLAG_DELTA_UNIT);
        return GST_PAD_PROBE_OK;
      },
      new std::shared_ptr<bool>(key),
      [](gpointer data) { delete static_cast<std::shared_ptr<bool>*>(data); });
  return key;
}

// The first of those that a rung may bring; null: no browser takes any.
const RtpCodec* codec_among(GstCaps* caps) {
  for (guint i = 0; i < gst_caps_get_size(caps); ++i) {
    const auto* type = gst_structure_get_name(gst_caps_get_structure(caps, i));
    if (const auto* codec = codec_of_media_type(type)) return codec;
  }
  return nullptr;
}

std::string first_type_in(GstCaps* caps) {
  if (gst_caps_is_any(caps) || gst_caps_is_empty(caps)) return "this";
  return gst_structure_get_name(gst_caps_get_structure(caps, 0));
}

}  // namespace

void RoomSink::link_rung(const std::shared_ptr<Stream>& stream, const std::shared_ptr<Track>& track,
                         const std::shared_ptr<Line>& line) {
  auto* rung = line->rung.get();
  const auto caps = adopt(gst_pad_query_caps(rung, nullptr));
  const auto* codec = codec_among(caps.get());
  if (!codec) {
    post_error({bin_, GST_CAT_DEFAULT}, GST_RESOURCE_ERROR_SETTINGS,
               "no browser takes " + first_type_in(caps.get()) +
                   ": name another codec in `ladder` or `sounds`");
    return;
  }
  const bool is_fallback = !track->pad;
  bool may_fall_back = false;
  {
    const std::scoped_lock guard(lock);
    may_fall_back = settings.fallback && !codec->is_sound && !is_fallback;
  }
  {
    const auto* beside = may_fall_back ? codec_beside(*codec) : nullptr;
    const std::scoped_lock guard(streams_lock_);
    if (!track->fan) track->other = beside;
  }
  take_ended(*track);
  const auto entry = build(stream, track, line, *codec, false);
  if (!entry) return;
  const auto fan = fan_of(*track, *codec);
  g_object_set(rung, "enabled", gboolean(fan->is_wanted(*line->name)), nullptr);
  if (gst_pad_link(rung, entry.get()) != GST_PAD_LINK_OK)
    post_error({bin_, GST_CAT_DEFAULT}, GST_CORE_ERROR_PAD, "a rung could not be linked");
  if (!is_fallback) follow_viewers_of(track, *fan);
}

std::shared_ptr<FanOut> RoomSink::fan_of(Track& track, const RtpCodec& codec) {
  const std::scoped_lock guard(streams_lock_);
  if (!track.fan)
    track.fan =
        std::make_shared<FanOut>(codec.is_sound ? FanOut::Kind::sound : FanOut::Kind::picture,
                                 rtp_caps(codec, track.ssrc).get(),
                                 track.other ? rtp_caps(*track.other, track.ssrc).get() : nullptr);
  return track.fan;
}

Ref<GstPad> RoomSink::build(const std::shared_ptr<Stream>& stream,
                            const std::shared_ptr<Track>& track, const std::shared_ptr<Line>& line,
                            const RtpCodec& codec, bool parse) {
  std::string text = "queue silent=true max-size-buffers=0 max-size-bytes=0 max-size-time=" +
                     std::to_string(waiting_limit);
  if (parse && *codec.in_parser) text += std::string(" ! ") + codec.in_parser;
  // Of all rungs the same time is the same number.
  text += std::string(" ! ") + codec.payloader +
          " name=pay mtu=1200 pt=" + std::to_string(codec.payload) +
          " ssrc=" + std::to_string(track->ssrc) +
          " timestamp-offset=" + std::to_string(track->first_time);
  Owned<GError> error;
  auto packing = sink(gst_parse_bin_from_description(text.c_str(), TRUE, out(error)));
  if (!packing || error) {
    post_error({bin_, GST_CAT_DEFAULT}, GST_CORE_ERROR_MISSING_PLUGIN,
               std::string("no line for ") + codec.encoding_name +
                   ": install gstreamer1.0-plugins-good and -bad",
               error ? error->message : "");
    return {};
  }
  const auto fan = fan_of(*track, codec);
  const auto name = fan->add_rung(line->words);
  auto feeder = sink(feeder_new(fan, name, events_of(stream, track, line, packing.get())));
  gst_bin_add_many(bin_, packing.get(), feeder.get(), nullptr);
  gst_element_link(packing.get(), feeder.get());
  gst_element_sync_state_with_parent(feeder.get());
  gst_element_sync_state_with_parent(packing.get());
  auto entry = adopt(gst_element_get_static_pad(packing.get(), "sink"));
  const std::scoped_lock guard(streams_lock_);
  line->elements = {std::move(packing), std::move(feeder)};
  line->name = name;
  if (stream->first == core::Time()) stream->first = monotonic_now();
  return entry;
}

FeederEvents RoomSink::events_of(const std::shared_ptr<Stream>& stream,
                                 const std::shared_ptr<Track>& track,
                                 const std::shared_ptr<Line>& line, GstElement* packing) {
  const std::weak_ptr<Stream> of = stream;
  const std::weak_ptr<Track> which = track;
  FeederEvents events;
  events.begins = [this, of, which, begins = watch_keyframes(packing)] {
    const auto alive = of.lock();
    const auto own = which.lock();
    if (alive && own && !own->sent) send_if_whole(*alive);
    return *begins;
  };
  events.ended = [this, of, which, rung = std::weak_ptr(line)] {
    const auto alive = of.lock();
    const auto own = which.lock();
    const auto ended = rung.lock();
    if (alive && own && ended) line_ended(alive, *own, *ended);
  };
  return events;
}

// --- which rungs are made ---------------------------------------------------------------------

void RoomSink::follow_viewers(const std::shared_ptr<Track>& track) {
  std::vector<std::shared_ptr<Line>> lines;
  std::shared_ptr<FanOut> fan;
  {
    const std::scoped_lock guard(streams_lock_);
    fan = track->fan;
    for (const auto& line : track->lines)
      if (line->rung && line->name && !line->ended) lines.push_back(line);
  }
  for (const auto& line : lines)
    if (fan)
      g_object_set(line->rung.get(), "enabled", gboolean(fan->is_wanted(*line->name)), nullptr);
}

void RoomSink::follow_viewers_of(const std::shared_ptr<Track>& track, FanOut& fan) {
  const auto follow = [this, weak = std::weak_ptr(track)] {
    session_.post([this, weak] {
      if (const auto alive = weak.lock()) follow_viewers(alive);
    });
  };
  fan.on_change(follow);
  follow();
}

// Not when they end: then all may, and a pipeline whose end comes shall miss none of its sinks.
void RoomSink::take_ended(Track& track) {
  std::vector<Ref<GstElement>> over;
  {
    const std::scoped_lock guard(streams_lock_);
    std::erase_if(track.lines, [&](const auto& line) {
      if (line->ended) over.insert(over.end(), line->elements.begin(), line->elements.end());
      return line->ended;
    });
  }
  take_down(std::move(over));
}

std::vector<FanOut::Seat> RoomSink::Track::seats() const {
  std::vector<FanOut::Seat> seats;
  for (const auto* of : std::initializer_list<const Track*>{this, fallback.track.get()}) {
    if (!of || !of->fan) continue;
    auto own = of->fan->seats();
    std::ranges::move(own, std::back_inserter(seats));
  }
  return seats;
}

void RoomSink::add_seats(GValue* stats) {
  std::vector<std::pair<std::string, FanOut::Seat>> seats;
  {
    const std::scoped_lock guard(streams_lock_);
    for (const auto& [number, stream] : streams_)
      for (const auto& track : stream->tracks) {
        if (track->is_sound) continue;
        for (auto& seat : track->seats())
          seats.emplace_back("video_" + std::to_string(number), std::move(seat));
      }
  }
  GValue list = G_VALUE_INIT;
  gst_value_list_init(&list, 0);
  for (const auto& [pad, seat] : seats) {
    GValue held = G_VALUE_INIT;
    g_value_init(&held, GST_TYPE_STRUCTURE);
    g_value_take_boxed(&held, gst_structure_new("viewer", "peer", G_TYPE_STRING, seat.peer.c_str(),
                                                "pad", G_TYPE_STRING, pad.c_str(), "rung",
                                                G_TYPE_STRING, seat.rung.c_str(), nullptr));
    gst_value_list_append_and_take_value(&list, &held);
  }
  auto* all = gst_structure_copy(gst_value_get_structure(stats));
  gst_structure_take_value(all, "pictures", &list);
  g_value_take_boxed(stats, all);
}

}  // namespace genos::element
