// SPDX-License-Identifier: LGPL-2.1-or-later
// Two readings of the input, by its first byte: chunks of a hostile peer, each with its length
// before it, or messages that an outbox cuts and interleaves and an inbox has to put together
// again.
#include "core/channel/inbox.hpp"

#include <deque>
#include <map>
#include <string>

#include "core/channel/outbox.hpp"
#include "core/channel/requests.hpp"
#include "require.hpp"

using namespace genos;

namespace {

class Reader {
 public:
  explicit Reader(core::ByteView bytes) : bytes_(bytes) {}
  [[nodiscard]] bool empty() const { return bytes_.empty(); }
  std::uint8_t byte() { return empty() ? std::uint8_t{0} : take(1)[0]; }
  core::ByteView take(std::size_t size) {
    const auto taken = bytes_.first(std::min(size, bytes_.size()));
    bytes_ = bytes_.subspan(taken.size());
    return taken;
  }

 private:
  core::ByteView bytes_;
};

void hostile(Reader reader) {
  constexpr core::Inbox::Limits limits{64, 32, 4, 100};
  core::Inbox inbox(limits);
  core::SeededRandom random(1);
  core::Requests requests(random);
  while (!reader.empty()) {
    const auto chunk = core::parse_chunk(reader.take(reader.byte()));
    if (!chunk) continue;
    inbox.handle(*chunk);
    fuzz::require(inbox.partials() <= limits.partials, "partials stay within the limit");
    fuzz::require(inbox.held() <= limits.bytes, "bytes stay within the limit");
    while (auto output = inbox.poll()) {
      auto* received = std::get_if<core::Inbox::Received>(&*output);
      if (!received) continue;
      fuzz::require(received->message.payload->size() <= limits.message, "no message is too long");
      requests.handle(std::move(received->message), core::Time{});
    }
  }
  requests.advance(core::Time{} + std::chrono::seconds(1));
  while (const auto output = requests.poll()) {
    const auto* reply = std::get_if<core::Requests::Reply>(&*output);
    fuzz::require(!reply || !core::Outbox::check(reply->message), "a reply of ours can be sent");
  }
}

core::Message message_of(Reader& reader) {
  core::Message message;
  message.channel = std::string(1, static_cast<char>('a' + reader.byte() % 4));
  message.kind = static_cast<core::PayloadKind>(reader.byte() % 3);
  const auto seed = reader.take(reader.byte());
  core::Bytes payload(seed.begin(), seed.end());
  for (auto times = reader.byte() % 4; times > 0; --times) {
    payload.insert(payload.end(), 9000, static_cast<std::uint8_t>('0' + times));
  }
  message.payload = std::make_shared<const core::Bytes>(std::move(payload));
  if (reader.byte() % 2 != 0) message.meta = core::text_of(reader.take(reader.byte()));
  return message;
}

void honest(Reader reader) {
  core::Outbox outbox;
  core::Inbox inbox;
  core::NonceBook nonces;
  std::map<std::string, std::deque<core::Message>> expected;
  const auto carry = [&] {
    const auto cut = outbox.next();
    if (!cut) return false;
    const auto frame = core::parse_frame(cut->bytes);
    inbox.handle(*core::parse_chunk(std::get<core::RoomFrame>(*frame).inner));
    while (const auto output = inbox.poll()) {
      fuzz::require(!std::get_if<core::Inbox::Refused>(&*output), "nothing of ours is refused");
      const auto* received = std::get_if<core::Inbox::Received>(&*output);
      if (!received) continue;
      auto& queue = expected[received->message.channel];
      fuzz::require(!queue.empty() && *queue.front().payload == *received->message.payload &&
                        queue.front().meta == received->message.meta &&
                        queue.front().kind == received->message.kind,
                    "messages of a channel arrive whole and in order");
      queue.pop_front();
    }
    return true;
  };
  while (!reader.empty()) {
    auto message = message_of(reader);
    if (core::Outbox::check(message)) continue;
    expected[message.channel].push_back(message);
    const auto nonce = nonces.next(message.channel);
    outbox.send({}, core::RoomToken{"room"}, std::move(message), nonce);
    for (auto steps = reader.byte() % 4; steps > 0; --steps) carry();
  }
  while (carry()) continue;
  fuzz::require(outbox.empty() && outbox.queued() == 0, "the outbox is empty at the end");
  fuzz::require(inbox.held() == 0 && inbox.partials() == 0, "so is the inbox");
  for (const auto& [channel, queue] : expected) fuzz::require(queue.empty(), "nothing is lost");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Reader reader({data, size});
  if (reader.byte() % 2 == 0) {
    hostile(reader);
  } else {
    honest(reader);
  }
  return 0;
}
