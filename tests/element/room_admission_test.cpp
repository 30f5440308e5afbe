// SPDX-License-Identifier: LGPL-2.1-or-later
// Who is let in: passwords, identities, trust, strict rooms, the application's own handshake.
#include <glib/gstdio.h>
#include <gtest/gtest.h>

#include <atomic>

#include "bridge/gio_refs.hpp"
#include "support/test_room.hpp"

namespace genos {
namespace {

class RoomAdmission : public testing::Test {
 protected:
  void SetUp() override {
    folder = Owned<char>(g_dir_make_tmp("genos-test-XXXXXX", nullptr));
    ASSERT_TRUE(folder);
  }
  ~RoomAdmission() override {
    gst_genos_deinit();
    for (const auto& file : files) g_unlink(file.c_str());
    g_rmdir(folder.get());
  }
  std::string file_of(const char* name) {
    files.push_back(std::string(folder.get()) + "/" + name);
    return files.back();
  }
  // Makes a key file; returns its public key.
  std::string make_key(const std::string& file) {
    Owned<char> key;
    EXPECT_TRUE(gst_genos_identity_create(file.c_str(), FALSE, out(key), nullptr));
    return key.get();
  }
  bool meet(TestRoom& one, TestRoom& other) {
    one.join();
    other.join();
    return context.until([&] { return one.peers() == 1 && other.peers() == 1; });
  }
  bool refuse(TestRoom& one, TestRoom& other) {
    one.join();
    other.join();
    const bool told =
        context.until([&] { return !one.join_errors.empty() || !other.join_errors.empty(); });
    return told && one.peers() == 0 && other.peers() == 0;
  }

  TestContext context;
  std::string relay = private_relay();
  Owned<char> folder;
  std::vector<std::string> files;
};

TEST_F(RoomAdmission, TheSamePasswordOpens) {
  TestRoom a("closed", relay), b("closed", relay);
  a.set("password", "sesame");
  b.set("password", "sesame");
  EXPECT_TRUE(meet(a, b));
}

TEST_F(RoomAdmission, AWrongPasswordDoesNot) {
  TestRoom a("closed", relay), b("closed", relay);
  a.set("password", "sesame");
  b.set("password", "opensesame");
  EXPECT_TRUE(refuse(a, b));
}

TEST_F(RoomAdmission, IdentitiesAreSeenAndTrusted) {
  const auto file = file_of("a.key");
  const auto key = make_key(file);
  TestRoom a("trust", relay), b("trust", relay);
  const char* trusted[] = {key.c_str(), nullptr};
  a.set("identity", file.c_str());
  b.set("trusted", trusted);
  ASSERT_TRUE(meet(a, b));
  EXPECT_EQ(gst_genos_peer_get_identity(b.peer(a.self()).get()), key);
  EXPECT_EQ(gst_genos_peer_get_identity(a.peer(b.self()).get()), nullptr);
}

TEST_F(RoomAdmission, OthersAreNotTrusted) {
  const auto file = file_of("a.key");
  make_key(file);
  const auto other = make_key(file_of("other.key"));
  TestRoom a("trust", relay), b("trust", relay);
  const char* trusted[] = {other.c_str(), nullptr};
  a.set("identity", file.c_str());
  b.set("trusted", trusted);
  EXPECT_TRUE(refuse(a, b));
}

TEST_F(RoomAdmission, StrictRoomsMeetAmongThemselves) {
  const auto file_a = file_of("a.key"), file_b = file_of("b.key");
  const auto key_a = make_key(file_a), key_b = make_key(file_b);
  TestRoom a("strict", relay), b("strict", relay);
  a.set("strict", TRUE).set("identity", file_a.c_str()).set("password", "p");
  b.set("strict", TRUE).set("identity", file_b.c_str()).set("password", "p");
  ASSERT_TRUE(meet(a, b));
  EXPECT_EQ(gst_genos_peer_get_identity(a.peer(b.self()).get()), key_b);
  EXPECT_EQ(gst_genos_peer_get_identity(b.peer(a.self()).get()), key_a);
}

TEST_F(RoomAdmission, StrictRoomsRefuseTheRest) {
  const auto file = file_of("a.key");
  make_key(file);
  TestRoom a("strict", relay), b("strict", relay);
  a.set("strict", TRUE).set("identity", file.c_str());
  a.join();
  b.join();
  ASSERT_TRUE(context.until([&] { return a.join_outcome && b.join_outcome; }));
  const gint64 end = g_get_monotonic_time() + 2 * G_USEC_PER_SEC;
  EXPECT_FALSE(context.until([&] { return !a.joined.empty() || !b.joined.empty(); },
                             std::chrono::microseconds(end - g_get_monotonic_time())));
}

// What works for the room goes on then, and has nothing of the application's any more.
TEST_F(RoomAdmission, WhoLeavesWhileItsPasswordIsPreparedKeepsNoContext) {
  const auto file = file_of("a.key");
  make_key(file);
  std::atomic<bool> gone{false};
  auto own = adopt(g_main_context_new());
  GSource* never = g_timeout_source_new_seconds(G_MAXINT16);
  g_source_set_callback(
      never, [](gpointer) noexcept -> gboolean { return G_SOURCE_REMOVE; }, &gone,
      [](gpointer ended) noexcept { *static_cast<std::atomic<bool>*>(ended) = true; });
  g_source_attach(never, own.get());
  g_source_unref(never);
  g_main_context_push_thread_default(own.get());
  {
    TestRoom a("strict", relay);
    a.set("strict", TRUE).set("identity", file.c_str()).set("password", "p").join();
    gst_genos_room_leave(a.room.get());
    while (!a.join_outcome) g_main_context_iteration(own.get(), TRUE);
  }
  g_main_context_pop_thread_default(own.get());
  own = nullptr;
  EXPECT_TRUE(context.until([&] { return gone.load(); }));
}

// Each side says a word and lets in whoever says "friend".
struct Gate {
  std::vector<std::string> heard;
  std::vector<Connection> connections;

  Gate(TestRoom& room, const char* word) {
    room.set("handshake", TRUE);
    connections.push_back(on<void(GstGenosRoom*, GstGenosPeer*, gboolean)>(
        room.room.get(), "handshake", [word](auto*, auto* peer, gboolean) {
          Owned<GError> error;
          const auto bad = bytes_from("{");
          EXPECT_FALSE(
              gst_genos_peer_send_handshake(peer, GST_GENOS_PAYLOAD_JSON, bad.get(), out(error)));
          EXPECT_TRUE(error);
          const auto said = bytes_from(word);
          EXPECT_TRUE(
              gst_genos_peer_send_handshake(peer, GST_GENOS_PAYLOAD_TEXT, said.get(), nullptr));
        }));
    connections.push_back(on<void(GstGenosRoom*, GstGenosPeer*, int, GBytes*)>(
        room.room.get(), "handshake-message", [this](auto*, auto* peer, int, GBytes* payload) {
          heard.push_back(text_of(payload));
          EXPECT_FALSE(gst_genos_peer_is_present(peer));
          if (heard.back() == "friend") return gst_genos_peer_accept(peer);
          gst_genos_peer_refuse(peer, "who are you?");
        }));
  }
};

TEST_F(RoomAdmission, TheApplicationLetsIn) {
  TestRoom a("gate", relay), b("gate", relay);
  Gate gate_a(a, "friend"), gate_b(b, "friend");
  ASSERT_TRUE(meet(a, b));
  EXPECT_EQ(gate_a.heard, std::vector<std::string>{"friend"});
  EXPECT_EQ(gate_b.heard, std::vector<std::string>{"friend"});
}

TEST_F(RoomAdmission, TheApplicationRefuses) {
  TestRoom a("gate", relay), b("gate", relay);
  Gate gate_a(a, "friend"), gate_b(b, "foe");
  ASSERT_TRUE(refuse(a, b));
  ASSERT_FALSE(a.join_errors.empty());
  EXPECT_NE(a.join_errors[0].find("who are you?"), std::string::npos) << a.join_errors[0];
}

}  // namespace
}  // namespace genos
