// SPDX-License-Identifier: LGPL-2.1-or-later
// Ownership of the GIO and libsoup types that the relay host holds.
#pragma once

#include <libsoup/soup.h>

#include "bridge/ref.hpp"

namespace genos {
template <> struct RefOps<GSocket> : ObjectOps {};
template <> struct RefOps<GSocketConnection> : ObjectOps {};
template <> struct RefOps<GSocketAddress> : ObjectOps {};
template <> struct RefOps<GInetAddress> : ObjectOps {};
template <> struct RefOps<GIOStream> : ObjectOps {};
template <> struct RefOps<GTlsCertificate> : ObjectOps {};
template <> struct RefOps<SoupServer> : ObjectOps {};
template <> struct RefOps<SoupServerMessage> : ObjectOps {};
template <> struct Free<GUri> {
  void operator()(GUri* p) const { g_uri_unref(p); }
};
}  // namespace genos
