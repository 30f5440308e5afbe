// SPDX-License-Identifier: LGPL-2.1-or-later
// What the library exports for the elements of this plugin, and promises to nobody else.
#pragma once

#define GENOS_PRIVATE __attribute__((visibility("default")))
