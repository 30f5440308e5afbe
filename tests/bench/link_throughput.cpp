// SPDX-License-Identifier: LGPL-2.1-or-later
// One data channel: two peer links against two bare webrtcbins that send the same wire sizes in the
// same run. A JSON line a figure; then the time from the first signal to an open link.
#include <algorithm>
#include <atomic>
#include <cstdio>

#include "bridge/signal.hpp"
#include "link/webrtc_refs.hpp"
#include "support/link_pair.hpp"

namespace genos {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t window = 256 * 1024;  // under way at a time, on both
constexpr int rounds = 5;

double seconds_since(gint64 begin) {
  return static_cast<double>(g_get_monotonic_time() - begin) / G_USEC_PER_SEC;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

// Two webrtcbins and nothing between them.
class BarePair {
 public:
  BarePair() {
    for (int i : {0, 1}) {
      pipelines_[i] = sink(gst_pipeline_new(nullptr));
      bins_[i] = sink(gst_element_factory_make("webrtcbin", nullptr));
      g_object_set(bins_[i].get(), "bundle-policy", GST_WEBRTC_BUNDLE_POLICY_MAX_BUNDLE, nullptr);
      gst_bin_add(GST_BIN(pipelines_[i].get()), bins_[i].get());
      gst_element_set_state(pipelines_[i].get(), GST_STATE_READY);
    }
    for (int i : {0, 1})
      connections_.push_back(on<void(GstElement*, guint, char*)>(
          bins_[i].get(), "on-ice-candidate",
          [to = Weak(bins_[1 - i].get())](auto*, guint line, char* text) {
            if (const auto alive = to.lock(); alive && text && *text)
              g_signal_emit_by_name(alive.get(), "add-ice-candidate", line, text);
          }));
    connections_.push_back(on<void(GstElement*, GstWebRTCDataChannel*, gboolean)>(
        bins_[1].get(), "prepare-data-channel",
        [this](auto*, GstWebRTCDataChannel* channel, gboolean) {
          received_on_ = retain(channel);
          arrivals_ = on<void(GstWebRTCDataChannel*, GBytes*)>(
              channel, "on-message-data",
              [this](auto*, GBytes* bytes) { bytes_ += bytes ? g_bytes_get_size(bytes) : 0; });
        }));
    GstWebRTCDataChannel* raw = nullptr;
    g_signal_emit_by_name(bins_[0].get(), "create-data-channel", "data", nullptr, &raw);
    channel_ = adopt(raw);
    for (int i : {0, 1}) gst_element_set_state(pipelines_[i].get(), GST_STATE_PLAYING);
    exchange(0, "create-offer", "offer");
    exchange(1, "create-answer", "answer");
    for (int i = 0; i < 5000 && !is_open(); i++) g_usleep(1000);
  }
  ~BarePair() {
    for (auto& pipeline : pipelines_) gst_element_set_state(pipeline.get(), GST_STATE_NULL);
  }

  double measure(std::size_t size, std::size_t total) {
    bytes_ = 0;
    const gint64 begin = g_get_monotonic_time();
    for (std::size_t given = 0; given < total; given += size) {
      while (buffered() > window) g_usleep(50);
      auto* memory = static_cast<guint8*>(g_malloc0(size));
      const auto bytes = adopt(g_bytes_new_take(memory, size));
      gst_webrtc_data_channel_send_data_full(channel_.get(), bytes.get(), nullptr);
    }
    while (bytes_ < total) g_usleep(50);
    return static_cast<double>(total) / seconds_since(begin) / 1e6;
  }

 private:
  bool is_open() const {
    GstWebRTCDataChannelState state{};
    g_object_get(channel_.get(), "ready-state", &state, nullptr);
    return state == GST_WEBRTC_DATA_CHANNEL_STATE_OPEN;
  }
  guint64 buffered() const {
    guint64 amount = 0;
    g_object_get(channel_.get(), "buffered-amount", &amount, nullptr);
    return amount;
  }
  void exchange(int maker, const char* action, const char* field) {
    const auto reply = adopt(gst_promise_new());
    g_signal_emit_by_name(bins_[maker].get(), action, nullptr, reply.get());
    gst_promise_wait(reply.get());
    GstWebRTCSessionDescription* raw = nullptr;
    gst_structure_get(gst_promise_get_reply(reply.get()), field,
                      GST_TYPE_WEBRTC_SESSION_DESCRIPTION, &raw, nullptr);
    const Owned<GstWebRTCSessionDescription> made(raw);
    for (int i : {maker, 1 - maker}) {
      const auto done = adopt(gst_promise_new());
      g_signal_emit_by_name(bins_[i].get(),
                            i == maker ? "set-local-description" : "set-remote-description",
                            made.get(), done.get());
      gst_promise_wait(done.get());
    }
  }

  Ref<GstElement> pipelines_[2], bins_[2];
  Ref<GstWebRTCDataChannel> channel_, received_on_;
  std::atomic<std::size_t> bytes_{0};
  Connection arrivals_;
  std::vector<Connection> connections_;
};

double measure(test::LinkPair& pair, std::size_t size, std::size_t total) {
  pair.b.bytes = 0;
  std::size_t given = 0, held = 0;
  pair.a.last_drained = SIZE_MAX;
  const gint64 begin = g_get_monotonic_time();
  pair.wait([&] {
    if (pair.a.last_drained != SIZE_MAX) held = std::exchange(pair.a.last_drained, SIZE_MAX);
    for (; given < total && held <= window; given += size, held += size)
      pair.a.link->send(core::Bytes(size));
    return pair.b.bytes >= total;
  });
  return static_cast<double>(pair.b.bytes) / seconds_since(begin) / 1e6;
}

void throughput() {
  test::LinkPair pair;
  if (!pair.open()) return;
  pair.b.keep = false;
  BarePair bare;
  for (const std::size_t size : {std::size_t{16 * 1024}, std::size_t{64 * 1024}}) {
    const std::size_t total = 64 * 1024 * 1024;
    std::vector<double> ours, theirs;
    for (int i = 0; i < rounds; i++) {
      theirs.push_back(bare.measure(size, total));
      ours.push_back(measure(pair, size, total));
    }
    std::printf(
        "{\"bench\":\"link-throughput\",\"size\":%zu,\"link_MBps\":%.1f,\"bare_MBps\":%.1f,"
        "\"ratio\":%.3f}\n",
        size, median(ours), median(theirs), median(ours) / median(theirs));
  }
}

void opening() {
  std::vector<double> times;
  for (int i = 0; i < 20; i++) {
    test::LinkPair pair;
    gint64 first = 0;
    pair.a.on_the_way = [&](core::Signal signal) {
      if (first == 0) first = g_get_monotonic_time();
      return std::optional(std::move(signal));
    };
    if (pair.open()) times.push_back(seconds_since(first) * 1000);
  }
  if (!times.empty())
    std::printf("{\"bench\":\"link-open\",\"runs\":%zu,\"median_ms\":%.1f,\"max_ms\":%.1f}\n",
                times.size(), median(times), *std::max_element(times.begin(), times.end()));
}

}  // namespace
}  // namespace genos

int main(int argc, char** argv) {
  gst_init(&argc, &argv);
  genos::link::warm_up();
  genos::link::drain_teardowns(std::chrono::seconds(20));
  genos::opening();
  genos::throughput();
  return genos::link::drain_teardowns(std::chrono::seconds(20)) ? 0 : 1;
}
