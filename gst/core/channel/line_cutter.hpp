// SPDX-License-Identifier: LGPL-2.1-or-later
// Cuts bytes that come in pieces of any size into lines.
#pragma once

#include <algorithm>
#include <optional>
#include <string>

#include "core/base/bytes.hpp"

namespace genos::core {

class LineCutter {
 public:
  static constexpr std::size_t limit = 16UL * 1024 * 1024;  // a line is held whole, and sent whole

  // Take all lines with next() before adding more. False when there is a line beyond the limit.
  [[nodiscard]] bool add(ByteView piece) {
    waiting_.append(text_of(piece));
    return std::min(waiting_.find('\n', searched_), waiting_.size()) <= limit;
  }
  // The next whole line, without its end, which may be "\r\n".
  std::optional<std::string> next() {
    const auto end = waiting_.find('\n', searched_);
    if (end == std::string::npos) {
      waiting_.erase(0, begin_);
      begin_ = 0;
      searched_ = waiting_.size();
      return std::nullopt;
    }
    auto line = waiting_.substr(begin_, end - begin_);
    if (line.ends_with('\r')) line.pop_back();
    searched_ = begin_ = end + 1;
    return line;
  }
  // When no more comes: what is left is a line too; none when nothing is.
  std::optional<std::string> rest() {
    auto line = waiting_.substr(begin_);
    clear();
    return line.empty() ? std::nullopt : std::optional(std::move(line));
  }
  void clear() {
    waiting_.clear();
    begin_ = searched_ = 0;
  }

 private:
  std::string waiting_;
  std::size_t begin_ = 0;     // of what was not given out
  std::size_t searched_ = 0;  // no end of a line before it
};

}  // namespace genos::core
