// SPDX-License-Identifier: LGPL-2.1-or-later
// What the application hears of a file.
#pragma once

#include <string>

#include "core/files/exchange.hpp"

namespace genos {

struct FileNews {
  using Event = core::Exchange::TakerNews::What;
  enum class Kind { offered, withdrawn, progress, placed, failed, taker };
  Kind kind;
  core::Digest id{};
  core::PeerId peer;
  core::FileInfo file;     // offered
  std::uint64_t done = 0;  // progress; of a taker: sent to it
  std::string text;        // why, or the path
  Event event{};           // taker
};

}  // namespace genos
