// SPDX-License-Identifier: LGPL-2.1-or-later
#include "room_uri.hpp"

#include <cstring>

#include "bridge/ref.hpp"
#include "gstgenosroomsrc.h"

namespace genos {
template <> struct RefOps<GUri> {
  static void ref(gpointer uri) { g_uri_ref(static_cast<GUri*>(uri)); }
  static void unref(gpointer uri) { g_uri_unref(static_cast<GUri*>(uri)); }
};
template <> struct RefOps<GHashTable> {
  static void ref(gpointer table) { g_hash_table_ref(static_cast<GHashTable*>(table)); }
  static void unref(gpointer table) { g_hash_table_unref(static_cast<GHashTable*>(table)); }
};

namespace element {
namespace {

constexpr const char* form = "genos://ROOM/live, with properties of genosroomsrc behind a '?'";
constexpr const char* key = "genos-uri";

bool refuse(GError** error, GstURIError code, const std::string& why) {
  g_set_error_literal(error, GST_URI_ERROR, code, why.c_str());
  return false;
}

// A URI may come from anywhere: it sets what the element itself has, and no file of this machine.
bool may_be_set(const GParamSpec* own) {
  return own && own->owner_type == GST_TYPE_GENOS_ROOM_SRC && (own->flags & G_PARAM_WRITABLE) &&
         std::strcmp(own->name, "identity") != 0;
}

// False: it is no value of that property.
bool set_from(GObject* element, GParamSpec* own, const char* text) {
  if (own->value_type == G_TYPE_STRING) {
    g_object_set(element, own->name, text, nullptr);
    return true;
  }
  GValue value = G_VALUE_INIT;
  g_value_init(&value, own->value_type);
  const bool fits =
      gst_value_deserialize_with_pspec(&value, text, own) && !g_param_value_validate(own, &value);
  if (fits) g_object_set_property(element, own->name, &value);
  g_value_unset(&value);
  return fits;
}

bool set_all(GObject* element, GHashTable* wanted, GError** error) {
  GHashTableIter each;
  gpointer name = nullptr, value = nullptr;
  g_hash_table_iter_init(&each, wanted);
  while (g_hash_table_iter_next(&each, &name, &value)) {
    const auto* text = static_cast<const char*>(name);
    auto* own = g_object_class_find_property(G_OBJECT_GET_CLASS(element), text);
    if (!may_be_set(own))
      return refuse(error, GST_URI_ERROR_BAD_REFERENCE,
                    std::string("a URI cannot set '") + text + "': it is " + form);
    const auto* said = static_cast<const char*>(value);
    if (!set_from(element, own, said))
      return refuse(error, GST_URI_ERROR_BAD_REFERENCE,
                    std::string("'") + said + "' is no value of '" + text + "'");
  }
  return true;
}

gboolean set_uri(GstURIHandler* handler, const char* text, GError** error) {
  if (GST_STATE(handler) >= GST_STATE_PAUSED)
    return refuse(error, GST_URI_ERROR_BAD_STATE, "the room is joined already");
  // Encoded, because a '&' in a password is none between two properties.
  const auto flags = GUriFlags(G_URI_FLAGS_NON_DNS | G_URI_FLAGS_ENCODED);
  const auto uri = adopt(g_uri_parse(text, flags, nullptr));
  const Owned<char> room(g_uri_unescape_string(uri ? g_uri_get_host(uri.get()) : "", nullptr));
  const char* path = uri ? g_uri_get_path(uri.get()) : "";
  const bool is_live =
      std::strcmp(path, "") == 0 || std::strcmp(path, "/") == 0 || std::strcmp(path, "/live") == 0;
  if (!room || !room.get()[0] || !is_live)
    return refuse(error, GST_URI_ERROR_BAD_URI, std::string(text) + " is not " + form);
  if (const char* query = g_uri_get_query(uri.get())) {
    const auto wanted = adopt(g_uri_parse_params(query, -1, "&", G_URI_PARAMS_WWW_FORM, nullptr));
    if (!wanted) return refuse(error, GST_URI_ERROR_BAD_URI, std::string(text) + " is not " + form);
    if (!set_all(G_OBJECT(handler), wanted.get(), error)) return FALSE;
  }
  g_object_set(handler, "room", room.get(), nullptr);
  g_object_set_data_full(G_OBJECT(handler), key, g_strdup(text), g_free);
  return TRUE;
}

char* get_uri(GstURIHandler* handler) {
  return g_strdup(static_cast<const char*>(g_object_get_data(G_OBJECT(handler), key)));
}

}  // namespace

bool came_by_uri(gpointer element) { return g_object_get_data(G_OBJECT(element), key); }

void implement_uri_handler(gpointer interface, gpointer) {
  auto* handler = static_cast<GstURIHandlerInterface*>(interface);
  handler->get_type = [](GType) { return GST_URI_SRC; };
  handler->get_protocols = [](GType) -> const char* const* {
    static const char* const all[] = {"genos", nullptr};
    return all;
  };
  handler->get_uri = get_uri;
  handler->set_uri = set_uri;
}

}  // namespace element
}  // namespace genos
