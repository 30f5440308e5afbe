// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tools/mixing.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace genos::tool {
namespace {

// Whoever comes to a full room is left out: each picture is decoded here.
constexpr std::size_t most_pictures = 16, most_sounds = 64;
constexpr int frames_a_second = 30;
// How much later than in time something may come, decoded, and still be in step. Nobody waits for
// a recording, but decoded pictures are large: of each input no more than this waits.
constexpr GstClockTime lateness = 500 * GST_MSECOND;
constexpr const char* picture_line =
    "queue leaky=downstream max-size-buffers=0 max-size-bytes=100000000 max-size-time=2000000000";
constexpr const char* sound_line =
    "queue leaky=downstream max-size-buffers=0 max-size-bytes=0 max-size-time=2000000000 ! "
    "audioconvert ! audioresample";
// What makes the mixers go on when nobody shows anything.
constexpr const char* black =
    "videotestsrc is-live=true pattern=black ! "
    "capsfilter caps=video/x-raw,format=I420,width=16,height=16,framerate=30/1";
constexpr const char* silence =
    "audiotestsrc is-live=true wave=silence ! "
    "capsfilter caps=audio/x-raw,format=S16LE,rate=48000,channels=2";

bool is_installed(const char* name) {
  auto* factory = gst_element_factory_find(name);
  if (factory) gst_object_unref(factory);
  return factory;
}

Ref<GstElement> parse_line(const char* words) {
  Owned<GError> error;
  auto line = sink(gst_parse_bin_from_description(words, TRUE, out(error)));
  if (line && !error) return line;
  complain(std::string(error ? error->message : words) + ": install gstreamer1.0-plugins-base");
  return {};
}

void prepare_mixer(GstElement* mixer) {
  g_object_set(mixer, "ignore-inactive-pads", TRUE, "min-upstream-latency", lateness, nullptr);
  gst_util_set_object_arg(G_OBJECT(mixer), "start-time-selection", "first");
}

}  // namespace

// --- the line -----------------------------------------------------------------------------------

bool Mixing::build() {
  pictures_ = run_.add("compositor", "gstreamer1.0-plugins-base");
  sounds_ = run_.add("audiomixer", "gstreamer1.0-plugins-base");
  auto* encoder = run_.add("genostranscodebin", element_place);
  if (!pictures_ || !sounds_ || !encoder) return false;
  prepare_mixer(pictures_);
  prepare_mixer(sounds_);
  gst_util_set_object_arg(G_OBJECT(pictures_), "background", "black");
  std::string ladder = std::to_string(std::min(settings_.width, settings_.height)) + "p" +
                       std::to_string(frames_a_second);
  if (!is_installed("genosav1enc")) ladder += ":vp8";
  g_object_set(encoder, "ladder", ladder.c_str(), nullptr);
  encoded_ = on<void(GstElement*, GstPad*)>(encoder, "pad-added", [this](auto*, GstPad* pad) {
    if (GST_PAD_IS_SRC(pad)) settings_.made(pad, g_str_has_prefix(GST_PAD_NAME(pad), "sound"));
  });
  const auto frame = adopt(gst_caps_new_simple(
      "video/x-raw", "format", G_TYPE_STRING, "I420", "width", G_TYPE_INT, settings_.width,
      "height", G_TYPE_INT, settings_.height, "framerate", GST_TYPE_FRACTION, frames_a_second, 1,
      "pixel-aspect-ratio", GST_TYPE_FRACTION, 1, 1, nullptr));
  if (!gst_element_link_filtered(pictures_, encoder, frame.get()) ||
      !gst_element_link(sounds_, encoder))
    return false;
  for (auto* mixer : {pictures_, sounds_}) {
    const auto end = adopt(gst_element_get_static_pad(mixer, "src"));
    gst_pad_add_probe(end.get(), GST_PAD_PROBE_TYPE_BUFFER, on_output, this, nullptr);
  }
  const bool has_bases = add_base(black, pictures_) && add_base(silence, sounds_);
  gst_bin_sync_children_states(GST_BIN(run_.pipeline()));
  return has_bases;
}

bool Mixing::add_base(const char* words, GstElement* mixer) {
  const auto base = parse_line(words);
  if (!base) return false;
  gst_bin_add(GST_BIN(run_.pipeline()), base.get());
  const auto entry = adopt(gst_element_request_pad_simple(mixer, "sink_%u"));
  const auto end = adopt(gst_element_get_static_pad(base.get(), "src"));
  if (mixer == pictures_) g_object_set(entry.get(), "alpha", 0.0, nullptr);
  return gst_pad_link(end.get(), entry.get()) == GST_PAD_LINK_OK;
}

// What is mixed before anything came is nothing.
GstPadProbeReturn Mixing::on_output(GstPad*, GstPadProbeInfo* info, gpointer data) noexcept {
  const auto at = GST_BUFFER_PTS(GST_PAD_PROBE_INFO_BUFFER(info));
  return at < static_cast<Mixing*>(data)->begins_ ? GST_PAD_PROBE_DROP : GST_PAD_PROBE_OK;
}

// --- what is in it ------------------------------------------------------------------------------

bool Mixing::take(GstPad* pad) {
  if (!pictures_ && !build()) return false;
  Input input;
  input.is_sound = g_str_has_prefix(GST_PAD_NAME(pad), "audio");
  if (count(input.is_sound, false) == (input.is_sound ? most_sounds : most_pictures)) {
    settings_.left_out(pad, input.is_sound);
    return true;
  }
  input.line = parse_line(input.is_sound ? sound_line : picture_line);
  if (!input.line) return false;
  gst_bin_add(GST_BIN(run_.pipeline()), input.line.get());
  auto* mixer = input.is_sound ? sounds_ : pictures_;
  input.entry = adopt(gst_element_request_pad_simple(mixer, "sink_%u"));
  if (!input.is_sound) {
    g_object_set(input.entry.get(), "alpha", 0.0, nullptr);
    gst_util_set_object_arg(G_OBJECT(input.entry.get()), "sizing-policy", "keep-aspect-ratio");
  }
  const auto what =
      GstPadProbeType(GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM);
  const std::string name = GST_PAD_NAME(pad);
  gst_pad_add_probe(input.entry.get(), what, on_input, new Watch{this, name},
                    [](gpointer watch) { delete static_cast<Watch*>(watch); });
  const auto end = adopt(gst_element_get_static_pad(input.line.get(), "src"));
  const auto in = adopt(gst_element_get_static_pad(input.line.get(), "sink"));
  gst_pad_link(end.get(), input.entry.get());
  gst_element_sync_state_with_parent(input.line.get());
  inputs_[name] = std::move(input);
  // Its sender may have gone meanwhile.
  if (gst_pad_link(pad, in.get()) != GST_PAD_LINK_OK) drop(name);
  return true;
}

GstPadProbeReturn Mixing::on_input(GstPad* pad, GstPadProbeInfo* info, gpointer data) noexcept {
  auto& watch = *static_cast<Watch*>(data);
  auto* mixing = watch.mixing;
  if (!(info->type & GST_PAD_PROBE_TYPE_BUFFER)) {
    if (GST_EVENT_TYPE(GST_PAD_PROBE_INFO_EVENT(info)) == GST_EVENT_EOS)
      mixing->run_.post([mixing, name = watch.pad] { mixing->drop(name); });
    return GST_PAD_PROBE_OK;
  }
  if (std::exchange(watch.flows, true)) return GST_PAD_PROBE_OK;
  const auto event = adopt(gst_pad_get_sticky_event(pad, GST_EVENT_SEGMENT, 0));
  const GstSegment* segment = nullptr;
  if (event) gst_event_parse_segment(event.get(), &segment);
  const auto pts = GST_BUFFER_PTS(GST_PAD_PROBE_INFO_BUFFER(info));
  GstClockTime none = GST_CLOCK_TIME_NONE;
  if (segment)
    mixing->begins_.compare_exchange_strong(
        none, gst_segment_to_running_time(segment, GST_FORMAT_TIME, pts));
  mixing->run_.post([mixing, name = watch.pad] { mixing->flows(name); });
  return GST_PAD_PROBE_OK;
}

void Mixing::flows(const std::string& pad) {
  const auto found = inputs_.find(pad);
  if (found == inputs_.end()) return;
  found->second.flows = true;
  arrange();
  settings_.changed();
}

void Mixing::drop(const std::string& pad) {
  const auto node = inputs_.extract(pad);
  if (!node) return;
  const auto& input = node.mapped();
  // A mixer that is full lets go of who waits in it when its pad goes, not before.
  const auto end = adopt(gst_element_get_static_pad(input.line.get(), "src"));
  gst_pad_unlink(end.get(), input.entry.get());
  gst_element_release_request_pad(input.is_sound ? sounds_ : pictures_, input.entry.get());
  gst_element_set_locked_state(input.line.get(), TRUE);
  gst_element_set_state(input.line.get(), GST_STATE_NULL);
  gst_bin_remove(GST_BIN(run_.pipeline()), input.line.get());
  if (!input.flows) return;
  arrange();
  settings_.changed();
}

std::size_t Mixing::count(bool is_sound, bool that_flow) const {
  return std::size_t(std::ranges::count_if(inputs_, [&](const auto& each) {
    return each.second.is_sound == is_sound && (each.second.flows || !that_flow);
  }));
}

// Rows of cells of one size, whose last row stands in the middle.
void Mixing::arrange() {
  std::vector<GstPad*> shown;
  for (const auto& [name, input] : inputs_)
    if (input.flows && !input.is_sound) shown.push_back(input.entry.get());
  if (shown.empty()) return;
  const int all = int(shown.size()), columns = int(std::ceil(std::sqrt(all)));
  const int rows = (all + columns - 1) / columns;
  const int width = settings_.width / columns, height = settings_.height / rows;
  for (int i = 0; i < all; ++i) {
    const int row = i / columns, in_row = std::min(columns, all - row * columns);
    const int left = (settings_.width - in_row * width) / 2;
    g_object_set(shown[std::size_t(i)], "xpos", left + i % columns * width, "ypos", row * height,
                 "width", width, "height", height, "alpha", 1.0, nullptr);
  }
}

}  // namespace genos::tool
