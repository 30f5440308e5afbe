// SPDX-License-Identifier: LGPL-2.1-or-later
// What a relay tells about itself over HTTP: NIP-11, health, metrics.
#pragma once

#include <string>

#include "core/relay/limits.hpp"
#include "core/relay/statistics.hpp"

namespace genos::net {

[[nodiscard]] std::string information_document(const std::string& name, const std::string& version,
                                               const core::RelayLimits& limits);
[[nodiscard]] std::string health_document(const core::RelayStatistics& statistics);
// Prometheus text format 0.0.4.
[[nodiscard]] std::string metrics_text(const core::RelayStatistics& statistics);

}  // namespace genos::net
