// SPDX-License-Identifier: LGPL-2.1-or-later
// Ownership of GIO's types.
#pragma once

#include <gio/gio.h>

#include "bridge/ref.hpp"

namespace genos {
template <> struct RefOps<GAsyncResult> : ObjectOps {};
template <> struct RefOps<GCancellable> : ObjectOps {};
template <> struct RefOps<GDataInputStream> : ObjectOps {};
template <> struct RefOps<GIOStream> : ObjectOps {};
template <> struct RefOps<GInetAddress> : ObjectOps {};
template <> struct RefOps<GInputStream> : ObjectOps {};
template <> struct RefOps<GSocket> : ObjectOps {};
template <> struct RefOps<GSocketAddress> : ObjectOps {};
template <> struct RefOps<GSocketAddressEnumerator> : ObjectOps {};
template <> struct RefOps<GSocketClient> : ObjectOps {};
template <> struct RefOps<GSocketConnectable> : ObjectOps {};
template <> struct RefOps<GSocketConnection> : ObjectOps {};
template <> struct RefOps<GSubprocess> : ObjectOps {};
template <> struct RefOps<GSubprocessLauncher> : ObjectOps {};
template <> struct RefOps<GTask> : ObjectOps {};
template <> struct RefOps<GTlsCertificate> : ObjectOps {};
template <> struct RefOps<GDateTime> {
  static void ref(GDateTime* time) { g_date_time_ref(time); }
  static void unref(GDateTime* time) { g_date_time_unref(time); }
};
template <> struct Free<GMainLoop> {
  void operator()(GMainLoop* loop) const { g_main_loop_unref(loop); }
};
}  // namespace genos
