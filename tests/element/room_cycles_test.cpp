// SPDX-License-Identifier: LGPL-2.1-or-later
// Rooms that come and go for long: no thread, no descriptor and no memory stays behind. A process
// that comes and goes is this program again, with --guest or --hasty.
#include <gtest/gtest.h>
#include <malloc.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "bridge/gio_refs.hpp"
#include "support/footprint.hpp"
#include "support/test_room.hpp"

namespace genos {
namespace {

// What the process has from the system: its heaps, one for each of many threads, fill unevenly.
constexpr long resident_per_cycle = 100;
// What is allocated. GnuTLS (3.7) keeps half a KiB for each thread of libnice.
constexpr long heap_per_cycle = 16;
// On a machine that is busy with everything else.
constexpr auto meeting = std::chrono::seconds(30);
constexpr auto pause = std::chrono::milliseconds(30);  // so that no crowd of links is ending
// Links end on threads of their own, a while after they were left.
constexpr auto settling = std::chrono::seconds(3);
constexpr auto settling_limit = std::chrono::seconds(20);

long heap_kib() { return static_cast<long>(mallinfo2().uordblks / 1024); }

struct Use : test::Footprint {
  long heap = heap_kib();
};

bool met(const TestRoom& one, const TestRoom& other) {
  return one.peers() == 1 && other.peers() == 1;
}

class RoomCycles : public testing::Test {
 protected:
  // Few heaps, or what is resident depends on which thread got which.
  static void SetUpTestSuite() { mallopt(M_ARENA_MAX, 2); }
  ~RoomCycles() override { gst_genos_deinit(); }

  void rest() {
    context.until([] { return false; }, settling);
  }
  // `warm` times so that everything is made that is made once, then `count` times under watch.
  template <class Cycle> void run(int warm, int count, Cycle cycle) {
    for (int i = 0; i < warm; ++i) ASSERT_NO_FATAL_FAILURE(cycle()) << "cycle " << i;
    rest();
    const Use before;
    const gint64 began = g_get_monotonic_time();
    for (int i = 0; i < count; ++i) {
      ASSERT_NO_FATAL_FAILURE(cycle()) << "cycle " << warm + i;
      context.until([] { return false; }, pause);
    }
    const gint64 took = g_get_monotonic_time() - began;
    rest();
    const auto flat = [&] {
      const Use now;
      return now.threads <= before.threads && now.files <= before.files;
    };
    EXPECT_TRUE(context.until(flat, settling_limit));
    const Use after;
    const auto each = [count](long kib) { return static_cast<double>(kib) / count; };
    std::printf(
        "%d cycles of %ld ms: threads %ld -> %ld, fds %ld -> %ld, a cycle: %.1f KiB"
        " resident, %.1f KiB of heap\n",
        count, static_cast<long>(took / count / 1000), before.threads, after.threads, before.files,
        after.files, each(after.kib - before.kib), each(after.heap - before.heap));
    EXPECT_LE(after.threads, before.threads);
    EXPECT_LE(after.files, before.files);
    if (test::under_sanitizer) return;
    EXPECT_LE(each(after.kib - before.kib), resident_per_cycle);
    EXPECT_LE(each(after.heap - before.heap), heap_per_cycle);
  }

  TestContext context;
  std::string relay = private_relay();
};

// The relay, which is one of them, comes and goes with them.
TEST_F(RoomCycles, TwoRoomsJoinAndLeave) {
  run(50, 150, [this] {
    TestRoom a("cycles", relay), b("cycles", relay);
    a.join();
    b.join();
    ASSERT_TRUE(context.until([&] { return met(a, b); }, meeting));
    a.leave();
    b.leave();
    ASSERT_TRUE(context.until([&] { return a.leave_outcome && b.leave_outcome; }));
  });
}

TEST_F(RoomCycles, OneStaysAndTheOtherComesAndGoes) {
  TestRoom host("stays", relay);
  host.join();
  run(50, 150, [&] {
    TestRoom guest("stays", relay);
    guest.join();
    ASSERT_TRUE(context.until([&] { return met(host, guest); }, meeting));
    ASSERT_TRUE(guest.say("hello"));
    guest.leave();
    ASSERT_TRUE(context.until([&] { return guest.leave_outcome && host.peers() == 0; }));
  });
}

TEST_F(RoomCycles, AProcessComesAndGoes) {
  TestRoom host("processes", relay);
  host.join();
  ASSERT_TRUE(context.until([&] { return bool(host.join_outcome); }));
  run(5, 20, [&] {
    const auto guest = adopt(g_subprocess_new(G_SUBPROCESS_FLAGS_NONE, nullptr, "/proc/self/exe",
                                              "--guest", relay.c_str(), nullptr));
    ASSERT_TRUE(guest);
    const auto seen = host.left.size() + 1;
    ASSERT_TRUE(context.until([&] { return host.left.size() == seen; }));
    EXPECT_EQ(host.joined.size(), seen);
    g_subprocess_wait(guest.get(), nullptr, nullptr);
    EXPECT_TRUE(g_subprocess_get_successful(guest.get()));
  });
}

// As gst-launch-1.0 with an element of ours: it never heard of gst_genos_deinit(). At some of these
// moments a link is being made.
TEST_F(RoomCycles, AProcessEndsWhateverItIsAt) {
  TestRoom host("processes", relay);
  host.join();
  ASSERT_TRUE(context.until([&] { return bool(host.join_outcome); }));
  for (int moment = 0; moment < 500; moment += 20) {
    const auto given = std::to_string(moment);
    const auto guest = adopt(g_subprocess_new(G_SUBPROCESS_FLAGS_NONE, nullptr, "/proc/self/exe",
                                              "--hasty", relay.c_str(), given.c_str(), nullptr));
    ASSERT_TRUE(guest);
    const auto ended = [](GObject*, GAsyncResult*, gpointer flag) {
      *static_cast<bool*>(flag) = true;
    };
    bool over = false;
    g_subprocess_wait_async(guest.get(), nullptr, ended, &over);
    ASSERT_TRUE(context.until([&] { return over; }, meeting)) << moment << " ms";
    EXPECT_TRUE(g_subprocess_get_successful(guest.get())) << moment << " ms";
  }
}

// Meets the one who is there, and leaves.
bool visit(const char* relay) {
  TestContext context;
  TestRoom guest("processes", relay);
  guest.join();
  const bool has_met = context.until([&] { return guest.peers() == 1; }, meeting);
  guest.leave();
  return context.until([&] { return bool(guest.leave_outcome); }) && has_met;
}

// It is killed where it hangs.
constexpr unsigned hasty_limit = 20;

void leave_after(const char* relay, std::chrono::milliseconds moment) {
  alarm(hasty_limit);
  g_log_set_always_fatal(GLogLevelFlags(G_LOG_FATAL_MASK | G_LOG_LEVEL_CRITICAL));
  TestContext context;
  TestRoom guest("processes", relay);
  guest.join();
  context.until([] { return false; }, moment);
  gst_genos_room_leave(guest.room.get());
}

// Runs before gtest does: main() is shared with the other element tests.
__attribute__((constructor)) void become_a_guest(int argc, char** argv) {
  if (argc == 4 && std::strcmp(argv[1], "--hasty") == 0) {
    gst_init(nullptr, nullptr);
    leave_after(argv[2], std::chrono::milliseconds(std::atoi(argv[3])));
    gst_deinit();
    std::exit(0);
  }
  if (argc != 3 || std::strcmp(argv[1], "--guest") != 0) return;
  gst_init(nullptr, nullptr);
  const bool has_met = visit(argv[2]);
  gst_genos_deinit();
  gst_deinit();
  std::exit(has_met ? 0 : 1);
}

}  // namespace
}  // namespace genos
