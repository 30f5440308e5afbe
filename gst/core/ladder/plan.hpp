// SPDX-License-Identifier: LGPL-2.1-or-later
// Which sizes the rungs of a ladder get for a picture, and which of its frames.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/base/time.hpp"
#include "core/ladder/words.hpp"

namespace genos::core {

struct Picture {
  std::uint32_t width = 0, height = 0;
  std::uint32_t pixel_width = 1, pixel_height = 1;  // how a pixel is to be shown
};

struct Size {
  std::uint32_t width = 0, height = 0;

  bool operator==(const Size&) const = default;
};

// A size for each rung: square pixels, even sides, the picture's shape, never larger than it. None
// for a rung that would only repeat another: of those that the picture is too small for, the
// smallest is made as large as the picture, if no other rung is.
std::vector<std::optional<Size>> plan_sizes(const std::vector<RungWords>& rungs,
                                            const Picture& picture);

struct Place {
  std::uint32_t x = 0, y = 0, width = 0, height = 0;

  bool operator==(const Place&) const = default;
};

// Where in the canvas the whole picture is, in its own shape: as large as may be, in the middle, on
// even pixels, since the colours of two by two are one.
Place fit(const Picture& picture, const Picture& canvas);

// Which frame of a stream is a keyframe: the first of each interval of running time, whoever began
// when. Rungs that follow the same grid agree without talking.
class KeyGrid {
 public:
  explicit KeyGrid(Duration interval) : interval_(interval) {}
  // Asked for every frame; true for the first one ever.
  bool is_key(Duration running_time);
  // What is_key() would say.
  [[nodiscard]] bool is_next(Duration running_time) const;
  // The next frame will be one, as after a pause.
  void reset() { last_.reset(); }

 private:
  Duration interval_;
  std::optional<std::int64_t> last_;
};

// Lets through as many frames as a rung has, evenly, and always the first of each interval of the
// key grid, so that rungs of different rates have their keyframes at the same moments.
class FramePace {
 public:
  FramePace(std::uint32_t frames, Duration key_interval)
      : frames_(frames), key_interval_(key_interval) {}
  bool is_kept(Duration running_time);

 private:
  std::uint32_t frames_;
  Duration key_interval_;
  std::optional<std::int64_t> last_slot_, last_key_;
};

}  // namespace genos::core
