// SPDX-License-Identifier: LGPL-2.1-or-later
// What a viewer wishes for, and which rung of a ladder it gets.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/time.hpp"

namespace genos::core {

// The larger wish counts where there are several. None: nobody takes it.
enum class Quality { none, low, medium, automatic, high };

std::optional<Quality> parse_quality(std::string_view word);
std::string_view to_word(Quality quality);

struct MediaWish {
  Quality picture = Quality::automatic;
  Quality sound = Quality::automatic;  // or none
  bool operator==(const MediaWish&) const = default;
};
MediaWish larger(const MediaWish& one, const MediaWish& other);

// Of all that one peer sends, and of those of its streams for which there is another wish.
class StreamWishes {
 public:
  StreamWishes() = default;
  explicit StreamWishes(const MediaWish& all) : all_(all) {}

  void set(std::string stream, const MediaWish& wish);
  [[nodiscard]] const MediaWish& all() const { return all_; }
  [[nodiscard]] const std::map<std::string, MediaWish, std::less<>>& others() const {
    return others_;
  }
  [[nodiscard]] const MediaWish& of(std::string_view stream) const;
  // Whether the same is taken, of whatever quality.
  [[nodiscard]] bool takes_as(const StreamWishes& other) const;
  bool operator==(const StreamWishes&) const = default;

 private:
  MediaWish all_;
  std::map<std::string, MediaWish, std::less<>> others_;  // none is as all_
};
StreamWishes larger(const StreamWishes& one, const StreamWishes& other);

// The place of the rung among so many, which are one at least, largest first. Medium is the middle
// one, of two in the middle the larger.
std::size_t rung_of(Quality quality, std::size_t rungs);

// The rung of one viewer. However often it wishes for something else, it changes now and then only,
// and its last wish counts.
class RungChoice {
 public:
  static constexpr Duration least_distance = std::chrono::milliseconds(500);
  using Rung = unsigned;  // its name, which no other has ever

  explicit RungChoice(Quality wish) : wish_(wish) {}
  void wish(Quality quality) { wish_ = quality; }
  // Asked when the rungs, largest first, are others, and before every frame. True: it has another,
  // or none any more.
  bool follow(const std::vector<Rung>& rungs, Time now);
  [[nodiscard]] std::optional<Rung> rung() const { return rung_; }

 private:
  Quality wish_;
  std::optional<Rung> rung_;
  Time changed_{-std::chrono::hours(1)};
};

}  // namespace genos::core
