// SPDX-License-Identifier: LGPL-2.1-or-later
// One rung of a ladder, or one sound: queue, encoder and parser behind a splitter, and the pad that
// comes out of the bin.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "encoders.hpp"
#include "splitter.hpp"

G_DECLARE_FINAL_TYPE(GstGenosRungPad, gst_genos_rung_pad, GST, GENOS_RUNG_PAD, GstGhostPad)

namespace genos::element {

class Rung {
 public:
  // Puts the elements into the bin and links them; the pad is not in the bin yet.
  static core::Result<std::shared_ptr<Rung>> make(GstBin* bin, GstGenosSplitter* splitter,
                                                  core::RungWords words, const Encoder& encoder,
                                                  const std::string& pad_name);
  Rung(const Rung&) = delete;
  Rung& operator=(const Rung&) = delete;
  ~Rung() = default;

  // What goes wrong then is told as a message of one of its elements.
  void start();
  // Whoever reads the pad gets its end, and when that has come, all of it leaves the bin.
  static void remove(const std::shared_ptr<Rung>& self);
  // Whether others wait when its reader does. One that is to go holds up nobody: what waits for a
  // place gets one, and the change of the ladder comes behind it.
  void bound(bool bounded);
  // Takes it out at once; not in a thread of its own elements.
  void dispose();
  [[nodiscard]] bool owns(GstObject* object) const;
  [[nodiscard]] bool has_left() const { return disposed_; }
  // It gets no more frames. True when that is news.
  bool give_up() { return !outlet_->failed.exchange(true); }
  // And its reader the end.
  static void finish(const std::shared_ptr<Rung>& self) { call_later(self, &Rung::end); }
  // True when it is another one; under the lock that guards what is known of rungs. Then it is to
  // be applied, without one: an encoder may complain.
  bool note_bitrate(guint bitrate) {
    return std::exchange(outlet_->words.bitrate, bitrate) != bitrate;
  }
  void apply_bitrate();
  static void drop(const std::shared_ptr<Rung>& self) { call_later(self, &Rung::dispose); }

  [[nodiscard]] GstPad* pad() const { return pad_.get(); }
  [[nodiscard]] const core::RungWords& words() const { return outlet_->words; }
  [[nodiscard]] bool has_failed() const { return outlet_->failed; }
  // Name, words, encoder, size, frames, keyframes, dropped, bytes, taken, failed.
  [[nodiscard]] Owned<GstStructure> stats() const;

 private:
  Rung() = default;
  core::Result<bool> build(GstBin* bin, const std::string& pad_name);
  void watch();
  void end();
  static void call_later(std::shared_ptr<Rung> self, void (Rung::*what)());

  Ref<GstElement> bin_;  // the whole transcoder
  GstGenosSplitter* splitter_ = nullptr;
  GstPad* exit_ = nullptr;
  const Encoder* encoder_ = nullptr;
  Ref<GstElement> elements_;  // a bin of the rung's own
  Ref<GstElement> encoder_element_;
  Ref<GstPad> pad_;
  std::shared_ptr<Outlet> outlet_;
  struct Counted {
    std::atomic<guint64> buffers{0}, bytes{0};
  };
  std::shared_ptr<Counted> counted_;
  std::atomic<gulong> end_probe_{0};
  std::atomic<bool> bounded_{true};
  std::mutex disposing_;
  std::atomic<bool> disposed_{false};
};

}  // namespace genos::element
