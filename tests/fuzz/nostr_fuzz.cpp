// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/wire/nostr.hpp"

#include "core/base/bytes.hpp"
#include "require.hpp"

using namespace genos;

namespace {

void event(const core::nostr::Event& event) {
  const auto text = core::nostr::canonical(event);
  const auto value = core::parse_json(text, {text.size(), 4, text.size()});
  fuzz::require(value && core::to_text(*value) == text, "the canonical text is JSON");
  fuzz::require(core::nostr::matches({}, event), "an empty filter matches everything");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = core::text_of({data, size});
  if (const auto message = core::nostr::parse_client_message(text)) {
    const auto again = core::nostr::parse_client_message(core::nostr::encode(*message));
    fuzz::require(again && *again == *message, "a client's message survives a round trip");
    if (const auto* publish = std::get_if<core::nostr::Publish>(&*message)) {
      event(publish->event);
      fuzz::require(core::nostr::claimed_id(text) == publish->event.id, "the claimed id is the id");
    }
  }
  if (const auto message = core::nostr::parse_relay_message(text)) {
    const auto again = core::nostr::parse_relay_message(core::nostr::encode(*message));
    fuzz::require(again && *again == *message, "a relay's message survives a round trip");
    if (const auto* delivered = std::get_if<core::nostr::Delivered>(&*message)) {
      event(delivered->event);
    }
  }
  return 0;
}
