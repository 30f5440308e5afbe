// SPDX-License-Identifier: LGPL-2.1-or-later
// What peers say of files: there and back again, and what a stranger may not say.
#include "core/files/file_message.hpp"

#include <gtest/gtest.h>

#include "core/wire/json.hpp"
#include "core/wire/limits.hpp"

namespace genos::core {
namespace {

FileInfo some_file() {
  FileInfo file;
  file.id.fill(0xa5);
  file.root.fill(0x5a);
  file.name = "holiday \"1\".mkv";
  file.type = "video/x-matroska";
  file.size = 123456789;
  file.manifest = 77;
  return file;
}

FileInfo only_id(const FileInfo& file) {
  FileInfo bare;
  bare.id = file.id;
  return bare;
}

// An offer with one member as given, or without it.
std::string offer_with(std::string_view name, std::optional<Json> value) {
  const auto whole = parse_json(to_text(FileMessage{FileWord::offer, some_file(), 0, 0, {}}));
  auto changed = Json::object();
  for (const auto& member : *(*whole).as_object())
    if (member.name != name) changed.set(member.name, member.value);
  if (value) changed.set(name, *value);
  return to_text(changed);
}

TEST(FileMessage, AnOfferComesBackAsItWas) {
  const FileMessage offer{FileWord::offer, some_file(), 0, 0, {}};
  EXPECT_EQ(file_message_in(to_text(offer)), offer);
  auto plain = offer;
  plain.file.type.clear();
  plain.file.size = plain.file.manifest = 0;
  EXPECT_EQ(file_message_in(to_text(plain)), plain);
  plain.file.closed = true;
  EXPECT_EQ(file_message_in(to_text(plain)), plain);
}

TEST(FileMessage, OfAllOthersOnlyTheIdIsTold) {
  for (const auto word :
       {FileWord::withdraw, FileWord::take, FileWord::refuse, FileWord::stop, FileWord::done,
        FileWord::ask_roots, FileWord::ask_page, FileWord::ask_blocks, FileWord::lack}) {
    FileMessage message{word, some_file(), 5, 32, "why"};
    const auto text = to_text(message);
    EXPECT_EQ(text.find("holiday"), text.npos);
    message.file = only_id(message.file);
    EXPECT_EQ(file_message_in(text), message);
  }
}

TEST(FileMessage, AnOfferLacksNothing) {
  EXPECT_TRUE(file_message_in(offer_with("more", Json("of a later version"))));
  for (const char* name : {"word", "id", "name", "root"})
    EXPECT_FALSE(file_message_in(offer_with(name, std::nullopt))) << name;
  for (const char* name : {"type", "size", "manifest"}) {
    const auto file = some_file();
    const bool needed = name == std::string("size");  // the manifest is no longer than it
    EXPECT_EQ(file_message_in(offer_with(name, std::nullopt)).has_value(), !needed) << name;
  }
}

TEST(FileMessage, NumbersAtTheLimitAndBeyond) {
  const auto number = [](std::uint64_t value) { return Json(static_cast<std::int64_t>(value)); };
  EXPECT_TRUE(file_message_in(offer_with("size", number(limits::max_file_size))));
  EXPECT_FALSE(file_message_in(offer_with("size", number(limits::max_file_size + 1))));
  EXPECT_FALSE(file_message_in(offer_with("size", number(std::uint64_t{1} << 60))));
  EXPECT_FALSE(file_message_in(offer_with("size", Json(-1))));
  EXPECT_TRUE(file_message_in(offer_with("size", number(77))));
  EXPECT_FALSE(file_message_in(offer_with("size", number(76))));  // the manifest is 77
  EXPECT_TRUE(file_message_in(offer_with("manifest", number(limits::max_manifest))));
  EXPECT_FALSE(file_message_in(offer_with("manifest", number(limits::max_manifest + 1))));
  EXPECT_FALSE(file_message_in(offer_with("manifest", Json(-1))));
  for (const char* name : {"index", "count"}) {
    EXPECT_FALSE(file_message_in(offer_with(name, Json(-1))));
    EXPECT_TRUE(file_message_in(offer_with(name, number((std::uint64_t{1} << 53) - 1))));
  }
}

TEST(FileMessage, TextsAtTheLimitAndBeyond) {
  const auto text = [](std::size_t size, char c = 'x') { return Json(std::string(size, c)); };
  EXPECT_FALSE(file_message_in(offer_with("name", text(0))));
  EXPECT_TRUE(file_message_in(offer_with("name", text(limits::max_file_name))));
  EXPECT_FALSE(file_message_in(offer_with("name", text(limits::max_file_name + 1))));
  EXPECT_TRUE(file_message_in(offer_with("type", text(limits::max_file_type))));
  EXPECT_FALSE(file_message_in(offer_with("type", text(limits::max_file_type + 1))));
  EXPECT_TRUE(file_message_in(offer_with("why", text(limits::max_leave_reason))));
  EXPECT_FALSE(file_message_in(offer_with("why", text(limits::max_leave_reason + 1))));
  EXPECT_FALSE(file_message_in(offer_with("more", text(limits::max_file_message))));
  for (const char* name : {"id", "root"})
    for (const std::size_t size : {0, 63, 65}) {
      EXPECT_FALSE(file_message_in(offer_with(name, text(size, 'a'))));
      EXPECT_TRUE(file_message_in(offer_with(name, text(64, 'a'))));
      EXPECT_FALSE(file_message_in(offer_with(name, text(64, 'g'))));
    }
}

TEST(FileMessage, WhatWeSayIsAlwaysShortEnough) {
  // Every character of it is written as six.
  auto file = some_file();
  file.name.assign(limits::max_file_name, '\x01');
  file.type.assign(limits::max_file_type, '\x01');
  file.size = limits::max_file_size;
  file.manifest = limits::max_manifest;
  const FileMessage offer{FileWord::offer, file, 0, 0, {}};
  EXPECT_EQ(file_message_in(to_text(offer)), offer);
  const FileMessage stop{FileWord::stop, only_id(file), 0, 0, std::string(100'000, '\x01')};
  const auto heard = file_message_in(to_text(stop));
  ASSERT_TRUE(heard);
  EXPECT_EQ(heard->why, std::string(limits::max_leave_reason, '\x01'));
}

TEST(FileMessage, AReasonIsCutBetweenCharacters) {
  const auto said = [](const std::string& why) {
    const auto heard =
        file_message_in(to_text(FileMessage{FileWord::stop, some_file(), 0, 0, why}));
    return heard ? heard->why : "unheard";
  };
  const std::string long_one(limits::max_leave_reason - 1, 'x');
  EXPECT_EQ(said(long_one + "yz"), long_one + "y");
  EXPECT_EQ(said(long_one + "\u00e4"), long_one);
  EXPECT_EQ(said("no text: \xff"), "");
}

TEST(FileMessage, WhatIsNoneIsNone) {
  for (const char* text : {"", "7", "[]", "{}", "\"offer\"", "{\"word\":\"offer\"}",
                           "{\"word\":\"give\"}", "{\"word\":7}"})
    EXPECT_FALSE(file_message_in(text)) << text;
  EXPECT_FALSE(file_message_in(offer_with("word", Json("Offer"))));
  EXPECT_FALSE(file_message_in(offer_with("name", Json(7))));
  EXPECT_FALSE(file_message_in(to_text(FileMessage{FileWord::take, some_file(), 0, 0, {}}) + "x"));
}

TEST(Parcel, ComesBackAsItWas) {
  const Bytes content = {1, 2, 3};
  for (const auto kind :
       {Parcel::Kind::roots, Parcel::Kind::page, Parcel::Kind::block, Parcel::Kind::have}) {
    for (const std::uint64_t index :
         {std::uint64_t{0}, std::uint64_t{0x0102030405060708}, ~std::uint64_t{0}}) {
      const auto bytes = to_bytes({kind, some_file().id, index, content});
      const auto parcel = parcel_in(bytes);
      ASSERT_TRUE(parcel);
      EXPECT_EQ(parcel->kind, kind);
      EXPECT_EQ(parcel->id, some_file().id);
      EXPECT_EQ(parcel->index, index);
      EXPECT_EQ(Bytes(parcel->bytes.begin(), parcel->bytes.end()), content);
    }
  }
}

TEST(Parcel, TooShortOrOfNoKnownKindIsNone) {
  const auto bytes = to_bytes({Parcel::Kind::have, some_file().id, 3, {}});
  EXPECT_EQ(bytes.size(), 41u);
  ASSERT_TRUE(parcel_in(bytes));
  EXPECT_TRUE(parcel_in(bytes)->bytes.empty());
  for (std::size_t size = 0; size < bytes.size(); ++size)
    EXPECT_FALSE(parcel_in(ByteView(bytes).first(size))) << size;
  auto unknown = bytes;
  for (const std::uint8_t kind : {4, 5, 255}) {
    unknown[0] = kind;
    EXPECT_FALSE(parcel_in(unknown));
  }
}

}  // namespace
}  // namespace genos::core
