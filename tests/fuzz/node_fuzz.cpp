// SPDX-License-Identifier: LGPL-2.1-or-later
// Hostile peers, signalling and links against one node: it must not crash, nor hold or open more
// than its limits say.
#include <map>
#include <set>

#include "core/room/node.hpp"
#include "core/wire/frame.hpp"
#include "require.hpp"

using namespace genos;

namespace {

class Attack {
 public:
  Attack(const std::uint8_t* data, std::size_t size) : left_(data, size), node_(options()) {
    core::Node::RoomOptions room;
    room.token = token(0);
    room.ours.capabilities = {"send"};
    room.strict = (byte() & 1) != 0;
    if (byte() & 1) room.prove = [](std::string_view text) { return std::string(text); };
    give(core::Node::Join{std::move(room)});
  }

  void run() {
    while (!left_.empty()) step();
    give(core::Node::Leave{token(0), ""});
    for (int i = 0; i < 8; ++i) pass(std::chrono::seconds(1));
  }

 private:
  core::Node::Options options() {
    core::Node::Options made;
    made.self = core::PeerId{"m"};
    made.random = &random_;
    return made;
  }

  std::uint8_t byte() {
    if (left_.empty()) return 0;
    const std::uint8_t value = left_.front();
    left_ = left_.subspan(1);
    return value;
  }
  core::Bytes bytes() {
    const std::size_t wanted = byte();
    const auto part = left_.first(std::min(wanted, left_.size()));
    left_ = left_.subspan(part.size());
    return {part.begin(), part.end()};
  }
  static core::RoomToken token(unsigned i) {
    return {std::string(64, static_cast<char>('a' + i % 3))};
  }
  core::PeerId peer() { return {std::string(1, static_cast<char>('a' + byte() % 26))}; }
  core::LinkId link() { return {byte() % 40u}; }
  std::optional<core::Advertisement> genos() {
    if (byte() & 1) return {};
    return core::Advertisement{1, {"receive"}};
  }

  core::Signal signal() {
    switch (byte() % 4) {
      case 0: return core::Description{core::DescriptionType::offer, "o"};
      case 1: return core::Description{core::DescriptionType::answer, "a"};
      case 2: return core::TurnRequest{};
      default: break;
    }
    core::Candidate candidate;
    candidate.candidate = std::to_string(byte());
    return candidate;
  }

  core::Bytes frame() {
    static constexpr const char* actions[] = {
        "@_hsready", "@_hsdata",    "@_leave",      "@_ping", "@_pong",
        "@_signal",  "genos:hello", "genos:unlink", "chat",   "@_response"};
    const core::Bytes payload = bytes();
    core::Chunk chunk;
    chunk.action = actions[byte() % std::size(actions)];
    chunk.last = (byte() & 3) != 0;
    chunk.meta = (byte() & 3) == 0;
    chunk.payload = payload;
    return core::encode_chunk(token(byte()), chunk);
  }

  void step() {
    using Node = core::Node;
    switch (byte() % 12) {
      case 0: give(Node::Heard{token(byte()), peer(), genos(), false}); break;
      case 1: {
        const core::OfferId offer{std::to_string(byte() % 8)};
        give(Node::Signalled{token(0), peer(), offer, signal(), genos(), {}});
        break;
      }
      case 2: give(Node::FromLink{link(), signal()}); break;
      case 3:
      case 4: give(Node::LinkOpened{link()}); break;
      case 5: give(Node::LinkClosed{link(), ""}); break;
      case 6: give(Node::LinkReceived{link(), bytes()}); break;
      case 7:
      case 8: give(Node::LinkReceived{link(), frame()}); break;
      case 9:
        give(Node::LinkReceived{link(), core::encode_presence(token(byte()), byte() & 1)});
        break;
      case 10: pass(std::chrono::milliseconds(byte() * 50)); break;
      default: ours(); break;
    }
  }

  void ours() {
    using Node = core::Node;
    core::Message message;
    message.channel = "chat";
    switch (byte() % 6) {
      case 0: give(Node::Send{{++transfers_}, token(0), {}, message}); break;
      case 1: give(Node::Ping{token(0), peer(), {++transfers_}}); break;
      case 2: give(Node::Forget{token(0), peer(), ""}); break;
      case 3: give(Node::Gone{token(0), peer()}); break;
      case 4: give(Node::LinkDrained{link(), 0}); break;
      default: {
        Node::RoomOptions room;
        room.token = token(byte());
        give(Node::Leave{room.token, ""});
        if (byte() & 1) give(Node::Join{std::move(room)});
        break;
      }
    }
  }

  void give(core::Node::Input input) {
    node_.handle(std::move(input), now_);
    drain();
  }
  void pass(core::Duration time) {
    now_ += time;
    node_.advance(now_);
    drain();
  }

  void drain() {
    using Node = core::Node;
    while (const auto output = node_.poll()) {
      if (const auto* opened = std::get_if<Node::OpenLink>(&*output)) {
        open_.insert(opened->link);
      } else if (const auto* closed = std::get_if<Node::CloseLink>(&*output)) {
        open_.erase(closed->link);
      } else if (const auto* joined = std::get_if<Node::PeerJoined>(&*output)) {
        fuzz::require(members_.insert({joined->room, joined->peer}).second, "a peer joins once");
      } else if (const auto* left = std::get_if<Node::PeerLeft>(&*output)) {
        fuzz::require(members_.erase({left->room, left->peer}) == 1, "who leaves had joined");
      }
      fuzz::require(open_.size() <= 256, "links are bounded");
    }
  }

  core::ByteView left_;
  core::SeededRandom random_{1};
  core::Time now_{};
  core::Node node_;
  std::uint64_t transfers_ = 0;
  std::set<core::LinkId> open_;
  std::set<std::pair<core::RoomToken, core::PeerId>> members_;
};

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Attack(data, size).run();
  return 0;
}
