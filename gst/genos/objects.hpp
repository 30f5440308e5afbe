// SPDX-License-Identifier: LGPL-2.1-or-later
// What the objects of the public API know of each other.
#pragma once

#include <gst/genos/genos.h>

#include <memory>
#include <optional>
#include <string>

#include "core/room/node.hpp"
#include "genos/room_front.hpp"

namespace genos {

// --- peers: made by their room, on the application's thread
Ref<GstGenosPeer> make_peer(std::shared_ptr<RoomFront> front, const core::PeerId& id);
void peer_joined(GstGenosPeer* peer, const core::Node::PeerJoined& joined);
void peer_left(GstGenosPeer* peer);

// --- channels: made by their room
Ref<GstGenosChannel> make_channel(std::shared_ptr<RoomFront> front, const std::string& name);
void channel_received(GstGenosChannel* channel, GstGenosPeer* peer,
                      const core::Node::Received& received);
void channel_progress(GstGenosChannel* channel, GstGenosPeer* peer,
                      const core::Node::Progress& progress);

Ref<GstGenosRequest> make_request(std::shared_ptr<RoomFront> front, GstGenosPeer* peer,
                                  const core::Node::Received& received);

// --- files: made by their room
struct FileStart {
  core::FileInfo info;
  bool outgoing = false;
  core::PeerId peer;  // who offers it
  std::string path;   // outgoing: what is sent
  bool of_page = false;
};
Ref<GstGenosFile> make_file(std::shared_ptr<RoomFront> front, FileStart start);
void file_news(GstGenosFile* file, const FileNews& news);
void file_ended(GstGenosFile* file, const char* why);  // the room was left
// Of a page: so much is here; all of it is here.
void page_file_progress(GstGenosFile* file, std::size_t bytes, std::uint64_t size);
void page_file_whole(GstGenosFile* file, std::shared_ptr<const core::Bytes> payload);

// --- conversions
GstGenosPayload to_c(core::PayloadKind kind);
std::optional<core::PayloadKind> from_c(GstGenosPayload kind);
Ref<GBytes> to_gbytes(std::shared_ptr<const core::Bytes> payload);  // shares the bytes
// A message that may be sent, or what is wrong with it.
core::Result<core::Message> make_message(const std::string& channel, GstGenosPayload kind,
                                         GBytes* payload, const char* meta);

// The front of a room, for elements and tests.
std::shared_ptr<RoomFront> front_of(GstGenosRoom* room);

}  // namespace genos
