// SPDX-License-Identifier: LGPL-2.1-or-later
#include "room_properties.hpp"

#include <cstring>
#include <vector>

#include "bridge/element_message.hpp"
#include "bridge/ref.hpp"

namespace genos::element {
namespace {

// What an element calls its own, or decides itself.
constexpr const char* left_out[] = {
    "activity", "handshake", "state", "upload-limit", "upload-limit-per-peer", "download-limit"};

const char* name_of(const GParamSpec* pspec) {
  return std::strcmp(pspec->name, "id") == 0 ? "room" : pspec->name;
}

bool is_left_out(const GParamSpec* pspec) {
  for (const char* name : left_out)
    if (std::strcmp(pspec->name, name) == 0) return true;
  return false;
}

GParamFlags flags_of(const GParamSpec* pspec) {
  const auto copied = pspec->flags & G_PARAM_READWRITE;
  const auto when = (copied & G_PARAM_WRITABLE) ? GST_PARAM_MUTABLE_READY : 0;
  return GParamFlags(copied | when | G_PARAM_STATIC_STRINGS);
}

// The strings of the room's class live as long as the library.
GParamSpec* copy_of(GParamSpec* pspec) {
  const char* name = name_of(pspec);
  const char* nick = g_param_spec_get_nick(pspec);
  const char* blurb = g_param_spec_get_blurb(pspec);
  const auto flags = flags_of(pspec);
  const GValue* standard = g_param_spec_get_default_value(pspec);
  switch (G_TYPE_FUNDAMENTAL(pspec->value_type)) {
    case G_TYPE_STRING:
      return g_param_spec_string(name, nick, blurb, g_value_get_string(standard), flags);
    case G_TYPE_BOOLEAN:
      return g_param_spec_boolean(name, nick, blurb, g_value_get_boolean(standard), flags);
    case G_TYPE_ENUM:
      return g_param_spec_enum(name, nick, blurb, pspec->value_type, g_value_get_enum(standard),
                               flags);
    case G_TYPE_UINT64: {
      const auto* range = G_PARAM_SPEC_UINT64(pspec);
      return g_param_spec_uint64(name, nick, blurb, range->minimum, range->maximum,
                                 range->default_value, flags);
    }
    default: break;
  }
  if (pspec->value_type == G_TYPE_STRV)
    return g_param_spec_string(name, nick, blurb, nullptr, flags);
  return g_param_spec_boxed(name, nick, blurb, pspec->value_type, flags);
}

GParamSpec* room_property(GstGenosRoom* room, const GParamSpec* pspec) {
  const bool is_room = std::strcmp(pspec->name, "room") == 0;
  return g_object_class_find_property(G_OBJECT_GET_CLASS(room), is_room ? "id" : pspec->name);
}

}  // namespace

guint install_room_properties(GObjectClass* klass, guint first) {
  auto* room = static_cast<GObjectClass*>(g_type_class_ref(GST_TYPE_GENOS_ROOM));
  guint count = 0;
  GParamSpec** all = g_object_class_list_properties(room, &count);
  for (guint i = 0; i < count; ++i)
    if (!is_left_out(all[i])) g_object_class_install_property(klass, first++, copy_of(all[i]));
  g_free(all);
  g_type_class_unref(room);
  return first;
}

bool set_room_property(GstGenosRoom* room, const GValue* value, GParamSpec* pspec) {
  GParamSpec* theirs = room_property(room, pspec);
  if (!theirs) return false;
  if (theirs->value_type == G_TYPE_STRV) {
    std::vector<const char*> words;
    const auto listed = words_of(g_value_get_string(value));
    words.reserve(listed.size() + 1);
    for (const auto& word : listed) words.push_back(word.c_str());
    words.push_back(nullptr);
    g_object_set(room, theirs->name, words.data(), nullptr);
  } else {
    g_object_set_property(G_OBJECT(room), theirs->name, value);
  }
  return true;
}

bool get_room_property(GstGenosRoom* room, GValue* value, GParamSpec* pspec) {
  GParamSpec* theirs = room_property(room, pspec);
  if (!theirs) return false;
  if (theirs->value_type == G_TYPE_STRV) {
    gchar** words = nullptr;
    g_object_get(room, theirs->name, &words, nullptr);
    g_value_take_string(value, words ? g_strjoinv(",", words) : nullptr);
    g_strfreev(words);
  } else {
    g_object_get_property(G_OBJECT(room), theirs->name, value);
  }
  return true;
}

bool has_name(GstGenosRoom* room, GstElement* element) {
  gchar* raw = nullptr;
  g_object_get(room, "id", &raw, nullptr);
  const Owned<char> name(raw);
  if (name && *name) return true;
  post_error({element, GST_CAT_DEFAULT}, GST_RESOURCE_ERROR_SETTINGS,
             "room is empty; give it a name");
  return false;
}

std::set<std::string> words_of(const char* text) {
  std::set<std::string> words;
  gchar** parts = g_strsplit(text ? text : "", ",", -1);
  for (gchar** part = parts; *part; ++part)
    if (*g_strstrip(*part)) words.insert(*part);
  g_strfreev(parts);
  return words;
}

}  // namespace genos::element
