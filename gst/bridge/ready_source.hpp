// SPDX-License-Identifier: LGPL-2.1-or-later
// A GSource that is dispatched once each time its ready time comes.
#pragma once

#include <glib.h>

namespace genos {

inline GSourceFuncs ready_source_funcs = {
    nullptr,
    nullptr,
    [](GSource* source, GSourceFunc callback, gpointer data) -> gboolean {
      g_source_set_ready_time(source, -1);
      return callback(data);
    },
    nullptr,
    nullptr,
    nullptr};

inline GSource* ready_source_new() { return g_source_new(&ready_source_funcs, sizeof(GSource)); }

}  // namespace genos
