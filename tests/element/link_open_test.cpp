// SPDX-License-Identifier: LGPL-2.1-or-later
// A peer link opens, carries messages, and ends.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>

#include "bridge/pump.hpp"
#include "bridge/signal.hpp"
#include "core/wire/limits.hpp"
#include "link/association_number.hpp"
#include "link/reaper.hpp"
#include "support/footprint.hpp"
#include "support/link_pair.hpp"

namespace genos {
namespace {

using core::Bytes;
using core::Candidate;
using core::Closing;
using core::Description;
using core::Signal;
using test::LinkPair;
using test::LinkSide;
using namespace std::chrono_literals;

TEST(LinkOpen, CarriesMessagesOfEverySizeBothWaysInOrder) {
  LinkPair pair;
  ASSERT_TRUE(pair.open()) << pair.a.reason << pair.b.reason;
  const std::vector<std::size_t> sizes = {1, 100, 16451, 65535, 65536, 1};
  for (LinkSide* side : {&pair.a, &pair.b})
    for (const std::size_t size : sizes) side->link->send(Bytes(size, static_cast<uint8_t>(size)));
  ASSERT_TRUE(pair.until([&] {
    return pair.a.messages.size() == sizes.size() && pair.b.messages.size() == sizes.size();
  }));
  for (LinkSide* side : {&pair.a, &pair.b})
    for (std::size_t i = 0; i < sizes.size(); i++)
      EXPECT_EQ(side->messages[i], Bytes(sizes[i], static_cast<uint8_t>(sizes[i])));
  EXPECT_TRUE(pair.until([&] { return pair.a.last_drained == 0 && pair.b.last_drained == 0; }));
  EXPECT_GT(pair.a.heard, 0);
  EXPECT_EQ(pair.a.link->remote_fingerprint().size(), 95u);
}

TEST(LinkOpen, CandidatesFollowTheirDescription) {
  LinkPair pair;
  ASSERT_TRUE(pair.open());
  for (LinkSide* side : {&pair.a, &pair.b}) {
    ASSERT_FALSE(side->sent.empty());
    EXPECT_TRUE(std::holds_alternative<Description>(side->sent.front()));
    ASSERT_TRUE(pair.until([&] {
      const auto* last = std::get_if<Candidate>(&side->sent.back());
      return last && last->candidate.empty();  // no more will come
    }));
  }
}

TEST(LinkOpen, DoubledAndReorderedSignalsDoNoHarm) {
  LinkPair pair;
  for (LinkSide* side : {&pair.a, &pair.b}) {
    auto held = std::make_shared<std::optional<Signal>>();
    side->on_the_way = [side, held](Signal signal) -> std::optional<Signal> {
      if (std::holds_alternative<Description>(signal)) {
        *held = signal;
        return std::nullopt;
      }
      side->other->link->signal(signal);  // a candidate overtakes
      if (*held) {
        side->other->link->signal(**held);
        side->other->link->signal(**held);
      }
      return signal;
    };
  }
  ASSERT_TRUE(pair.open()) << pair.a.reason << pair.b.reason;
  pair.run(200ms);
  EXPECT_EQ(pair.a.closed + pair.b.closed, 0);
}

TEST(LinkOpen, FlushesWhatWasWrittenBeforeItCloses) {
  LinkPair pair;
  ASSERT_TRUE(pair.open());
  pair.b.keep = false;
  // The last message is the one that an early close loses.
  constexpr std::size_t messages = test::under_sanitizer ? 40 : 200;  // what leaves in two seconds
  for (std::size_t i = 0; i < messages; i++) pair.a.link->send(Bytes(16000, 7));
  pair.a.link->close(Closing::after_flush);
  ASSERT_TRUE(pair.until([&] { return pair.a.closed && pair.b.closed; }))
      << pair.a.closed << pair.b.closed << " " << pair.b.bytes;
  EXPECT_EQ(pair.b.bytes, messages * 16000);
  EXPECT_EQ(pair.a.closed, 1);
  EXPECT_EQ(pair.b.reason, "the other side closed the data channel");
}

// Best of a few, since others may use the machine: with its pause no close takes less than 99 ms.
TEST(LinkOpen, ClosesAtOnceWhenNothingWasWrittenLately) {
  core::Duration best = 1s;
  for (int i = 0; i < 5 && best >= 90ms; i++) {
    LinkPair pair;
    ASSERT_TRUE(pair.open());
    pair.run(120ms);
    const auto begun = monotonic_now();
    pair.a.link->close(Closing::after_flush);
    ASSERT_TRUE(pair.until([&] { return pair.b.closed; }));
    best = std::min(best, monotonic_now() - begun);
  }
  EXPECT_LT(best, 90ms);
}

TEST(LinkOpen, SaysClosedOnceAndNothingAfterIt) {
  LinkPair pair;
  ASSERT_TRUE(pair.open());
  pair.a.link->close(Closing::at_once);
  pair.a.link->close(Closing::after_flush);
  EXPECT_EQ(pair.a.closed, 0) << "no event from inside a call";
  pair.b.link->send(Bytes(10, 1));
  ASSERT_TRUE(pair.until([&] { return pair.a.closed > 0; }));
  pair.run(100ms);
  EXPECT_EQ(pair.a.closed, 1);
  EXPECT_TRUE(pair.a.messages.empty());
}

// Every moment of a link's life is a moment at which it may be dropped.
TEST(LinkOpen, MayBeDestroyedAtAnyTime) {
  for (int i = 0; i < 12; i++) {
    LinkPair pair;
    pair.start();
    pair.run(std::chrono::milliseconds(3 * i));
    (i % 2 ? pair.a : pair.b).link.reset();
    pair.run(10ms);
  }
  EXPECT_TRUE(link::drain_teardowns(10s));
}

TEST(LinkOpen, MayBeDestroyedInItsOwnEvents) {
  LinkPair pair;
  pair.start();
  ASSERT_TRUE(pair.until([&] { return pair.a.opened && pair.b.opened; }));
  pair.a.on_the_way = [&](Signal) -> std::optional<Signal> {
    pair.a.link.reset();
    return std::nullopt;
  };
  const auto caps = adopt(gst_caps_from_string(
      "application/x-rtp,media=video,encoding-name=VP8,clock-rate=90000,payload=96,ssrc=(uint)5"));
  ASSERT_TRUE(pair.a.link->add_media(caps.get(), "s"));
  EXPECT_TRUE(pair.until([&] { return !pair.a.link; }));
}

TEST(LinkOpen, SurvivesThatTheOtherPipelineVanishes) {
  LinkPair pair;
  ASSERT_TRUE(pair.open());
  gst_element_set_state(pair.b.link->pipeline(), GST_STATE_NULL);
  for (int i = 0; i < 20; i++) {
    pair.a.link->send(Bytes(1000, 1));
    pair.run(10ms);
  }
  SUCCEED();  // that it is gone, the room finds out by its silence
}

// The path to a server that does not answer must not stand in the way of one that works.
TEST(LinkOpen, IceServersThatDoNotAnswerDelayNothing) {
  for (const char* server : {"stun:192.0.2.200:3478", "stun:no-such-host.invalid:3478",
                             "turn:u:p@192.0.2.200:3478", "turn:u:p@no-such-host.invalid"}) {
    LinkPair pair;
    for (LinkSide* side : {&pair.a, &pair.b}) pair.options(*side).ice.servers = {server};
    const gint64 begin = g_get_monotonic_time();
    ASSERT_TRUE(pair.open()) << server;
    EXPECT_LT(g_get_monotonic_time() - begin, 900 * G_TIME_SPAN_MILLISECOND) << server;
  }
}

TEST(LinkOpen, RelayOnlyGivesNoOtherCandidateAway) {
  LinkPair pair;
  for (LinkSide* side : {&pair.a, &pair.b}) pair.options(*side).ice.relay_only = true;
  pair.start();
  pair.run(500ms);
  EXPECT_FALSE(pair.a.opened);
  for (const Signal& signal : pair.a.sent) {
    const auto* candidate = std::get_if<Candidate>(&signal);
    EXPECT_TRUE(!candidate || candidate->candidate.empty()) << candidate->candidate;
  }
}

TEST(LinkOpen, TwoOfferersAndTwoAnswerersComeToNothing) {
  for (const auto role : {core::LinkRole::offerer, core::LinkRole::answerer}) {
    LinkPair pair;
    pair.options(pair.a).role = pair.options(pair.b).role = role;
    pair.start();
    pair.run(300ms);
    EXPECT_FALSE(pair.a.opened || pair.b.opened);
    EXPECT_EQ(pair.a.closed + pair.b.closed, 0);
  }
}

// The SCTP elements of one webrtcbin, as far as their association.
struct Association {
  Association() : bin(sink(gst_bin_new(nullptr))) { link::number_association(bin.get()); }
  ~Association() { gst_element_set_state(bin.get(), GST_STATE_NULL); }
  void make() {
    decoder = gst_element_factory_make("sctpdec", nullptr);
    encoder = gst_element_factory_make("sctpenc", nullptr);
    gst_bin_add_many(GST_BIN(bin.get()), decoder, encoder, nullptr);
  }
  guint number() const {
    guint of_decoder = 0, of_encoder = 0;
    g_object_get(decoder, "sctp-association-id", &of_decoder, nullptr);
    g_object_get(encoder, "sctp-association-id", &of_encoder, nullptr);
    EXPECT_EQ(of_decoder, of_encoder);
    return of_encoder;
  }
  // As a webrtcbin of the application may have it: by lot.
  void occupy(guint number) {
    make();
    for (GstElement* element : {decoder, encoder})
      g_object_set(element, "sctp-association-id", number, nullptr);
    g_object_set(decoder, "local-sctp-port", 5000, nullptr);
    g_object_set(encoder, "remote-sctp-port", 5000, nullptr);
    gst_element_set_state(bin.get(), GST_STATE_PAUSED);
  }
  Ref<GstElement> bin;
  GstElement *decoder = nullptr, *encoder = nullptr;
};

guint after(const Association& one, guint count) { return (one.number() + count) % 65536; }

TEST(LinkOpen, EveryAssociationHasANumberOfItsOwn) {
  Association first, second;
  first.make();
  second.make();
  EXPECT_EQ(second.number(), after(first, 1));
}

TEST(LinkOpen, EndsThoughItsAssociationIsSomebodyElses) {
  Association last, one, other;  // three numbers in a row; the links have the next two
  last.make();
  one.occupy(after(last, 3));
  other.occupy(after(last, 4));
  {
    LinkPair pair;
    pair.start();
    pair.run(2s);
    EXPECT_FALSE(pair.a.opened || pair.b.opened);
  }
  EXPECT_TRUE(link::drain_teardowns(5s));
}

Ref<GstElement> webrtcbin_of(const link::PeerLink& link) {
  GstIterator* found =
      gst_bin_iterate_all_by_element_factory_name(GST_BIN(link.pipeline()), "webrtcbin");
  GValue item = G_VALUE_INIT;
  EXPECT_EQ(gst_iterator_next(found, &item), GST_ITERATOR_OK);
  auto webrtc = retain(GST_ELEMENT(g_value_get_object(&item)));
  g_value_unset(&item);
  gst_iterator_free(found);
  return webrtc;
}

// What webrtcbin owes when it ends must not be freed unanswered: main() fails a test for which
// GStreamer warned.
TEST(LinkOpen, EndsWhileWebrtcbinOwesAReply) {
  LinkPair pair;
  std::optional<Signal> offer;
  pair.a.on_the_way = [&](Signal signal) -> std::optional<Signal> {
    if (std::holds_alternative<Description>(signal)) offer = std::move(signal);
    return std::nullopt;
  };
  pair.start();
  ASSERT_TRUE(pair.until([&] { return offer.has_value(); }));

  const auto webrtc = webrtcbin_of(*pair.b.link);
  std::atomic<bool> busy = false, free = false;
  const auto ask = [&](auto then) {
    auto asked = promise(then);
    g_signal_emit_by_name(webrtc.get(), "get-stats", nullptr, asked.get());
    return asked;
  };
  const auto held = ask([&](const GstStructure*) {
    busy = true;
    while (!free) g_usleep(100);
  });
  ASSERT_TRUE(pair.until([&] { return busy.load(); }));
  pair.b.link->signal(*offer);  // queued behind what holds its thread
  pair.b.link.reset();

  std::vector<Ref<GstPromise>> late;
  std::atomic<bool> ended = false;  // whoever asks hears at once that webrtcbin is closed
  EXPECT_TRUE(pair.until([&] {
    late.push_back(ask([&](const GstStructure*) { ended = true; }));
    return ended.load();
  }));
  free = true;
  EXPECT_TRUE(link::drain_teardowns(5s));
  for (const auto& each : late) gst_promise_interrupt(each.get());
}

TEST(LinkOpen, MovesManyMegabytes) {
  LinkPair pair;
  ASSERT_TRUE(pair.open());
  pair.b.keep = false;
  constexpr std::size_t total = 8 * 1024 * 1024, size = 16 * 1024;
  std::size_t given = 0;
  const bool done = pair.until(
      [&] {
        for (; given < total && (pair.a.last_drained < 256 * 1024 || given < 256 * 1024);
             given += size) {
          pair.a.link->send(Bytes(size, 1));
          if (given % (256 * 1024) == 0) pair.a.last_drained = SIZE_MAX;
        }
        return pair.b.bytes == total;
      },
      20s);
  EXPECT_TRUE(done) << pair.b.bytes;
}

}  // namespace
}  // namespace genos
