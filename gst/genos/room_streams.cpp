// SPDX-License-Identifier: LGPL-2.1-or-later
// Streams of a room, for applications: elements that belong to the same peer as the room.
#include "genos/room_streams.hpp"

#include <memory>
#include <string>
#include <vector>

#include "core/wire/json.hpp"
#include "genos/gstgenosroom_private.hpp"

namespace genos {

StreamWatch::StreamWatch(GstGenosRoom* room) {
  auto known = std::make_shared<Known>();
  known->front = front_of(room);
  const auto tell = [known](const TrackIn::About& about, auto what) {
    const auto front = known->front.lock();
    if (!front) return;
    front->on_app([what, peer = core::PeerId{about.peer}, id = about.stream,
                   meta = about.meta](GstGenosRoom* self) { what(self, peer, id, meta); });
  };
  RoomMedia::Events events;
  events.came = [known, tell](const std::vector<std::shared_ptr<TrackIn>>& tracks) {
    for (const auto& track : tracks) {
      const auto& about = track->about();
      if (known->tracks[{about.peer, about.stream}]++ == 0) tell(about, stream_came);
    }
  };
  events.ended = [known, tell](const std::shared_ptr<TrackIn>& track) {
    const auto& about = track->about();
    const auto found = known->tracks.find({about.peer, about.stream});
    if (found == known->tracks.end() || --found->second > 0) return;
    known->tracks.erase(found);
    tell(about, stream_ended);
  };
  media_ = std::make_shared<RoomMedia>(std::move(events));
  media_->set_wish({});
  media_->attach(room);
}

StreamWatch::~StreamWatch() { media_->detach(); }

namespace {

void refuse(GError** error, const std::string& why) {
  g_set_error_literal(error, GST_GENOS_ERROR, GST_GENOS_ERROR_INVALID, why.c_str());
}

// The elements are of the same peer, which has to have a name for that.
bool name_peer(GstGenosRoom* self, GError** error) {
  auto& state = state_of(self);
  const auto standing = state.front->state();
  const std::scoped_lock guard(state.lock);
  if (!state.config.peer.empty()) return true;
  if (standing != GST_GENOS_ROOM_STATE_OUTSIDE) {
    refuse(error,
           "streams belong to a peer that has a name: set `peer`, or call this, before the room is "
           "joined");
    return false;
  }
  const Owned<char> name(g_uuid_string_random());
  state.config.peer = name.get();
  return true;
}

void copy_property(GstGenosRoom* from, GstElement* to, GParamSpec* theirs) {
  const char* name = g_strcmp0(theirs->name, "id") == 0 ? "room" : theirs->name;
  GParamSpec* own = g_object_class_find_property(G_OBJECT_GET_CLASS(to), name);
  if (!own || !(own->flags & G_PARAM_WRITABLE) || !(theirs->flags & G_PARAM_READABLE)) return;
  if (theirs->value_type != G_TYPE_STRV) {
    GValue value = G_VALUE_INIT;
    g_object_get_property(G_OBJECT(from), theirs->name, &value);
    g_object_set_property(G_OBJECT(to), name, &value);
    g_value_unset(&value);
    return;
  }
  gchar** words = nullptr;
  g_object_get(from, theirs->name, &words, nullptr);
  const Owned<char> joined(words ? g_strjoinv(",", words) : nullptr);
  g_strfreev(words);
  g_object_set(to, name, joined.get(), nullptr);
}

Ref<GstElement> element_of(GstGenosRoom* self, const char* factory, GError** error) {
  if (!name_peer(self, error)) return nullptr;
  auto made = sink(gst_element_factory_make(factory, nullptr));
  if (!made) {
    refuse(error, std::string("there is no element '") + factory +
                      "': is the plugin genos installed, and GST_PLUGIN_PATH right?");
    return nullptr;
  }
  guint count = 0;
  GParamSpec** all = g_object_class_list_properties(G_OBJECT_GET_CLASS(self), &count);
  for (guint i = 0; i < count; ++i) copy_property(self, made.get(), all[i]);
  g_free(all);
  return made;
}

void add_pads(std::vector<Ref<GstPad>>& pads, GObject* source) {
  if (GST_IS_PAD(source)) return pads.push_back(retain(GST_PAD(source)));
  if (!GST_IS_ELEMENT(source)) return;
  const auto add = [](GstElement*, GstPad* pad, gpointer all) noexcept -> gboolean {
    if (!gst_pad_is_linked(pad))
      static_cast<std::vector<Ref<GstPad>>*>(all)->push_back(retain(pad));
    return TRUE;
  };
  gst_element_foreach_src_pad(GST_ELEMENT(source), add, &pads);
}

// "video_%u" or "audio_%u"; null when its caps are neither.
const char* pad_name_for(GstPad* pad) {
  const auto caps = adopt(gst_pad_query_caps(pad, nullptr));
  if (gst_caps_is_any(caps.get()) || gst_caps_is_empty(caps.get())) return nullptr;
  const char* name = gst_structure_get_name(gst_caps_get_structure(caps.get(), 0));
  if (g_str_has_prefix(name, "video/")) return "video_%u";
  return g_str_has_prefix(name, "audio/") ? "audio_%u" : nullptr;
}

// On a pad whose stream was removed: what it pushes goes nowhere.
constexpr const char* drain_key = "genos-drain";

void drain(GstPad* pad) {
  const auto drop = [](GstPad*, GstPadProbeInfo*, gpointer) noexcept { return GST_PAD_PROBE_DROP; };
  const auto data = GstPadProbeType(GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST);
  auto id = std::make_unique<gulong>(gst_pad_add_probe(pad, data, drop, nullptr, nullptr));
  g_object_set_data_full(G_OBJECT(pad), drain_key, id.release(),
                         [](gpointer held) { delete static_cast<gulong*>(held); });
}

// A push that is under way would tell its source that everything ends. While the pipeline pauses it
// waits for longer than this.
void let_pass(GstPad* into) {
  constexpr int patience = 200;
  for (int waited = 0; waited < patience; ++waited, g_usleep(1000)) {
    if (!GST_PAD_STREAM_TRYLOCK(into)) continue;
    GST_PAD_STREAM_UNLOCK(into);
    return;
  }
}

void end_drain(GstPad* pad) {
  const std::unique_ptr<gulong> id(
      static_cast<gulong*>(g_object_steal_data(G_OBJECT(pad), drain_key)));
  if (id && *id != 0) gst_pad_remove_probe(pad, *id);
}

bool link_all(const std::vector<Ref<GstPad>>& pads, GstElement* sink_element, GError** error) {
  for (const auto& pad : pads) {
    const char* name = pad_name_for(pad.get());
    const auto to = name ? adopt(gst_element_request_pad_simple(sink_element, name)) : nullptr;
    const Owned<char> path(gst_object_get_path_string(GST_OBJECT(pad.get())));
    if (!to) {
      refuse(error, std::string(path.get()) + " has neither pictures nor sound");
      return false;
    }
    if (!gst_pad_link_maybe_ghosting(pad.get(), to.get())) {
      refuse(error, std::string(path.get()) + " cannot be linked to " + GST_PAD_NAME(to.get()));
      return false;
    }
  }
  return true;
}

void remove_from_bin(GstElement* element) {
  const auto parent = adopt(GST_ELEMENT(gst_object_get_parent(GST_OBJECT(element))));
  gst_element_set_state(element, GST_STATE_NULL);
  if (parent) gst_bin_remove(GST_BIN(parent.get()), element);
}

void unlink_all(GstElement* stream) {
  const auto leave = [](GstElement*, GstPad* pad, gpointer) noexcept -> gboolean {
    const auto source = adopt(gst_pad_get_peer(pad));
    if (!source) return TRUE;
    drain(source.get());
    let_pass(pad);
    gst_pad_unlink(source.get(), pad);
    return TRUE;
  };
  gst_element_foreach_sink_pad(stream, leave, nullptr);
}

// The outermost bin: whoever has the sources runs all of it.
Ref<GstElement> pipeline_of(GstPad* pad) {
  auto top = adopt(gst_pad_get_parent_element(pad));
  while (top) {
    auto parent = adopt(GST_ELEMENT(gst_object_get_parent(GST_OBJECT(top.get()))));
    if (!parent) break;
    top = std::move(parent);
  }
  return top && GST_IS_BIN(top.get()) ? top : nullptr;
}

bool is_object(const char* text) {
  const auto json = core::parse_json(text);
  return json && json->as_object();
}

std::string why_no_stream(const std::vector<Ref<GstPad>>& pads, GstElement* pipeline,
                          const char* meta) {
  if (pads.empty()) return "a stream needs src pads that are not linked yet";
  if (!pipeline) return "a stream needs src pads of elements in a pipeline";
  if (meta && !is_object(meta)) return std::string("meta=") + meta + " is not a JSON object";
  return {};
}

bool link_all_or_none(const std::vector<Ref<GstPad>>& pads, GstElement* stream, GError** error) {
  const bool linked = link_all(pads, stream, error);
  if (!linked) unlink_all(stream);
  for (const auto& pad : pads) end_drain(pad.get());
  return linked;
}

bool is_element(gpointer object) { return GST_IS_ELEMENT(object); }
bool is_bin(gpointer object) { return GST_IS_BIN(object); }

}  // namespace
}  // namespace genos

using namespace genos;

/**
 * gst_genos_room_add_stream:
 * @self: a room that is not joined yet, or has #GstGenosRoom:peer set
 * @sources: (array length=n_sources) (element-type GObject): src pads, or elements all of whose
 * unlinked src pads are meant, in one pipeline: pictures and sound that belong together
 * @n_sources: how many
 * @meta: (nullable): what others get to know of the stream, a JSON object
 * @error: set on failure; nothing was changed then
 *
 * Shows it to everybody in the room, now and later. The stream is an element `genosroomsink` in the
 * pipeline of the sources, of the same peer as this room; its properties may be set. It joins with
 * the pipeline, also when this room is not joined.
 *
 * Returns: (transfer none) (nullable): the stream
 */
GstElement* gst_genos_room_add_stream(GstGenosRoom* self, GObject** sources, guint n_sources,
                                      const gchar* meta, GError** error) {
  g_return_val_if_fail(GST_IS_GENOS_ROOM(self), nullptr);
  std::vector<Ref<GstPad>> pads;
  for (guint i = 0; i < n_sources; ++i) add_pads(pads, sources[i]);
  const auto pipeline = pads.empty() ? nullptr : pipeline_of(pads.front().get());
  if (const auto why = why_no_stream(pads, pipeline.get(), meta); !why.empty()) {
    refuse(error, why);
    return nullptr;
  }
  const auto stream = element_of(self, "genosroomsink", error);
  if (!stream) return nullptr;
  if (meta) g_object_set(stream.get(), "meta", meta, nullptr);
  gst_bin_add(GST_BIN(pipeline.get()), stream.get());
  if (!link_all_or_none(pads, stream.get(), error)) {
    remove_from_bin(stream.get());
    return nullptr;
  }
  gst_element_sync_state_with_parent(stream.get());
  return stream.get();
}

/**
 * gst_genos_room_remove_stream:
 * @self: a room
 * @stream: what gst_genos_room_add_stream() returned
 *
 * Ends the stream for everybody. Its sources go on, and what they push goes nowhere until they are
 * added again.
 */
void gst_genos_room_remove_stream(GstGenosRoom* self, GstElement* stream) {
  g_return_if_fail(GST_IS_GENOS_ROOM(self) && is_element(stream));
  const auto kept = retain(stream);
  unlink_all(stream);
  remove_from_bin(stream);
}

/**
 * gst_genos_room_receive:
 * @self: a room that is not joined yet, or has #GstGenosRoom:peer set
 * @bin: a pipeline, or a bin in one
 * @error: set on failure
 *
 * Takes the streams of the others: from now on #GstGenosRoom::stream-add and
 * #GstGenosRoom::stream-remove tell of them. Their pads come on an element `genosroomsrc` in @bin,
 * of the same peer as this room; its properties say what is taken, and its pads have tags that say
 * whose they are.
 *
 * Returns: (transfer none) (nullable): the element
 */
GstElement* gst_genos_room_receive(GstGenosRoom* self, GstBin* bin, GError** error) {
  g_return_val_if_fail(GST_IS_GENOS_ROOM(self) && is_bin(bin), nullptr);
  const auto source = element_of(self, "genosroomsrc", error);
  if (!source) return nullptr;
  auto& state = state_of(self);
  if (!state.streams) state.streams = std::make_unique<StreamWatch>(self);
  gst_bin_add(bin, source.get());
  gst_element_sync_state_with_parent(source.get());
  return source.get();
}
