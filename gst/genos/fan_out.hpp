// SPDX-License-Identifier: LGPL-2.1-or-later
// One track of ours on its way to everybody who watches it: packets are made once for each rung,
// and the thread that made them pushes them to all who get that rung. What costs is wake-ups and
// bursts, so there is no queue for each viewer.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "bridge/ref.hpp"
#include "core/base/ids.hpp"
#include "core/ladder/quality.hpp"
#include "core/ladder/words.hpp"
#include "core/rtp/keyframe_wish.hpp"
#include "core/rtp/splice.hpp"
#include "genos/visibility.hpp"

namespace genos {

// Thread-safe, but push() of one rung belongs to one thread at a time.
class GENOS_PRIVATE FanOut : public std::enable_shared_from_this<FanOut> {
 public:
  enum class Kind { sound, picture };
  using Rung = core::RungChoice::Rung;
  struct Watcher {
    core::LinkId link;
    std::string peer;
    core::MediaWish wish{};
    std::uint32_t ssrc_by = 0;  // what is added to the SSRC
  };
  struct Seat {
    std::string peer, rung;  // in words
  };
  // `other`: the caps in which another FanOut can serve the same line, or null.
  FanOut(Kind kind, GstCaps* caps, GstCaps* other = nullptr);
  FanOut(const FanOut&) = delete;
  FanOut& operator=(const FanOut&) = delete;
  ~FanOut();

  // Of what is sent with that added to the SSRC.
  [[nodiscard]] Ref<GstCaps> caps(std::uint32_t ssrc_by = 0) const;
  [[nodiscard]] Ref<GstCaps> other(std::uint32_t ssrc_by) const;

  // The same picture in another size. Packets of all rungs have one SSRC, payload type and clock.
  [[nodiscard]] Rung add_rung(const core::RungWords& words);
  void remove_rung(Rung rung);  // who had it gets another
  // Whether somebody gets it, or waits for it. While nobody takes any, the smallest: it keeps the
  // pace of what comes from a file.
  [[nodiscard]] bool is_wanted(Rung rung) const;
  // Called when that may be otherwise, on any thread, with a lock held: it must not wait, and not
  // call us.
  void on_change(std::function<void()> told);

  // A frame's packets, whose times are those of the system clock and have come. `begins`: whoever
  // has nothing can begin with it. True: the encoder is to be asked for a keyframe.
  [[nodiscard]] bool push(Rung rung, GstBufferList* frame, bool begins);

  // The pad of a link that has accepted this track; its pipeline's base time. A picture begins with
  // a keyframe.
  [[nodiscard]] bool add(const Watcher& watcher, GstPad* to, GstClockTime base_time);
  bool wish(core::LinkId link, const core::MediaWish& wish);  // false: it is not here
  bool remove(core::LinkId link);                             // false: it was not here
  [[nodiscard]] bool is_in(const core::MediaWish& wish) const {
    return of(wish) != core::Quality::none;
  }
  [[nodiscard]] std::vector<Seat> seats() const;

 private:
  struct Viewer;
  struct Level {  // a rung
    Rung name;
    core::RungWords words;
    core::KeyframeWish wish;
    std::optional<std::uint32_t> timestamp;  // of its last packets
  };
  struct Delivery {
    std::shared_ptr<Viewer> to;
    core::RtpPlace by;
  };
  static gboolean on_event(GstPad* pad, GstObject* parent, GstEvent* event) noexcept;
  void lost(core::LinkId link);
  [[nodiscard]] core::Quality of(const core::MediaWish& wish) const {
    return kind_ == Kind::sound ? wish.sound : wish.picture;
  }
  // With the lock:
  [[nodiscard]] Level* level(Rung rung);
  void levels_changed(core::Time now);
  bool follow(Viewer& viewer, core::Time now);
  [[nodiscard]] std::vector<Delivery> deliveries(Level& level, GstBufferList* frame, bool begins,
                                                 core::Time now, bool& changed);
  // Without it:
  void tell();

  const Kind kind_;
  const Ref<GstCaps> caps_, other_;
  const core::PictureIds ids_;
  mutable std::mutex lock_;  // guards what follows
  std::vector<std::shared_ptr<Viewer>> viewers_;
  std::list<Level> levels_;   // largest first
  std::vector<Rung> ladder_;  // their names
  Rung next_ = 0;
  std::mutex telling_;  // guards what follows
  std::function<void()> told_;
};

}  // namespace genos
