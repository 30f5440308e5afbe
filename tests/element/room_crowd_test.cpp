// SPDX-License-Identifier: LGPL-2.1-or-later
// Many come and go while a line shows: nobody who stays feels it, and nothing stays behind.
#include <gtest/gtest.h>
#include <malloc.h>

#include <algorithm>
#include <cstdio>
#include <deque>
#include <memory>
#include <random>
#include <vector>

#include "room_media_fixture.hpp"
#include "support/footprint.hpp"

namespace genos {
namespace {

using namespace std::chrono_literals;

constexpr int comers = 200;
constexpr std::size_t most_at_once = 10;
// A picture is late when the machine is busy; one that stands has a reason.
constexpr auto stall = 1000ms;
// An offer to somebody who left before taking it is given up after 57 s, and its link with it.
constexpr auto calm_limit = 75s;
// What a viewer may leave behind: the nodes remember it for three minutes, and they and the relay
// which of its messages they have seen. GnuTLS (3.7) keeps half a KiB for each thread of libnice.
constexpr long heap_per_viewer = 20;

// When each picture came to a line's `steady`, which keeps none of them.
class Gaps {
 public:
  explicit Gaps(const TestLine& line) {
    const auto pad = adopt(gst_element_get_static_pad(line.element("steady").get(), "sink"));
    const auto note = [](GstPad*, GstPadProbeInfo*, gpointer self) noexcept {
      auto& gaps = *static_cast<Gaps*>(self);
      const auto now = std::chrono::steady_clock::now();
      const std::scoped_lock guard(gaps.lock_);
      if (gaps.last_) gaps.all_.push_back(now - *gaps.last_);
      gaps.last_ = now;
      return GST_PAD_PROBE_OK;
    };
    gst_pad_add_probe(pad.get(), GST_PAD_PROBE_TYPE_BUFFER, note, this, nullptr);
  }
  std::size_t pictures() const {
    const std::scoped_lock guard(lock_);
    return all_.size() + (last_ ? 1 : 0);
  }
  std::vector<std::chrono::steady_clock::duration> sorted() const {
    const std::scoped_lock guard(lock_);
    auto all = all_;
    std::ranges::sort(all);
    return all;
  }

 private:
  mutable std::mutex lock_;
  std::optional<std::chrono::steady_clock::time_point> last_;
  std::vector<std::chrono::steady_clock::duration> all_;
};

long heap_kib() { return static_cast<long>(mallinfo2().uordblks / 1024); }

class RoomCrowdTest : public RoomMediaTest {
 protected:
  [[nodiscard]] std::unique_ptr<TestLine> newcomer() const {
    auto line = std::make_unique<TestLine>(src_of("media=video latency=20") +
                                           "! video/x-vp8 ! fakesink name=out");
    line->play();
    return line;
  }
  static bool sees(const Gaps& gaps) {
    const auto enough = gaps.pictures() + 15;
    return TestLine::until([&] { return gaps.pictures() >= enough; });
  }
  // Links end on threads of their own.
  static bool settled() {
    test::Footprint last;
    auto since = std::chrono::steady_clock::now();
    return TestLine::until([&] {
      const test::Footprint now;
      const auto time = std::chrono::steady_clock::now();
      if (now.threads != last.threads || now.files != last.files) since = time;
      last = now;
      return time - since >= 1s;
    });
  }
  // So many come and go, at moments that the pictures of who stays tell.
  void crowd(const Gaps& steady, int count) {
    std::deque<std::unique_ptr<TestLine>> here;
    for (int come = 0; come < count;) {
      const auto next = steady.pictures() + random() % 4;
      ASSERT_TRUE(TestLine::until([&] { return steady.pictures() >= next; })) << come;
      if (here.size() < most_at_once && (here.empty() || random() % 2 == 0)) {
        here.push_back(newcomer());
        ++come;
        continue;
      }
      std::swap(here[random() % here.size()], here.back());
      served += !here.back()->received().empty();
      here.pop_back();
    }
  }

  std::mt19937 random{20261122};
  int served = 0;
};

TEST_F(RoomCrowdTest, TwoHundredComeAndGo) {
  mallopt(M_ARENA_MAX, 2);
  const std::string shown = picture() + "vp8enc deadline=1 keyframe-max-dist=100000 !" + sink_of();
  const std::string steady =
      src_of("media=video") + "! videoconvert ! video/x-raw,format=GRAY8 ! fakesink name=steady";
  {  // what is made once
    TestLine sender(shown), watcher(steady);
    const Gaps gaps(watcher);
    sender.play();
    watcher.play();
    ASSERT_TRUE(sees(gaps));
    crowd(gaps, 20);
  }
  ASSERT_TRUE(settled());
  TestLine sender(shown), watcher(steady);
  const Gaps gaps(watcher);
  sender.play();
  watcher.play();
  ASSERT_TRUE(sees(gaps) && settled());
  const test::Footprint before;
  const auto open_before = test::open_files();
  const long heap = heap_kib();
  served = 0;
  crowd(gaps, comers);
  ASSERT_TRUE(TestLine::until([&] { return viewers(sender) == 1; }));
  EXPECT_TRUE(TestLine::until(
      [&] {
        const test::Footprint now;
        return now.threads <= before.threads && now.files <= before.files;
      },
      calm_limit))
      << "threads " << before.threads << " -> " << test::Footprint().threads << ", files "
      << before.files << " -> " << test::Footprint().files << "; before:\n"
      << open_before << "after:\n"
      << test::open_files();
  const auto all = gaps.sorted();
  const auto ms = [](auto time) {
    return static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(time).count());
  };
  const double kib = static_cast<double>(heap_kib() - heap) / comers;
  std::printf(
      "%d came and went, %d saw something; who stayed: %zu pictures, gaps of %d ms in the "
      "middle, %d ms in 99 of 100, %d ms at most; %.1f KiB of heap each\n",
      comers, served, all.size(), ms(all[all.size() / 2]), ms(all[all.size() * 99 / 100]),
      ms(all.back()), kib);
  EXPECT_LT(all.back(), stall);
  EXPECT_GT(served, comers / 4);
  EXPECT_EQ(sender.outcome(0s), "");
  EXPECT_EQ(watcher.outcome(0s), "");
  if (test::under_sanitizer) return;
  EXPECT_LE(kib, heap_per_viewer);
}

}  // namespace
}  // namespace genos
