// SPDX-License-Identifier: LGPL-2.1-or-later
// The parts of GstGenosRoom: its state, its properties, its signals.
#pragma once

#include <gst/genos/genos.h>

#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "genos/objects.hpp"
#include "genos/room_config.hpp"
#include "genos/room_front.hpp"
#include "genos/room_streams.hpp"

namespace genos {

struct RoomState {
  std::shared_ptr<RoomFront> front;
  std::unique_ptr<StreamWatch> streams;  // once it receives

  std::mutex lock;  // guards what follows
  RoomConfig config;
  Ref<GstGenosSignaling> signaling;
  std::map<core::PeerId, Ref<GstGenosPeer>> peers;
  std::map<std::string, Ref<GstGenosChannel>> channels;
  std::map<core::Digest, Ref<GstGenosFile>> files;
  // For channels that nobody has asked for yet.
  struct Waiting {
    Ref<GstGenosPeer> peer;
    core::Node::Received received;
  };
  std::deque<Waiting> waiting;
  std::size_t waiting_bytes = 0;
};

RoomState& state_of(GstGenosRoom* self);

void install_room_properties(GObjectClass* klass);
void install_room_signals(GType type);
void install_file_signals(GType type);

// On the application's thread, in order.
void room_output(GstGenosRoom* self, const core::Node::Output& output);
void room_file_news(GstGenosRoom* self, const FileNews& news);
void end_files(GstGenosRoom* self);                                 // the room was left
Ref<GstGenosFile> offer_file(GstGenosRoom* self, FileStart start);  // keeps and tells it
// What pages send. True when it was a file.
bool page_message(GstGenosRoom* self, const core::Node::Received& received);
void page_progress(GstGenosRoom* self, const core::Node::Progress& progress);
void page_files_left(GstGenosRoom* self, const core::PeerId& page);
// A stream of a peer that is received.
void stream_came(GstGenosRoom* self, const core::PeerId& peer, const std::string& id,
                 const std::string& meta);
void stream_ended(GstGenosRoom* self, const core::PeerId& peer, const std::string& id,
                  const std::string& meta);
void deliver_waiting(GstGenosRoom* self, const std::string& channel);

}  // namespace genos
