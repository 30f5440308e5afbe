// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/files/file_message.hpp"

#include "core/wire/json.hpp"
#include "core/wire/limits.hpp"

namespace genos::core {
namespace {

struct Spelling {
  FileWord word;
  std::string_view text;
};
constexpr Spelling spellings[] = {
    {FileWord::offer, "offer"},
    {FileWord::withdraw, "withdraw"},
    {FileWord::take, "take"},
    {FileWord::refuse, "refuse"},
    {FileWord::stop, "stop"},
    {FileWord::done, "done"},
    {FileWord::ask_roots, "ask-roots"},
    {FileWord::ask_page, "ask-page"},
    {FileWord::ask_blocks, "ask-blocks"},
    {FileWord::lack, "lack"},
};
constexpr std::size_t parcel_header = 1 + sizeof(Digest) + 8;

std::optional<FileWord> word_in(std::string_view text) {
  for (const auto& spelling : spellings)
    if (spelling.text == text) return spelling.word;
  return std::nullopt;
}

std::optional<std::uint64_t> number_at(const Json& json, std::string_view name) {
  const auto value = json.integer_at(name).value_or(0);
  if (value < 0) return std::nullopt;
  return static_cast<std::uint64_t>(value);
}

std::optional<std::string> text_at(const Json& json, std::string_view name, std::size_t limit) {
  auto text = json.string_at(name).value_or("");
  if (text.size() > limit) return std::nullopt;
  return text;
}

// The beginning of what our side gave as a reason: with more of it the others would not hear at
// all.
std::string_view sayable(std::string_view why) {
  if (!is_utf8(why)) return {};
  auto end = std::min(why.size(), limits::max_leave_reason);
  while (end < why.size() && end > 0 && (static_cast<std::uint8_t>(why[end]) & 0xc0) == 0x80) --end;
  return why.substr(0, end);
}

// Only what an offer has beside the id.
bool read_offer(const Json& json, FileInfo& file) {
  const auto size = number_at(json, "size"), manifest = number_at(json, "manifest");
  auto name = text_at(json, "name", limits::max_file_name);
  auto type = text_at(json, "type", limits::max_file_type);
  const auto root = digest_from_hex(json.string_at("root").value_or(""));
  if (!size || !manifest || !name || !type || !root || name->empty()) return false;
  if (*size > limits::max_file_size || *manifest > std::min(*size, limits::max_manifest))
    return false;
  file.size = *size;
  file.manifest = *manifest;
  file.root = *root;
  file.closed = json.bool_at("closed").value_or(false);
  file.name = std::move(*name);
  file.type = std::move(*type);
  return true;
}

}  // namespace

std::string to_text(const FileMessage& message) {
  auto json = Json::object();
  for (const auto& spelling : spellings)
    if (spelling.word == message.word) json.set("word", spelling.text);
  json.set("id", to_hex(message.file.id));
  const auto number = [&json](std::string_view name, std::uint64_t value) {
    if (value != 0) json.set(name, static_cast<std::int64_t>(value));
  };
  if (message.word == FileWord::offer) {
    json.set("name", message.file.name);
    json.set("type", message.file.type);
    number("size", message.file.size);
    number("manifest", message.file.manifest);
    json.set("root", to_hex(message.file.root));
    if (message.file.closed) json.set("closed", true);
  }
  number("index", message.index);
  number("count", message.count);
  if (const auto why = sayable(message.why); !why.empty()) json.set("why", why);
  return to_text(json);
}

std::optional<FileMessage> file_message_in(std::string_view text) {
  const auto json = parse_json(text, {limits::max_file_message, 4, 64});
  if (!json) return std::nullopt;
  const auto word = word_in((*json).string_at("word").value_or(""));
  const auto id = digest_from_hex((*json).string_at("id").value_or(""));
  const auto index = number_at(*json, "index"), count = number_at(*json, "count");
  auto why = text_at(*json, "why", limits::max_leave_reason);
  if (!word || !id || !index || !count || !why) return std::nullopt;
  FileMessage message{*word, {}, *index, *count, std::move(*why)};
  message.file.id = *id;
  if (*word == FileWord::offer && !read_offer(*json, message.file)) return std::nullopt;
  return message;
}

Bytes to_bytes(const Parcel& parcel) {
  Bytes bytes;
  bytes.reserve(parcel_header + parcel.bytes.size());
  bytes.push_back(static_cast<std::uint8_t>(parcel.kind));
  bytes.insert(bytes.end(), parcel.id.begin(), parcel.id.end());
  for (int shift = 56; shift >= 0; shift -= 8)
    bytes.push_back(static_cast<std::uint8_t>(parcel.index >> shift));
  bytes.insert(bytes.end(), parcel.bytes.begin(), parcel.bytes.end());
  return bytes;
}

std::optional<Parcel> parcel_in(ByteView bytes) {
  if (bytes.size() < parcel_header) return std::nullopt;
  if (bytes.front() > static_cast<std::uint8_t>(Parcel::Kind::have)) return std::nullopt;
  Parcel parcel{static_cast<Parcel::Kind>(bytes.front()), {}, 0, bytes.subspan(parcel_header)};
  std::copy_n(bytes.begin() + 1, sizeof(Digest), parcel.id.begin());
  for (const auto byte : bytes.subspan(1 + sizeof(Digest), 8))
    parcel.index = parcel.index << 8 | byte;
  return parcel;
}

}  // namespace genos::core
