// SPDX-License-Identifier: LGPL-2.1-or-later
#include "named_colours.hpp"

#include <memory>
#include <string>

#include "video_refs.hpp"

namespace genos::element {
namespace {

// In the thread of the encoder's frames.
struct Colours {
  std::string real;  // what the encoder was not told; empty when it was told all
};

// vp9enc 1.22 writes the matrix of these four into its stream, and "unknown" of all others, as of
// HDR. Decoders believe the stream before the container, and take that for BT.601.
const char* name_of(GstVideoColorMatrix matrix) {
  switch (matrix) {
    case GST_VIDEO_COLOR_MATRIX_BT601: return GST_VIDEO_COLORIMETRY_BT601;
    case GST_VIDEO_COLOR_MATRIX_BT709: return GST_VIDEO_COLORIMETRY_BT709;
    case GST_VIDEO_COLOR_MATRIX_SMPTE240M: return GST_VIDEO_COLORIMETRY_SMPTE240M;
    case GST_VIDEO_COLOR_MATRIX_BT2020: return GST_VIDEO_COLORIMETRY_BT2020;
    default: return nullptr;
  }
}

// Of the same matrix and range as these, with a name; none if there are none.
Owned<char> named(const char* real) {
  GstVideoColorimetry colours, known;
  if (!real || !gst_video_colorimetry_from_string(&colours, real)) return {};
  const char* name = name_of(colours.matrix);
  if (!name || !gst_video_colorimetry_from_string(&known, name)) return {};
  known.range = colours.range;
  return Owned<char>(gst_video_colorimetry_to_string(&known));
}

GstCaps* caps_in(GstPadProbeInfo* info) {
  auto* event = GST_PAD_PROBE_INFO_EVENT(info);
  GstCaps* caps = nullptr;
  if (GST_EVENT_TYPE(event) == GST_EVENT_CAPS) gst_event_parse_caps(event, &caps);
  return caps;
}

void put_colours(GstPadProbeInfo* info, GstCaps* caps, const char* colours) {
  const auto changed = adopt(gst_caps_copy(caps));
  gst_caps_set_simple(changed.get(), "colorimetry", G_TYPE_STRING, colours, nullptr);
  gst_event_unref(GST_PAD_PROBE_INFO_EVENT(info));
  GST_PAD_PROBE_INFO_DATA(info) = gst_event_new_caps(changed.get());
}

GstPadProbeReturn tell(Colours& colours, GstPadProbeInfo* info) {
  auto* caps = caps_in(info);
  if (!caps) return GST_PAD_PROBE_OK;
  const auto* real = gst_structure_get_string(gst_caps_get_structure(caps, 0), "colorimetry");
  const auto name = named(real);
  colours.real = name ? real : "";
  if (name) put_colours(info, caps, name.get());
  return GST_PAD_PROBE_OK;
}

GstPadProbeReturn restore(Colours& colours, GstPadProbeInfo* info) {
  auto* caps = caps_in(info);
  if (caps && !colours.real.empty()) put_colours(info, caps, colours.real.c_str());
  return GST_PAD_PROBE_OK;
}

using Look = GstPadProbeReturn (*)(Colours&, GstPadProbeInfo*);

template <Look look>
void watch(GstElement* encoder, const char* name, const std::shared_ptr<Colours>& colours) {
  const auto pad = adopt(gst_element_get_static_pad(encoder, name));
  gst_pad_add_probe(
      pad.get(), GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM,
      [](GstPad*, GstPadProbeInfo* info, gpointer data) noexcept {
        return look(**static_cast<std::shared_ptr<Colours>*>(data), info);
      },
      new std::shared_ptr<Colours>(colours),
      [](gpointer data) { delete static_cast<std::shared_ptr<Colours>*>(data); });
}

}  // namespace

void name_colours(GstElement* encoder) {
  const auto colours = std::make_shared<Colours>();
  watch<tell>(encoder, "sink", colours);
  watch<restore>(encoder, "src", colours);
}

}  // namespace genos::element
