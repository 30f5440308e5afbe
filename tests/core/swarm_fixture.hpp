// SPDX-License-Identifier: LGPL-2.1-or-later
// Peers that exchange files in virtual time, over links with a delay, with disks in memory.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/base/overloaded.hpp"
#include "core/files/exchange.hpp"

namespace genos::core {

using namespace std::chrono_literals;

// Good enough to tell contents apart, and fast.
inline Digest test_hash(HashOf what, ByteView bytes) {
  Digest digest{};
  std::uint64_t h = 0xcbf29ce484222325u + static_cast<std::uint64_t>(what) + bytes.size();
  std::size_t i = 0;
  for (; i + 8 <= bytes.size(); i += 8) {
    std::uint64_t word = 0;
    std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(i), 8,
                reinterpret_cast<std::uint8_t*>(&word));
    h = (h ^ word) * 0x100000001b3u;
    h ^= h >> 29;
  }
  for (; i < bytes.size(); ++i) h = (h ^ bytes[i]) * 0x100000001b3u;
  for (std::size_t k = 0; k < digest.size(); ++k) {
    h = h * 6364136223846793005u + 1442695040888963407u;
    digest[k] = static_cast<std::uint8_t>(h >> 56);
  }
  return digest;
}

inline Bytes test_content(std::uint64_t size, std::uint64_t seed = 1) {
  Bytes bytes(size);
  std::uint64_t state = seed * 0x9e3779b97f4a7c15u + size;
  for (auto& byte : bytes) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    byte = static_cast<std::uint8_t>(state >> 56);
  }
  return bytes;
}

struct TestFile {
  FileInfo info;
  std::vector<Digest> roots;
  Bytes content;

  explicit TestFile(Bytes bytes, const std::string& name = "a file") : content(std::move(bytes)) {
    info.name = name;
    info.size = content.size();
    for (std::uint64_t page = 0; page < info.shape().pages(); ++page)
      roots.push_back(tree_root(leaves(page), test_hash));
    info.root = tree_root(roots, test_hash);
    info.id = file_id(info, test_hash);
  }
  [[nodiscard]] ByteView at(std::uint64_t from, std::uint64_t length) const {
    return ByteView(content).subspan(from, std::min<std::uint64_t>(length, content.size() - from));
  }
  [[nodiscard]] std::vector<Digest> leaves(std::uint64_t page) const {
    return leaf_digests(at(page * page_size, page_size), test_hash);
  }
};

class Swarm {
 public:
  struct Peer {
    std::unique_ptr<Exchange> exchange;
    std::map<Digest, const TestFile*> files;  // what it offers
    std::map<Digest, Bytes> disk;             // what it took
    std::set<Digest> placed;
    std::vector<Exchange::Output> news;
    std::uint64_t sent = 0;  // bytes of blocks
    bool full = false;       // its disk
    bool lies = false;       // sends other bytes than it has

    template <class T> [[nodiscard]] std::vector<T> all() const {
      std::vector<T> found;
      for (const auto& output : news)
        if (const auto* one = std::get_if<T>(&output)) found.push_back(*one);
      return found;
    }
  };

  explicit Swarm(Duration delay = 10ms) : delay_(delay) {}

  Peer& add(const std::string& name, Exchange::Rates rates = {}) {
    auto& peer = peers_[{name}];
    peer.exchange = std::make_unique<Exchange>(Exchange::Options{{name}, test_hash, rates}, now_);
    for (const auto& [other, one] : peers_) {
      if (other.value == name || !one.exchange) continue;
      feed({name}, Exchange::PeerCame{other});
      feed(other, Exchange::PeerCame{{name}});
    }
    return peer;
  }
  void remove(const std::string& name) {
    peers_[{name}].exchange.reset();
    for (const auto& [other, one] : peers_)
      if (one.exchange) feed(other, Exchange::PeerGone{{name}});
  }
  Peer& operator[](const std::string& name) { return peers_[{name}]; }

  void offer(const std::string& name, const TestFile& file, std::set<PeerId> to = {}) {
    peers_[{name}].files[file.info.id] = &file;
    feed({name}, Exchange::Offer{file.info, file.roots, std::move(to)});
  }
  void take(const std::string& name, const TestFile& file,
            std::vector<std::uint64_t> claimed = {}) {
    peers_[{name}].disk[file.info.id].resize(file.content.size());
    feed({name}, Exchange::Take{file.info.id, std::move(claimed)});
  }
  void feed(const PeerId& id, Exchange::Input input) {
    auto& peer = peers_[id];
    if (!peer.exchange) return;
    peer.exchange->handle(std::move(input), now_);
    drain(id);
  }
  // In the order of time, until nothing happens any more or `limit` is over.
  void run(Duration limit = 600s) {
    const Time end = now_ + limit;
    while (true) {
      Time next = wire_.empty() ? never : wire_.begin()->first;
      for (const auto& [id, peer] : peers_)
        if (peer.exchange) next = std::min(next, peer.exchange->deadline());
      if (next > end) break;
      ASSERT_LT(++steps_, 2'000'000) << "it goes in circles";
      now_ = std::max(now_, next);
      step();
    }
    now_ = std::max(now_, std::min(end, now_ + limit));
  }
  bool took(const std::string& name, const TestFile& file) {
    auto& peer = peers_[{name}];
    return peer.placed.contains(file.info.id) && peer.disk[file.info.id] == file.content;
  }
  [[nodiscard]] Time now() const { return now_; }
  // What went to it over the wire, whether or not it is there.
  [[nodiscard]] std::vector<FileWord> told(const PeerId& peer) { return told_[peer]; }
  [[nodiscard]] std::size_t delivered(const PeerId& peer) { return delivered_[peer]; }

 private:
  void step() {
    if (!wire_.empty() && wire_.begin()->first <= now_) {
      auto [to, input] = std::move(wire_.begin()->second);
      wire_.erase(wire_.begin());
      return feed(to, std::move(input));
    }
    for (auto& [id, peer] : peers_) {
      if (!peer.exchange || peer.exchange->deadline() > now_) continue;
      peer.exchange->advance(now_);
      drain(id);
    }
  }
  void later(const PeerId& to, Exchange::Input input, Duration after) {
    wire_.emplace(now_ + after, std::pair(to, std::move(input)));
  }
  void drain(const PeerId& id) {
    auto& peer = peers_[id];
    while (peer.exchange) {
      auto output = peer.exchange->poll();
      if (!output) return;
      act(id, peer, *output);
    }
  }
  void act(const PeerId& id, Peer& peer, Exchange::Output& output) {
    std::visit(
        Overloaded{
            [&](Exchange::Tell& tell) {
              if (const auto message = file_message_in(tell.text))
                told_[tell.peer].push_back(message->word);
              later(tell.peer, Exchange::Heard{id, std::move(tell.text)}, delay_);
            },
            [&](Exchange::Deliver& deliver) {
              ++delivered_[deliver.peer];
              if (deliver.bytes.front() == static_cast<std::uint8_t>(Parcel::Kind::block)) {
                peer.sent += deliver.bytes.size();
                if (peer.lies) deliver.bytes.back() ^= 1;
              }
              later(deliver.peer,
                    Exchange::Came{id, std::make_shared<const Bytes>(std::move(deliver.bytes))},
                    delay_);
              if (deliver.ticket != 0) later(id, Exchange::Delivered{deliver.ticket}, 1ms);
            },
            [&](Exchange::Load& load) {
              const auto& from =
                  peer.files.contains(load.id) ? peer.files[load.id]->content : peer.disk[load.id];
              const auto bytes = ByteView(from).subspan(load.at, load.length);
              later(id, Exchange::Loaded{load.ticket, {bytes.begin(), bytes.end()}, {}}, 1ms);
            },
            [&](Exchange::LoadPage& load) {
              const auto& from =
                  peer.files.contains(load.id) ? peer.files[load.id]->content : peer.disk[load.id];
              const auto at = load.page * page_size;
              const auto bytes =
                  ByteView(from).subspan(at, std::min<std::uint64_t>(page_size, from.size() - at));
              later(id, Exchange::Loaded{load.ticket, flatten(leaf_digests(bytes, test_hash)), {}},
                    1ms);
            },
            [&](Exchange::Store& store) {
              if (peer.full) return later(id, Exchange::DiskFailed{store.id, "disk full"}, 1ms);
              std::copy(store.bytes.begin(), store.bytes.end(),
                        peer.disk[store.id].begin() +
                            static_cast<std::ptrdiff_t>(store.block * block_size));
              later(id, Exchange::Stored{store.id, store.block}, 1ms);
            },
            [&](Exchange::Complete&) {},
            [&](Exchange::Whole& whole) {
              peer.placed.insert(whole.id);
              later(id, Exchange::Placed{whole.id}, 1ms);
            },
            [&](auto& other) { peer.news.push_back(std::move(other)); },
        },
        output);
  }

  Duration delay_;
  Time now_{};
  std::map<PeerId, Peer> peers_;
  std::multimap<Time, std::pair<PeerId, Exchange::Input>> wire_;
  std::map<PeerId, std::vector<FileWord>> told_;
  std::map<PeerId, std::size_t> delivered_;
  int steps_ = 0;
};

}  // namespace genos::core
