// SPDX-License-Identifier: LGPL-2.1-or-later
// Whether anything moves in a run of a transcoding job, and its end before its time.
#include <utility>

#include "genos/transcode_run.hpp"

namespace genos {
namespace {

// A muxer that got the end writes an index; a minute of it is a broken disk.
constexpr guint patience_seconds = 60;
// What was read is encoded by then, or its encoders still move.
constexpr guint seconds_to_drain = 3;

}  // namespace

// Bytes that are read, frames that are encoded, packets that are written: none is so slow.
void TranscodeRun::watch_movement(GstElement* source) {
  auto* factory = gst_element_get_factory(source);
  const bool has_place =
      !options_.element && factory && g_strcmp0(GST_OBJECT_NAME(factory), "filesrc") == 0;
  gchar* raw = nullptr;
  if (has_place) g_object_get(source, "location", &raw, nullptr);
  const Owned<char> place(raw);
  const bool is_file = place && g_file_test(place.get(), G_FILE_TEST_IS_REGULAR);  // no pipe
  if (!is_file) options_.patience = 0;  // bytes may come at any time
  const auto exit = adopt(gst_element_get_static_pad(source, "src"));
  const auto count = [](GstPad*, GstPadProbeInfo*, gpointer data) noexcept {
    ++*static_cast<std::atomic<guint64>*>(data);
    return GST_PAD_PROBE_OK;
  };
  if (is_file) gst_pad_add_probe(exit.get(), GST_PAD_PROBE_TYPE_BUFFER, count, &read_, nullptr);
  pulse_ = g_timeout_source_new_seconds(1);
  const auto feel = [](gpointer data) noexcept -> gboolean {
    static_cast<TranscodeRun*>(data)->feel_pulse();
    return G_SOURCE_CONTINUE;
  };
  g_source_set_callback(pulse_, feel, this, nullptr);
  g_source_attach(pulse_, g_source_get_context(bus_));
}

guint64 TranscodeRun::movement() const {
  GstStructure* raw = nullptr;
  g_object_get(t_.get(), "stats", &raw, nullptr);
  const Owned<GstStructure> stats(raw);
  guint64 sum = read_;
  for (int i = 0; i < gst_structure_n_fields(stats.get()); ++i) {
    const auto* one = gst_value_get_structure(
        gst_structure_get_value(stats.get(), gst_structure_nth_field_name(stats.get(), guint(i))));
    guint64 frames = 0, buffers = 0;
    gst_structure_get(one, "frames", G_TYPE_UINT64, &frames, "buffers", G_TYPE_UINT64, &buffers,
                      nullptr);
    sum += frames + buffers;
  }
  const std::scoped_lock guard(lock_);
  for (const auto& output : outputs_) sum += output->passed;
  return sum;
}

// Counted, not measured: a process that was stopped for an hour has not waited for anything.
void TranscodeRun::feel_pulse() {
  const auto moved = movement();
  still_ = std::exchange(moved_, moved) == moved ? still_ + 1 : 0;
  if (cancelled_) {
    // It may come from a source that has nothing more, or turns in a circle, and never gets here.
    if (still_ == seconds_to_drain) gst_element_send_event(t_.get(), gst_event_new_eos());
  } else if (options_.patience > 0 && still_ >= options_.patience) {
    failures_ = "nothing has come of it for " + std::to_string(still_) +
                " seconds: it may be damaged, or of a kind whose end GStreamer does not find";
    end(Outcome::Kind::failed);
  }
}

void TranscodeRun::cancel() {
  if (!pipeline_ || std::exchange(cancelled_, true)) return;
  bool begun = false;
  {
    const std::scoped_lock guard(lock_);
    begun = !outputs_.empty();
  }
  if (!begun) return end(Outcome::Kind::cancelled);
  still_ = 0;
  // From the source on, so that all that was read is in the files, and their indexes.
  gst_element_send_event(pipeline_.get(), gst_event_new_eos());
  patience_ = g_timeout_source_new_seconds(patience_seconds);
  const auto lost = [](gpointer data) noexcept -> gboolean {
    auto& self = *static_cast<TranscodeRun*>(data);
    self.failures_ = "the files could not be ended in time; they may be playable for a while";
    self.end(Outcome::Kind::cancelled);
    return G_SOURCE_REMOVE;
  };
  g_source_set_callback(patience_, lost, this, nullptr);
  g_source_attach(patience_, g_source_get_context(bus_));
}

}  // namespace genos
