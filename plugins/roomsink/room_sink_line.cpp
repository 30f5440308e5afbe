// SPDX-License-Identifier: LGPL-2.1-or-later
// The part of a genosroomsink that puts what is encoded into packets, for those who watch.
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

}  // namespace

void RoomSink::link_rung(const std::shared_ptr<Stream>& stream,
                         const std::shared_ptr<Track>& track) {
  auto* rung = track->rung.get();
  const auto caps = adopt(gst_pad_query_caps(rung, nullptr));
  const RtpCodec* codec = nullptr;
  for (guint i = 0; !codec && i < gst_caps_get_size(caps.get()); ++i)
    codec = codec_of_media_type(gst_structure_get_name(gst_caps_get_structure(caps.get(), i)));
  if (!codec) {
    const Owned<char> text(gst_caps_to_string(caps.get()));
    GST_ELEMENT_ERROR(
        bin_, STREAM, FORMAT,
        ("no browser takes %s: name another codec in `ladder` or `sounds`", text.get()), (nullptr));
    return;
  }
  const bool is_fallback = track->sent;
  bool may_fall_back = false;
  {
    const std::scoped_lock guard(lock);
    may_fall_back = settings.fallback && !codec->is_sound && !is_fallback;
  }
  track->other = may_fall_back ? codec_beside(*codec) : nullptr;
  const auto entry = build(stream, track, *codec, false);
  if (entry && gst_pad_link(rung, entry.get()) != GST_PAD_LINK_OK)
    GST_ELEMENT_ERROR(bin_, CORE, PAD, ("a rung could not be linked"), (nullptr));
}

Ref<GstPad> RoomSink::build(const std::shared_ptr<Stream>& stream,
                            const std::shared_ptr<Track>& track, const RtpCodec& codec,
                            bool parse) {
  const guint ssrc = track->ssrc;
  std::string text = "queue silent=true max-size-buffers=0 max-size-bytes=0 max-size-time=" +
                     std::to_string(waiting_limit);
  if (parse && *codec.in_parser) text += std::string(" ! ") + codec.in_parser;
  text += std::string(" ! ") + codec.payloader +
          " name=pay mtu=1200 pt=" + std::to_string(codec.payload) +
          " ssrc=" + std::to_string(ssrc);
  Owned<GError> error;
  auto line = sink(gst_parse_bin_from_description(text.c_str(), TRUE, out(error)));
  if (!line || error) {
    GST_ELEMENT_ERROR(
        bin_, CORE, MISSING_PLUGIN,
        ("no line for %s: install gstreamer1.0-plugins-good and -bad", codec.encoding_name),
        ("%s", error ? error->message : ""));
    return {};
  }
  auto fan = std::make_shared<FanOut>(codec.is_sound ? FanOut::Kind::sound : FanOut::Kind::picture,
                                      rtp_caps(codec, ssrc).get(),
                                      track->other ? rtp_caps(*track->other, ssrc).get() : nullptr);
  const std::weak_ptr<Stream> of = stream;
  const std::weak_ptr<Track> which = track;
  FeederEvents feeder_events;
  feeder_events.begins = [this, of, which, begins = watch_keyframes(line.get())] {
    const auto alive = of.lock();
    const auto own = which.lock();
    if (alive && own && !own->sent) send_if_whole(*alive);
    return *begins;
  };
  feeder_events.ended = [this, of, which] {
    const auto alive = of.lock();
    const auto ended = which.lock();
    if (alive && ended) track_ended(alive, *ended);
  };
  auto feeder = sink(feeder_new(fan, std::move(feeder_events)));
  gst_bin_add_many(bin_, line.get(), feeder.get(), nullptr);
  gst_element_link(line.get(), feeder.get());
  gst_element_sync_state_with_parent(feeder.get());
  gst_element_sync_state_with_parent(line.get());
  auto entry = adopt(gst_element_get_static_pad(line.get(), "sink"));
  const std::scoped_lock guard(streams_lock_);
  track->elements = {std::move(line), std::move(feeder)};
  track->fan = std::move(fan);
  if (stream->first == core::Time()) stream->first = monotonic_now();
  return entry;
}

}  // namespace genos::element
