// SPDX-License-Identifier: LGPL-2.1-or-later
#include "room_pad.hpp"

#include <array>

#include "bridge/define_type.hpp"
#include "bridge/ref.hpp"

using namespace genos;
using namespace genos::element;

struct _GstGenosRoomPad {
  GstGhostPad parent;
  std::array<char*, 3> texts;  // with the object's lock
};
G_DEFINE_FINAL_TYPE(GstGenosRoomPad, gst_genos_room_pad, GST_TYPE_GHOST_PAD)

enum { prop_none, prop_title, prop_kind, prop_meta };

static void gst_genos_room_pad_set_property(GObject* object, guint id, const GValue* value,
                                            GParamSpec*) {
  auto* self = GST_GENOS_ROOM_PAD(object);
  GST_OBJECT_LOCK(self);
  g_free(std::exchange(self->texts[id - prop_title], g_value_dup_string(value)));
  GST_OBJECT_UNLOCK(self);
}

static void gst_genos_room_pad_get_property(GObject* object, guint id, GValue* value, GParamSpec*) {
  auto* self = GST_GENOS_ROOM_PAD(object);
  GST_OBJECT_LOCK(self);
  g_value_set_string(value, self->texts[id - prop_title]);
  GST_OBJECT_UNLOCK(self);
}

static void gst_genos_room_pad_finalize(GObject* object) {
  for (char* text : GST_GENOS_ROOM_PAD(object)->texts) g_free(text);
  G_OBJECT_CLASS(gst_genos_room_pad_parent_class)->finalize(object);
}

// What comes may change its kind while it plays: all of the template is taken, first what suits the
// line that is there.
static Ref<GstCaps> takes(GstPad* pad, GstCaps* filter) {
  const auto all = adopt(gst_pad_get_pad_template_caps(pad));
  const auto target = adopt(gst_ghost_pad_get_target(GST_GHOST_PAD(pad)));
  const auto now = adopt(target ? gst_pad_query_caps(target.get(), nullptr) : gst_caps_new_empty());
  const auto fitting =
      adopt(gst_caps_intersect_full(now.get(), all.get(), GST_CAPS_INTERSECT_FIRST));
  auto both = adopt(gst_caps_merge(gst_caps_ref(fitting.get()), gst_caps_ref(all.get())));
  if (!filter) return both;
  return adopt(gst_caps_intersect_full(filter, both.get(), GST_CAPS_INTERSECT_FIRST));
}

static gboolean answer(GstPad* pad, GstObject* parent, GstQuery* query) noexcept {
  GstCaps* asked = nullptr;
  switch (GST_QUERY_TYPE(query)) {
    case GST_QUERY_CAPS:
      gst_query_parse_caps(query, &asked);
      gst_query_set_caps_result(query, takes(pad, asked).get());
      return TRUE;
    case GST_QUERY_ACCEPT_CAPS:
      gst_query_parse_accept_caps(query, &asked);
      gst_query_set_accept_caps_result(
          query, gst_caps_is_subset(asked, adopt(gst_pad_get_pad_template_caps(pad)).get()));
      return TRUE;
    default: return gst_pad_query_default(pad, parent, query);
  }
}

static void gst_genos_room_pad_init(GstGenosRoomPad* self) {
  gst_pad_set_query_function(GST_PAD(self), answer);
}

static void gst_genos_room_pad_class_init(GstGenosRoomPadClass* klass) {
  auto* object_class = G_OBJECT_CLASS(klass);
  object_class->set_property = gst_genos_room_pad_set_property;
  object_class->get_property = gst_genos_room_pad_get_property;
  object_class->finalize = gst_genos_room_pad_finalize;
  const auto text = [&](guint id, const char* name, const char* blurb) {
    constexpr auto flags =
        GParamFlags(G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY);
    g_object_class_install_property(object_class, id,
                                    g_param_spec_string(name, name, blurb, nullptr, flags));
  };
  text(prop_title, "title", "What viewers see as the name of this stream; else the element's");
  text(prop_kind, "kind", "What it is, like camera or screen; else the element's");
  text(prop_meta, "meta", "Metadata of this stream: a JSON object, beside the element's");
}

// --- pads as children -------------------------------------------------------------------------

static GstChildProxyInterface* of_bins() {
  return static_cast<GstChildProxyInterface*>(
      g_type_interface_peek(g_type_class_peek(GST_TYPE_BIN), GST_TYPE_CHILD_PROXY));
}

static GObject* child_by_name(GstChildProxy* bin, const gchar* name) {
  if (auto* pad = gst_element_get_static_pad(GST_ELEMENT(bin), name)) return G_OBJECT(pad);
  return of_bins()->get_child_by_name(bin, name);
}

static guint children_count(GstChildProxy* bin) {
  const auto others = of_bins()->get_children_count(bin);
  GST_OBJECT_LOCK(bin);
  const guint count = others + GST_ELEMENT(bin)->numsinkpads;
  GST_OBJECT_UNLOCK(bin);
  return count;
}

static GObject* child_by_index(GstChildProxy* bin, guint index) {
  const auto others = of_bins()->get_children_count(bin);
  if (index < others) return of_bins()->get_child_by_index(bin, index);
  GST_OBJECT_LOCK(bin);
  auto* pad = g_list_nth_data(GST_ELEMENT(bin)->sinkpads, index - others);
  if (pad) g_object_ref(pad);
  GST_OBJECT_UNLOCK(bin);
  return static_cast<GObject*>(pad);
}

namespace genos::element {

void implement_pads_as_children(gpointer interface, gpointer) {
  auto* proxy = static_cast<GstChildProxyInterface*>(interface);
  proxy->get_child_by_name = child_by_name;
  proxy->get_child_by_index = child_by_index;
  proxy->get_children_count = children_count;
}

StreamWords words_of_pad(GstPad* pad) {
  auto* self = GST_GENOS_ROOM_PAD(pad);
  GST_OBJECT_LOCK(self);
  const auto text = [&](guint id) {
    const char* given = self->texts[id - prop_title];
    return std::string(given ? given : "");
  };
  StreamWords words{text(prop_title), text(prop_kind), text(prop_meta)};
  GST_OBJECT_UNLOCK(self);
  return words;
}

}  // namespace genos::element
