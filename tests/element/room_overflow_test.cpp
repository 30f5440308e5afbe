// SPDX-License-Identifier: LGPL-2.1-or-later
// A peer that reads no more, because its process is stopped: what waits for it is bounded, and the
// others notice nothing. The peer is this program again, with --reader.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/footprint.hpp"
#include "support/test_room.hpp"

namespace genos {
namespace {

constexpr std::size_t block = 256u << 10;
constexpr guint64 limit = test::under_sanitizer ? 512u << 10 : 2u << 20;
// Far more than the limit, and over before the silence of the one who is stopped is a loss.
constexpr std::size_t many = test::under_sanitizer ? 12 : 60;

// Sits in the room until its parent has gone.
int read_along(const std::string& relay) {
  TestContext context;
  TestRoom room("overflow", relay);
  room.channel();
  room.join();
  context.until([] { return getppid() == 1; }, std::chrono::seconds(120));
  return 0;
}

class Child {
 public:
  explicit Child(const std::string& relay) {
    const char* words[] = {"/proc/self/exe", "--reader", relay.c_str(), nullptr};
    g_spawn_async(nullptr, const_cast<char**>(words), nullptr,
                  GSpawnFlags(G_SPAWN_DO_NOT_REAP_CHILD), nullptr, nullptr, &pid_, nullptr);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  void stop() const { kill(pid_, SIGSTOP); }
  void go_on() const { kill(pid_, SIGCONT); }

 private:
  GPid pid_ = 0;
};

class RoomOverflow : public testing::Test {
 protected:
  ~RoomOverflow() override { gst_genos_deinit(); }

  // A sender, a peer that reads, and one in a child that is then stopped.
  void start(GstGenosOverflow overflow) {
    sender.set("overflow", overflow).set("queue-limit", limit).join();
    reader.channel();
    reader.join();
    child = std::make_unique<Child>(relay);
    ASSERT_TRUE(context.until([&] { return sender.peers() == 2; }, std::chrono::seconds(30)));
    ASSERT_TRUE(context.until([&] { return reader.peers() == 2; }, std::chrono::seconds(30)));
    for (const auto& id : sender.joined)
      if (id != reader.self()) stopped = id;
    child->stop();
  }
  void send() {
    gst_genos_channel_send_bytes(sender.channel(), payload.get(), nullptr, nullptr, nullptr);
  }
  // Sends to all; the peer that reads gets every one of them.
  void flood(std::size_t count) {
    const std::size_t before = reader.heard.size();
    for (std::size_t i = 0; i < count; ++i) {
      send();
      ASSERT_TRUE(context.until([&] { return reader.heard.size() > before + i; })) << i;
      reader.heard.back().text.clear();
    }
  }

  TestContext context;
  std::string relay = private_relay();
  TestRoom sender{"overflow", relay};
  TestRoom reader{"overflow", relay};
  std::unique_ptr<Child> child;
  std::string stopped;
  Ref<GBytes> payload = adopt(g_bytes_new_take(g_malloc0(block), block));
};

TEST_F(RoomOverflow, WaitTellsAndRefusesAndRecovers) {
  start(GST_GENOS_OVERFLOW_WAIT);
  const long before = test::resident_kib();
  flood(many);
  if (!test::under_sanitizer) {
    EXPECT_LT(test::resident_kib(), before + (24 << 10));
  }
  EXPECT_EQ(sender.queue_full, std::vector{stopped});
  Outcome refused;
  gst_genos_channel_send_async(sender.channel(), GST_GENOS_PAYLOAD_BYTES, payload.get(), nullptr,
                               nullptr, nullptr, nullptr, nullptr, nullptr, Outcome::take,
                               refused.data());
  ASSERT_TRUE(context.until([&] { return bool(refused) || !sender.left.empty(); }));
  ASSERT_TRUE(bool(refused)) << "lost before it was refused";
  Owned<GError> error;
  EXPECT_FALSE(gst_genos_channel_send_finish(sender.channel(), refused.get(), out(error)));
  EXPECT_TRUE(g_error_matches(error.get(), GST_GENOS_ERROR, GST_GENOS_ERROR_UNREACHABLE));
  EXPECT_NE(std::string(error->message).find(stopped), std::string::npos);
  child->go_on();
  EXPECT_TRUE(context.until([&] { return sender.queue_ready == std::vector{stopped}; }));
  EXPECT_TRUE(sender.left.empty());
}

TEST_F(RoomOverflow, TheOldestGivesWay) {
  start(GST_GENOS_OVERFLOW_DROP_OLDEST);
  Outcome first;
  flood(12);  // fills the queue behind what is under way
  const char* only[] = {stopped.c_str(), nullptr};
  gst_genos_channel_send_async(sender.channel(), GST_GENOS_PAYLOAD_BYTES, payload.get(), nullptr,
                               only, nullptr, nullptr, nullptr, nullptr, Outcome::take,
                               first.data());
  flood(many / 2);
  ASSERT_TRUE(context.until([&] { return bool(first); }));
  EXPECT_FALSE(gst_genos_channel_send_finish(sender.channel(), first.get(), nullptr));
  EXPECT_TRUE(sender.left.empty());
}

TEST_F(RoomOverflow, TheSlowPeerIsDropped) {
  start(GST_GENOS_OVERFLOW_DROP_PEER);
  flood(many);
  ASSERT_TRUE(context.until([&] { return sender.left == std::vector{stopped}; }));
  EXPECT_EQ(sender.reasons, std::vector<int>{GST_GENOS_LEAVE_REASON_REFUSED});
  flood(3);
  EXPECT_EQ(sender.peers(), 1u);
}

// Runs before gtest does: main() is shared with the other element tests.
__attribute__((constructor)) void become_a_reader(int argc, char** argv) {
  if (argc != 3 || std::strcmp(argv[1], "--reader") != 0) return;
  prctl(PR_SET_PDEATHSIG, SIGKILL);  // a stopped one would hold its parent's output for ever
  gst_init(nullptr, nullptr);
  _exit(read_along(argv[2]));
}

}  // namespace
}  // namespace genos
