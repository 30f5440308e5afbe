// SPDX-License-Identifier: LGPL-2.1-or-later
// Test media on the links of one room: adds pictures and tones, decodes and counts what arrives.
#pragma once

#include <gst/genos/genos.h>

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "bridge/signal.hpp"
#include "core/wire/json.hpp"
#include "e2e/peer/decoder.hpp"
#include "genos/node_host.hpp"
#include "genos/room_front.hpp"

namespace genos::test {

// A second listener of the room that its GstGenosRoom joined, as the media elements are. add(),
// remove(), stats() and stop() are for the main thread, the rest happens on the library's.
class Media : public RoomListener, public std::enable_shared_from_this<Media> {
 public:
  static std::shared_ptr<Media> listen(GstGenosRoom* room, const std::string& id);
  Media(GstGenosRoom* room, std::string id);
  ~Media() override;

  enum class Codec { vp8, av1 };
  std::string add(const std::vector<std::string>& peers, const core::Json* meta, Codec codec);
  void remove(const std::string& stream);
  core::Json stats(const std::string& peer);
  void stop();

  void output(const core::Node::Output& output) override;
  void status(const net::Session::Status&) override {}
  void ended(const core::Error&) override {}
  void lonely(const std::string&) override {}

 private:
  // A stream that a peer announced and that has not been reported.
  struct Announced {
    std::string id;
    core::Json meta;
    std::map<std::string, std::int64_t> packets;  // by kind, when it was announced
    std::int64_t quiet_since = 0;
    std::set<std::string> flowing;
  };
  struct Remote {
    std::vector<std::shared_ptr<Decoder>> decoders;
    std::vector<Announced> announced;
    std::set<std::string> flowing;  // kinds of the last reported stream
    std::string stream;
    Connection pads;
  };

  void enter();
  void attach(const core::PeerId& peer);
  void add_pad(const std::string& peer, GstPad* pad);
  void announce(const core::Node::Received& received);
  void look();  // every 100 ms: which streams have begun, which tracks have ended
  void report(const std::string& peer, Remote& remote);
  void add_to(const core::PeerId& peer, const std::string& stream, const core::Json& said,
              Codec codec);

  std::string room_id_;
  RoomConfig config_;
  std::shared_ptr<RoomFront> front_;
  std::shared_ptr<World> world_;
  std::shared_ptr<NodeHost> host_;                               // library thread
  core::RoomToken token_;                                        // library thread
  std::map<std::string, std::vector<Ref<GstElement>>> sources_;  // by stream; library thread
  guint timer_ = 0;                                              // main thread
  std::mutex lock_;                                              // guards remotes_
  std::map<std::string, Remote> remotes_;
};

}  // namespace genos::test
