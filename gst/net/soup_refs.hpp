// SPDX-License-Identifier: LGPL-2.1-or-later
// Ownership of libsoup's types.
#pragma once

#include <libsoup/soup.h>

#include "bridge/gio_refs.hpp"
#include "bridge/ref.hpp"

namespace genos {
template <> struct RefOps<SoupMessage> : ObjectOps {};
template <> struct RefOps<SoupServer> : ObjectOps {};
template <> struct RefOps<SoupServerMessage> : ObjectOps {};
template <> struct RefOps<SoupSession> : ObjectOps {};
template <> struct RefOps<SoupWebsocketConnection> : ObjectOps {};
template <> struct Free<GUri> {
  void operator()(GUri* p) const { g_uri_unref(p); }
};
}  // namespace genos
