// SPDX-License-Identifier: LGPL-2.1-or-later
// What viewers get to know of a stream: the words of the element, and of its pads.
#include "bridge/element_message.hpp"
#include "core/wire/json.hpp"
#include "core/wire/limits.hpp"
#include "room_sink.hpp"

namespace genos::element {
namespace {

// False: its meta is no JSON object.
bool add_words(core::Json& said, const StreamWords& words) {
  const auto own = core::parse_json(words.meta.empty() ? "{}" : words.meta);
  if (!own || !own->as_object()) return false;
  for (const auto& [key, value] : *own->as_object()) said.set(key, value);
  if (!words.title.empty()) said.set("title", words.title);
  if (!words.kind.empty()) said.set("kind", words.kind);
  return true;
}

}  // namespace

std::string RoomSink::meta_of(const Stream& stream, bool tell) {
  auto said = core::Json::object();
  {
    const std::scoped_lock guard(lock);
    add_words(said, settings.words);
  }
  std::vector<Ref<GstPad>> pads;
  {
    const std::scoped_lock guard(streams_lock_);
    for (const auto& track : stream.tracks) pads.push_back(retain(track->pad));
  }
  for (const auto& pad : pads) {
    auto with = said;
    if (add_words(with, words_of_pad(pad.get())) &&
        core::to_text(with).size() <= core::limits::max_stream_meta)
      said = std::move(with);
    else if (tell)
      post_warning({bin_, GST_CAT_DEFAULT}, GST_RESOURCE_ERROR_SETTINGS,
                   GST_PAD_NAME(pad.get()) +
                       (": its meta is no JSON object, or more than " +
                        std::to_string(core::limits::max_stream_meta) + " bytes with its title"));
  }
  return said.as_object()->empty() ? "" : core::to_text(said);
}

bool RoomSink::check_words() {
  StreamWords words;
  {
    const std::scoped_lock guard(lock);
    words = settings.words;
  }
  auto said = core::Json::object();
  if (!add_words(said, words)) {
    post_error({bin_, GST_CAT_DEFAULT}, GST_RESOURCE_ERROR_SETTINGS,
               "meta=" + words.meta + " is not a JSON object");
    return false;
  }
  const auto size = core::to_text(said).size();
  if (size <= core::limits::max_stream_meta) return true;
  post_error({bin_, GST_CAT_DEFAULT}, GST_RESOURCE_ERROR_SETTINGS,
             "title and meta are " + std::to_string(size) + " bytes together: " +
                 std::to_string(core::limits::max_stream_meta) + " are taken");
  return false;
}

}  // namespace genos::element
