// SPDX-License-Identifier: LGPL-2.1-or-later
// libaom's real-time encoder: a picture in, its temporal unit out, nothing kept back.
#pragma once

#include <aom/aom_encoder.h>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "core/base/result.hpp"
#include "core/base/time.hpp"
#include "layer_meta.hpp"

namespace genos::element {

enum class KeyFrame { as_needed, forced };

// One stream of one size. Of one thread at a time.
class AomEncoder {
 public:
  // Of the stream; numbers as in ISO/IEC 23091-2, which are AV1's.
  struct Format {
    unsigned width = 0, height = 0;
    int primaries = 2, transfer = 2, matrix = 2;  // 2: not said
    bool full_range = false;
    bool operator==(const Format&) const = default;
  };
  struct Config {
    unsigned bitrate = 1'000'000;  // bit/s
    unsigned speed = 10;
    unsigned min_quantizer = 10, max_quantizer = 56;
    // Of a new encoder only:
    unsigned threads = 1;
    unsigned temporal_layers = 1;
    bool screen_content = false;
    bool operator==(const Config&) const = default;
    [[nodiscard]] bool needs_new(const Config& other) const {
      return threads != other.threads || temporal_layers != other.temporal_layers ||
             screen_content != other.screen_content;
    }
  };
  struct Picture {  // 8 bits, 4:2:0
    std::array<const std::uint8_t*, 3> planes{};
    std::array<int, 3> strides{};
  };
  struct Unit {
    std::span<const std::uint8_t> bytes;  // until the next call
    bool is_key = false;
    Layer layer;
  };

  static core::Result<std::unique_ptr<AomEncoder>> open(const Format& format, const Config& config);
  ~AomEncoder();
  AomEncoder(const AomEncoder&) = delete;
  AomEncoder& operator=(const AomEncoder&) = delete;

  [[nodiscard]] const Format& format() const { return format_; }
  [[nodiscard]] const Config& config() const { return config_; }

  // What may change in a stream; the rest of `config` is not looked at.
  std::optional<core::Error> change(const Config& config);
  // `interval` is how long the bits of this picture may take.
  core::Result<Unit> encode(const Picture& picture, core::Duration interval, KeyFrame key);

 private:
  AomEncoder(const Format& format, const Config& config) : format_(format), config_(config) {}
  std::optional<core::Error> start();
  std::optional<core::Error> set_controls();
  std::optional<core::Error> set_layers();
  std::optional<core::Error> set_references(unsigned place);
  [[nodiscard]] core::Error failure(const char* what);

  const Format format_;
  Config config_;
  aom_codec_enc_cfg_t cfg_{};
  aom_codec_ctx_t context_{};
  bool open_ = false;
  aom_codec_pts_t now_ = 0;
  unsigned place_ = 0;  // in the pattern of layers
};

}  // namespace genos::element
