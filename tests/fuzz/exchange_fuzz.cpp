// SPDX-License-Identifier: LGPL-2.1-or-later
// Three peers, a disk and an application that do anything in any order to an exchange with a file
// that it offers and two that it takes. All files are zeros, so that the input need not hold them.
#include "core/files/exchange.hpp"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "core/base/overloaded.hpp"
#include "require.hpp"

using namespace genos;
using E = core::Exchange;
using core::Digest;

namespace {

// No input makes more than this come out: a page of claims to check, and what there is to ask.
constexpr int most_outputs = 400;

Digest hash(core::HashOf what, core::ByteView bytes) {
  Digest digest{};
  std::uint64_t h = 0xcbf29ce484222325u + static_cast<std::uint64_t>(what);
  // Of leaves the length and both ends, for speed: nothing else is ever changed in them.
  const auto head = bytes.first(std::min<std::size_t>(bytes.size(), 256));
  for (const auto byte : head) h = (h ^ byte) * 0x100000001b3u;
  if (what != core::HashOf::leaf)
    for (const auto byte : bytes) h = (h ^ byte) * 0x100000001b3u;
  h = (h ^ bytes.size() ^ (bytes.empty() ? 0 : bytes.back())) * 0x100000001b3u;
  for (auto& byte : digest)
    byte = static_cast<std::uint8_t>((h = h * 6364136223846793005u + 1) >> 56);
  return digest;
}

const core::Bytes& zeros() {
  static const core::Bytes block(core::block_size);
  return block;
}

struct File {
  core::FileInfo info;
  std::vector<Digest> roots;

  File(const char* name, std::uint64_t size, std::uint64_t manifest = 0) {
    info.name = name;
    info.size = size;
    info.manifest = manifest;
    for (std::uint64_t page = 0; page < info.shape().pages(); ++page)
      roots.push_back(core::tree_root(leaves(page), hash));
    info.root = core::tree_root(roots, hash);
    info.id = core::file_id(info, hash);
  }
  [[nodiscard]] std::vector<Digest> leaves(std::uint64_t page) const {
    std::vector<Digest> all;
    auto left = page < info.shape().pages()
                    ? std::min(core::page_size, info.size - page * core::page_size)
                    : 0;
    for (; left > 0; left -= std::min(core::leaf_size, left))
      all.push_back(
          hash(core::HashOf::leaf, core::ByteView(zeros()).first(std::min(core::leaf_size, left))));
    return all;
  }
  [[nodiscard]] core::ByteView block(std::uint64_t index) const {
    if (index >= info.shape().blocks()) return {};
    return core::ByteView(zeros()).first(info.shape().block_length(index));
  }
};

const File& file(unsigned which) {
  static const File files[] = {{"ours", core::block_size + 9},
                               {"theirs", core::page_size + 3 * core::block_size + 7, 100},
                               {"empty", 0}};
  return files[which % 3];
}

const File* file_of(const Digest& id) {
  for (unsigned i = 0; i < 3; ++i)
    if (file(i).info.id == id) return &file(i);
  return nullptr;
}

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
  // Mostly small.
  std::uint64_t number() {
    const auto first = byte();
    return first < 250 ? first : ~std::uint64_t{0} >> (first - 250) * 12;
  }

 private:
  core::ByteView bytes_;
};

class Scene {
 public:
  explicit Scene(std::uint8_t rates) : exchange_(options(rates), now_) {
    give(E::Offer{file(0).info, file(0).roots, {}});
  }

  void step(Reader& reader) {
    switch (const auto what = reader.byte(); what % 16) {
      case 0: came(peer(reader)); break;
      case 1: gone(peer(reader)); break;
      case 2:
        give(E::Heard{peer(reader), std::string(core::text_of(reader.take(reader.byte())))});
        break;
      case 3: {
        const auto from = peer(reader);
        const auto bytes = reader.take(reader.byte());
        give(E::Came{from, std::make_shared<const core::Bytes>(bytes.begin(), bytes.end())});
        break;
      }
      case 4:
      case 5: word(reader); break;
      case 6:
      case 7: parcel(reader); break;
      case 8: give(E::Delivered{ticket(delivering_, reader)}); break;
      case 9: load(reader); break;
      case 10: store(reader); break;
      case 11: place(reader); break;
      case 12: take(reader); break;
      case 13: application(reader); break;
      default: pass(std::chrono::milliseconds(50 * reader.byte())); break;
    }
  }

 private:
  static E::Options options(std::uint8_t rates) {
    const auto rate = [&](int bit) { return rates >> bit & 1 ? 1'000'000.0 : 0.0; };
    return {{"self"}, hash, {rate(0), rate(1), rate(2)}};
  }
  static core::PeerId peer(Reader& reader) {
    return {std::string(1, static_cast<char>('a' + reader.byte() % 3))};
  }
  // Whether what waits in `from`, or any.
  static std::uint64_t ticket(std::set<std::uint64_t>& from, Reader& reader) {
    const auto number = reader.number();
    if (from.empty() || number > 200) return number;
    const auto at = std::next(from.begin(), static_cast<long>(number % from.size()));
    const auto found = *at;
    from.erase(at);
    return found;
  }
  void came(const core::PeerId& id) {
    if (peers_.insert(id).second) give(E::PeerCame{id});
  }
  void gone(const core::PeerId& id) {
    peers_.erase(id);
    give(E::PeerGone{id});
  }
  void word(Reader& reader) {
    const auto from = peer(reader);
    core::FileMessage message;
    message.word = static_cast<core::FileWord>(reader.byte() % 10);
    message.file = file(reader.byte()).info;
    message.index = reader.number();
    message.count = reader.number();
    give(E::Heard{from, core::to_text(message)});
  }
  void parcel(Reader& reader) {
    const auto from = peer(reader);
    const auto kind = static_cast<core::Parcel::Kind>(reader.byte() % 4);
    const auto& whose = file(reader.byte());
    const auto index = reader.number();
    const bool good = reader.byte() % 8 != 0;
    core::Bytes content = core::flatten(whose.roots);
    if (kind == core::Parcel::Kind::page) content = core::flatten(whose.leaves(index));
    if (kind == core::Parcel::Kind::have) content.assign(reader.byte(), reader.byte());
    if (kind == core::Parcel::Kind::block)
      content.assign(whose.block(index).begin(), whose.block(index).end());
    if (!good && !content.empty()) content[reader.byte() % content.size()] ^= 1;
    give(E::Came{from, std::make_shared<const core::Bytes>(
                           core::to_bytes({kind, whose.info.id, index, content}))});
  }
  void load(Reader& reader) {
    const auto number = ticket(loading_, reader);
    const auto found = loads_.find(number);
    const auto how = reader.byte();
    core::Bytes bytes(found == loads_.end() || how % 8 == 1 ? how : found->second);
    give(E::Loaded{number, std::move(bytes), how % 8 == 2 ? "cannot be read" : ""});
  }
  void store(Reader& reader) {
    const auto number = reader.number();
    if (number > 200 || storing_.empty())
      return give(E::Stored{file(static_cast<unsigned>(number)).info.id, number});
    const auto at = std::next(storing_.begin(), static_cast<long>(number % storing_.size()));
    const auto [id, block] = *at;
    storing_.erase(at);
    give(E::Stored{id, block});
  }
  void place(Reader& reader) {
    const auto& id = file(reader.byte()).info.id;
    if (whole_.erase(id) > 0) give(E::Placed{id});
  }
  void take(Reader& reader) {
    E::Take wanted{file(reader.byte()).info.id, {}};
    for (auto block = reader.number(); wanted.claimed.size() < reader.byte(); ++block)
      wanted.claimed.push_back(block);
    give(std::move(wanted));
  }
  void application(Reader& reader) {
    const auto what = reader.byte();
    const auto& which = file(reader.byte());
    const auto& id = which.info.id;
    switch (what % 7) {
      case 0:
        return give(
            E::Offer{which.info, which.roots, what & 64 ? peers_ : std::set<core::PeerId>()});
      case 1: return give(E::Withdraw{id, std::string(what, 'w')});
      case 2: return give(E::Refuse{id, std::string(core::text_of(reader.take(what)))});
      case 3: whole_.erase(id); return give(E::Stop{id, "stopped"});
      case 4: return give(E::Pause{id, true});
      case 5: return give(E::Pause{id, false});
      default: whole_.erase(id); return give(E::DiskFailed{id, "disk full"});
    }
  }

  void pass(core::Duration time) {
    now_ += time;
    exchange_.advance(now_);
    drain();
    fuzz::require(exchange_.deadline() > now_, "it does not spin");
  }
  void give(E::Input input) {
    exchange_.handle(std::move(input), now_);
    drain();
  }
  void drain() {
    int outputs = 0;
    while (const auto output = exchange_.poll()) {
      fuzz::require(++outputs <= most_outputs, "what comes out is bounded by what went in");
      check(*output);
    }
  }
  void to_load(std::uint64_t ticket, const Digest& id, std::uint64_t length) {
    fuzz::require(file_of(id), "it is a file that we know");
    fuzz::require(loads_.emplace(ticket, length).second, "each ticket is there once");
    loading_.insert(ticket);
  }
  void check(const E::Output& output) {
    std::visit(
        core::Overloaded{
            [&](const E::Tell& tell) {
              fuzz::require(peers_.contains(tell.peer), "it speaks to who is here");
              fuzz::require(core::file_message_in(tell.text).has_value(), "it is understood");
            },
            [&](const E::Deliver& deliver) {
              fuzz::require(peers_.contains(deliver.peer), "it sends to who is here");
              fuzz::require(core::parcel_in(deliver.bytes).has_value(), "a parcel is one");
              if (deliver.ticket != 0) delivering_.insert(deliver.ticket);
            },
            [&](const E::Load& load) {
              to_load(load.ticket, load.id, load.length);
              const auto size = file_of(load.id)->info.size;
              fuzz::require(load.length > 0 && load.length <= core::block_size &&
                                load.at % core::block_size == 0 && load.at < size &&
                                load.length <= size - load.at,
                            "it reads a block of the file");
            },
            [&](const E::LoadPage& load) {
              to_load(load.ticket, load.id, 32 * file_of(load.id)->leaves(load.page).size());
              fuzz::require(load.page < file_of(load.id)->info.shape().pages(), "it is a page");
            },
            [&](const E::Store& store) {
              const auto right = file_of(store.id)->block(store.block);
              fuzz::require(!right.empty() && std::equal(right.begin(), right.end(),
                                                         store.bytes.begin(), store.bytes.end()),
                            "only what is right is written");
              fuzz::require(storing_.emplace(store.id, store.block).second, "and once");
            },
            [&](const E::Whole& whole) {
              fuzz::require(whole_.insert(whole.id).second, "it is whole once");
            },
            [&](const E::Progress& progress) {
              fuzz::require(progress.done > 0 && progress.done <= file_of(progress.id)->info.size,
                            "no more is done than there is");
            },
            [&](const E::Failed& failed) { whole_.erase(failed.id); },
            [](const auto&) {},
        },
        output);
  }

  core::Time now_{};
  core::Exchange exchange_;
  std::set<core::PeerId> peers_;
  std::map<std::uint64_t, std::uint64_t> loads_;  // how long each is
  std::set<std::uint64_t> loading_, delivering_;
  std::set<std::pair<Digest, std::uint64_t>> storing_;
  std::set<Digest> whole_;
};

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Reader reader({data, size});
  Scene scene(reader.byte());
  for (int steps = 0; !reader.empty() && steps < 500; ++steps) scene.step(reader);
  return 0;
}
