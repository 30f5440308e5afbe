// SPDX-License-Identifier: LGPL-2.1-or-later
#include "e2e/peer/decoder.hpp"

#include <cstring>

namespace genos::test {
namespace {

struct Chain {
  const char* encoding;
  const char* elements;
};
constexpr Chain chains[] = {
    {"VP8", "rtpvp8depay ! vp8dec"},
    {"VP9", "rtpvp9depay ! vp9dec"},
    {"AV1", "genosrtpav1depay ! genosav1dec"},
    {"OPUS", "rtpopusdepay ! opusdec ! audioconvert ! audio/x-raw,format=S16LE"},
};

using Held = std::weak_ptr<Decoder>;

void add_probe(GstPad* pad, GstPadProbeType type, GstPadProbeCallback probe, Held held) {
  gst_pad_add_probe(pad, type, probe, new Held(std::move(held)),
                    [](gpointer data) { delete static_cast<Held*>(data); });
}

double energy_of(GstBuffer* buffer) {
  const MappedBuffer mapped(buffer);
  double sum = 0;
  for (std::size_t at = 0; at + 1 < mapped.bytes().size(); at += 2) {
    std::int16_t sample = 0;
    std::memcpy(&sample, &mapped.bytes()[at], 2);
    sum += (sample / 32768.0) * (sample / 32768.0) / 48000.0;
  }
  return sum;
}

}  // namespace

std::shared_ptr<Decoder> Decoder::watch(GstPad* pad) {
  auto self = std::make_shared<Decoder>();
  auto caps = adopt(gst_pad_get_current_caps(pad));
  if (!caps) caps = adopt(gst_pad_query_caps(pad, nullptr));
  self->start(caps.get());
  add_probe(
      pad, static_cast<GstPadProbeType>(GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST),
      [](GstPad*, GstPadProbeInfo* info, gpointer data) noexcept {
        const auto alive = static_cast<Held*>(data)->lock();
        if (!alive) return GST_PAD_PROBE_REMOVE;
        if (info->type & GST_PAD_PROBE_TYPE_BUFFER) {
          alive->take(GST_PAD_PROBE_INFO_BUFFER(info));
        } else {
          GstBufferList* list = GST_PAD_PROBE_INFO_BUFFER_LIST(info);
          for (guint i = 0; i < gst_buffer_list_length(list); i++)
            alive->take(gst_buffer_list_get(list, i));
        }
        return GST_PAD_PROBE_OK;
      },
      self);
  return self;
}

void Decoder::start(GstCaps* caps) {
  const GstStructure* s = gst_caps_get_size(caps) > 0 ? gst_caps_get_structure(caps, 0) : nullptr;
  const char* media = s ? gst_structure_get_string(s, "media") : nullptr;
  const char* encoding = s ? gst_structure_get_string(s, "encoding-name") : nullptr;
  kind = media ? media : "";
  codec = kind + "/" + (encoding ? encoding : "?");
  for (const auto& chain : chains) {
    if (!encoding || g_ascii_strcasecmp(chain.encoding, encoding) != 0) continue;
    const std::string line = "appsrc name=in format=time is-live=true do-timestamp=true ! " +
                             std::string(chain.elements) + " ! fakesink name=out sync=false";
    pipeline_ = sink(gst_parse_launch(line.c_str(), nullptr));
    if (!pipeline_) return;
    input_ = adopt(gst_bin_get_by_name(GST_BIN(pipeline_.get()), "in"));
    g_object_set(input_.get(), "caps", caps, nullptr);
    const auto end = adopt(gst_bin_get_by_name(GST_BIN(pipeline_.get()), "out"));
    const auto pad = adopt(gst_element_get_static_pad(end.get(), "sink"));
    add_probe(
        pad.get(), GST_PAD_PROBE_TYPE_BUFFER,
        [](GstPad* at, GstPadProbeInfo* info, gpointer data) noexcept {
          if (const auto alive = static_cast<Held*>(data)->lock())
            alive->decoded(at, GST_PAD_PROBE_INFO_BUFFER(info));
          return GST_PAD_PROBE_OK;
        },
        weak_from_this());
    gst_element_set_state(pipeline_.get(), GST_STATE_PLAYING);
  }
}

// The last reference may go on a streaming thread of the pipeline itself.
Decoder::~Decoder() {
  if (!pipeline_) return;
  gst_element_call_async(
      pipeline_.get(),
      [](GstElement* pipeline, gpointer) { gst_element_set_state(pipeline, GST_STATE_NULL); },
      nullptr, nullptr);
}

void Decoder::take(GstBuffer* buffer) {
  packets++;
  last_packet = g_get_monotonic_time();
  if (!input_) return;
  const auto copy = adopt(gst_buffer_copy(buffer));
  GST_BUFFER_PTS(copy.get()) = GST_CLOCK_TIME_NONE;
  GST_BUFFER_DTS(copy.get()) = GST_CLOCK_TIME_NONE;
  GstFlowReturn flow = GST_FLOW_OK;
  g_signal_emit_by_name(input_.get(), "push-buffer", copy.get(), &flow);
}

void Decoder::decoded(GstPad* pad, GstBuffer* buffer) {
  frames++;
  if (kind == "audio") {
    energy = energy + energy_of(buffer);
    return;
  }
  const auto caps = adopt(gst_pad_get_current_caps(pad));
  if (!caps) return;
  int value = 0;
  const GstStructure* s = gst_caps_get_structure(caps.get(), 0);
  if (gst_structure_get_int(s, "width", &value)) width = value;
  if (gst_structure_get_int(s, "height", &value)) height = value;
}

}  // namespace genos::test
