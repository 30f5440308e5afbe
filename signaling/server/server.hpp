// SPDX-License-Identifier: LGPL-2.1-or-later
// The running server: doors, log, signals.
#pragma once

#include "options.hpp"

namespace genos::signald {

// Serves until SIGINT or SIGTERM.
[[nodiscard]] ExitCode serve(const Options& options);

}  // namespace genos::signald
