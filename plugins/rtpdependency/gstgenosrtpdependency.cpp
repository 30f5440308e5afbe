// SPDX-License-Identifier: LGPL-2.1-or-later

/**
 * SECTION:element-genosrtpdependency
 * @title: genosrtpdependency
 *
 * The dependency descriptor, an RTP header extension that tells which frames may be left out (AV1
 * RTP 1.0, appendix A). Payloaders take it by themselves when the caps after them have its URI in
 * an `extmap-` field. genosrtpav1depay reads it without.
 */

#include "gstgenosrtpdependency.h"

#include <algorithm>
#include <new>

#include "bridge/define_type.hpp"
#include "core/rtp/dependency_descriptor.hpp"
#include "layer_meta.hpp"

using namespace genos;
using namespace genos::element;

namespace {

constexpr guint max_layers = 3;  // of which there are templates

struct State {
  core::TemporalDependencies frames{1};
  core::RenderSize size;
  std::optional<core::DependencyDescriptor> descriptor;  // of the frame that is being sent
  bool begun = false;                                    // there was a keyframe
};

Layer layer_in(const GstBuffer* meta) {
  return layer_of(const_cast<GstBuffer*>(meta)).value_or(Layer{});
}

bool is_key(const GstBuffer* meta) {
  return !GST_BUFFER_FLAG_IS_SET(meta, GST_BUFFER_FLAG_DELTA_UNIT);
}

guint layers_in(const GstBuffer* meta) {
  return std::clamp(layer_in(meta).temporal_layers, 1U, max_layers);
}

}  // namespace

struct _GstGenosRtpDependency {
  GstRTPHeaderExtension parent;
};
using GstGenosRtpDependencyPrivate = State;
G_DEFINE_FINAL_TYPE_WITH_PRIVATE(GstGenosRtpDependency, gst_genos_rtp_dependency,
                                 GST_TYPE_RTP_HEADER_EXTENSION)
GST_ELEMENT_REGISTER_DEFINE(genosrtpdependency, "genosrtpdependency", GST_RANK_MARGINAL,
                            GST_TYPE_GENOS_RTP_DEPENDENCY)

static State& state_of(gpointer self) {
  return *static_cast<State*>(
      gst_genos_rtp_dependency_get_instance_private(GST_GENOS_RTP_DEPENDENCY(self)));
}

static GstRTPHeaderExtensionFlags gst_genos_rtp_dependency_get_supported_flags(
    GstRTPHeaderExtension*) {
  return GstRTPHeaderExtensionFlags(GST_RTP_HEADER_EXTENSION_ONE_BYTE |
                                    GST_RTP_HEADER_EXTENSION_TWO_BYTE);
}

// As little as that, because above 16 bytes all extensions of the packet take the longer form.
static gsize gst_genos_rtp_dependency_get_max_size(GstRTPHeaderExtension*, const GstBuffer* meta) {
  constexpr gsize in_full = 9;  // three bytes, and what is not as in the template
  static constexpr gsize with_structure[max_layers] = {12, 16, 24};
  return is_key(meta) ? with_structure[layers_in(meta) - 1] : in_full;
}

static void begin_frame(State& state, const GstBuffer* meta) {
  using Frame = core::TemporalDependencies::Frame;
  const bool key = is_key(meta);
  if (key) {
    state.begun = true;
    state.frames.change(layers_in(meta));
  }
  if (!state.begun) return;
  state.descriptor =
      state.frames.next(key ? Frame::key : Frame::delta, layer_in(meta).temporal, state.size);
}

static gssize gst_genos_rtp_dependency_write(GstRTPHeaderExtension* self, const GstBuffer* meta,
                                             GstRTPHeaderExtensionFlags, GstBuffer* packet,
                                             guint8* data, gsize size) {
  auto& state = state_of(self);
  if (!state.descriptor) begin_frame(state, meta);
  if (!state.descriptor) return 0;
  auto& descriptor = *state.descriptor;
  descriptor.last_packet = GST_BUFFER_FLAG_IS_SET(packet, GST_BUFFER_FLAG_MARKER);
  const auto bytes = core::write_dependency_descriptor(descriptor, state.frames.structure());
  descriptor.first_packet = false;
  descriptor.structure.reset();
  descriptor.active_targets.reset();
  if (descriptor.last_packet) state.descriptor.reset();
  if (!bytes || (*bytes).size() > size) return 0;
  std::copy((*bytes).begin(), (*bytes).end(), data);
  return static_cast<gssize>((*bytes).size());
}

// Of one packet of a frame, which is not enough: genosrtpav1depay looks at each.
static gboolean gst_genos_rtp_dependency_read(GstRTPHeaderExtension*, GstRTPHeaderExtensionFlags,
                                              const guint8*, gsize, GstBuffer*) {
  return TRUE;
}

static gboolean gst_genos_rtp_dependency_set_sink_caps(GstRTPHeaderExtension* self,
                                                       const GstCaps* caps) {
  const auto* about = gst_caps_get_structure(caps, 0);
  gint width = 0, height = 0;
  constexpr gint most = 65536;  // what its field can say
  const bool known = gst_structure_get_int(about, "width", &width) &&
                     gst_structure_get_int(about, "height", &height) && width > 0 && height > 0 &&
                     width <= most && height <= most;
  state_of(self).size = known ? core::RenderSize{static_cast<std::uint32_t>(width),
                                                 static_cast<std::uint32_t>(height)}
                              : core::RenderSize{};
  return TRUE;
}

static void gst_genos_rtp_dependency_init(GstGenosRtpDependency* self) {
  new (&state_of(self)) State();
}

static void gst_genos_rtp_dependency_finalize(GObject* object) {
  state_of(object).~State();
  G_OBJECT_CLASS(gst_genos_rtp_dependency_parent_class)->finalize(object);
}

static void gst_genos_rtp_dependency_class_init(GstGenosRtpDependencyClass* klass) {
  G_OBJECT_CLASS(klass)->finalize = gst_genos_rtp_dependency_finalize;
  gst_element_class_set_static_metadata(
      GST_ELEMENT_CLASS(klass), "Dependency descriptor", GST_RTP_HDREXT_ELEMENT_CLASS,
      "Tells which frames of a video may be left out (AV1 RTP, appendix A)", "Genos");
  auto* extension = GST_RTP_HEADER_EXTENSION_CLASS(klass);
  gst_rtp_header_extension_class_set_uri(extension, core::dependency_descriptor_uri);
  extension->get_supported_flags = gst_genos_rtp_dependency_get_supported_flags;
  extension->get_max_size = gst_genos_rtp_dependency_get_max_size;
  extension->write = gst_genos_rtp_dependency_write;
  extension->read = gst_genos_rtp_dependency_read;
  extension->set_non_rtp_sink_caps = gst_genos_rtp_dependency_set_sink_caps;
}
