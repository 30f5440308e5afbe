// SPDX-License-Identifier: LGPL-2.1-or-later
// Filters of Nostr subscriptions as JSON; the value type is in nostr.hpp.
#pragma once

#include <string_view>

#include "core/wire/nostr.hpp"

namespace genos::core::nostr {

[[nodiscard]] bool is_hex(std::string_view text, std::size_t size);  // lower case
Result<Filter> filter_of(const Json& value);
[[nodiscard]] Json filter_json(const Filter& filter);

}  // namespace genos::core::nostr
