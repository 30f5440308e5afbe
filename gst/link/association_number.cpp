// SPDX-License-Identifier: LGPL-2.1-or-later
#include "link/association_number.hpp"

#include <bitset>
#include <cstdint>
#include <mutex>

namespace genos::link {
namespace {

constexpr const char* property = "sctp-association-id";

// Round and round: what is left of an association that ended goes on for a while. From somewhere:
// a program that links this code twice has two of them.
class Numbers {
 public:
  std::uint16_t take() {
    const std::scoped_lock guard(lock_);
    // With all of them taken, no better than by lot.
    for (std::size_t tried = 0; tried < taken_.size() && taken_[++last_]; tried++) continue;
    taken_[last_] = true;
    return last_;
  }
  void give_back(std::uint16_t number) {
    const std::scoped_lock guard(lock_);
    taken_[number] = false;
  }

 private:
  std::mutex lock_;
  std::bitset<65536> taken_;  // guarded by lock_, as is last_
  std::uint16_t last_ = static_cast<std::uint16_t>(g_random_int());
};

Numbers& numbers() {
  static auto* const all = new Numbers;  // links end on threads of their own, also at exit
  return *all;
}

struct Number {
  Number() = default;
  Number(const Number&) = delete;
  Number& operator=(const Number&) = delete;
  ~Number() { numbers().give_back(value); }
  const std::uint16_t value = numbers().take();
};

void give(GstBin*, GstElement* element, gpointer data) {
  if (!g_object_class_find_property(G_OBJECT_GET_CLASS(element), property)) return;
  g_object_set(element, property, guint{static_cast<Number*>(data)->value}, nullptr);
}

}  // namespace

void number_association(GstElement* webrtc) {
  const GClosureNotify forget = [](gpointer data, GClosure*) { delete static_cast<Number*>(data); };
  // For as long as webrtcbin lives: its thread may make them after the link was ended.
  g_signal_connect_data(webrtc, "element-added", G_CALLBACK(give), new Number, forget,
                        GConnectFlags{});
}

}  // namespace genos::link
