// SPDX-License-Identifier: LGPL-2.1-or-later
// main() of the element tests: starts GStreamer, and fails a test in which GLib or GStreamer logged
// a critical or a warning that is not one of webrtcbin's own.
#include <gst/gst.h>
#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <mutex>
#include <string>

namespace {

// What webrtcbin and its parts log by themselves, since which minor version.
struct Known {
  guint since;
  const char* text;
};
constexpr std::array allowed = {
    Known{22, "Can't resolve STUN server"},
    Known{22, "Can't resolve TURN server"},     // libnice
    Known{24, "Promise result isn't PENDING"},  // add-ice-candidate
    // A channel's close is still waiting when its pipeline has ended.
    Known{24, "gst_element_set_locked_state: assertion 'GST_IS_ELEMENT (element)' failed"},
    Known{24, "gst_element_set_state: assertion 'GST_IS_ELEMENT (element)' failed"},
    Known{24, "gst_element_get_static_pad: assertion 'GST_IS_ELEMENT (element)' failed"},
    Known{24, "gst_pad_get_peer: assertion 'GST_IS_PAD (pad)' failed"},
    Known{24, "gst_object_unref: assertion 'object != NULL' failed"},
};

std::mutex lock;
std::string complaints;  // guarded by lock

bool is_allowed(const char* text) {
  guint major = 0, minor = 0, micro = 0, nano = 0;
  gst_version(&major, &minor, &micro, &nano);
  for (const auto& known : allowed)
    if (text && minor >= known.since && std::strstr(text, known.text)) return true;
  return false;
}

void on_log(const char* domain, GLogLevelFlags level, const char* text, gpointer) {
  g_log_default_handler(domain, level, text, nullptr);
  if (!(level & (G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_WARNING)) || is_allowed(text)) return;
  const std::scoped_lock guard(lock);
  complaints += std::string(domain ? domain : "?") + ": " + (text ? text : "") + "\n";
}

class Listener final : public testing::EmptyTestEventListener {
  void OnTestEnd(const testing::TestInfo&) override {
    const std::scoped_lock guard(lock);
    if (!complaints.empty()) ADD_FAILURE() << "logged:\n" << complaints;
    complaints.clear();
  }
};

}  // namespace

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  gst_init(&argc, &argv);
  g_log_set_default_handler(on_log, nullptr);
  auto& listeners = testing::UnitTest::GetInstance()->listeners();
  auto* printer = listeners.Release(listeners.default_result_printer());
  listeners.Append(new Listener);  // before the printer, which then knows of the failure
  listeners.Append(printer);
  const int result = RUN_ALL_TESTS();
  gst_deinit();
  return result;
}
