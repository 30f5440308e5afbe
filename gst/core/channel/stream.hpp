// SPDX-License-Identifier: LGPL-2.1-or-later
// A stream over the messages of a channel: each says where it begins, readers say how far they are,
// so a slow reader slows the writer down and everybody knows where it ends.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "core/base/ids.hpp"
#include "core/base/result.hpp"
#include "core/base/time.hpp"

namespace genos::core {

// Places count what messages take on their way, so that windows of tiny ones are bounded too.
constexpr std::uint64_t length_in_stream(std::size_t size) { return size + 1024; }

// Where in a stream a message begins. Travels in the message's metadata, to our own peers.
struct StreamPlace {
  std::string stream;  // 12 alphanumerics
  std::uint64_t at = 0;
  bool operator==(const StreamPlace&) const = default;
};

// It ends at `at`. Travels as JSON beside the channel, to our own peers, and may overtake.
struct StreamEnd {
  std::string stream;
  std::uint64_t at = 0;
  bool cut = false;  // it was given up; more would have come
  bool operator==(const StreamEnd&) const = default;
};

// How far a reader is. Travels as JSON beside the channel, to the writer.
struct StreamReport {
  std::string stream;
  std::uint64_t taken = 0;  // up to here it was passed on
  bool done = false;        // to the end
  bool operator==(const StreamReport&) const = default;
};

// `meta`: what the application says itself, an object or nothing.
std::string with_place(const std::optional<std::string>& meta, const StreamPlace& place);
std::optional<StreamPlace> place_in(const std::optional<std::string>& meta);
std::string end_text(const StreamEnd& end);
std::optional<StreamEnd> end_in(std::string_view text);
std::string report_text(const StreamReport& report);
std::optional<StreamReport> report_in(std::string_view text);

class StreamWriter {
 public:
  struct Options {
    std::string stream;
    std::uint64_t window = 4UL * 1024 * 1024;          // the slowest reader may be so far behind
    Duration silence_limit = std::chrono::seconds(2);  // who has not said a word by then never will
  };
  explicit StreamWriter(Options options) : options_(std::move(options)) {}

  void add(const PeerId& peer);  // one of ours, which may report
  void forget(const PeerId& peer);
  void report(const PeerId& peer, const StreamReport& report);

  [[nodiscard]] bool may_write() const;
  // The place of the next message.
  StreamPlace write(std::uint64_t length);
  StreamEnd end(Time now);  // all was written
  [[nodiscard]] StreamEnd cut() const { return {options_.stream, written_, true}; }
  // Everybody who reports has all of it, and nobody else will report any more.
  [[nodiscard]] bool finished(Time now) const;
  [[nodiscard]] Time deadline() const;  // finished() may change then by itself
  [[nodiscard]] std::uint64_t written() const { return written_; }

 private:
  struct Reader {
    bool reports = false;
    std::uint64_t taken = 0;
    bool done = false;
  };
  Options options_;
  std::uint64_t written_ = 0;
  std::optional<Time> ended_;
  std::map<PeerId, Reader> readers_;
};

class StreamReader {
 public:
  // bytes: only the stream that began first, whole or not at all; the others are ignored.
  enum class Kind : std::uint8_t { messages, bytes };
  enum class Verdict : std::uint8_t {
    deliver,
    last,    // deliver; nothing follows
    ignore,  // of another stream
    broken   // something between the last message and this one is missing
  };

  explicit StreamReader(Kind kind) : kind_(kind) {}

  // A message has come; no place: its sender knows nothing of streams.
  Verdict handle(const PeerId& peer, const std::optional<StreamPlace>& place, std::uint64_t length);
  // Its end was told. `last`, or `deliver` of messages: everything before it has come already; pass
  // nothing on, at that place.
  Verdict handle(const PeerId& peer, const StreamEnd& end);
  // It was passed on. The report to send now, if one is due.
  std::optional<StreamReport> passed(const PeerId& peer, const StreamPlace& place,
                                     std::uint64_t length);
  enum class Loss : std::uint8_t { none, ended, truncated };
  Loss forget(const PeerId& peer);  // what its leaving means for the stream of bytes

 private:
  // Often enough for a window of 4 MiB, and seldom beside the data.
  static constexpr std::uint64_t report_step = 256UL * 1024;

  struct Source {
    std::string stream;
    std::uint64_t come = 0;
    std::optional<std::uint64_t> end;
    std::optional<std::uint64_t> reported;
  };
  Verdict handle_bytes(const PeerId& peer, const std::optional<StreamPlace>& place,
                       std::uint64_t length);
  bool choose(const PeerId& peer, const std::string& stream, std::uint64_t at);

  Kind kind_;
  std::map<PeerId, Source> sources_;
  std::optional<PeerId> chosen_;
  bool over_ = false;
};

}  // namespace genos::core
