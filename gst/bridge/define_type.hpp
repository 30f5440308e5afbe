// SPDX-License-Identifier: LGPL-2.1-or-later
// For files with a G_DEFINE_TYPE…: include it after GLib's own headers.
#pragma once

#include <glib-object.h>

// The macro of this name (GLib 2.74) checks its argument by a cast of an integer to a pointer, in
// each G_DEFINE_TYPE…; the function behind it does the same without.
#undef g_once_init_enter
