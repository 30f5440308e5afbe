// SPDX-License-Identifier: LGPL-2.1-or-later
// A GstGenosSignaling as an application would write it: all objects of one bus hear each other.
#pragma once

#include <algorithm>
#include <atomic>
#include <mutex>
#include <string>
#include <vector>

#include "support/test_room.hpp"

namespace genos {

class TestBus {
 public:
  Ref<GstGenosSignaling> attach();
  // Payloads in which a description can be read.
  std::size_t readable() {
    const std::scoped_lock guard(lock_);
    return readable_;
  }

  // Whoever holds it keeps the library's thread from everything, once somebody is at it.
  std::mutex door;
  std::atomic<bool> at_door{false};

  struct Seat {
    GstGenosSignaling* object;
    std::string id;
  };
  void enter(GstGenosSignaling* object, const char* id) {
    at_door = true;
    const std::scoped_lock guard(door, lock_);
    for (const auto& seat : seats_) {
      gst_genos_signaling_peer_seen(object, seat.id.c_str());
      gst_genos_signaling_peer_seen(seat.object, id);
    }
    seats_.push_back({object, id});
    gst_genos_signaling_joined(object);
  }
  void go(GstGenosSignaling* object) {
    const std::scoped_lock guard(lock_);
    const auto mine = std::find_if(seats_.begin(), seats_.end(),
                                   [&](const Seat& seat) { return seat.object == object; });
    if (mine == seats_.end()) return;
    const std::string id = mine->id;
    seats_.erase(mine);
    for (const auto& seat : seats_) gst_genos_signaling_peer_gone(seat.object, id.c_str());
  }
  void carry(GstGenosSignaling* from, const char* to, const char* kind, const char* payload) {
    const std::scoped_lock guard(lock_);
    if (std::strstr(payload, "fingerprint")) ++readable_;
    std::string sender;
    for (const auto& seat : seats_)
      if (seat.object == from) sender = seat.id;
    for (const auto& seat : seats_)
      if (seat.id == to) gst_genos_signaling_receive(seat.object, sender.c_str(), kind, payload);
  }

 private:
  std::mutex lock_;  // guards what follows; the library's thread calls
  std::vector<Seat> seats_;
  std::size_t readable_ = 0;
};

}  // namespace genos

struct GenosTestSeat {
  GObject parent;
  genos::TestBus* bus;
};
struct GenosTestSeatClass {
  GObjectClass parent;
};

static void genos_test_seat_init(GenosTestSeat*) {}
static void genos_test_seat_class_init(GenosTestSeatClass*) {}
inline genos::TestBus& genos_test_bus_of(GstGenosSignaling* self) {
  return *reinterpret_cast<GenosTestSeat*>(self)->bus;
}
inline void genos_test_seat_signaling(GstGenosSignalingInterface* iface) {
  iface->join = [](GstGenosSignaling* self, const gchar*, const gchar*, const gchar* id) {
    genos_test_bus_of(self).enter(self, id);
  };
  iface->leave = [](GstGenosSignaling* self) { genos_test_bus_of(self).go(self); };
  iface->send = [](GstGenosSignaling* self, const gchar* peer, const gchar* kind,
                   const gchar* payload) {
    genos_test_bus_of(self).carry(self, peer, kind, payload);
  };
}
G_DEFINE_TYPE_WITH_CODE(GenosTestSeat, genos_test_seat, G_TYPE_OBJECT,
                        G_IMPLEMENT_INTERFACE(GST_TYPE_GENOS_SIGNALING, genos_test_seat_signaling))

inline genos::Ref<GstGenosSignaling> genos::TestBus::attach() {
  auto seat = adopt(GST_GENOS_SIGNALING(g_object_new(genos_test_seat_get_type(), nullptr)));
  reinterpret_cast<GenosTestSeat*>(seat.get())->bus = this;
  return seat;
}
