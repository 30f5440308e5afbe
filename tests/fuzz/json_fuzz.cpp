// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/wire/json.hpp"

#include "core/base/bytes.hpp"
#include "require.hpp"

using namespace genos;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = core::text_of({data, size});
  const auto value = core::parse_json(text);
  fuzz::require(value.has_value() == !core::check_json(text), "check_json agrees with parse_json");
  if (!value) return 0;
  const auto written = core::to_text(*value);
  fuzz::require(core::is_utf8(written), "what is written is UTF-8");
  const auto again = core::parse_json(
      written, {written.size(), core::limits::max_json_depth, core::limits::max_json_nodes});
  fuzz::require(again && *again == *value, "what is written reads back the same");
  fuzz::require(core::to_text(*again) == written, "and is written the same");
  return 0;
}
