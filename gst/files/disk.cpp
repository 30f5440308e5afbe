// SPDX-License-Identifier: LGPL-2.1-or-later
#include "files/disk.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace genos::files {

core::Error system_error(const std::string& what) {
  return {core::Errc::failed, what + ": " + std::strerror(errno)};
}

File::~File() {
  if (number_ >= 0) close(number_);
}

std::optional<core::Error> read_at(const File& file, std::uint64_t at, std::span<std::uint8_t> into,
                                   const std::string& name) {
  while (!into.empty()) {
    const auto got = pread(file.get(), into.data(), into.size(), static_cast<off_t>(at));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_error("'" + name + "' cannot be read");
    if (got == 0) return core::Error{core::Errc::failed, "'" + name + "' is shorter than it was"};
    into = into.subspan(static_cast<std::size_t>(got));
    at += static_cast<std::uint64_t>(got);
  }
  return std::nullopt;
}

std::optional<core::Error> write_at(const File& file, std::uint64_t at, core::ByteView bytes,
                                    const std::string& name) {
  while (!bytes.empty()) {
    const auto put = pwrite(file.get(), bytes.data(), bytes.size(), static_cast<off_t>(at));
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return system_error("'" + name + "' cannot be written");
    bytes = bytes.subspan(static_cast<std::size_t>(put));
    at += static_cast<std::uint64_t>(put);
  }
  return std::nullopt;
}

void Spans::add(std::string path, std::uint64_t size) {
  spans_.push_back({std::move(path), end(), size});
}

std::size_t Spans::find(std::uint64_t at) const {
  const auto after =
      std::upper_bound(spans_.begin(), spans_.end(), at,
                       [](std::uint64_t place, const Span& span) { return place < span.start; });
  auto index = static_cast<std::size_t>(after - spans_.begin());
  // Empty files begin where the next one does.
  while (index > 0 && spans_[index - 1].start + spans_[index - 1].size > at) --index;
  return index;
}

}  // namespace genos::files
