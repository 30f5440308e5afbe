// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/wire/envelope.hpp"

#include "core/base/bytes.hpp"
#include "require.hpp"

using namespace genos;

namespace {

void envelope(std::string_view text) {
  const auto envelope = core::decode_envelope(text);
  if (!envelope) return;
  fuzz::require(!envelope->from.empty(), "an envelope has a sender");
  const auto again = core::decode_envelope(core::encode_envelope(*envelope));
  fuzz::require(again && *again == *envelope, "an envelope survives a round trip");
}

void candidate(std::string_view text) {
  const auto candidate = core::decode_candidate(text);
  if (!candidate) return;
  const auto again = core::decode_candidate(core::encode_candidate(*candidate));
  fuzz::require(again && *again == *candidate, "a candidate survives a round trip");
}

void signal(std::string_view action, std::string_view text) {
  const auto signal = core::decode_signal(action, text);
  if (!signal) return;
  const auto sent = core::encode_signal(*signal);
  const auto again = core::decode_signal(sent.action, sent.json);
  fuzz::require(sent.action == action && again && *again == *signal,
                "a signal survives a round trip");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = core::text_of({data, size});
  envelope(text);
  candidate(text);
  signal(core::signal_action, text);
  signal(core::turn_action, text);
  return 0;
}
