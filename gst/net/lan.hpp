// SPDX-License-Identifier: LGPL-2.1-or-later
// `signaling=lan`: tells the local network where this machine's relay is, and finds the others'.
#pragma once

#include <gio/gio.h>

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "bridge/ref.hpp"
#include "core/base/bytes.hpp"
#include "core/base/random.hpp"
#include "core/base/result.hpp"
#include "core/base/time.hpp"
#include "net/signaling_uri.hpp"

namespace genos {
template <> struct RefOps<GSocket> : ObjectOps {};
}  // namespace genos

namespace genos::net {

// The TCP port of a machine's relay for its network: not default_relay_port, which an embedded relay
// for this machine alone may hold.
inline constexpr std::uint16_t lan_relay_port = 7713;

// One beacon: nothing of a room is in it. 16 bytes: "GENOS" version kind 0, port (big endian), 0 0 …
struct Beacon {
  enum class Kind : std::uint8_t { question = 1, here = 2 } kind = Kind::question;
  std::uint16_t port = 0;                // of the relay; 0 in a question
  std::array<std::uint8_t, 8> id{};      // random, of the process that sends
  bool operator==(const Beacon&) const = default;
};
core::Bytes write_beacon(const Beacon& beacon);
core::Result<Beacon> read_beacon(core::ByteView packet);

class LanBeacon {
 public:
  struct Options {
    GMainContext* context = nullptr;
    core::Random* random = nullptr;
    std::string group = "239.255.77.12";   // site-local scope (RFC 2365); sent with TTL 1
    std::uint16_t port = 7714;             // UDP
    std::function<std::optional<std::uint16_t>()> offers;  // port of the relay that we hold, if any
    std::function<void(const RelayUri&)> found;            // each relay of another machine, once
  };
  static core::Result<std::unique_ptr<LanBeacon>> open(Options options);
  ~LanBeacon();
  void announce();  // we hold the relay now: tell it at once

 private:
  struct Sighting {
    core::Time seen{};
    bool told = false;
  };
  LanBeacon(Options options, Ref<GSocket> socket);
  void join_interfaces();
  void send(Beacon::Kind kind);
  void receive();
  void heard(const Beacon& beacon, const std::string& address);

  Options options_;
  Ref<GSocket> socket_;
  std::array<std::uint8_t, 8> id_{};
  std::map<std::string, Sighting> sightings_;  // by address and port
  core::Time answered_ = core::Time::min();
  GSource* readable_ = nullptr;
  GSource* timer_ = nullptr;
};

}  // namespace genos::net
