// SPDX-License-Identifier: LGPL-2.1-or-later
// Files between rooms, through the public API: whole, folders, names, resumed, refused, broken.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <random>

#include "support/footprint.hpp"
#include "support/test_room.hpp"

namespace genos {
namespace {

namespace fs = std::filesystem;

std::string noise(std::size_t size) {
  std::string bytes(size, '\0');
  std::mt19937_64 random(size);
  for (std::size_t at = 0; at < size; ++at) bytes[at] = static_cast<char>(random());
  return bytes;
}

void put(const fs::path& path, const std::string& bytes) {
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << bytes;
}

std::string get(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code none;  // then there are no names
  for (const auto& entry : fs::directory_iterator(folder, none))
    names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

// A room and the files that are offered in it.
struct FileRoom : TestRoom {
  std::vector<Ref<GstGenosFile>> offers;
  std::vector<std::string> ends;    // of accepted files: "done", or why not
  std::vector<std::string> events;  // of a file that is sent
  fs::path into;                    // accept all
  GstGenosFileFlags flags = GST_GENOS_FILE_FLAGS_NONE;
  Connection offer;
  std::vector<Connection> watches;

  explicit FileRoom(const std::string& signaling) : TestRoom("files", signaling) {
    offer = on<void(GstGenosRoom*, GstGenosFile*)>(room.get(), "file-offer",
                                                   [this](auto*, auto* file) { offered(file); });
  }
  void offered(GstGenosFile* file) {
    offers.push_back(retain(file));
    watches.push_back(on<void(GstGenosFile*, GError*)>(file, "finished", [this](auto*, auto* why) {
      ends.emplace_back(why ? why->message : "done");
    }));
    if (into.empty()) return;
    EXPECT_TRUE(gst_genos_file_accept(file, into.c_str(), flags, nullptr));
  }
  Outcome send(const fs::path& path, const char* name = nullptr) {
    Outcome outcome;
    gst_genos_room_send_file_async(room.get(), path.c_str(), name, nullptr, nullptr, nullptr,
                                   nullptr, nullptr, Outcome::take, outcome.data());
    return outcome;
  }
  Ref<GstGenosFile> sent(const Outcome& outcome, std::string* why = nullptr) {
    Owned<GError> error;
    auto file = adopt(gst_genos_room_send_file_finish(room.get(), outcome.get(), out(error)));
    if (error && why) *why = error->message;
    if (!file) return file;
    watches.push_back(on<void(GstGenosFile*, const char*, GstGenosFileEvent, guint64, const char*)>(
        file.get(), "peer-event",
        [this](auto*, const char*, GstGenosFileEvent event, guint64, const char* reason) {
          static const char* const names[] = {"takes",   "sent",    "done",
                                              "refused", "stopped", "gone"};
          if (event != GST_GENOS_FILE_EVENT_SENT)
            events.push_back(std::string(names[event]) + (*reason ? ": " : "") + reason);
        }));
    return file;
  }
};

class Files : public testing::Test {
 protected:
  Files() {
    fs::create_directories(from);
    fs::create_directories(into);
  }
  ~Files() override {
    gst_genos_deinit();
    fs::remove_all(top);
  }
  bool meet(FileRoom& a, FileRoom& b) {
    a.join();
    b.join();
    return context.until([&] { return a.peers() == 1 && b.peers() == 1; });
  }
  // On offer, or not.
  Ref<GstGenosFile> offer(FileRoom& room, const fs::path& path, const char* name = nullptr) {
    const auto outcome = room.send(path, name);
    EXPECT_TRUE(context.until([&] { return bool(outcome); }));
    return room.sent(outcome);
  }
  // Offers it to a receiver that leaves with a third of 6 MB; what that one heard.
  std::string broken_off(FileRoom& a, const fs::path& path) {
    a.set("upload-limit", guint64(3'000'000));
    FileRoom b(relay);
    b.into = into;
    if (!meet(a, b) || !offer(a, path)) return "no offer";
    const bool begun = context.until([&] {
      return !b.offers.empty() && gst_genos_file_get_done(b.offers[0].get()) > 2'000'000;
    });
    gst_genos_room_leave(b.room.get());
    const auto end = arrives(b);
    const bool gone = context.until([&] { return a.events.back() == "gone"; });
    return begun && gone ? end : "late";
  }
  std::string arrives(FileRoom& room, std::size_t count = 1) {
    const auto met = [&] { return room.ends.size() == count; };
    return context.until(met, std::chrono::seconds(60)) ? room.ends.back() : "late";
  }

  TestContext context;
  std::string relay = private_relay();
  fs::path top = fs::temp_directory_path() / ("genos-files-" + std::to_string(getpid()));
  fs::path from = top / "from", into = top / "into";
};

TEST_F(Files, ArriveWhole) {
  FileRoom a(relay), b(relay);
  b.into = into;
  ASSERT_TRUE(meet(a, b));
  std::size_t count = 0;
  for (const std::size_t size : {0u, 1u, 65535u, 65536u, 65537u, 262144u, 5'000'001u}) {
    const auto path = from / std::to_string(size);
    put(path, noise(size));
    ASSERT_TRUE(offer(a, path));
    EXPECT_EQ(arrives(b, ++count), "done") << size;
    EXPECT_TRUE(get(into / std::to_string(size)) == noise(size)) << size;
  }
  ASSERT_TRUE(context.until([&] { return a.events.size() == 2 * count; }));
  EXPECT_EQ(a.events.back(), "done");
  EXPECT_EQ(names_in(into).size(), count);  // and nothing of ours beside them
  EXPECT_EQ(gst_genos_file_get_done(b.offers.back().get()), 5'000'001u);
  const Owned<char> path(gst_genos_file_dup_path(b.offers.back().get()));
  EXPECT_EQ(path.get(), (into / "5000001").string());
}

TEST_F(Files, AreOnOfferWhetherAnybodyAsksOrNot) {
  FileRoom a(relay), b(relay);
  b.into = into;
  ASSERT_TRUE(meet(a, b));
  put(from / "unasked", "here");
  gst_genos_room_send_file_async(a.room.get(), (from / "unasked").c_str(), nullptr, nullptr,
                                 nullptr, nullptr, nullptr, nullptr, nullptr, nullptr);
  EXPECT_EQ(arrives(b), "done");
  EXPECT_EQ(get(into / "unasked"), "here");
}

TEST_F(Files, FoldersKeepTheirShape) {
  put(from / "album" / "one.txt", "1");
  put(from / "album" / "sub" / "two.bin", noise(300'000));
  put(from / "album" / "sub" / "empty", "");
  put(from / "album" / "a\\b:c?.txt", "odd");
  fs::create_symlink("/etc/passwd", from / "album" / "link");
  FileRoom a(relay), b(relay);
  b.into = into;
  ASSERT_TRUE(meet(a, b));
  ASSERT_TRUE(offer(a, from / "album"));
  EXPECT_EQ(arrives(b), "done");
  EXPECT_TRUE(gst_genos_file_is_folder(b.offers[0].get()));
  EXPECT_EQ(names_in(into), std::vector<std::string>{"album"});
  EXPECT_EQ(names_in(into / "album"), (std::vector<std::string>{"a_b_c_.txt", "one.txt", "sub"}));
  EXPECT_EQ(get(into / "album" / "one.txt"), "1");
  EXPECT_TRUE(get(into / "album" / "sub" / "two.bin") == noise(300'000));
  EXPECT_EQ(get(into / "album" / "sub" / "empty"), "");
}

TEST_F(Files, AnEmptyFolderToo) {
  fs::create_directories(from / "nothing");
  FileRoom a(relay), b(relay);
  b.into = into;
  ASSERT_TRUE(meet(a, b));
  ASSERT_TRUE(offer(a, from / "nothing"));
  EXPECT_EQ(arrives(b), "done");
  EXPECT_TRUE(fs::is_empty(into / "nothing"));
}

TEST_F(Files, NoNameLeadsOutOfTheFolder) {
  put(from / "x", "x");
  FileRoom a(relay), b(relay);
  b.into = into;
  ASSERT_TRUE(meet(a, b));
  ASSERT_TRUE(offer(a, from / "x", "../../escaped"));
  EXPECT_EQ(arrives(b), "done");
  EXPECT_EQ(names_in(into), std::vector<std::string>{"_._.._escaped"});
  EXPECT_EQ(names_in(top), (std::vector<std::string>{"from", "into"}));
}

TEST_F(Files, NothingIsOverwrittenUntoldOf) {
  put(from / "a.txt", "new");
  put(into / "a.txt", "old");
  FileRoom a(relay), b(relay);
  b.into = into;
  ASSERT_TRUE(meet(a, b));
  ASSERT_TRUE(offer(a, from / "a.txt"));
  EXPECT_EQ(arrives(b), "done");
  EXPECT_EQ(get(into / "a.txt"), "old");
  EXPECT_EQ(get(into / "a (2).txt"), "new");
  b.flags = GST_GENOS_FILE_FLAGS_REPLACE;
  put(from / "a.txt", "newest");
  ASSERT_TRUE(offer(a, from / "a.txt"));
  EXPECT_EQ(arrives(b, 2), "done");
  EXPECT_EQ(get(into / "a.txt"), "newest");
}

TEST_F(Files, GoOnAfterTheRoomWasLeft) {
  const auto bytes = noise(6'000'000);
  put(from / "big", bytes);
  FileRoom a(relay);
  ASSERT_EQ(broken_off(a, from / "big"), "the room was left");
  EXPECT_FALSE(fs::exists(into / "big"));
  ASSERT_EQ(names_in(into).size(), 2u);  // the part and its journal
  FileRoom b(relay);
  b.into = into;
  b.join();
  EXPECT_EQ(arrives(b), "done");
  EXPECT_TRUE(get(into / "big") == bytes);
  EXPECT_EQ(names_in(into), std::vector<std::string>{"big"});
}

// Its files were made by that list, so it must not be mended under them.
TEST_F(Files, AFolderWhoseListWasDamagedBeginsAnew) {
  put(from / "album" / "big", noise(6'000'000));
  put(from / "album" / "one.txt", "1");
  FileRoom a(relay);
  ASSERT_EQ(broken_off(a, from / "album"), "the room was left");
  ASSERT_EQ(names_in(into).size(), 3u);
  const auto list = into / names_in(into)[1];
  auto text = get(list);
  ASSERT_NE(text.find("one.txt"), std::string::npos) << list;
  put(list, text.replace(text.find("one.txt"), 3, "two"));
  {
    FileRoom b(relay);
    b.into = into;
    b.join();
    const auto end = arrives(b);
    EXPECT_NE(end.find("was damaged"), std::string::npos) << end;
    gst_genos_room_leave(b.room.get());
  }
  FileRoom b(relay);
  b.into = into;
  b.join();
  EXPECT_EQ(arrives(b), "done");
  EXPECT_EQ(names_in(into), std::vector<std::string>{"album"});
  EXPECT_EQ(names_in(into / "album"), (std::vector<std::string>{"big", "one.txt"}));
  EXPECT_TRUE(get(into / "album" / "big") == noise(6'000'000));
}

TEST_F(Files, AChangedFileIsNotSentOn) {
  put(from / "log", noise(4'000'000));
  FileRoom a(relay), b(relay);
  ASSERT_TRUE(meet(a, b));
  const auto file = offer(a, from / "log");
  ASSERT_TRUE(file);
  std::string why;
  a.watches.push_back(on<void(GstGenosFile*, GError*)>(
      file.get(), "finished", [&](auto*, auto* error) { why = error ? error->message : "done"; }));
  ASSERT_TRUE(context.until([&] { return b.offers.size() == 1; }));
  std::ofstream(from / "log", std::ios::app) << "one line more";
  ASSERT_TRUE(
      gst_genos_file_accept(b.offers[0].get(), into.c_str(), GST_GENOS_FILE_FLAGS_NONE, nullptr));
  ASSERT_TRUE(context.until([&] { return !why.empty(); }));
  EXPECT_NE(why.find("has changed since it was offered"), std::string::npos) << why;
  EXPECT_TRUE(context.until(
      [&] { return gst_genos_file_get_state(b.offers[0].get()) == GST_GENOS_FILE_STATE_WAITING; }));
  EXPECT_FALSE(fs::exists(into / "log"));
}

TEST_F(Files, RefusedPausedCancelled) {
  put(from / "big", noise(3'000'000));
  FileRoom a(relay), b(relay);
  a.set("upload-limit", guint64(1'000'000));
  ASSERT_TRUE(meet(a, b));
  auto file = offer(a, from / "big");
  ASSERT_TRUE(context.until([&] { return b.offers.size() == 1; }));
  gst_genos_file_refuse(b.offers[0].get(), "no space");
  ASSERT_TRUE(context.until([&] { return a.events.size() == 1; }));
  EXPECT_EQ(a.events[0], "refused: no space");
  EXPECT_EQ(b.ends, std::vector<std::string>{"refused by us"});

  put(from / "other", noise(3'000'001));
  auto other = offer(a, from / "other");
  ASSERT_TRUE(context.until([&] { return b.offers.size() == 2; }));
  auto* taken = b.offers[1].get();
  ASSERT_TRUE(gst_genos_file_accept(taken, into.c_str(), GST_GENOS_FILE_FLAGS_NONE, nullptr));
  ASSERT_TRUE(context.until([&] { return gst_genos_file_get_done(taken) > 0; }));
  gst_genos_file_pause(taken);
  EXPECT_EQ(gst_genos_file_get_state(taken), GST_GENOS_FILE_STATE_PAUSED);
  gst_genos_file_resume(taken);
  gst_genos_file_cancel(taken, GST_GENOS_FILE_FLAGS_DISCARD);
  EXPECT_EQ(b.ends.back(), "cancelled by us");
  ASSERT_TRUE(context.until([&] { return a.events.size() == 3; }));
  EXPECT_EQ(a.events.back(), "stopped: cancelled");
  EXPECT_TRUE(context.until([&] { return fs::is_empty(into); }));
  gst_genos_file_cancel(other.get(), GST_GENOS_FILE_FLAGS_NONE);
  EXPECT_EQ(gst_genos_file_get_state(other.get()), GST_GENOS_FILE_STATE_ENDED);
}

TEST_F(Files, ThreeReceiversShareTheWork) {
  put(from / "shared", noise(8'000'000));
  FileRoom a(relay), b(relay), c(relay), d(relay);
  // A sanitizer's receivers take longer to tell each other what they have.
  a.set("upload-limit", guint64(test::under_sanitizer ? 1'000'000 : 4'000'000));
  for (auto* room : {&b, &c, &d}) {
    room->into = into / std::to_string(reinterpret_cast<std::uintptr_t>(room));
    fs::create_directories(room->into);
  }
  for (auto* room : {&a, &b, &c, &d}) room->join();
  ASSERT_TRUE(context.until(
      [&] { return a.peers() == 3 && b.peers() == 3 && c.peers() == 3 && d.peers() == 3; }));
  const auto file = offer(a, from / "shared");
  std::map<std::string, guint64> sent;
  a.watches.push_back(on<void(GstGenosFile*, const char*, GstGenosFileEvent, guint64, const char*)>(
      file.get(), "peer-event", [&](auto*, const char* peer, auto, guint64 bytes, auto*) {
        sent[peer] = std::max(sent[peer], bytes);
      }));
  for (auto* room : {&b, &c, &d}) {
    EXPECT_EQ(arrives(*room), "done");
    EXPECT_TRUE(get(room->into / "shared") == noise(8'000'000));
  }
  guint64 all = 0;
  for (const auto& [peer, bytes] : sent) all += bytes;
  EXPECT_LE(all, 8'000'000u * 12 / 10);
}

TEST_F(Files, SaysWhatCannotBeSentOrStored) {
  FileRoom a(relay), b(relay);
  const auto early = a.send(from / "x");
  ASSERT_TRUE(context.until([&] { return bool(early); }));
  std::string why;
  EXPECT_FALSE(a.sent(early, &why));
  EXPECT_EQ(why, "not in the room: join it before sending");
  ASSERT_TRUE(meet(a, b));
  for (const auto& [path, expected] :
       {std::pair<fs::path, std::string>{from / "none", "No such file"},
        {"/dev/null", "neither a file nor a folder"}}) {
    const auto outcome = a.send(path);
    ASSERT_TRUE(context.until([&] { return bool(outcome); }));
    EXPECT_FALSE(a.sent(outcome, &why));
    EXPECT_NE(why.find(expected), std::string::npos) << why;
  }
  put(from / "x", "x");
  b.into = top / "no such folder";
  ASSERT_TRUE(offer(a, from / "x"));
  EXPECT_NE(arrives(b).find("No such file"), std::string::npos) << b.ends.back();
}

}  // namespace
}  // namespace genos
