// SPDX-License-Identifier: LGPL-2.1-or-later
// The files of the watch page, which signaling/page/build.py writes as C++.
#pragma once

#include <span>
#include <string_view>

namespace genos::net {

struct WatchPageFile {
  std::string_view path;
  std::string_view type;
  std::string_view body;
};

[[nodiscard]] std::span<const WatchPageFile> watch_page_files();

}  // namespace genos::net
