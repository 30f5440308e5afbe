// SPDX-License-Identifier: LGPL-2.1-or-later
// Payloads in the words of the driver protocol (../README.md).
#pragma once

#include <gst/genos/genos.h>

#include <cstdint>
#include <cstring>

#include "bridge/ref.hpp"
#include "e2e/peer/speech.hpp"

namespace genos::test {

struct Payload {
  GstGenosPayload kind = GST_GENOS_PAYLOAD_TEXT;
  Ref<GBytes> bytes;
};

inline Ref<GBytes> bytes_of_text(const std::string& text) {
  return adopt(g_bytes_new(text.data(), text.size()));
}

inline Ref<GBytes> pattern(std::size_t size, std::uint32_t seed) {
  auto* data = static_cast<guint8*>(g_malloc(size + 4));
  std::uint32_t x = seed | 1;
  for (std::size_t at = 0; at < size; at += 4) {
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    const std::uint32_t word = GUINT32_TO_LE(x);
    std::memcpy(data + at, &word, 4);
  }
  return adopt(g_bytes_new_take(data, size));
}

// What a command asks us to send.
inline Payload payload_of(const core::Json& command) {
  const auto kind = command.string_at("kind").value_or("text");
  if (kind == "bytes")
    return {GST_GENOS_PAYLOAD_BYTES,
            pattern(static_cast<std::size_t>(command.integer_at("size").value_or(0)),
                    static_cast<std::uint32_t>(command.integer_at("seed").value_or(0)))};
  if (kind == "json") {
    const auto* value = command.find("json");
    return {GST_GENOS_PAYLOAD_JSON, bytes_of_text(core::to_text(value ? *value : core::Json()))};
  }
  return {GST_GENOS_PAYLOAD_TEXT, bytes_of_text(command.string_at("text").value_or(""))};
}

// Adds what was received to an event or an answer.
inline void describe(core::Json& into, GstGenosPayload kind, GBytes* payload, const char* meta) {
  gsize size = 0;
  const auto* data = static_cast<const char*>(g_bytes_get_data(payload, &size));
  const std::string_view text(data ? data : "", size);
  if (kind == GST_GENOS_PAYLOAD_TEXT) {
    into.set("kind", "text").set("text", text);
  } else if (kind == GST_GENOS_PAYLOAD_JSON) {
    into.set("kind", "json").set("json", value_of(text));
  } else {
    const Owned<char> hash(g_compute_checksum_for_bytes(G_CHECKSUM_SHA256, payload));
    into.set("kind", "bytes")
        .set("size", static_cast<std::int64_t>(size))
        .set("sha256", hash.get());
  }
  if (meta) into.set("meta", value_of(meta));
}

}  // namespace genos::test
