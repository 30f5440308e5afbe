// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/ladder/words.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "core/ladder/limits.hpp"

namespace genos::core {
namespace {

struct Preset {
  std::string_view name, words;
};
constexpr std::array presets = {
    Preset{"low", "360p30:500k,180p15:150k"},
    Preset{"medium", "720p30:1500k,360p30:500k,180p15:150k"},
    Preset{"high", "1080p30:3000k,720p30:1500k,360p30:500k,180p15:150k"},
    Preset{"livestream", "1080p30:4500k,720p30:2500k,480p30:1200k,360p30:700k"},
};
constexpr std::array video_codecs = {"av1", "vp9", "vp8", "h264"};
constexpr std::array sound_codecs = {"opus", "aac"};

std::vector<std::string_view> split(std::string_view text, char by) {
  std::vector<std::string_view> parts;
  for (;;) {
    const auto end = text.find(by);
    auto part = text.substr(0, end);
    while (part.starts_with(' ')) part.remove_prefix(1);
    while (part.ends_with(' ')) part.remove_suffix(1);
    parts.push_back(part);
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

template <std::size_t count>
bool is_one_of(const std::array<const char*, count>& names, std::string_view word) {
  return std::ranges::find(names, word) != names.end();
}

// The number at the beginning of the text, which is taken off it.
std::optional<std::uint32_t> take_number(std::string_view& text) {
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return std::nullopt;
  text.remove_prefix(std::size_t(end - text.data()));
  return number;
}

Error wrong(std::string_view word, const std::string& what) {
  return {Errc::malformed, "'" + std::string(word.substr(0, 64)) + "': " + what};
}

std::string range(std::string_view what, std::uint32_t least, std::uint32_t most) {
  return std::string(what) + " is " + std::to_string(least) + " to " + std::to_string(most);
}

std::optional<Error> read_size(std::string_view word, std::string_view size, RungWords& rung) {
  const auto lines = take_number(size);
  if (!lines || !size.starts_with('p'))
    return wrong(word,
                 "a rung is LINESp[FRAMES][:BITRATE][:CODEC], like 720p30:1500k; low, medium, high "
                 "and livestream are whole ladders");
  size.remove_prefix(1);
  if (*lines < limits::min_lines || *lines > limits::max_lines)
    return wrong(word, range("the number of lines", limits::min_lines, limits::max_lines));
  rung.lines = *lines;
  if (size.empty()) return std::nullopt;
  const auto frames = take_number(size);
  if (!frames || !size.empty() || *frames < 1 || *frames > limits::max_frames_per_second)
    return wrong(word, range("frames a second after the p", 1, limits::max_frames_per_second));
  rung.frames = *frames;
  return std::nullopt;
}

// Bits a second are rarely meant where there are so few of them.
std::string too_few(std::uint32_t bitrate, const std::string& why) {
  const auto number = std::to_string(bitrate);
  return number + " is " + number + " bit/s, " + why + ": is " + number + "k meant?";
}

Result<RungWords> parse_rung(std::string_view word) {
  const auto parts = split(word, ':');
  RungWords rung;
  if (auto error = read_size(word, parts[0], rung)) return *error;
  for (std::size_t i = 1; i < parts.size(); ++i) {
    if (is_one_of(video_codecs, parts[i]) && rung.codec.empty()) {
      rung.codec = parts[i];
    } else if (rung.bitrate == 0 && (rung.bitrate = parse_bitrate(parts[i])) > 0) {
      continue;
    } else {
      return wrong(word, "'" + std::string(parts[i]) +
                             "' is neither a bitrate like 1500k nor av1, vp9, vp8 or h264; a rung "
                             "has one of each");
    }
  }
  const auto usual = usual_bitrate(rung.lines, rung.frames);
  if (rung.bitrate == 0) rung.bitrate = usual;
  if (rung.bitrate < std::max(limits::min_bitrate, usual / limits::least_bitrate_share))
    return wrong(word, too_few(rung.bitrate, "too little for such pictures"));
  return rung;
}

Result<SoundWords> parse_sound(std::string_view word) {
  auto parts = split(word, ':');
  SoundWords sound{std::string(parts[0]), 96'000};
  if (parts.size() > 1 && parts.back() == "dtx") {
    sound.dtx = true;
    parts.pop_back();
  }
  if (!is_one_of(sound_codecs, parts[0]) || parts.size() > 2 || (sound.dtx && parts[0] != "opus"))
    return wrong(word, "a sound is opus or aac, with a bitrate like opus:96k; opus may have :dtx");
  if (parts.size() == 1) return sound;
  sound.bitrate = parse_bitrate(parts[1]);
  if (sound.bitrate > 0 && sound.bitrate < limits::max_sound_bitrate / 1000)
    return wrong(word, too_few(sound.bitrate, "too little for any sound"));
  if (sound.bitrate < limits::min_sound_bitrate || sound.bitrate > limits::max_sound_bitrate)
    return wrong(word, range("a sound's bitrate in bit/s", limits::min_sound_bitrate,
                             limits::max_sound_bitrate));
  return sound;
}

std::string bitrate_words(std::uint32_t bitrate) {
  return bitrate % 1000 == 0 ? std::to_string(bitrate / 1000) + "k" : std::to_string(bitrate);
}

}  // namespace

std::uint32_t parse_bitrate(std::string_view word) {
  const auto whole = take_number(word);
  if (!whole) return 0;
  std::uint64_t thousandths = std::uint64_t(*whole) * 1000;
  if (word.starts_with('.')) {
    word.remove_prefix(1);
    std::uint64_t place = 100;
    for (; !word.empty() && word[0] >= '0' && word[0] <= '9'; word.remove_prefix(1), place /= 10)
      thousandths += std::uint64_t(word[0] - '0') * place;
  }
  if (word == "k")
    thousandths *= 1000;
  else if (word == "M")
    thousandths *= 1'000'000;
  else if (!word.empty())
    return 0;
  const std::uint64_t bitrate = thousandths / 1000;
  return bitrate <= limits::max_bitrate ? std::uint32_t(bitrate) : 0;
}

// Bits grow with the 3/4th power of pixels, and half as fast as frames: 720p30 has 1.5 Mbit/s.
std::uint32_t usual_bitrate(std::uint32_t lines, std::uint32_t frames) {
  struct Usual {
    std::uint32_t lines, bitrate;
  };
  static constexpr std::array usual = {
      Usual{144, 100'000},    Usual{180, 150'000},    Usual{240, 250'000},
      Usual{360, 500'000},    Usual{480, 800'000},    Usual{720, 1'500'000},
      Usual{1080, 3'000'000}, Usual{1440, 5'000'000}, Usual{2160, 10'000'000}};
  auto above = std::ranges::find_if(usual, [&](const Usual& one) { return one.lines >= lines; });
  if (above == usual.end()) --above;
  const std::uint32_t rate = frames == 0 ? 30 : frames;
  return std::uint32_t(std::uint64_t(above->bitrate) *
                       (30 + std::min(rate, limits::max_frames_per_second)) / 60);
}

Result<std::vector<RungWords>> parse_ladder(std::string_view words) {
  if (const auto only = split(words, ','); only.size() == 1)
    for (const auto& preset : presets)
      if (only[0] == preset.name) words = preset.words;
  std::vector<RungWords> rungs;
  for (const auto word : split(words, ',')) {
    auto rung = parse_rung(word);
    if (!rung) return rung.error();
    if (std::ranges::find(rungs, *rung) != rungs.end()) return wrong(word, "it is there twice");
    rungs.push_back(*std::move(rung));
    if (rungs.size() > limits::max_rungs)
      return Error{Errc::too_large,
                   "a ladder has at most " + std::to_string(limits::max_rungs) + " rungs"};
  }
  std::ranges::stable_sort(rungs, [](const RungWords& one, const RungWords& other) {
    return one.lines != other.lines ? one.lines > other.lines : one.bitrate > other.bitrate;
  });
  return rungs;
}

Result<std::vector<SoundWords>> parse_sounds(std::string_view words) {
  std::vector<SoundWords> sounds;
  if (words.empty()) return sounds;
  for (const auto word : split(words, ',')) {
    auto sound = parse_sound(word);
    if (!sound) return sound.error();
    if (std::ranges::find(sounds, *sound) != sounds.end()) return wrong(word, "it is there twice");
    sounds.push_back(*std::move(sound));
    if (sounds.size() > limits::max_rungs)
      return Error{Errc::too_large,
                   "there are at most " + std::to_string(limits::max_rungs) + " sounds"};
  }
  return sounds;
}

RungWords rung_of(const SoundWords& sound) {
  return {.bitrate = sound.bitrate, .codec = sound.codec, .dtx = sound.dtx};
}

std::string to_words(const RungWords& rung) {
  if (rung.lines == 0)
    return rung.codec + ":" + bitrate_words(rung.bitrate) + (rung.dtx ? ":dtx" : "");
  std::string words = std::to_string(rung.lines) + "p";
  if (rung.frames > 0) words += std::to_string(rung.frames);
  words += ":" + bitrate_words(rung.bitrate);
  return rung.codec.empty() ? words : words + ":" + rung.codec;
}

}  // namespace genos::core
