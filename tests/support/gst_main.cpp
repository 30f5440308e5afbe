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

// What webrtcbin and its parts of 1.22 and 1.26 log by themselves.
constexpr std::array allowed = {
    "Can't resolve STUN server", "Can't resolve TURN server",  // libnice: the name is unknown
    "Promise result isn't PENDING",                            // 1.26, add-ice-candidate
};

std::mutex lock;
std::string complaints;  // guarded by lock

bool is_allowed(const char* text) {
  for (const char* known : allowed)
    if (text && std::strstr(text, known)) return true;
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
