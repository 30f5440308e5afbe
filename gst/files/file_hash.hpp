// SPDX-License-Identifier: LGPL-2.1-or-later
// The hash that the core's file trees are made with.
#pragma once

#include "core/files/file_tree.hpp"

namespace genos::files {

core::Digest file_hash(core::HashOf what, core::ByteView bytes);

}  // namespace genos::files
