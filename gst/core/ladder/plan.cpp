// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/ladder/plan.hpp"

#include <algorithm>
#include <cmath>

namespace genos::core {
namespace {

// Rounds down at the half, so that running times before zero have intervals too.
std::int64_t floor_divide(std::int64_t value, std::int64_t by) {
  const std::int64_t quotient = value / by;
  return value % by < 0 ? quotient - 1 : quotient;
}

// Timestamps are rounded: frame 60 of 30 a second comes 20 ns before two seconds, in Matroska half
// a millisecond. That is the new interval already.
constexpr Duration rounding = std::chrono::milliseconds(1);

std::int64_t interval_of(Duration running_time, Duration interval) {
  return floor_divide((running_time + rounding).count(), interval.count());
}

std::uint32_t even(std::uint64_t side) {
  return std::uint32_t(std::max<std::uint64_t>(2, side / 2 * 2));
}

// The picture in square pixels, made smaller in one direction rather than larger in the other.
Size square_size(const Picture& picture) {
  const std::uint64_t wide = picture.pixel_width, high = picture.pixel_height;
  if (wide > high)
    return {picture.width, std::uint32_t(std::uint64_t(picture.height) * high / wide)};
  return {std::uint32_t(std::uint64_t(picture.width) * wide / high), picture.height};
}

Size shrunk(const Size& whole, std::uint32_t lines) {
  const std::uint64_t shorter = std::min(whole.width, whole.height);
  if (lines >= shorter) return {even(whole.width), even(whole.height)};
  const std::uint32_t exact = even(lines);
  // To the nearest even number: 360 lines of 1920x1080 are 640, of 1998x1080 666 wide.
  const auto scaled = [&](std::uint64_t side) { return even((side * exact + shorter) / shorter); };
  return whole.width < whole.height ? Size{exact, scaled(whole.height)}
                                    : Size{scaled(whole.width), exact};
}

}  // namespace

std::vector<std::optional<Size>> plan_sizes(const std::vector<RungWords>& rungs,
                                            const Picture& picture) {
  const Size whole = square_size(picture);
  const std::uint32_t lines = std::min(whole.width, whole.height);
  const auto fills = [&](const RungWords& rung) { return even(rung.lines) == even(lines); };
  const auto is_larger = [&](const RungWords& rung) { return even(rung.lines) > even(lines); };
  const bool filled = std::ranges::any_of(rungs, fills);
  std::uint32_t closest = 0;
  for (const auto& rung : rungs)
    if (is_larger(rung) && (closest == 0 || rung.lines < closest)) closest = rung.lines;
  std::vector<std::optional<Size>> sizes;
  for (const auto& rung : rungs) {
    const bool repeats = is_larger(rung) && (filled || rung.lines != closest);
    sizes.push_back(repeats ? std::nullopt : std::optional(shrunk(whole, rung.lines)));
  }
  return sizes;
}

Place fit(const Picture& picture, const Picture& canvas) {
  const auto shape = [](const Picture& of) {
    return double(of.width) * of.pixel_width / (double(of.height) * of.pixel_height);
  };
  // More than 1: it is wider than the canvas.
  const double excess = shape(picture) / shape(canvas);
  const auto part = [](std::uint32_t side, double of) {
    return std::min(side,
                    std::max(2U, std::uint32_t(std::lround(side * std::min(of, 1.0) / 2)) * 2));
  };
  const std::uint32_t width = part(canvas.width, excess), height = part(canvas.height, 1 / excess);
  return {(canvas.width - width) / 4 * 2, (canvas.height - height) / 4 * 2, width, height};
}

bool KeyGrid::is_next(Duration running_time) const {
  const auto interval = interval_of(running_time, interval_);
  // A time far back is another stream's, or the time before was wrong.
  return !last_ || interval > *last_ || interval < *last_ - 1;
}

bool KeyGrid::is_key(Duration running_time) {
  if (!is_next(running_time)) return false;
  last_ = interval_of(running_time, interval_);
  return true;
}

bool FramePace::is_kept(Duration running_time) {
  if (frames_ == 0) return true;
  // A slot begins a quarter of it early: neither frames of this rate nor of twice this rate, whose
  // times are rounded, lie near its border then.
  const std::int64_t second = 1'000'000;
  const auto slot = floor_divide(running_time.count() * frames_ * 4 + second, second * 4);
  const auto key = interval_of(running_time, key_interval_);
  const bool kept = !last_slot_ || slot > *last_slot_ || key > *last_key_ ||
                    slot < *last_slot_ - std::int64_t(frames_);  // time went back: a new stream
  if (kept) {
    last_slot_ = slot;
    last_key_ = key;
  }
  return kept;
}

}  // namespace genos::core
