// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/base/result.hpp"
#include "genos/visibility.hpp"
#include "jobs/job_store.hpp"

namespace genos {

// What can be known of a job before it runs: its words, and whether its container holds what they
// name.
GENOS_PRIVATE core::Result<bool> check_words(const jobs::Job& job);

}  // namespace genos
