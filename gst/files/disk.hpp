// SPDX-License-Identifier: LGPL-2.1-or-later
// Bytes of several files laid end to end, and reading and writing them at a place.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/base/bytes.hpp"
#include "core/base/result.hpp"

namespace genos::files {

core::Error system_error(const std::string& what);  // with errno's text

// An open file; closed with the object.
class File {
 public:
  File() = default;
  explicit File(int number) : number_(number) {}
  File(File&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  File& operator=(File&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~File();
  [[nodiscard]] int get() const { return number_; }
  explicit operator bool() const { return number_ >= 0; }

 private:
  int number_ = -1;
};

// All of it, or why not.
[[nodiscard]] std::optional<core::Error> read_at(const File& file, std::uint64_t at,
                                                 std::span<std::uint8_t> into,
                                                 const std::string& name);
[[nodiscard]] std::optional<core::Error> write_at(const File& file, std::uint64_t at,
                                                  core::ByteView bytes, const std::string& name);

struct Span {
  std::string path;
  std::uint64_t start = 0;  // in all
  std::uint64_t size = 0;
};

// In order of their start, without gaps.
class Spans {
 public:
  void add(std::string path, std::uint64_t size);
  void clear() { spans_.clear(); }
  [[nodiscard]] std::uint64_t end() const {
    return spans_.empty() ? begin_ : spans_.back().start + spans_.back().size;
  }
  void begin_at(std::uint64_t begin) { begin_ = begin; }
  [[nodiscard]] const std::vector<Span>& all() const { return spans_; }

  // Calls `use(span, place in it, length)` for each part of [at, at + length), until one fails.
  template <class Use>
  [[nodiscard]] std::optional<core::Error> each(std::uint64_t at, std::uint64_t length,
                                                Use use) const {
    for (auto index = find(at); length > 0 && index < spans_.size(); ++index) {
      const auto& span = spans_[index];
      const auto offset = at - span.start;
      const auto part = std::min(length, span.size - offset);
      if (part == 0) continue;
      if (auto error = use(index, offset, part)) return error;
      at += part;
      length -= part;
    }
    return std::nullopt;
  }

 private:
  [[nodiscard]] std::size_t find(std::uint64_t at) const;
  std::uint64_t begin_ = 0;
  std::vector<Span> spans_;
};

}  // namespace genos::files
