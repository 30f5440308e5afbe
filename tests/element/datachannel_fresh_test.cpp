// SPDX-License-Identifier: LGPL-2.1-or-later
// genosdatachannel with delivery=fresh: at once or not at all.
#include <chrono>

#include "datachannel_fixture.hpp"

namespace genos {
namespace {

using namespace std::chrono_literals;

class Fresh : public DataChannel {
 protected:
  // Again and again, as a sensor speaks; the first ones may have had nobody to hear them.
  static bool heard(TestLine& from, const TestLine& to, const std::string& text) {
    return TestLine::until([&] {
      from.push(text);
      std::this_thread::sleep_for(5ms);
      return to.received().find(text) != std::string::npos;
    });
  }
};

TEST_F(Fresh, WhatIsSaidIsHeard) {
  TestLine from(writer("delivery=fresh")), to(reader("delivery=fresh"));
  from.play();
  to.play();
  ASSERT_TRUE(heard(from, to, "22.5 "));
  const auto before = to.received().size();
  for (int i = 0; i < 100; ++i) {
    from.push("23.0 ");
    std::this_thread::sleep_for(2ms);
  }
  // Over a line that loses nothing, nothing is lost, unless this machine stands still.
  EXPECT_TRUE(TestLine::until([&] { return to.received().size() >= before + 400; }))
      << to.received().size() - before;
  from.end();
  EXPECT_EQ(from.outcome(), "eos");
}

TEST_F(Fresh, NothingWaitsForPeers) {
  TestLine from(writer("delivery=fresh")), to(reader());
  from.play();
  for (int i = 0; i < 5000; ++i) from.push("old ");
  to.play();
  ASSERT_TRUE(heard(from, to, "new "));
  EXPECT_EQ(to.received().find("old"), std::string::npos);
}

TEST_F(Fresh, ASlowReaderHoldsUpNobodyAndGetsTheNewest) {
  TestLine from(writer("delivery=fresh")), to(reader("delivery=fresh"));
  from.play();
  to.play();
  ASSERT_TRUE(heard(from, to, "begin "));
  to.set_state(GST_STATE_PAUSED);
  const auto before = to.received().size();
  const std::string old(10'000, 'o');
  const auto begun = std::chrono::steady_clock::now();
  for (int i = 0; i < 3000; ++i) from.push(old);  // 30 MB
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 15s) << "it waited for the reader";
  ASSERT_TRUE(TestLine::until([&] {
    for (int i = 0; i < 10; ++i) from.push("newest");
    std::this_thread::sleep_for(20ms);
    to.play();
    return to.received().find("newest") != std::string::npos;
  }));
  EXPECT_LT(to.received().size(), before + 2'000'000) << "what it could not take was kept for it";
}

TEST_F(Fresh, TheEndWaitsForNobody) {
  TestLine from(writer("delivery=fresh min-peers=3"));
  from.play();
  from.push("nobody is here");
  from.end();
  EXPECT_EQ(from.outcome(), "eos");
}

TEST_F(Fresh, WhatCannotBeFreshIsRefused) {
  for (const char* wrong : {"delivery=fresh framing=bytes", "delivery=fresh meta={\\\"a\\\":1}"}) {
    TestLine from(writer(wrong));
    EXPECT_EQ(from.set_state(GST_STATE_PLAYING), GST_STATE_CHANGE_FAILURE) << wrong;
    EXPECT_NE(from.outcome().find("delivery=fresh"), std::string::npos) << wrong;
  }
  TestLine from(writer("delivery=fresh")), to(reader());
  from.play();
  to.play();
  ASSERT_TRUE(heard(from, to, "small"));
  from.push(std::string(16'349, 'x'));
  EXPECT_NE(from.outcome().find("at most 16348 bytes"), std::string::npos);
}

}  // namespace
}  // namespace genos
