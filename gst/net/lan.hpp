// SPDX-License-Identifier: LGPL-2.1-or-later
// `signaling=lan`: tells the local network where this machine's relay is, and finds the others'.
#pragma once

#include <gio/gio.h>

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "bridge/ref.hpp"
#include "core/base/bytes.hpp"
#include "core/base/random.hpp"
#include "core/base/result.hpp"
#include "core/base/time.hpp"
#include "net/signaling_uri.hpp"
#include "net/soup_refs.hpp"
#include "net/source.hpp"

namespace genos::net {

// One packet: nothing of a room is in it. 18 bytes: "GENOS", version, kind, 0, port (big endian),
// id.
struct Beacon {
  enum class Kind : std::uint8_t { question = 1, here = 2 } kind = Kind::question;
  std::uint16_t port = 0;            // of the relay; 0 in a question
  std::array<std::uint8_t, 8> id{};  // random, of the process that sends
  bool operator==(const Beacon&) const = default;
};
core::Bytes write_beacon(const Beacon& beacon);
core::Result<Beacon> read_beacon(core::ByteView packet);

// Lives on the thread of its context. Whoever can send packets into the local network can name
// relays here, as many as `max_found`; they see what any relay sees.
class LanBeacon {
 public:
  static constexpr std::size_t max_found = 16;  // relays of other machines; each is a connection

  struct Options {
    GMainContext* context = nullptr;
    core::Random* random = nullptr;
    std::string group = "239.255.77.12";  // site-local scope (RFC 2365); sent with TTL 1
    std::uint16_t port = 7714;            // UDP
    std::function<std::optional<std::uint16_t>()> offers;  // port of the relay that we hold, if any
    std::function<void(const RelayUri&)> found;            // each relay of another machine, once
    // Whether an address is this machine's; the interfaces are asked when empty.
    std::function<bool(const std::string& address)> is_ours;
  };
  static core::Result<std::unique_ptr<LanBeacon>> open(Options options);
  LanBeacon(const LanBeacon&) = delete;
  LanBeacon& operator=(const LanBeacon&) = delete;
  ~LanBeacon();
  void announce();  // we hold the relay now: tell it at once

 private:
  LanBeacon(Options options, Ref<GSocket> socket);
  void join_interfaces();
  void repeat();
  void send(Beacon::Kind kind, std::uint16_t port);
  void answer();
  void receive();
  void heard(const Beacon& beacon, const std::string& address);

  Options options_;
  Ref<GSocket> socket_;
  std::array<std::uint8_t, 8> id_{};
  std::set<std::string> found_;  // URLs
  core::Time answered_{};
  unsigned questions_ = 0;
  Source readable_;
  Timer timer_;
};

}  // namespace genos::net
