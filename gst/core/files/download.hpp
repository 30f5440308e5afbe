// SPDX-License-Identifier: LGPL-2.1-or-later
// One file that comes in blocks from whoever has them: what is here, and what to ask of whom. Each
// block is checked against the tree before it counts.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <variant>
#include <vector>

#include "core/base/ids.hpp"
#include "core/base/time.hpp"
#include "core/files/file_tree.hpp"
#include "core/files/picker.hpp"

namespace genos::core {

class Download {
 public:
  struct Options {
    FileHash hash = nullptr;
    std::uint64_t window = 8 * page_blocks;  // so far ahead of the first that is missing
    // Blocks that may be asked of one and not be here yet. It begins with few and grows with each
    // that comes: receivers who begin at the same time do not all ask the sender for the same.
    std::size_t asked_at_first = 2;
    std::size_t asked_of_one = 32;                 // 8 MiB, 100 Mbit/s over 600 ms
    Duration patience = std::chrono::seconds(10);  // of silence, before what was asked is forgotten
  };
  enum class Verdict : std::uint8_t { taken, unwanted, bad };

  struct AskRoots {};
  struct AskPage {
    std::uint64_t page;
  };
  struct AskBlock {
    std::uint64_t block;
  };
  using Ask = std::variant<AskRoots, AskPage, AskBlock>;

  Download(FileInfo info, Options options, std::unique_ptr<Picker> picker);

  // Who has what. A source has all of it.
  void add_source(const PeerId& peer, Time now);
  void add_receiver(const PeerId& peer, Time now);
  void has(const PeerId& peer, std::uint64_t first, ByteView bits);
  void lacks(const PeerId& peer);  // it has not what it was asked for
  void stops(const PeerId& peer);  // it takes the file no more
  void remove(const PeerId& peer);
  [[nodiscard]] bool has_source() const;
  [[nodiscard]] std::vector<PeerId> receivers() const;

  // What came. `bad`: it is not what the file's id promises; the peer is asked for nothing more.
  Verdict take_roots(const PeerId& peer, ByteView bytes, Time now);
  Verdict take_page(const PeerId& peer, std::uint64_t page, ByteView bytes, Time now);
  // Taken: to be written, then stored().
  Verdict take_block(const PeerId& peer, std::uint64_t block, ByteView bytes, Time now);
  void stored(std::uint64_t block);

  // A part of it was here before: what is said to be there is read and checked once the page's
  // hashes are known.
  void claim(std::uint64_t block);
  [[nodiscard]] std::optional<std::uint64_t> to_check();  // a block to read and give to checked()
  void checked(std::uint64_t block, ByteView bytes);

  // The next thing to ask of `peer`; counts as asked.
  [[nodiscard]] std::optional<Ask> next(const PeerId& self, const PeerId& peer, Time now);
  void advance(Time now);
  [[nodiscard]] Time deadline() const;

  [[nodiscard]] bool whole() const { return here_ == states_.size(); }
  [[nodiscard]] std::uint64_t done() const { return done_; }  // bytes
  [[nodiscard]] bool is_here(std::uint64_t block) const;
  [[nodiscard]] const FileInfo& info() const { return info_; }
  [[nodiscard]] const std::vector<Digest>& roots() const { return roots_; }
  // The leaves' hashes of a page; null when they are not known (any more).
  [[nodiscard]] const std::vector<Digest>* page(std::uint64_t page) const;

 private:
  enum class State : std::uint8_t { missing, asked, storing, here, claimed, checking };
  struct Peer {
    bool source = false;
    bool takes = false;                // the file, as we do
    std::vector<bool> has;             // of a receiver
    std::uint64_t held = 0;            // so many of these are set
    std::uint64_t news_at = 0;         // so much was here when it last had something new
    std::vector<std::uint64_t> asked;  // blocks, in the order in which they were asked for
    std::set<std::uint64_t> pages;     // asked
    bool roots = false;                // asked
    bool hashes = true;                // may be asked for them
    bool bad = false;
    std::size_t grown = 0;  // how many more may be asked for than at first
    unsigned silences = 0;  // how often in a row nothing came of what was asked
    Time heard{};           // when it did what was next, or was asked after a rest
    [[nodiscard]] bool waits() const { return !asked.empty() || !pages.empty() || roots; }
  };
  [[nodiscard]] bool can_have(const Peer& peer, std::uint64_t block) const;
  [[nodiscard]] bool may_know_hashes(const Peer& peer) const;
  [[nodiscard]] bool keeps_up(const Peer& peer) const;
  template <class Can> [[nodiscard]] bool others_rather(const Peer& peer, Can can) const;
  [[nodiscard]] bool fits(std::uint64_t block, ByteView bytes) const;
  [[nodiscard]] std::size_t may_be_asked(const Peer& peer) const;
  [[nodiscard]] bool page_asked(std::uint64_t page) const;
  [[nodiscard]] std::optional<Ask> next_hashes(Peer& peer);
  [[nodiscard]] std::optional<Ask> next_block(const PeerId& self, const PeerId& id, Peer& peer,
                                              Time now);
  [[nodiscard]] Picker::View view_of(const PeerId& self, const PeerId& id, const Peer& peer,
                                     Time now) const;
  Peer* find(const PeerId& peer);
  void forget_asked(Peer& peer);
  void arrived(std::uint64_t block);
  void move_window();

  FileInfo info_;
  FileShape shape_;
  Options options_;
  std::unique_ptr<Picker> picker_;
  std::map<PeerId, Peer> peers_;
  std::vector<State> states_;  // of each block
  std::uint64_t first_ = 0;    // all before it are here
  std::uint64_t here_ = 0;
  std::uint64_t done_ = 0;
  std::vector<Digest> roots_;
  std::map<std::uint64_t, std::vector<Digest>> pages_;
  std::set<std::uint64_t> to_check_;
};

}  // namespace genos::core
