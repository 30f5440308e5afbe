// SPDX-License-Identifier: LGPL-2.1-or-later
#include "link/media_lines.hpp"

#include <algorithm>
#include <cctype>

#include "link/media_inlet.hpp"
#include "link/send_path.hpp"

namespace genos::link {
namespace {

using core::Errc;
using core::Error;

// Between two reports that nothing hastens, give or take half of it. Each wakes two threads of the
// sender; without any the room would ask after a second whether the viewer lives.
constexpr guint64 report_interval = 500 * GST_MSECOND;
// rtpsession (1.22) reports a loss at once if its last report is as long ago as a report of 130
// bytes and two or three members takes at this rate: 10 ms. Its own rate makes that half a second.
constexpr double report_bitrate = 400'000;
// Of what a page estimates its bandwidth from; without it rtpsession answers every picture.
constexpr guint64 estimate_interval = 100 * GST_MSECOND;

std::string missing_field(GstCaps* caps) {
  if (!caps || !gst_caps_is_fixed(caps)) return "fixed caps";
  const GstStructure* s = gst_caps_get_structure(caps, 0);
  if (!gst_structure_has_name(s, "application/x-rtp")) return "application/x-rtp";
  // Without `ssrc` there is no a=ssrc, and the other side's guard lets nothing in.
  for (const char* field : {"media", "encoding-name", "payload", "clock-rate", "ssrc"})
    if (!gst_structure_has_field(s, field)) return field;
  return {};
}

bool is_picture(GstCaps* caps) {
  const char* media = gst_structure_get_string(gst_caps_get_structure(caps, 0), "media");
  return g_strcmp0(media, "video") == 0;
}

std::string upper(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return result;
}

Ref<GstElement> drain_into(GstElement* pipeline) {
  auto fake = sink(gst_element_factory_make("fakesink", nullptr));
  if (!fake) return nullptr;
  g_object_set(fake.get(), "sync", FALSE, "async", FALSE, nullptr);
  gst_bin_add(GST_BIN(pipeline), fake.get());
  gst_element_sync_state_with_parent(fake.get());
  return fake;
}

// Becomes a PLI, where the line has that.
void ask_for_keyframe(GstPad* pad) {
  auto* wish = gst_structure_new("GstForceKeyUnit", "all-headers", G_TYPE_BOOLEAN, TRUE, nullptr);
  gst_pad_send_event(pad, gst_event_new_custom(GST_EVENT_CUSTOM_UPSTREAM, wish));
}

guint line_of(GstWebRTCRTPTransceiver* transceiver) {
  guint line = G_MAXUINT;
  g_object_get(transceiver, "mlineindex", &line, nullptr);
  return line;
}

}  // namespace

// One codec, as the offer numbers it. webrtcbin's own answer has no extmap, and without that of the
// transport-wide feedback a page stays at its start rate.
Ref<GstCaps> receiving_caps(const core::RemoteMedia& media) {
  const auto wanted =
      std::find_if(media.codecs.begin(), media.codecs.end(), [&](const auto& codec) {
        return !codec.repairs && core::is_known_codec(media.kind, codec.name);
      });
  if (wanted == media.codecs.end()) return nullptr;
  const bool video = media.kind == core::MediaKind::video;
  auto caps = adopt(gst_caps_new_simple(
      "application/x-rtp", "media", G_TYPE_STRING, video ? "video" : "audio", "encoding-name",
      G_TYPE_STRING, upper(wanted->name).c_str(), "payload", G_TYPE_INT, int{wanted->payload},
      "clock-rate", G_TYPE_INT, static_cast<int>(wanted->clock_rate), nullptr));
  // Our later offers describe this line by these caps. `opus/48000` without its `/2` is a codec
  // that Chromium does not know: it rejects the line, and its sound stops (seen with 156).
  if (wanted->channels > 1)
    gst_caps_set_simple(caps.get(), "encoding-params", G_TYPE_STRING,
                        std::to_string(wanted->channels).c_str(), nullptr);
  if (media.twcc_extension > 0) {
    const std::string field = "extmap-" + std::to_string(media.twcc_extension);
    gst_caps_set_simple(caps.get(), field.c_str(), G_TYPE_STRING, core::twcc_uri.data(), nullptr);
  }
  return caps;
}

bool choose_codecs(core::RemoteMedia& media, const std::vector<std::string>& wanted) {
  const bool is_about_it = std::ranges::any_of(
      wanted, [&](const auto& name) { return core::is_known_codec(media.kind, name); });
  if (!is_about_it || media.rejected) return true;
  std::vector<core::RemoteCodec> chosen;
  for (const auto& name : wanted)
    for (const auto& codec : media.codecs)
      if (codec.is(name)) chosen.push_back(codec);
  if (chosen.empty()) return false;
  media.codecs = std::move(chosen);
  return true;
}

void hasten_feedback(GstElement* webrtcbin) {
  const auto rtpbin = adopt(gst_bin_get_by_name(GST_BIN(webrtcbin), "rtpbin"));
  GObject* raw = nullptr;
  if (rtpbin) g_signal_emit_by_name(rtpbin.get(), "get-internal-session", 0U, &raw);
  const auto session = adopt(raw);
  if (!session) return;
  g_object_set(session.get(), "rtcp-min-interval", report_interval, "rtcp-fraction", report_bitrate,
               "twcc-feedback-interval", estimate_interval, nullptr);
}

std::vector<Connection> MediaLines::watch(GstElement* pipeline, GstElement* webrtcbin) {
  std::vector<Connection> connections;
  connections.push_back(on<void(GstElement*, GstWebRTCRTPTransceiver*)>(
      webrtcbin, "on-new-transceiver",
      [self = shared_from_this()](auto*, GstWebRTCRTPTransceiver* transceiver) {
        self->on_transceiver(transceiver);
      }));
  connections.push_back(on<void(GstElement*, GstPad*)>(
      webrtcbin, "pad-added",
      [self = shared_from_this(), weak = Weak(pipeline)](auto*, GstPad* pad) {
        const auto alive = weak.lock();
        if (alive && GST_PAD_IS_SRC(pad)) self->on_pad(alive.get(), pad);
      }));
  return connections;
}

core::Result<Ref<GstPad>> MediaLines::add(GstElement* pipeline, GstCaps* caps,
                                          const std::string& stream_id, GstCaps* other) {
  const std::string missing = missing_field(caps);
  if (!missing.empty()) return Error{Errc::malformed, "the caps of a stream need " + missing};
  const std::string name = "media_" + std::to_string(added_++);
  Sending line;
  line.caps = retain(caps);
  line.stream = stream_id;
  auto fitting = retain(caps);
  if (other) {
    line.other = retain(other);
    fitting = adopt(gst_caps_merge(gst_caps_ref(caps), gst_caps_ref(other)));
  }
  line.outer = make_media_inlet(name, fitting.get(), line.accepted);
  if (!gst_element_add_pad(pipeline, line.outer.get()))
    return Error{Errc::failed, "the pipeline took no pad"};
  sending_.push_back(std::move(line));
  return sending_.back().outer;
}

void MediaLines::place(GstElement* webrtcbin) {
  for (Sending& line : sending_) {
    if (line.settled || (line.ended && !line.inner)) continue;
    if (!line.inner)
      request(webrtcbin, line);
    else
      offer(line);
  }
  if (!wanted_.empty()) asking_ = asked_ = true;
  for (const auto& caps : std::exchange(wanted_, {})) {
    GstWebRTCRTPTransceiver* made = nullptr;
    g_signal_emit_by_name(webrtcbin, "add-transceiver",
                          GST_WEBRTC_RTP_TRANSCEIVER_DIRECTION_RECVONLY, caps.get(), &made);
    const auto not_kept = adopt(made);
  }
}

bool MediaLines::receive(const core::RemoteMedia& media) {
  auto caps = receiving_caps(media);
  if (!caps) return false;
  wanted_.push_back(std::move(caps));
  return true;
}

void MediaLines::request(GstElement* webrtcbin, Sending& line) {
  GstPadTemplate* sinks = gst_element_get_pad_template(webrtcbin, "sink_%u");
  line.inner = adopt(gst_element_request_pad(webrtcbin, sinks, nullptr, line.caps.get()));
  if (!line.inner) return;
  GstPad* pad = line.inner.get();
  bypass_fec_for(pad);
  if (!line.stream.empty()) g_object_set(pad, "msid", line.stream.c_str(), nullptr);
  GstWebRTCRTPTransceiver* raw = nullptr;
  g_object_get(pad, "transceiver", &raw, nullptr);
  line.transceiver = adopt(raw);
  // Without it Chromium waits three seconds for a lost packet, and then asks for a keyframe. Before
  // the first offer, or there is never any.
  g_object_set(raw, "direction", GST_WEBRTC_RTP_TRANSCEIVER_DIRECTION_SENDONLY, "do-nack",
               is_picture(line.caps.get()), nullptr);
  const std::string id = "genos/" + line.stream + "/" + GST_PAD_NAME(pad);
  gst_pad_send_event(pad, gst_event_new_stream_start(id.c_str()));
  offer(line);
  // From now on whatever the application pushes arrives, its segment first.
  gst_ghost_pad_set_target(GST_GHOST_PAD(line.outer.get()), pad);
}

// create-offer must find caps on every pad, and whoever feeds this one may come later.
void MediaLines::announce(Sending& line, GstCaps* caps) {
  g_object_set(line.transceiver.get(), "codec-preferences", caps, nullptr);
  gst_pad_send_event(line.inner.get(), gst_event_new_caps(caps));
}

// Of two codecs webrtcbin would offer the one that the pad has caps of: it gets them with the
// answer, and what is pushed to it before comes no further than the inlet.
void MediaLines::offer(Sending& line) {
  if (!line.other) return announce(line, line.caps.get());
  auto other = adopt(gst_caps_copy(line.other.get()));
  gst_structure_remove_field(gst_caps_get_structure(other.get(), 0), "ssrc");  // it is said once
  const auto both = adopt(gst_caps_merge(gst_caps_ref(line.caps.get()), other.release()));
  g_object_set(line.transceiver.get(), "codec-preferences", both.get(), nullptr);
}

void MediaLines::choose(Sending& line, const core::RemoteMedia& answer) {
  if (!line.other) return;
  const auto* s = gst_caps_get_structure(line.caps.get(), 0);
  const char* name = gst_structure_get_string(s, "encoding-name");
  line.in_other = *line.accepted && std::ranges::none_of(answer.codecs, [&](const auto& codec) {
    return codec.is(name);
  });
  announce(line, (line.in_other ? line.other : line.caps).get());
}

// webrtcbin keeps a pad that is released on its list, so it stays; but with caps that no offer has
// it is not taken for one of the offer's lines.
void MediaLines::withdraw() {
  wanted_.clear();
  const auto nothing = adopt(gst_caps_from_string(
      "application/x-rtp, media=none, encoding-name=NONE, payload=0, clock-rate=1"));
  for (Sending& line : sending_)
    if (line.inner && !line.settled && !line.other)
      announce(line, nothing.get());
    else if (line.inner && !line.settled)
      g_object_set(line.transceiver.get(), "codec-preferences", nothing.get(), nullptr);
}

void MediaLines::expect(const core::RemoteDescription& offer, const core::Shim& shim) {
  const std::scoped_lock guard(lock_);
  for (std::size_t wire = 0; wire < offer.media.size(); wire++) {
    const auto inner = shim.receiving_line(wire);
    if (!inner) continue;
    if (offered_.size() <= *inner) offered_.resize(*inner + 1);
    offered_[*inner] = offer.media[wire];
  }
}

void MediaLines::settle(const core::RemoteDescription& remote, const core::Shim& shim) {
  asking_ = false;
  for (Sending& line : sending_) {
    if (!line.transceiver) continue;
    const auto wire = shim.to_wire(line_of(line.transceiver.get()));
    if (line.settled && !wire) continue;  // theirs took its place: it stays refused
    const bool is_news = !line.settled;
    line.settled = wire && *wire < remote.media.size();
    const bool takes = line.settled && !remote.media[*wire].rejected &&
                       core::receives(remote.media[*wire].direction);
    *line.accepted = takes;
    if (is_news && line.settled) choose(line, remote.media[*wire]);
  }
}

void MediaLines::end(GstPad* pad) {
  const auto line =
      std::ranges::find_if(sending_, [&](const Sending& each) { return each.outer.get() == pad; });
  if (line != sending_.end()) line->ended = true;
}

std::vector<std::size_t> MediaLines::retire_ended(const core::Shim& shim) {
  std::vector<std::size_t> wires;
  for (Sending& line : sending_) {
    if (!line.ended || !line.settled || std::exchange(line.retired, true)) continue;
    if (const auto wire = shim.to_wire(line_of(line.transceiver.get()))) wires.push_back(*wire);
  }
  return wires;
}

MediaStanding MediaLines::standing(GstPad* pad) const {
  const auto line =
      std::ranges::find_if(sending_, [&](const Sending& each) { return each.outer.get() == pad; });
  if (line == sending_.end() || !line->settled) return MediaStanding::open;
  if (!*line->accepted) return MediaStanding::refused;
  return line->in_other ? MediaStanding::taken_in_other : MediaStanding::taken;
}

// webrtcbin 1.22 emits this with its lock held: nothing but the transceiver may be touched.
void MediaLines::on_transceiver(GstWebRTCRTPTransceiver* transceiver) {
  const guint line = line_of(transceiver);
  Ref<GstCaps> caps;
  {
    const std::scoped_lock guard(lock_);
    if (line < offered_.size()) caps = receiving_caps(offered_[line]);
  }
  if (caps)
    g_object_set(transceiver, "codec-preferences", caps.get(), "do-nack", is_picture(caps.get()),
                 nullptr);
}

void MediaLines::on_pad(GstElement* pipeline, GstPad* pad) {
  {
    GstWebRTCRTPTransceiver* found = nullptr;
    g_object_get(pad, "transceiver", &found, nullptr);
    const auto transceiver = adopt(found);
    if (pad_added_) pad_added_(pad, transceiver ? line_of(transceiver.get()) : G_MAXUINT);
  }
  if (asked_) ask_for_keyframe(pad);
  if (gst_pad_is_linked(pad)) return;
  const auto fake = drain_into(pipeline);
  if (!fake) return;
  const auto to = adopt(gst_element_get_static_pad(fake.get(), "sink"));
  gst_pad_link(pad, to.get());
}

}  // namespace genos::link
