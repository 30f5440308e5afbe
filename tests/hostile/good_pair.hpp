// SPDX-License-Identifier: LGPL-2.1-or-later
// Two peers that mean well, in one room with whoever attacks them.
#pragma once

#include <gst/genos/genos.h>
#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <string>
#include <vector>

#include "bridge/signal.hpp"
#include "core/base/time.hpp"
#include "genos/objects.hpp"

namespace genos::test {

inline constexpr const char* hostile_app = "hostile";

// Runs the default main context until it is so, or the time is over.
bool until(const std::function<bool()>& condition, core::Duration limit = std::chrono::seconds(10));
void run(core::Duration time);

struct Footprint {
  long threads = 0, files = 0, kibibytes = 0;
  static Footprint now();
};

// AddressSanitizer keeps what was freed for a while.
#ifdef __SANITIZE_ADDRESS__
inline constexpr long memory_share = 8;
#else
inline constexpr long memory_share = 1;
#endif

class GoodPair {
 public:
  struct Peer {
    std::string id;
    Ref<GstGenosRoom> room;
    Ref<GstGenosChannel> chat;
    std::vector<std::string> heard;  // from the other good one
    int met = 0;
    int parted = 0;
    int strangers = 0;  // joined
    std::vector<Connection> connections;
  };

  // `first` leads towards all but those with smaller ids.
  GoodPair(const std::string& room, const std::string& signaling);
  GoodPair(const GoodPair&) = delete;
  GoodPair& operator=(const GoodPair&) = delete;
  ~GoodPair();

  bool meet();
  // They never parted, a message goes each way, and each answers the other's ping.
  ::testing::AssertionResult unharmed();

  Peer first{"00goodgoodgoodgood00", {}, {}, {}, 0, 0, 0, {}};
  Peer second{"00goodgoodgoodgood01", {}, {}, {}, 0, 0, 0, {}};

 private:
  void enter(Peer& peer, const Peer& other, const std::string& room, const std::string& signaling);
  bool pings(Peer& from, const Peer& to);
  int rounds_ = 0;
};

}  // namespace genos::test
