// SPDX-License-Identifier: LGPL-2.1-or-later
#include "track_about.hpp"

#include "core/wire/json.hpp"

namespace genos::element {
namespace {

// Who it is from, and what they call it.
GstTagList* tag_list_of(const TrackIn::About& about) {
  auto* tags = gst_tag_list_new_empty();
  const auto set = [&](const char* tag, const std::string& text) {
    if (!text.empty()) gst_tag_list_add(tags, GST_TAG_MERGE_REPLACE, tag, text.c_str(), nullptr);
  };
  set(GST_TAG_TITLE, title_of(about));
  set(GST_TAG_ARTIST, about.name.empty() ? about.peer : about.name);
  set(GST_TAG_EXTENDED_COMMENT, "genos-peer=" + about.peer);
  return tags;
}

}  // namespace

std::string title_of(const TrackIn::About& about) {
  const auto meta = core::parse_json(about.meta);
  return meta ? meta->string_at("title").value_or("") : "";
}

std::string kind_of(const TrackIn::About& about) {
  const auto meta = core::parse_json(about.meta);
  return meta ? meta->string_at("kind").value_or("") : "";
}

std::string encoding_of(const TrackIn::About& about) {
  const auto* s = gst_caps_get_structure(about.caps.get(), 0);
  const char* name = gst_structure_get_string(s, "encoding-name");
  return name ? name : "";
}

std::string stream_key_of(const TrackIn::About& about) { return about.peer + "/" + about.stream; }

Ref<GstStream> gst_stream_of(const TrackIn::About& about) {
  const std::string id = stream_key_of(about) + "/" + about.track;
  auto stream = adopt(gst_stream_new(id.c_str(), nullptr,
                                     about.is_sound ? GST_STREAM_TYPE_AUDIO : GST_STREAM_TYPE_VIDEO,
                                     GST_STREAM_FLAG_NONE));
  auto* tags = tag_list_of(about);
  gst_stream_set_tags(stream.get(), tags);
  gst_tag_list_unref(tags);
  return stream;
}

GstEvent* stream_start(GstStream* stream, guint group) {
  auto* event = gst_event_new_stream_start(gst_stream_get_stream_id(stream));
  gst_event_set_group_id(event, group);
  gst_event_set_stream(event, stream);
  return event;
}

GstEvent* tags_of(const TrackIn::About& about) { return gst_event_new_tag(tag_list_of(about)); }

GstStructure* news_of(const char* name, const TrackIn::About& about) {
  return gst_structure_new(name, "peer", G_TYPE_STRING, about.peer.c_str(), "name", G_TYPE_STRING,
                           about.name.c_str(), "stream", G_TYPE_STRING, about.stream.c_str(),
                           "title", G_TYPE_STRING, title_of(about).c_str(), "kind", G_TYPE_STRING,
                           kind_of(about).c_str(), "meta", G_TYPE_STRING, about.meta.c_str(),
                           nullptr);
}

}  // namespace genos::element
