// SPDX-License-Identifier: LGPL-2.1-or-later
// The dependency descriptor, an RTP header extension that tells without a look into a frame what it
// depends on and what may be dropped (AV1 RTP 1.0, appendix A).
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/base/bytes.hpp"
#include "core/base/result.hpp"

namespace genos::core {

inline constexpr const char* dependency_descriptor_uri =
    "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension";

// What a frame is for a decode target: for those who want that quality.
enum class TargetUse : std::uint8_t { absent, discardable, switchable, required };

// What a template says of its frames, or a frame of itself.
struct FrameDependency {
  std::uint8_t spatial_id = 0, temporal_id = 0;
  std::vector<TargetUse> targets;          // one for each decode target
  std::vector<std::uint16_t> frame_diffs;  // how many frames back those are that it refers to
  std::vector<std::uint8_t> chain_diffs;   // the same to the last one of each chain; 0: none

  bool operator==(const FrameDependency&) const = default;
};

struct RenderSize {
  std::uint32_t width = 0, height = 0;
  bool operator==(const RenderSize&) const = default;
};

// Comes with a keyframe and holds until the next.
struct DependencyStructure {
  std::uint8_t first_template_id = 0;
  std::vector<FrameDependency> templates;  // in the order of their layers
  std::uint8_t decode_targets = 1;
  std::uint8_t chains = 0;
  std::vector<std::uint8_t> protected_by;  // the chain of each decode target, if there are any
  std::vector<RenderSize> sizes;           // none, or one for each spatial layer

  [[nodiscard]] std::uint32_t all_targets() const;
  bool operator==(const DependencyStructure&) const = default;
};

struct DependencyDescriptor {
  bool first_packet = true, last_packet = true;  // of its frame
  std::uint16_t frame_number = 0;
  FrameDependency frame;
  std::optional<DependencyStructure> structure;  // a new one, from this frame on
  std::optional<std::uint32_t> active_targets;   // a bit for each, when that changes

  bool operator==(const DependencyDescriptor&) const = default;
};

// `current`: the structure that came last; null before the first.
Result<DependencyDescriptor> parse_dependency_descriptor(ByteView bytes,
                                                         const DependencyStructure* current);
// An error when no template of the structure has the frame's layers, or when it does not fit.
Result<Bytes> write_dependency_descriptor(const DependencyDescriptor& descriptor,
                                          const DependencyStructure& current);

// L1T1, L1T2 or L1T3: a frame of layer 0 refers to the last of layer 0, any other to the last one
// of a lower layer.
DependencyStructure temporal_structure(unsigned layers);

// Numbers the frames of a stream with such a structure and says what each refers to.
class TemporalDependencies {
 public:
  explicit TemporalDependencies(unsigned layers) { change(layers); }
  void change(unsigned layers);  // from the next frame on, which is a key frame

  enum class Frame : std::uint8_t { key, delta };
  // The next frame. A key frame is of layer 0 and carries the structure; a size of 0: none is told.
  DependencyDescriptor next(Frame frame, unsigned temporal_id, RenderSize size);
  [[nodiscard]] const DependencyStructure& structure() const { return structure_; }

 private:
  DependencyStructure structure_;
  std::uint16_t number_ = 0;         // of the next frame
  std::vector<std::uint16_t> last_;  // the last frame of each layer, or of layer 0 if that is later
};

}  // namespace genos::core
