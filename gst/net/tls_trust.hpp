// SPDX-License-Identifier: LGPL-2.1-or-later
// Whether a relay's certificate, which the system's authorities do not know, is good enough.
#pragma once

#include <gio/gio.h>

#include "net/signaling_uri.hpp"

namespace genos::net {

// By the URI's pin or its `#insecure`, or by the authorities in the file that GENOS_TLS_CA names.
bool trusts(const RelayUri& uri, GTlsCertificate* certificate);

}  // namespace genos::net
