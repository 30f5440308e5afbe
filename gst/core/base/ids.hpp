// SPDX-License-Identifier: LGPL-2.1-or-later
// Names that cannot be mixed up: each kind of id is a type of its own.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

namespace genos::core {

template <class Tag> struct TextId {
  std::string value;
  auto operator<=>(const TextId&) const = default;
  [[nodiscard]] bool empty() const { return value.empty(); }
};

template <class Tag> struct NumberId {
  std::uint64_t value = 0;
  auto operator<=>(const NumberId&) const = default;
};

using PeerId = TextId<struct PeerTag>;            // 20 alphanumerics of ours; any text of others
using OfferId = TextId<struct OfferTag>;          // 12 alphanumerics; one per connection attempt
using RoomToken = TextId<struct RoomTag>;         // 64 hex digits: names a room inside a link
using Topic = TextId<struct TopicTag>;            // where a relay delivers
using RelayId = NumberId<struct RelayTag>;        // one relay of one session
using LinkId = NumberId<struct LinkTag>;          // one peer connection, never reused
using TransferId = NumberId<struct TransferTag>;  // one send() of the application

}  // namespace genos::core

template <class Tag> struct std::hash<genos::core::TextId<Tag>> {
  std::size_t operator()(const genos::core::TextId<Tag>& id) const noexcept {
    return std::hash<std::string>()(id.value);
  }
};
template <class Tag> struct std::hash<genos::core::NumberId<Tag>> {
  std::size_t operator()(const genos::core::NumberId<Tag>& id) const noexcept {
    return std::hash<std::uint64_t>()(id.value);
  }
};
