// SPDX-License-Identifier: LGPL-2.1-or-later
#include "e2e/peer/media.hpp"

#include "core/base/overloaded.hpp"
#include "e2e/peer/speech.hpp"
#include "genos/gstgenosroom_private.hpp"

namespace genos::test {
namespace {

using core::Json;
using core::Node;

constexpr guint look_every_ms = 100;
constexpr std::int64_t settled = 400'000;    // us: no further track joins a stream after that
constexpr std::int64_t silence = 1'000'000;  // us without a packet: the track was taken away

// What we send; `caps` is what the link is told, `line` ends in packets that fit them.
struct Source {
  const char* caps;
  const char* line;
};
constexpr Source picture{
    "application/x-rtp,media=video,encoding-name=VP8,payload=96,clock-rate=90000,ssrc=(uint)%u",
    "videotestsrc is-live=true pattern=ball ! video/x-raw,width=320,height=240,framerate=25/1 ! "
    "vp8enc deadline=1 keyframe-max-dist=25 target-bitrate=300000 ! rtpvp8pay pt=96 ssrc=%u"};
constexpr Source av1_picture{
    "application/x-rtp,media=video,encoding-name=AV1,payload=45,clock-rate=90000,ssrc=(uint)%u",
    "videotestsrc is-live=true pattern=ball ! "
    "video/x-raw,format=I420,width=320,height=240,framerate=25/1 ! "
    "genosav1enc ! genosrtpav1pay mtu=1200 ssrc=%u"};
constexpr Source tone{
    "application/x-rtp,media=audio,encoding-name=OPUS,payload=111,clock-rate=48000,"
    "encoding-params=(string)2,ssrc=(uint)%u",
    "audiotestsrc is-live=true ! audioconvert ! audio/x-raw,channels=2 ! opusenc ! "
    "rtpopuspay pt=111 ssrc=%u"};

std::string with_ssrc(const char* format, guint ssrc) {
  std::string text(format);
  return text.replace(text.find("%u"), 2, std::to_string(ssrc));
}

std::string random_key() {
  const Owned<char> uuid(g_uuid_string_random());
  std::string key(uuid.get());
  std::erase(key, '-');
  return key.substr(0, 20);
}

Ref<GstElement> webrtcbin_of(GstElement* pipeline) {
  GstIterator* all = gst_bin_iterate_all_by_element_factory_name(GST_BIN(pipeline), "webrtcbin");
  GValue item = G_VALUE_INIT;
  Ref<GstElement> found;
  if (gst_iterator_next(all, &item) == GST_ITERATOR_OK) {
    found = retain(GST_ELEMENT(g_value_get_object(&item)));
    g_value_unset(&item);
  }
  gst_iterator_free(all);
  return found;
}

}  // namespace

std::shared_ptr<Media> Media::listen(GstGenosRoom* room, const std::string& id) {
  auto self = std::make_shared<Media>(room, id);
  self->world_->post([self] { self->enter(); });
  self->timer_ = g_timeout_add(
      look_every_ms,
      [](gpointer data) -> gboolean { return static_cast<Media*>(data)->look(), TRUE; },
      self.get());
  return self;
}

Media::Media(GstGenosRoom* room, std::string id)
    : room_id_(std::move(id)), front_(front_of(room)), world_(World::start()) {
  auto& state = state_of(room);
  const std::scoped_lock guard(state.lock);
  config_ = state.config;
}

Media::~Media() {
  if (timer_ != 0) g_source_remove(timer_);
}

void Media::enter() {
  const auto secrets = make_secrets(config_);
  if (!secrets) return;
  host_ = NodeHost::open(*world_, config_, *secrets);
  token_ = crypto::room_token(config_.app_id, config_.room_id);
  host_->join(config_, *secrets, shared_from_this(), {});
}

// The room is left by its GstGenosRoom, after this: both go through the same queue.
void Media::stop() {
  if (timer_ != 0) g_source_remove(std::exchange(timer_, 0));
  world_->post([self = shared_from_this()] {
    if (self->host_) self->host_->leave(self->token_, *self, "");
    self->host_ = nullptr;
    self->sources_.clear();
    const std::scoped_lock guard(self->lock_);
    self->remotes_.clear();
  });
}

void Media::output(const Node::Output& output) {
  std::visit(core::Overloaded{
                 [&](const Node::PeerJoined& joined) { attach(joined.peer); },
                 [&](const Node::PeerMoved& moved) { attach(moved.peer); },
                 [&](const Node::PeerLeft& left) {
                   const std::scoped_lock guard(lock_);
                   remotes_.erase(left.peer.value);
                 },
                 [&](const Node::Received& received) {
                   if (received.message.channel == "@_stream") announce(received);
                 },
                 [&](const auto&) {},
             },
             output);
}

void Media::attach(const core::PeerId& peer) {
  auto* link = host_ ? host_->link_of(peer) : nullptr;
  const auto webrtcbin = link ? webrtcbin_of(link->pipeline()) : nullptr;
  if (!webrtcbin) return;
  auto pads = on<void(GstElement*, GstPad*)>(
      webrtcbin.get(), "pad-added", [weak = weak_from_this(), id = peer.value](auto*, GstPad* pad) {
        if (const auto alive = weak.lock(); alive && GST_PAD_IS_SRC(pad)) alive->add_pad(id, pad);
      });
  const std::scoped_lock guard(lock_);
  remotes_[peer.value].pads = std::move(pads);
}

void Media::add_pad(const std::string& peer, GstPad* pad) {
  auto decoder = Decoder::watch(pad);
  const std::scoped_lock guard(lock_);
  if (const auto found = remotes_.find(peer); found != remotes_.end())
    found->second.decoders.push_back(std::move(decoder));
}

void Media::announce(const Node::Received& received) {
  const Json said = value_of(core::text_of(*received.message.payload));
  Announced stream;
  stream.id = said.string_at("s").value_or("");
  if (const auto* meta = said.find("m")) stream.meta = *meta;
  const std::scoped_lock guard(lock_);
  auto& remote = remotes_[received.peer.value];
  for (const auto& decoder : remote.decoders) stream.packets[decoder->kind] += decoder->packets;
  remote.announced.push_back(std::move(stream));
}

void Media::look() {
  const std::scoped_lock guard(lock_);
  for (auto& [peer, remote] : remotes_) report(peer, remote);
}

// Trystero says which stream comes; when it does come, and when it ends, only the packets tell.
void Media::report(const std::string& peer, Remote& remote) {
  const std::int64_t now = g_get_monotonic_time();
  std::map<std::string, std::int64_t> packets;
  std::map<std::string, std::int64_t> last;
  for (const auto& decoder : remote.decoders) {
    packets[decoder->kind] += decoder->packets;
    last[decoder->kind] = std::max<std::int64_t>(last[decoder->kind], decoder->last_packet);
  }
  auto base = event("").set("room", room_id_).set("peer", peer);
  for (const auto& kind : std::set(remote.flowing)) {
    if (now - last[kind] < silence) continue;
    remote.flowing.erase(kind);
    write_line(base.set("event", "track-end").set("stream", remote.stream).set("kind", kind));
  }
  if (remote.announced.empty()) return;
  auto& next = remote.announced.front();
  for (const auto& [kind, count] : packets)
    if (count > next.packets[kind] && next.flowing.insert(kind).second) next.quiet_since = now;
  if (next.flowing.empty() || now - next.quiet_since < settled) return;
  auto tracks = Json::array();
  for (const auto& kind : next.flowing) tracks.push(kind);
  base.set("event", "stream").set("stream", next.id).set("tracks", std::move(tracks));
  if (!next.meta.is_null()) base.set("meta", next.meta);
  write_line(base);
  remote.flowing = next.flowing;
  remote.stream = next.id;
  remote.announced.erase(remote.announced.begin());
}

std::string Media::add(const std::vector<std::string>& peers, const Json* meta, Codec codec) {
  const std::string stream = random_key();
  auto said = Json::object().set("k", random_key()).set("s", stream);
  if (meta) said.set("m", *meta);
  world_->post([self = shared_from_this(), peers, stream, said, codec] {
    for (const auto& peer : peers) self->add_to({peer}, stream, said, codec);
  });
  return stream;
}

void Media::add_to(const core::PeerId& peer, const std::string& stream, const Json& said,
                   Codec codec) {
  auto* link = host_ ? host_->link_of(peer) : nullptr;
  if (!link) return g_printerr("media: no link to %s\n", peer.value.c_str());
  const std::string text = core::to_text(said);
  core::Message message;
  message.channel = "@_stream";
  message.kind = core::PayloadKind::json;
  const auto bytes = core::bytes_of(text);
  message.payload = std::make_shared<const core::Bytes>(bytes.begin(), bytes.end());
  host_->feed(Node::Send{{}, token_, {peer}, std::move(message)});
  for (const auto& source : {codec == Codec::av1 ? av1_picture : picture, tone}) {
    const guint ssrc = g_random_int();
    const auto caps = adopt(gst_caps_from_string(with_ssrc(source.caps, ssrc).c_str()));
    const auto pad = link->add_media(caps.get(), stream);
    if (!pad) return g_printerr("media: %s\n", pad.error().detail.c_str());
    const auto line = with_ssrc(source.line, ssrc);
    const auto bin = sink(gst_parse_bin_from_description(line.c_str(), TRUE, nullptr));
    if (!bin) return g_printerr("media: no elements for %s\n", line.c_str());
    gst_bin_add(GST_BIN(link->pipeline()), bin.get());
    const auto from = adopt(gst_element_get_static_pad(bin.get(), "src"));
    // The link's pad is one of its pipeline, so what is inside the pipeline is in no hierarchy with
    // it.
    if (GST_PAD_LINK_FAILED(gst_pad_link_full(from.get(), pad->get(), GST_PAD_LINK_CHECK_CAPS)))
      return g_printerr("media: the link's pad takes no %s\n", source.caps);
    gst_element_sync_state_with_parent(bin.get());
    sources_[stream].push_back(bin);
  }
}

void Media::remove(const std::string& stream) {
  world_->post([self = shared_from_this(), stream] {
    for (const auto& bin : self->sources_[stream])
      gst_element_call_async(
          bin.get(),
          [](GstElement* gone, gpointer) { gst_element_set_state(gone, GST_STATE_NULL); }, nullptr,
          nullptr);
    self->sources_.erase(stream);
  });
}

Json Media::stats(const std::string& peer) {
  const std::scoped_lock guard(lock_);
  std::int64_t tracks[2] = {0, 0}, packets[2] = {0, 0}, frames = 0;
  int width = 0, height = 0;
  double energy = 0;
  std::string codec;
  for (const auto& decoder : remotes_[peer].decoders) {
    const bool audio = decoder->kind == "audio";
    tracks[audio]++;
    packets[audio] += decoder->packets;
    energy += decoder->energy;
    if (audio) continue;
    frames += decoder->frames;
    codec = decoder->codec;
    width = std::max<int>(width, decoder->width);
    height = std::max<int>(height, decoder->height);
  }
  auto video = Json::object().set("tracks", tracks[0]).set("packets", packets[0]);
  video.set("frames", frames).set("freezes", 0).set("width", width).set("height", height);
  video.set("codec", codec);
  auto audio = Json::object().set("tracks", tracks[1]).set("packets", packets[1]);
  audio.set("energy", energy);
  return Json::object().set("video", std::move(video)).set("audio", std::move(audio));
}

}  // namespace genos::test
