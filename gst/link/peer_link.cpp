// SPDX-License-Identifier: LGPL-2.1-or-later
#include "link/peer_link.hpp"

#include <algorithm>
#include <utility>

#include "crypto/certificate.hpp"
#include "link/association_number.hpp"
#include "link/peer_link_impl.hpp"
#include "link/platform.hpp"
#include "link/reaper.hpp"

namespace genos::link {
namespace {

// A page notices a closed channel and lets go of its side in about 0.1 s; dropped without it, the
// page's leave() and joinRoom() fail until its own time-out.
constexpr core::Duration goodbye = std::chrono::milliseconds(300);
// A page sends one channel, ours a second one for what is fresh. Each costs two threads in
// webrtcbin 1.22.
constexpr std::size_t max_channels = 4;
// What has just left the channel's queue is lost, and the close with it, when the channel is closed
// before sctpenc has taken it (1.22; cured in 1.22.3). So last_words_ pass in between, as long as
// Trystero waits after its goodbye.
// The same when much was still waiting: sctpenc then holds more than it can pass on at once, and
// when the last packets are lost it waits for usrsctp, which repeats them after a second: of 144
// closes after 3 MB half a second was too short for six, and this for none of 161.
constexpr core::Duration last_speech = std::chrono::milliseconds(1500);
constexpr std::size_t much = 64UL * 1024;
// For what was written to leave a link that is being closed.
constexpr core::Duration flush_limit = std::chrono::seconds(2);

Ref<GObject> object_of(gpointer owner, const char* property) {
  GObject* raw = nullptr;
  if (owner) g_object_get(owner, property, &raw, nullptr);
  return adopt(raw);
}

Ref<GstElement> make_pipeline() {
  auto pipeline = sink(gst_pipeline_new(nullptr));
  const auto clock = adopt(gst_system_clock_obtain());
  // For as long as the link lives, whatever the pipelines of the application do.
  gst_pipeline_use_clock(GST_PIPELINE(pipeline.get()), clock.get());
  gst_element_set_start_time(pipeline.get(), GST_CLOCK_TIME_NONE);
  gst_element_set_base_time(pipeline.get(), gst_clock_get_time(clock.get()));
  return pipeline;
}

constexpr core::Duration writer_limit = std::chrono::seconds(1);
constexpr core::Duration writer_pause = std::chrono::milliseconds(5);

// sctpenc (1.22) waits for room in the association while a pad is not flushing, and forgets that it
// is when a reconfigure event comes by on the way to NULL: with a peer that reads nothing that wait
// has no end, and with it this thread's. A flushing pad takes nothing more, whatever comes by. Who
// only has much to write gets the time for it. Events from downstream are kept away too: in
// whatever state it is, sctpenc begins its own task again for them.
void interrupt(const GValue* item, gpointer) {
  auto* encoder = GST_ELEMENT(g_value_get_object(item));
  // What goes downstream from here still has a goodbye of DTLS to carry.
  const auto out = adopt(gst_element_get_static_pad(encoder, "src"));
  const auto stay = [](GstPad*, GstPadProbeInfo*, gpointer) { return GST_PAD_PROBE_DROP; };
  constexpr int kept_away = GST_PAD_PROBE_TYPE_EVENT_FLUSH | GST_PAD_PROBE_TYPE_EVENT_UPSTREAM;
  gst_pad_add_probe(out.get(), GstPadProbeType(kept_away), stay, nullptr, nullptr);
  GstIterator* pads = gst_element_iterate_sink_pads(encoder);
  const auto flush = [](const GValue* held, gpointer) {
    auto* pad = GST_PAD(g_value_get_object(held));
    GRecMutex* writing = GST_PAD_GET_STREAM_LOCK(pad);
    bool free = g_rec_mutex_trylock(writing);
    for (core::Duration waited{}; !free && waited < writer_limit; waited += writer_pause) {
      g_usleep(static_cast<gulong>(writer_pause.count()));
      free = g_rec_mutex_trylock(writing);
    }
    if (!free) {
      gst_pad_send_event(pad, gst_event_new_flush_start());
      g_rec_mutex_lock(writing);
    }
    g_rec_mutex_unlock(writing);
  };
  gst_iterator_foreach(pads, flush, nullptr);
  gst_iterator_free(pads);
}

// sctpenc (1.22, 1.26) begins its task even when it could not go to PAUSED, because somebody else's
// webrtcbin has its association (association_number.hpp); it does not end it on the way to NULL
// then, and the disposal of its pad waits for ever. A flush ends the wait in its queue.
void stop_task_left_over(const GValue* item, gpointer) {
  auto* encoder = GST_ELEMENT(g_value_get_object(item));
  const auto out = adopt(gst_element_get_static_pad(encoder, "src"));
  if (gst_pad_get_task_state(out.get()) == GST_TASK_STOPPED) return;
  // Not through the pad, which is not active.
  GST_PAD_EVENTFUNC(out.get())(out.get(), GST_OBJECT(encoder), gst_event_new_flush_start());
  gst_pad_stop_task(out.get());
}

// webrtcbin (1.22 to 1.26) makes its transports on a thread of its own, which it joins only after
// its children went to NULL: one that was being added meanwhile follows the state before, stays in
// it, and is disposed of with threads and sockets.
void stop_transport_left_over(const GValue* item, gpointer) {
  gst_element_set_state(GST_ELEMENT(g_value_get_object(item)), GST_STATE_NULL);
}

void for_each_child(GstBin* bin, GstIteratorForeachFunction what) {
  GstIterator* children = gst_bin_iterate_elements(bin);
  gst_iterator_foreach(children, what, nullptr);
  gst_iterator_free(children);
}

void for_each_encoder(GstElement* pipeline, GstIteratorForeachFunction what) {
  GstIterator* encoders = gst_bin_iterate_all_by_element_factory_name(GST_BIN(pipeline), "sctpenc");
  gst_iterator_foreach(encoders, what, nullptr);
  gst_iterator_free(encoders);
}

struct Remains {
  Ref<GstElement> pipeline;
  Ref<GstPromise> asked;  // what webrtcbin was asked last, if anything
  Ref<GstWebRTCDataChannel> channel;
};

void end_pipeline(const Remains& remains) {
  GstElement* pipeline = remains.pipeline.get();
  for_each_encoder(pipeline, interrupt);
  const auto bus = adopt(gst_element_get_bus(pipeline));
  gst_bus_set_sync_handler(bus.get(), nullptr, nullptr, nullptr);
  gst_element_set_state(pipeline, GST_STATE_NULL);
  for_each_child(GST_BIN(pipeline), [](const GValue* item, gpointer) {
    auto* child = g_value_get_object(item);
    if (GST_IS_BIN(child)) for_each_child(GST_BIN(child), stop_transport_left_over);
  });
  for_each_encoder(pipeline, stop_task_left_over);
  // webrtcbin (1.22) forgets on the way to NULL what is queued on its thread, and GStreamer
  // warns of a promise that nobody answered. gst_promise_expire() (main of 2025, too) forgets what
  // the promise is to free, which is a link; this does not.
  if (remains.asked) gst_promise_interrupt(remains.asked.get());
}

// SCTP closes the channel once everything that was written has arrived.
void end_when_closed(const Remains& remains, core::Duration waited) {
  GstWebRTCDataChannelState state{};
  g_object_get(remains.channel.get(), "ready-state", &state, nullptr);
  static constexpr core::Duration pause = std::chrono::milliseconds(50);
  // webrtcbin takes the elements of a channel away just after it says that it is closed, and what
  // 1.26 does when they vanish under it goes from a warning to a crash.
  if (state == GST_WEBRTC_DATA_CHANNEL_STATE_CLOSED || waited >= flush_limit)
    return reaper::after(pause, [remains] { end_pipeline(remains); });
  reaper::after(pause, [remains, waited] { end_when_closed(remains, waited + pause); });
}

}  // namespace

PeerLink::Impl::Impl(Options options, Events events)
    : options_(std::move(options)),
      events_(std::move(events)),
      context_(retain(options_.context)),
      shim_(platform().core) {}

PeerLink::Impl::~Impl() { dispose(); }

void PeerLink::Impl::start() {
  mailbox_ = std::make_shared<Box>(context_.get(), weak_from_this());
  guard_ = std::make_shared<MediaGuard>([box = mailbox_] {
    box->post([](Impl& self) {
      if (!self.over_ && self.events_.heard) self.events_.heard();
    });
  });
  lines_ = std::make_shared<MediaLines>(events_.pad_added);
  if (!build()) return end("webrtcbin could not be started: is gstreamer1.0-nice installed?");
  negotiator_ = std::make_unique<Machine>(
      context_.get(),
      core::Negotiator(
          {options_.role, options_.partner, platform().core.forgets_offers, options_.step_limit}),
      Act{this});
  feed(core::Negotiator::Begin{});
}

bool PeerLink::Impl::build() {
  webrtc_ = sink(gst_element_factory_make("webrtcbin", nullptr));
  if (!webrtc_) return false;
  pipeline_ = make_pipeline();
  g_object_set(webrtc_.get(), "bundle-policy", GST_WEBRTC_BUNDLE_POLICY_MAX_BUNDLE, nullptr);
  set_jitter(options_.jitter);
  if (platform().reuse_source_pads) g_object_set(webrtc_.get(), "reuse-source-pads", TRUE, nullptr);
  number_association(webrtc_.get());
  configure_ice(webrtc_.get(), options_.ice);
  gst_bin_add(GST_BIN(pipeline_.get()), webrtc_.get());  // refs what does not float
  watch_bus();
  watch_webrtcbin();
  // In READY, so that the channel stands in the first offer.
  if (gst_element_set_state(pipeline_.get(), GST_STATE_READY) == GST_STATE_CHANGE_FAILURE)
    return false;
  if (options_.role == core::LinkRole::offerer) {
    GstWebRTCDataChannel* channel = nullptr;
    g_signal_emit_by_name(webrtc_.get(), "create-data-channel", "data", nullptr, &channel);
    if (!channel) return false;
    port_ = std::make_shared<DataPort>(adopt(channel), data_events(mailbox_, &Impl::on_message));
  }
  return gst_element_set_state(pipeline_.get(), GST_STATE_PLAYING) != GST_STATE_CHANGE_FAILURE;
}

void PeerLink::Impl::set_jitter(core::Duration jitter) {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(jitter).count();
  if (webrtc_) g_object_set(webrtc_.get(), "latency", static_cast<guint>(ms), nullptr);
}

void PeerLink::Impl::watch_bus() {
  const auto bus = adopt(gst_element_get_bus(pipeline_.get()));
  const auto handler = [](GstBus*, GstMessage* message, gpointer data) -> GstBusSyncReply {
    const auto& box = *static_cast<std::shared_ptr<Box>*>(data);
    const auto type = GST_MESSAGE_TYPE(message);
    if (type == GST_MESSAGE_ERROR || type == GST_MESSAGE_LATENCY)
      box->post([kept = retain(message)](Impl& self) { self.on_bus_message(kept.get()); });
    gst_message_unref(message);
    return GST_BUS_DROP;
  };
  gst_bus_set_sync_handler(bus.get(), handler, new std::shared_ptr<Box>(mailbox_),
                           [](gpointer data) { delete static_cast<std::shared_ptr<Box>*>(data); });
}

// An error in here is this peer's end, never the room's.
void PeerLink::Impl::on_bus_message(GstMessage* message) {
  if (over_) return;
  // Without it webrtcbin 1.24.12 to 1.26 sends no RTCP sender reports.
  if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_LATENCY) {
    gst_bin_recalculate_latency(GST_BIN(pipeline_.get()));
    return;
  }
  Owned<GError> error;
  {
    Out<GError> slot(error);
    gst_message_parse_error(message, slot, nullptr);
  }
  end(std::string("the connection broke: ") + (error ? error->message : "unknown error"));
}

void PeerLink::Impl::watch_webrtcbin() {
  auto* webrtc = webrtc_.get();
  connections_.push_back(on<void(GstElement*, guint, char*)>(
      webrtc, "on-ice-candidate", [box = mailbox_](auto*, guint mline, char* text) {
        if (!text || !*text) return;  // 1.26: end of candidates of one transport
        core::Candidate candidate{text, {}, mline, {}};
        box->post(
            [c = std::move(candidate)](Impl& self) { self.feed(core::Negotiator::Local{c}); });
      }));
  connections_.push_back(on<void(GstElement*, GParamSpec*)>(
      webrtc, "notify::ice-gathering-state", [box = mailbox_](GstElement* from, GParamSpec*) {
        GstWebRTCICEGatheringState state{};
        g_object_get(from, "ice-gathering-state", &state, nullptr);
        if (state != GST_WEBRTC_ICE_GATHERING_STATE_COMPLETE) return;
        box->post([](Impl& self) { self.feed(core::Negotiator::Local{}); });
      }));
  connections_.push_back(on<void(GstElement*, GParamSpec*)>(
      webrtc, "notify::connection-state", [box = mailbox_](auto*, auto*) {
        box->post([](Impl& self) { self.on_connection_state(); });
      }));
  // The one place where handlers are attached before a message can come.
  const bool ours = options_.role == core::LinkRole::offerer;
  const bool genos = options_.partner == core::Partner::genos;
  const auto seen = std::make_shared<std::atomic<std::size_t>>(ours ? 1 : 0);
  connections_.push_back(on<void(GstElement*, GstWebRTCDataChannel*, gboolean)>(
      webrtc, "prepare-data-channel",
      [seen, genos, box = mailbox_](auto*, GstWebRTCDataChannel* channel, gboolean local) {
        if (local) return;
        const std::size_t before = seen->fetch_add(1);
        if (before == 0) {  // whatever its label says
          auto port =
              std::make_shared<DataPort>(retain(channel), data_events(box, &Impl::on_message));
          box->post([port = std::move(port)](Impl& self) { self.take_port(port); });
        } else if (genos && before == 1) {  // its label is not known yet (1.22)
          auto port =
              std::make_shared<DataPort>(retain(channel), fresh_events(box, &Impl::on_fresh_piece));
          box->post([port = std::move(port)](Impl& self) { self.heard_fresh_ = port; });
        } else if (before >= max_channels) {
          box->post([](Impl& self) { self.end("they open one data channel after another"); });
        }
      }));
  for (auto& connection : guard_->watch(pipeline_.get(), webrtc))
    connections_.push_back(std::move(connection));
  for (auto& connection : lines_->watch(pipeline_.get(), webrtc))
    connections_.push_back(std::move(connection));
  connections_.push_back(repairs_->watch(pipeline_.get()));
}

void PeerLink::Impl::on_connection_state() {
  if (over_) return;
  GstWebRTCPeerConnectionState state{};
  g_object_get(webrtc_.get(), "connection-state", &state, nullptr);
  if (state == GST_WEBRTC_PEER_CONNECTION_STATE_FAILED) return end("no path to the peer works");
  if (state != GST_WEBRTC_PEER_CONNECTION_STATE_CONNECTED) return;
  gst_bin_recalculate_latency(GST_BIN(pipeline_.get()));
  (void)verify();
}

// DTLS is up, but 1.22 to 1.28.4 take any certificate: is it the one that signalling announced?
bool PeerLink::Impl::verify() {
  if (verified_ || over_) return verified_;
  const auto sctp = object_of(webrtc_.get(), "sctp-transport");
  const auto dtls = object_of(sctp.get(), "transport");
  char* raw = nullptr;
  if (dtls) g_object_get(dtls.get(), "remote-certificate", &raw, nullptr);
  const Owned<char> pem(raw);
  if (!pem || !remote_) return false;  // not connected yet
  const auto found = crypto::certificate_fingerprint(pem.get(), remote_->fingerprint_hash);
  verified_ = found && *found == remote_->fingerprint;
  if (verified_)
    guard_->verified();
  else
    end("somebody else answered: the certificate is not the one of the peer's description");
  return verified_;
}

void PeerLink::Impl::end(std::string why) {
  if (std::exchange(over_, true)) return;
  mailbox_->post([reason = std::move(why)](Impl& self) {
    const auto tell = [reason](Impl& me) {
      if (me.events_.closed) me.events_.closed(reason);
    };
    // Strangers can begin many connections: one that never came about counts until it is gone.
    if (!self.channel_open_ && self.pipeline_)
      return self.dispose([box = self.mailbox_, tell] { box->post(tell); });
    self.dispose();
    tell(self);
  });
}

void PeerLink::Impl::close(core::Closing closing) {
  if (over_ || std::exchange(closing_, true)) return;
  if (closing == core::Closing::at_once || !opened_ || port_->buffered() == 0)
    return end("closed by us");
  if (port_->buffered() > much) last_words_ = last_speech;
  post_later(flush_limit, [](Impl& self) { self.end("closed by us"); });
}

void PeerLink::Impl::post_later(core::Duration delay, void (*task)(Impl& self)) {
  struct Later {
    // A context that goes must find no mailbox in its sources, but a mailbox ends its own.
    std::weak_ptr<Box> box;
    void (*task)(Impl& self);
  };
  GSource* timer = g_timeout_source_new(
      static_cast<guint>(std::chrono::duration_cast<std::chrono::milliseconds>(delay).count()));
  const auto due = [](gpointer data) -> gboolean {
    const auto& later = *static_cast<Later*>(data);
    if (const auto box = later.box.lock()) box->post(later.task);
    return G_SOURCE_REMOVE;
  };
  g_source_set_callback(timer, due, new Later{mailbox_, task},
                        [](gpointer data) { delete static_cast<Later*>(data); });
  g_source_attach(timer, context_.get());
  g_source_unref(timer);
}

void PeerLink::Impl::shut_down() {
  over_ = true;
  dispose();
}

// webrtcbin joins its threads on the way to NULL, so that happens elsewhere; the channel is closed
// first, or the other side hears nothing of it. Who wrote nothing lately closes at once: a page
// that says goodbye lets go of the connection within the 99 ms in which it leaves, and can return.
void PeerLink::Impl::dispose(std::function<void()> gone) {
  connections_.clear();
  negotiator_.reset();
  const auto channel = port_ ? port_->channel() : nullptr;
  port_.reset();
  fresh_.reset();
  heard_fresh_.reset();
  webrtc_ = nullptr;
  if (!pipeline_) return;
  const Remains remains{std::exchange(pipeline_, nullptr), std::exchange(asked_, nullptr), channel};
  if (!channel || !channel_open_)
    return reaper::after({}, [remains, gone = std::move(gone)] {
      end_pipeline(remains);
      if (gone) gone();
    });
  const auto wait =
      std::clamp(written_ + last_words_ - monotonic_now(), core::Duration(), last_words_);
  // Closed by both sides at a time, webrtcbin (1.26) takes its elements away twice and crashes. Of
  // two of ours the offerer closes; the other one has said goodbye in words.
  const bool theirs = !platform().core.forgets_offers && options_.partner == core::Partner::genos &&
                      options_.role == core::LinkRole::answerer;
  if (!theirs) reaper::after(wait, [channel] { gst_webrtc_data_channel_close(channel.get()); });
  reaper::after(wait + goodbye, [remains] { end_when_closed(remains, goodbye); });
}

// --- the outside ---

PeerLink::PeerLink(Options options, Events events)
    : impl_(std::make_shared<Impl>(std::move(options), std::move(events))) {
  impl_->start();
}
PeerLink::~PeerLink() { impl_->shut_down(); }
void PeerLink::signal(core::Signal signal) { impl_->signal(std::move(signal)); }
void PeerLink::send(core::Bytes bytes) { impl_->send(std::move(bytes)); }
void PeerLink::send_fresh(core::Bytes bytes) { impl_->send_fresh(std::move(bytes)); }
void PeerLink::close(core::Closing closing) { impl_->close(closing); }
core::Result<Ref<GstPad>> PeerLink::add_media(GstCaps* caps, const std::string& stream_id,
                                              GstCaps* other) {
  return impl_->add_media(caps, stream_id, other);
}
void PeerLink::end_media(GstPad* pad, bool in_words) { impl_->end_media(pad, in_words); }
MediaStanding PeerLink::standing(GstPad* pad) const { return impl_->standing(pad); }
std::vector<PeerLink::RemoteTrack> PeerLink::tracks() const { return impl_->tracks(); }
void PeerLink::set_jitter(core::Duration jitter) { impl_->set_jitter(jitter); }
GstElement* PeerLink::pipeline() const { return impl_->pipeline(); }
std::string PeerLink::remote_fingerprint() const { return impl_->remote_fingerprint(); }

bool drain_teardowns(core::Duration limit) { return reaper::drain(limit); }

}  // namespace genos::link
