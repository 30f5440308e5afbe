// SPDX-License-Identifier: LGPL-2.1-or-later
// The properties of a room, as every element that joins one has them.
#pragma once

#include <gst/genos/genos.h>

#include <set>
#include <string>

namespace genos::element {

// Installs them from `first` on; returns the next free number. Lists are texts with commas, which
// gst-launch-1.0 can write.
guint install_room_properties(GObjectClass* klass, guint first);
// Both do nothing but return false for a property that is not the room's.
bool set_room_property(GstGenosRoom* room, const GValue* value, GParamSpec* pspec);
bool get_room_property(GstGenosRoom* room, GValue* value, GParamSpec* pspec);
// Whether the room has a name; posts an error if not. To be asked before anything starts:
// gst-launch-1.0 (1.22) may miss an error that comes while it prerolls, and stand still.
[[nodiscard]] bool has_name(GstGenosRoom* room, GstElement* element);

// "a, b" -> {a, b}
std::set<std::string> words_of(const char* text);

}  // namespace genos::element
