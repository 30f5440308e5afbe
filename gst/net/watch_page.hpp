// SPDX-License-Identifier: LGPL-2.1-or-later
// The page with which a browser takes part in a room (signaling/page), as a relay serves it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "net/relay_host.hpp"

namespace genos::net {

// What to answer to a GET of `path`; none for paths that are not of the page. `name` is the
// headline.
[[nodiscard]] std::optional<RelayHost::Page> watch_page(std::string_view path,
                                                        const std::string& name);

}  // namespace genos::net
