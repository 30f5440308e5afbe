// SPDX-License-Identifier: LGPL-2.1-or-later
// Which block is asked of whom. Exchangeable: to play a file while it comes, deadlines would rule.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "core/base/time.hpp"

namespace genos::core {

class Picker {
 public:
  // What is wanted, in the order in which it is needed, and who else is on it.
  struct View {
    std::uint64_t first = 0, last = 0;          // the window: [first, last)
    std::function<bool(std::uint64_t)> wanted;  // missing, not asked for, and the peer has it
    std::function<bool(std::uint64_t)> found_elsewhere;  // another receiver has it
    bool is_source = false;                 // the peer has had all of it from the start
    std::uint64_t receivers = 1, rank = 0;  // how many take it now; which of them we are
    Duration idle{};  // for so long nothing has been asked of this peer or come from it
  };
  virtual ~Picker() = default;
  virtual std::optional<std::uint64_t> pick(const View& view) = 0;
};

// So that the source has to send each block about once: of it everybody asks for the blocks of
// their own rank only, and for the others of whoever has them by then. Who waits for long helps
// itself.
class SharingPicker final : public Picker {
 public:
  static constexpr Duration patience = std::chrono::milliseconds(700);

  std::optional<std::uint64_t> pick(const View& view) override {
    const bool share = view.is_source && view.receivers > 1;
    for (auto block = view.first; block < view.last; ++block)
      if ((!share || block % view.receivers == view.rank) && view.wanted(block)) return block;
    if (!share || view.idle < patience) return std::nullopt;
    for (auto block = view.first; block < view.last; ++block)
      if (view.wanted(block) && !view.found_elsewhere(block)) return block;
    return std::nullopt;
  }
};

}  // namespace genos::core
