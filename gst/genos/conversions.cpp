// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/wire/json.hpp"
#include "core/wire/limits.hpp"
#include "genos/objects.hpp"

namespace genos {
namespace {

using core::Errc;
using core::Error;

core::JsonLimits payload_limits(std::size_t size) {
  // Our own words: only the depth is bounded, so that the other side accepts them.
  return {
      .max_size = size, .max_depth = core::limits::max_payload_json_depth, .max_nodes = size + 1};
}

std::optional<Error> check_payload(core::PayloadKind kind, std::string_view text) {
  if (kind == core::PayloadKind::text && !core::is_utf8(text))
    return Error{Errc::malformed, "a text message must be UTF-8; send it as bytes"};
  if (kind != core::PayloadKind::json) return std::nullopt;
  if (auto wrong = core::check_json(text, payload_limits(text.size())))
    return Error{Errc::malformed, "the payload is not JSON: " + wrong->detail};
  return std::nullopt;
}

}  // namespace

GstGenosPayload to_c(core::PayloadKind kind) {
  switch (kind) {
    case core::PayloadKind::text: return GST_GENOS_PAYLOAD_TEXT;
    case core::PayloadKind::json: return GST_GENOS_PAYLOAD_JSON;
    case core::PayloadKind::bytes: break;
  }
  return GST_GENOS_PAYLOAD_BYTES;
}

std::optional<core::PayloadKind> from_c(GstGenosPayload kind) {
  switch (kind) {
    case GST_GENOS_PAYLOAD_TEXT: return core::PayloadKind::text;
    case GST_GENOS_PAYLOAD_JSON: return core::PayloadKind::json;
    case GST_GENOS_PAYLOAD_BYTES: return core::PayloadKind::bytes;
  }
  return std::nullopt;
}

Ref<GBytes> to_gbytes(std::shared_ptr<const core::Bytes> payload) {
  const auto* data = payload->data();
  const auto size = payload->size();
  auto* owner = new std::shared_ptr<const core::Bytes>(std::move(payload));
  return adopt(g_bytes_new_with_free_func(
      data, size,
      [](gpointer shared) { delete static_cast<std::shared_ptr<const core::Bytes>*>(shared); },
      owner));
}

core::Result<core::Message> make_message(const std::string& channel, GstGenosPayload kind,
                                         GBytes* payload, const char* meta) {
  const auto core_kind = from_c(kind);
  if (!core_kind) return Error{Errc::malformed, "no such kind of payload"};
  const auto bytes = payload ? bytes_of(payload) : std::span<const std::uint8_t>();
  if (auto wrong = check_payload(*core_kind, core::text_of(bytes))) return *wrong;
  core::Message message;
  message.channel = channel;
  message.kind = *core_kind;
  message.payload = std::make_shared<const core::Bytes>(bytes.begin(), bytes.end());
  if (!meta) return message;
  message.meta = meta;
  if (auto wrong = core::check_json(*message.meta, payload_limits(message.meta->size())))
    return Error{Errc::malformed, "the metadata is not JSON: " + wrong->detail};
  return message;
}

}  // namespace genos
