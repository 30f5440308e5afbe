// SPDX-License-Identifier: LGPL-2.1-or-later
// All files that one of ours offers and takes in one room. Those who take the same file serve each
// other. Knows no disk: what is to be read and written comes out, what was comes in.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "core/base/bucket.hpp"
#include "core/files/download.hpp"
#include "core/files/file_message.hpp"

namespace genos::core {

class Exchange {
 public:
  struct Rates {  // bytes a second; 0: as fast as it goes
    double upload = 0, upload_to_one = 0, download = 0;
  };
  struct Options {
    PeerId self;
    FileHash hash = nullptr;
    Rates rates;
  };

  // --- what happens -------------------------------------------------------------------------
  // The application:
  struct Offer {
    FileInfo file;
    std::vector<Digest> roots;  // of its pages
    std::set<PeerId> to;        // empty: everybody
  };
  struct Withdraw {
    Digest id;
    std::string why;
  };
  struct Take {
    Digest id;
    std::vector<std::uint64_t> claimed;  // blocks that should be here already
  };
  struct Refuse {
    Digest id;
    std::string why;
  };
  struct Stop {
    Digest id;
    std::string why;
  };
  struct Pause {
    Digest id;
    bool paused = true;
  };
  // The room, about our own peers only:
  struct PeerCame {
    PeerId peer;
  };
  struct PeerGone {
    PeerId peer;
  };
  struct Heard {
    PeerId peer;
    std::string text;
  };
  struct Came {
    PeerId peer;
    std::shared_ptr<const Bytes> bytes;
  };
  struct Delivered {
    std::uint64_t ticket;
  };
  // The disk:
  struct Loaded {
    std::uint64_t ticket;
    Bytes bytes;
    std::string error;
  };
  struct Stored {
    Digest id;
    std::uint64_t block;
  };
  struct Placed {  // a file that was Whole is where it belongs
    Digest id;
  };
  struct DiskFailed {
    Digest id;
    std::string why;
  };
  using Input = std::variant<Offer, Withdraw, Take, Refuse, Stop, Pause, PeerCame, PeerGone, Heard,
                             Came, Delivered, Loaded, Stored, Placed, DiskFailed>;

  // --- what to do about it --------------------------------------------------------------------
  struct Tell {
    PeerId peer;
    std::string text;
  };
  struct Deliver {  // Delivered follows for each with a ticket
    PeerId peer;
    std::uint64_t ticket;
    Bytes bytes;
  };
  struct Load {
    std::uint64_t ticket;
    Digest id;
    std::uint64_t at, length;
  };
  struct LoadPage {  // its leaves' hashes, as bytes
    std::uint64_t ticket;
    Digest id;
    std::uint64_t page;
  };
  struct Store {
    Digest id;
    std::uint64_t block;
    std::shared_ptr<const Bytes> parcel;
    ByteView bytes;  // of the parcel
  };
  struct Whole {  // all of it is stored and checked; Placed follows
    Digest id;
  };
  // For the application:
  struct Complete {  // Placed, and the others were told
    Digest id;
  };
  struct Offered {
    PeerId peer;
    FileInfo file;
  };
  struct Withdrawn {
    PeerId peer;
    Digest id;
    std::string why;
  };
  struct Progress {
    Digest id;
    std::uint64_t done;
  };
  struct Failed {
    Digest id;
    std::string why;
  };
  struct BadPiece {
    PeerId peer;
    Digest id;
  };
  struct TakerNews {
    enum class What : std::uint8_t { takes, sent, done, refused, stopped, gone };
    PeerId peer;
    Digest id;
    What what;
    std::uint64_t sent = 0;  // bytes, to this one
    std::string why;
  };
  using Output = std::variant<Tell, Deliver, Load, LoadPage, Store, Whole, Complete, Offered,
                              Withdrawn, Progress, Failed, BadPiece, TakerNews>;

  Exchange(Options options, Time now);

  void handle(Input input, Time now);
  void advance(Time now);
  [[nodiscard]] std::optional<Output> poll();
  [[nodiscard]] Time deadline() const;

 private:
  // A file that is all here: one that we offer, or took.
  struct Shared {
    FileInfo file;
    std::vector<Digest> roots;
    std::set<PeerId> to;
    bool offered = false;
    bool paused = false;
    std::map<PeerId, std::uint64_t> takers;  // bytes sent
  };
  struct Incoming {
    Download download;
    bool paused = false;
    bool whole = false;              // told
    std::set<std::uint64_t> unsaid;  // blocks that the others do not know of
    Time say_at = never;
  };
  struct Asked {
    Parcel::Kind kind;
    std::uint64_t index;
  };
  struct Peer {
    std::map<Digest, std::deque<Asked>> asked;  // of us; none empty
    std::optional<Digest> turn;                 // the file that was served last
    std::size_t waiting = 0;
    std::set<std::uint64_t> under_way;  // tickets
    std::optional<Bucket> rate;
    std::map<Digest, FileInfo> offers;
  };
  struct Ticket {
    PeerId peer;  // empty: to check a block
    Digest id;
    Asked asked;
    std::uint64_t size = 0;
  };

  // When something is to be asked for, or may be sent, at the latest.
  [[nodiscard]] Time ask_time(const Incoming& incoming) const;
  [[nodiscard]] Time send_time(const Peer& peer) const;

  void on(Offer& in, Time now);
  void on(Withdraw& in, Time now);
  void on(Take& in, Time now);
  void on(Refuse& in, Time now);
  void on(Stop& in, Time now);
  void on(Pause& in, Time now);
  void on(PeerCame& in, Time now);
  void on(PeerGone& in, Time now);
  void on(Heard& in, Time now);
  void on(Came& in, Time now);
  void on(Delivered& in, Time now);
  void on(Loaded& in, Time now);
  void on(Stored& in, Time now);
  void on(Placed& in, Time now);
  void on(DiskFailed& in, Time now);

  void heard_offer(const PeerId& peer, const FileInfo& file, Time now);
  void heard_withdraw(const PeerId& peer, const Digest& id, const std::string& why);
  void heard_take(const PeerId& peer, const Digest& id, Time now);
  void heard_end(const PeerId& peer, const FileMessage& message);
  void heard_ask(const PeerId& peer, const FileMessage& message);
  void wait_in_line(Peer& peer, const Digest& id, const Asked& asked);
  void take_block(const PeerId& peer, const Parcel& parcel,
                  const std::shared_ptr<const Bytes>& whole, Time now);
  void judge(Download::Verdict verdict, const PeerId& peer, const Digest& id);
  void drop_source(const PeerId& peer, const Digest& id);
  void tell(const PeerId& peer, FileWord word, const Digest& id, const std::string& why = {});
  void tell_all(FileWord word, const Digest& id, const std::string& why = {});  // whom it concerns
  [[nodiscard]] Bytes have_bits(const Digest& id) const;
  void is_here(std::uint64_t block, const Digest& id, Incoming& incoming, Time now);
  void say_unsaid(const Digest& id, Incoming& incoming);
  void fail(const Digest& id, const std::string& why);
  void forget_asked(const Digest& id);
  // May hear of the file and have it.
  [[nodiscard]] bool may_ask(const PeerId& peer, const Digest& id) const;
  [[nodiscard]] bool can_serve(const Digest& id, const Asked& asked) const;
  [[nodiscard]] bool is_paused(const Digest& id) const;
  [[nodiscard]] FileShape shape_of(const Digest& id) const;
  [[nodiscard]] std::uint64_t length_of(const Digest& id, const Asked& asked) const;
  [[nodiscard]] std::optional<Bytes> known(const Digest& id, const Asked& asked) const;

  void pump(Time now);
  void ask(Time now);
  void ask(const PeerId& peer, Incoming& incoming, Time now);
  void check(const Digest& id, Incoming& incoming);
  void serve(Time now);
  bool serve_one(const PeerId& id, Peer& peer, Time now);
  void start(const PeerId& peer, const Digest& id, const Asked& asked, Time now);
  std::uint64_t ticket(Ticket what);
  void news(const PeerId& peer, const Digest& id, TakerNews::What what,
            const std::string& why = {});

  Options options_;
  std::map<PeerId, Peer> peers_;
  std::map<Digest, Shared> shared_;
  std::map<Digest, Incoming> incoming_;
  std::map<std::uint64_t, Ticket> tickets_;
  std::uint64_t last_ticket_ = 0;
  std::optional<Bucket> upload_, download_;
  PeerId turn_;                 // who was served last
  std::optional<Digest> asks_;  // for which file something was asked last
  std::deque<Output> outputs_;
};

}  // namespace genos::core
