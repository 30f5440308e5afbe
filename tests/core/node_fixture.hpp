// SPDX-License-Identifier: LGPL-2.1-or-later
// One node in virtual time, its inputs given by hand and its outputs taken by kind.
#pragma once

#include <gtest/gtest.h>

#include <memory>

#include "core/room/node.hpp"
#include "core/wire/frame.hpp"

namespace genos::core {

using std::chrono::milliseconds;
using std::chrono::seconds;

inline const RoomToken room{std::string(64, 'a')};
inline const RoomToken other_room{std::string(64, 'b')};
inline const Advertisement sender{1, {"receive", "send"}};
inline const PeerId low{"aaa"};   // leads us
inline const PeerId high{"zzz"};  // we lead it

struct NodeTest : ::testing::Test {
  SeededRandom random{1};
  Time now{};
  std::vector<Node::Output> outputs;
  std::unique_ptr<Node> node;

  void SetUp() override {
    begin();
    join(room);
  }
  void begin(void (*change)(Node::Options&) = nullptr) {
    Node::Options options;
    options.self = PeerId{"mmm"};
    options.random = &random;
    if (change) change(options);
    node = std::make_unique<Node>(std::move(options));
    outputs.clear();
  }
  void join(const RoomToken& token, void (*change)(Node::RoomOptions&) = nullptr) {
    Node::RoomOptions options;
    options.token = token;
    options.ours = sender;
    if (change) change(options);
    feed(Node::Join{std::move(options)});
  }
  // The same once more, with a room or a node of other rules.
  void again(void (*of_room)(Node::RoomOptions&), void (*of_node)(Node::Options&) = nullptr) {
    begin(of_node);
    join(room, of_room);
  }
  void feed(Node::Input input) {
    node->handle(std::move(input), now);
    drain();
  }
  void drain() {
    while (auto output = node->poll()) outputs.push_back(std::move(*output));
  }
  void pass(Duration time) {
    const Time end = now + time;
    while (node->deadline() <= end) {
      now = std::max(now, node->deadline());
      node->advance(now);
      drain();
    }
    now = end;
  }
  // Time in which the link is heard, so that it is not in doubt.
  void pass_alive(LinkId link, Duration time) {
    for (; time > Duration{}; time -= seconds(1)) {
      pass(std::min(time, Duration(seconds(1))));
      feed(Node::LinkHeard{link});
    }
  }
  template <class T> std::vector<T> take() {
    std::vector<T> found;
    for (auto& output : outputs)
      if (auto* it = std::get_if<T>(&output)) found.push_back(std::move(*it));
    std::erase_if(outputs, [](const auto& o) { return std::holds_alternative<T>(o); });
    return found;
  }
  void offer_from(const PeerId& peer, const char* id, std::optional<Advertisement> genos = sender,
                  std::optional<std::string> identity = {}) {
    feed(Node::Signalled{room, peer, OfferId{id}, Description{DescriptionType::offer, "o"}, genos,
                         std::move(identity)});
  }
  void action(LinkId link, const char* name, const std::string& text = "",
              PayloadKind kind = PayloadKind::text, const RoomToken& token = room,
              std::uint16_t nonce = 0) {
    Chunk chunk;
    chunk.action = name;
    chunk.kind = kind;
    chunk.nonce = nonce;
    chunk.payload = bytes_of(text);
    feed(Node::LinkReceived{link, encode_chunk(token, chunk)});
  }
  void presence(LinkId link, bool present, const RoomToken& token = room) {
    feed(Node::LinkReceived{link, encode_presence(token, present)});
  }
  // The other side of a link that opens, up to its hello.
  LinkId open(const PeerId& peer, std::optional<Advertisement> genos = sender,
              const char* offer = "one", const char* hello = R"({"session":"s1"})",
              std::optional<std::string> identity = {}) {
    offer_from(peer, offer, genos, std::move(identity));
    const auto opened = take<Node::OpenLink>();
    const LinkId link = opened.empty() ? LinkId{0} : opened.back().link;
    feed(Node::FromLink{link, Description{DescriptionType::answer, "a"}});
    feed(Node::LinkOpened{link});
    if (genos) action(link, "genos:hello", hello, PayloadKind::json);
    return link;
  }
  LinkId connect(const PeerId& peer, std::optional<Advertisement> genos = sender,
                 const char* offer = "one", const char* hello = R"({"session":"s1"})") {
    const LinkId link = open(peer, genos, offer, hello);
    action(link, "@_hsready");
    return link;
  }
  // Names of the actions (or "+", "-" for presence) that were written to a link since.
  std::vector<std::string> written(LinkId link, const RoomToken& token = room) {
    std::vector<std::string> names;
    for (const auto& write : take<Node::Write>()) {
      if (write.link != link) continue;
      const auto frame = parse_frame(write.bytes);
      if (const auto* said = std::get_if<PresenceFrame>(&*frame)) {
        if (said->room == token) names.emplace_back(said->present ? "+" : "-");
      } else if (const auto* in = std::get_if<RoomFrame>(&*frame); in->room == token) {
        names.push_back(std::string(parse_chunk(in->inner)->action));
      }
    }
    return names;
  }
  Message message(const std::string& text, const char* channel = "chat") {
    Message made;
    made.channel = channel;
    made.kind = PayloadKind::text;
    made.payload = std::make_shared<const Bytes>(text.begin(), text.end());
    return made;
  }
};

using Names = std::vector<std::string>;

}  // namespace genos::core
