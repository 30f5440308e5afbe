// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/rtp/dependency_descriptor.hpp"

#include <algorithm>
#include <cassert>

#include "core/rtp/bits.hpp"
#include "core/rtp/limits.hpp"

namespace genos::core {
namespace {

constexpr unsigned id_bits = 6;
constexpr std::size_t mandatory_size = 3;

// What follows a template in the list of their layers.
enum class Next : std::uint8_t { same_layer, temporal_layer, spatial_layer, none };

Error broken(const char* what) {
  return {Errc::malformed, std::string("dependency descriptor: ") + what};
}

// In what a frame is not as its template.
struct Custom {
  bool targets, frame_diffs, chain_diffs;
  [[nodiscard]] int count() const { return targets + frame_diffs + chain_diffs; }
};

// --- reading ----------------------------------------------------------------------------------

TargetUse read_use(BitReader& bits) { return static_cast<TargetUse>(bits.read(2)); }

bool read_layers(BitReader& bits, DependencyStructure& structure) {
  FrameDependency layer;
  for (;;) {
    if (structure.templates.size() == limits::max_templates || !bits.ok()) return false;
    structure.templates.push_back(layer);
    switch (static_cast<Next>(bits.read(2))) {
      case Next::same_layer: break;
      case Next::temporal_layer:
        if (++layer.temporal_id == limits::max_temporal_layers) return false;
        break;
      case Next::spatial_layer:
        layer.temporal_id = 0;
        if (++layer.spatial_id == limits::max_spatial_layers) return false;
        break;
      case Next::none: return true;
    }
  }
}

void read_chains(BitReader& bits, DependencyStructure& structure) {
  structure.chains = static_cast<std::uint8_t>(bits.read_below(structure.decode_targets + 1U));
  if (structure.chains == 0) return;
  for (unsigned i = 0; i < structure.decode_targets; ++i)
    structure.protected_by.push_back(static_cast<std::uint8_t>(bits.read_below(structure.chains)));
  for (auto& each : structure.templates)
    for (unsigned i = 0; i < structure.chains; ++i)
      each.chain_diffs.push_back(static_cast<std::uint8_t>(bits.read(4)));
}

Result<DependencyStructure> read_structure(BitReader& bits) {
  DependencyStructure structure;
  structure.first_template_id = static_cast<std::uint8_t>(bits.read(id_bits));
  structure.decode_targets = static_cast<std::uint8_t>(bits.read(5) + 1);
  if (!read_layers(bits, structure)) return broken("too many templates or layers");
  for (auto& each : structure.templates)
    for (unsigned i = 0; i < structure.decode_targets; ++i) each.targets.push_back(read_use(bits));
  for (auto& each : structure.templates) {
    while (bits.flag()) {
      if (each.frame_diffs.size() == limits::max_frame_diffs) return broken("too many references");
      each.frame_diffs.push_back(static_cast<std::uint16_t>(bits.read(4) + 1));
    }
  }
  read_chains(bits, structure);
  const bool has_sizes = bits.flag();
  const auto layers = structure.templates.back().spatial_id + 1U;
  for (unsigned i = 0; has_sizes && i < layers; ++i) {
    const auto width = bits.read(16) + 1;
    structure.sizes.push_back({width, bits.read(16) + 1});
  }
  if (!bits.ok()) return broken("structure cut off");
  return structure;
}

bool read_frame_diffs(BitReader& bits, FrameDependency& frame) {
  frame.frame_diffs.clear();
  while (const auto size = bits.read(2)) {
    if (frame.frame_diffs.size() == limits::max_frame_diffs) return false;
    frame.frame_diffs.push_back(static_cast<std::uint16_t>(bits.read(size * 4) + 1));
  }
  return true;
}

bool read_custom(BitReader& bits, const Custom& custom, FrameDependency& frame) {
  if (custom.targets)
    for (auto& use : frame.targets) use = read_use(bits);
  if (custom.frame_diffs && !read_frame_diffs(bits, frame)) return false;
  if (custom.chain_diffs)
    for (auto& diff : frame.chain_diffs) diff = static_cast<std::uint8_t>(bits.read(8));
  return true;
}

// --- writing ----------------------------------------------------------------------------------

void write_layers(BitWriter& bits, const DependencyStructure& structure) {
  for (std::size_t i = 1; i < structure.templates.size(); ++i) {
    const auto& last = structure.templates[i - 1];
    const auto& each = structure.templates[i];
    const auto next = each.spatial_id != last.spatial_id     ? Next::spatial_layer
                      : each.temporal_id != last.temporal_id ? Next::temporal_layer
                                                             : Next::same_layer;
    bits.write(static_cast<std::uint32_t>(next), 2);
  }
  bits.write(static_cast<std::uint32_t>(Next::none), 2);
}

void write_structure(BitWriter& bits, const DependencyStructure& structure) {
  bits.write(structure.first_template_id, id_bits);
  bits.write(structure.decode_targets - 1U, 5);
  write_layers(bits, structure);
  for (const auto& each : structure.templates)
    for (const auto use : each.targets) bits.write(static_cast<std::uint32_t>(use), 2);
  for (const auto& each : structure.templates) {
    for (const auto diff : each.frame_diffs) {
      bits.flag(true);
      bits.write(diff - 1U, 4);
    }
    bits.flag(false);
  }
  bits.write_below(structure.chains, structure.decode_targets + 1U);
  for (const auto chain : structure.protected_by) bits.write_below(chain, structure.chains);
  for (const auto& each : structure.templates)
    for (const auto diff : each.chain_diffs) bits.write(diff, 4);
  bits.flag(!structure.sizes.empty());
  for (const auto& size : structure.sizes) {
    bits.write(size.width - 1, 16);
    bits.write(size.height - 1, 16);
  }
}

void write_frame_diffs(BitWriter& bits, const FrameDependency& frame) {
  for (const auto diff : frame.frame_diffs) {
    const auto size = diff <= 16 ? 1U : diff <= 256 ? 2U : 3U;
    bits.write(size, 2);
    bits.write(diff - 1U, size * 4);
  }
  bits.write(0, 2);
}

Custom custom_of(const FrameDependency& frame, const FrameDependency& from) {
  return {frame.targets != from.targets, frame.frame_diffs != from.frame_diffs,
          frame.chain_diffs != from.chain_diffs};
}

// The template of the frame's layers that leaves the least to say.
const FrameDependency* best_template(const FrameDependency& frame,
                                     const DependencyStructure& structure) {
  const FrameDependency* best = nullptr;
  for (const auto& each : structure.templates) {
    if (each.spatial_id != frame.spatial_id || each.temporal_id != frame.temporal_id) continue;
    if (!best || custom_of(frame, each).count() < custom_of(frame, *best).count()) best = &each;
  }
  return best;
}

}  // namespace

std::uint32_t DependencyStructure::all_targets() const {
  return static_cast<std::uint32_t>((std::uint64_t{1} << decode_targets) - 1);
}

Result<DependencyDescriptor> parse_dependency_descriptor(ByteView bytes,
                                                         const DependencyStructure* current) {
  if (bytes.size() < mandatory_size) return broken("too short");
  if (bytes.size() > limits::max_header_extension) return broken("too long");
  BitReader bits(bytes);
  DependencyDescriptor descriptor;
  descriptor.first_packet = bits.flag();
  descriptor.last_packet = bits.flag();
  const auto id = bits.read(id_bits);
  descriptor.frame_number = static_cast<std::uint16_t>(bits.read(16));
  const bool extended = bytes.size() > mandatory_size;
  const bool has_structure = extended && bits.flag();
  const bool has_targets = extended && bits.flag();
  Custom custom{extended && bits.flag(), extended && bits.flag(), extended && bits.flag()};
  if (has_structure) {
    auto structure = read_structure(bits);
    if (!structure) return structure.error();
    descriptor.structure = *std::move(structure);
    descriptor.active_targets = descriptor.structure->all_targets();
    current = &*descriptor.structure;
  }
  if (!current) return broken("there is no structure yet");
  if (has_targets) descriptor.active_targets = bits.read(current->decode_targets);
  const auto index =
      (id + limits::max_templates - current->first_template_id) % limits::max_templates;
  if (index >= current->templates.size()) return broken("no such template");
  descriptor.frame = current->templates[index];
  if (!read_custom(bits, custom, descriptor.frame)) return broken("too many references");
  if (!bits.ok()) return broken("cut off");
  return descriptor;
}

Result<Bytes> write_dependency_descriptor(const DependencyDescriptor& descriptor,
                                          const DependencyStructure& current) {
  const auto& structure = descriptor.structure ? *descriptor.structure : current;
  const auto* from = best_template(descriptor.frame, structure);
  if (!from) return Error{Errc::not_found, "dependency descriptor: no template of these layers"};
  const auto custom = custom_of(descriptor.frame, *from);
  const bool says_targets =
      descriptor.active_targets &&
      !(descriptor.structure && *descriptor.active_targets == structure.all_targets());
  const auto index = static_cast<std::size_t>(from - structure.templates.data());
  BitWriter bits;
  bits.flag(descriptor.first_packet);
  bits.flag(descriptor.last_packet);
  bits.write(
      static_cast<std::uint32_t>((structure.first_template_id + index) % limits::max_templates),
      id_bits);
  bits.write(descriptor.frame_number, 16);
  if (!descriptor.structure && !says_targets && custom.count() == 0) return bits.take();
  for (const bool flag : {descriptor.structure.has_value(), says_targets, custom.targets,
                          custom.frame_diffs, custom.chain_diffs})
    bits.flag(flag);
  if (descriptor.structure) write_structure(bits, *descriptor.structure);
  if (says_targets) bits.write(*descriptor.active_targets, structure.decode_targets);
  if (custom.targets)
    for (const auto use : descriptor.frame.targets) bits.write(static_cast<std::uint32_t>(use), 2);
  if (custom.frame_diffs) write_frame_diffs(bits, descriptor.frame);
  if (custom.chain_diffs)
    for (const auto diff : descriptor.frame.chain_diffs) bits.write(diff, 8);
  auto bytes = bits.take();
  if (bytes.size() > limits::max_header_extension)
    return Error{Errc::too_large, "dependency descriptor: longer than an extension may be"};
  return bytes;
}

// --- temporal layers --------------------------------------------------------------------------

// What a frame of this layer is for those who want the layers up to each one.
static std::vector<TargetUse> uses_of(unsigned layer, unsigned layers) {
  std::vector<TargetUse> uses;
  for (unsigned target = 0; target < layers; ++target)
    uses.push_back(target < layer                  ? TargetUse::absent
                   : target == layer && layer != 0 ? TargetUse::discardable
                                                   : TargetUse::switchable);
  return uses;
}

DependencyStructure temporal_structure(unsigned layers) {
  assert(layers >= 1 && layers <= 3);
  struct Row {
    std::uint8_t layer;
    std::vector<std::uint16_t> frame_diffs;
    std::uint8_t chain_diff;
  };
  const std::vector<Row> rows[] = {
      {{0, {}, 0}, {0, {1}, 1}},
      {{0, {}, 0}, {0, {2}, 2}, {1, {1}, 1}},
      {{0, {}, 0}, {0, {4}, 4}, {1, {2}, 2}, {2, {1}, 1}, {2, {1}, 3}},
  };
  DependencyStructure structure;
  structure.decode_targets = static_cast<std::uint8_t>(layers);
  structure.chains = 1;
  structure.protected_by.assign(layers, 0);
  for (const auto& row : rows[layers - 1])
    structure.templates.push_back(
        {0, row.layer, uses_of(row.layer, layers), row.frame_diffs, {row.chain_diff}});
  return structure;
}

void TemporalDependencies::change(unsigned layers) {
  structure_ = temporal_structure(layers);
  last_.assign(layers, number_);
}

DependencyDescriptor TemporalDependencies::next(Frame frame, unsigned temporal_id,
                                                RenderSize size) {
  const auto layers = static_cast<unsigned>(last_.size());
  const bool key = frame == Frame::key;
  const auto layer = key ? 0 : std::min(temporal_id, layers - 1);
  DependencyDescriptor descriptor;
  descriptor.frame_number = number_++;
  auto& about = descriptor.frame;
  about.temporal_id = static_cast<std::uint8_t>(layer);
  about.targets = uses_of(layer, layers);
  const auto back = [&](unsigned of) {
    return static_cast<std::uint16_t>(descriptor.frame_number - last_[of]);
  };
  if (key) {
    structure_.sizes.clear();
    if (size.width > 0) structure_.sizes.push_back(size);
    descriptor.structure = structure_;
    descriptor.active_targets = structure_.all_targets();
    about.chain_diffs = {0};
    std::fill(last_.begin(), last_.end(), descriptor.frame_number);
    return descriptor;
  }
  auto nearest = back(0);
  for (unsigned lower = 1; lower < layer; ++lower) nearest = std::min(nearest, back(lower));
  about.frame_diffs = {nearest};
  about.chain_diffs = {static_cast<std::uint8_t>(std::min<unsigned>(back(0), UINT8_MAX))};
  if (layer == 0)
    std::fill(last_.begin(), last_.end(), descriptor.frame_number);
  else
    last_[layer] = descriptor.frame_number;
  return descriptor;
}

}  // namespace genos::core
