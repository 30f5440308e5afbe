// SPDX-License-Identifier: LGPL-2.1-or-later
// Two peer links in one process, their signals handed across by hand.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "link/peer_link.hpp"

namespace genos::test {

struct LinkSide {
  std::unique_ptr<link::PeerLink> link;
  LinkSide* other = nullptr;
  // What becomes of a signal of this side on its way; nothing: it is lost.
  std::function<std::optional<core::Signal>(core::Signal)> on_the_way;
  std::vector<core::Signal> sent;
  std::vector<core::Bytes> messages;
  std::size_t bytes = 0;
  bool keep = true;  // messages, not only their number of bytes
  bool opened = false;
  int closed = 0;
  int heard = 0;
  int negotiated = 0;
  int pads = 0;  // written on a streaming thread
  std::size_t last_drained = SIZE_MAX;
  std::string reason;
  std::function<void(GstPad*)> on_pad;

  link::PeerLink::Events events() {
    link::PeerLink::Events e;
    e.signal = [this](core::Signal signal) {
      sent.push_back(signal);
      auto kept = on_the_way ? on_the_way(std::move(signal)) : std::optional(std::move(signal));
      if (kept && other && other->link) other->link->signal(std::move(*kept));
    };
    e.opened = [this] { opened = true; };
    e.closed = [this](std::string why) {
      closed++;
      reason = std::move(why);
    };
    e.message = [this](core::Bytes message) {
      bytes += message.size();
      if (keep) messages.push_back(std::move(message));
    };
    e.heard = [this] { heard++; };
    e.drained = [this](std::size_t left) { last_drained = left; };
    e.negotiated = [this] { negotiated++; };
    e.pad_added = [this](GstPad* pad, guint) {
      if (on_pad) on_pad(pad);
      g_atomic_int_inc(&pads);
    };
    return e;
  }
};

// A offers first. The context is iterated by the calling thread, in until().
class LinkPair {
 public:
  explicit LinkPair(core::Partner partner = core::Partner::genos)
      : context_(adopt(g_main_context_new())) {
    for (LinkSide* side : {&a, &b}) options(*side).partner = partner;
    a.other = &b;
    b.other = &a;
    options_b.role = core::LinkRole::answerer;
  }
  ~LinkPair() {
    a.link.reset();
    b.link.reset();
    while (g_main_context_iteration(context_.get(), FALSE)) {
    }
  }
  LinkPair(const LinkPair&) = delete;
  LinkPair& operator=(const LinkPair&) = delete;

  link::PeerLink::Options& options(LinkSide& side) { return &side == &a ? options_a : options_b; }

  void start() {
    start(b);
    start(a);
  }
  void start(LinkSide& side) {
    auto& chosen = options(side);
    chosen.context = context_.get();
    side.link = std::make_unique<link::PeerLink>(chosen, side.events());
  }
  bool open() {
    start();
    return until([&] { return a.opened && b.opened; });
  }
  template <class Condition>
  bool until(Condition condition, core::Duration limit = std::chrono::seconds(8)) {
    const gint64 end = g_get_monotonic_time() + limit.count();
    while (!condition() && g_get_monotonic_time() < end)
      if (!g_main_context_iteration(context_.get(), FALSE)) g_usleep(200);
    return condition();
  }
  // Without a pause between two looks at the condition, for measuring; it must come about.
  template <class Condition> void wait(Condition condition) {
    while (!condition()) g_main_context_iteration(context_.get(), TRUE);
  }
  void run(core::Duration time) {
    until([] { return false; }, time);
  }

  LinkSide a, b;

 private:
  Ref<GMainContext> context_;
  link::PeerLink::Options options_a, options_b;
};

}  // namespace genos::test
