// SPDX-License-Identifier: LGPL-2.1-or-later
// Which temporal layer an encoded frame is of: a GstCustomMeta that encoders set and payloaders
// read.
#pragma once

#include <gst/gst.h>

#include <optional>

namespace genos::element {

// The meta's name, and its fields: unsigned integers.
inline constexpr const char* layer_meta_name = "GenosLayerMeta";
inline constexpr const char* layer_meta_temporal = "temporal-id";
inline constexpr const char* layer_meta_temporal_layers = "temporal-layers";

// A frame refers only to frames of its own layer or below, back to the last of layer 0.
struct Layer {
  guint temporal = 0;
  guint temporal_layers = 1;  // of the whole stream: L1T1, L1T2 or L1T3
  bool operator==(const Layer&) const = default;
};

void set_layer(GstBuffer* buffer, Layer layer);
[[nodiscard]] std::optional<Layer> layer_of(GstBuffer* buffer);

}  // namespace genos::element
