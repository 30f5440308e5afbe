// SPDX-License-Identifier: LGPL-2.1-or-later
#include "layer_meta.hpp"

namespace genos::element {

static bool register_once() {
  static const GstMetaInfo* info = [] {
    static const gchar* no_tags[] = {nullptr};
    const auto* known = gst_meta_get_info(layer_meta_name);
    return known ? known
                 : gst_meta_register_custom(layer_meta_name, no_tags, nullptr, nullptr, nullptr);
  }();
  return info != nullptr;
}

void set_layer(GstBuffer* buffer, Layer layer) {
  if (!register_once()) return;
  auto* meta = gst_buffer_add_custom_meta(buffer, layer_meta_name);
  gst_structure_set(gst_custom_meta_get_structure(meta), layer_meta_temporal, G_TYPE_UINT,
                    layer.temporal, layer_meta_temporal_layers, G_TYPE_UINT, layer.temporal_layers,
                    nullptr);
}

std::optional<Layer> layer_of(GstBuffer* buffer) {
  auto* meta = register_once() ? gst_buffer_get_custom_meta(buffer, layer_meta_name) : nullptr;
  if (!meta) return {};
  Layer layer;
  const auto* fields = gst_custom_meta_get_structure(meta);
  const bool whole =
      gst_structure_get_uint(fields, layer_meta_temporal, &layer.temporal) &&
      gst_structure_get_uint(fields, layer_meta_temporal_layers, &layer.temporal_layers);
  return whole ? std::optional(layer) : std::nullopt;
}

}  // namespace genos::element
