// SPDX-License-Identifier: LGPL-2.1-or-later
// Ownership of the public objects, for our own C++.
#pragma once

#include <gst/genos/genos.h>

#include "bridge/ref.hpp"

namespace genos {
template <> struct RefOps<GstGenosRoom> : ObjectOps {};
template <> struct RefOps<GstGenosPeer> : ObjectOps {};
template <> struct RefOps<GstGenosChannel> : ObjectOps {};
template <> struct RefOps<GstGenosFile> : ObjectOps {};
template <> struct RefOps<GstGenosRequest> : ObjectOps {};
template <> struct RefOps<GstGenosSignaling> : ObjectOps {};
template <> struct RefOps<GstGenosTranscodeJob> : ObjectOps {};
}  // namespace genos
