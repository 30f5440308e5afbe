// SPDX-License-Identifier: LGPL-2.1-or-later
// How far a run of a transcoding job is, and what its input lacked in the end.
#include <algorithm>
#include <array>
#include <filesystem>
#include <string_view>
#include <utility>

#include "core/ladder/words.hpp"
#include "genos/transcode_run.hpp"

namespace genos {

constexpr std::uint32_t least_side = 16;
// x264enc (1.22) lets its first picture be there, whenever it was.
constexpr GstClockTime encoder_offset = GstClockTime{1000} * 3600 * GST_SECOND;

// What a Matroska file has for its length is the time of its end when ffmpeg wrote it, and how long
// it is when GStreamer did; matroskademux (1.22) takes it as it is.
static bool counts_from_zero(GstEvent* event) {
  GstTagList* tags = nullptr;
  gst_event_parse_tag(event, &tags);
  const auto says = [tags](const char* tag, const char* word) {
    const gchar* text = nullptr;
    return gst_tag_list_peek_string_index(tags, tag, 0, &text) && g_str_has_prefix(text, word);
  };
  return says(GST_TAG_CONTAINER_FORMAT, "Matroska") && says(GST_TAG_ENCODER, "Lavf");
}

constexpr auto has_ended = guint(GST_PAD_FLAG_LAST) << 1U;

// False: it was.
static bool set_flag(GstPad* pad, guint flag) {
  GST_OBJECT_LOCK(pad);
  const bool is_news = !GST_OBJECT_FLAG_IS_SET(pad, flag);
  GST_OBJECT_FLAG_SET(pad, flag);
  GST_OBJECT_UNLOCK(pad);
  return is_news;
}

void TranscodeRun::note_event(GstPad* from, GstEvent* event, Output& output) {
  if (GST_EVENT_TYPE(event) == GST_EVENT_EOS && set_flag(from, has_ended)) --output.ways;
  if (GST_EVENT_TYPE(event) == GST_EVENT_TAG && counts_from_zero(event)) output.from_zero = true;
}

void TranscodeRun::note_time(GstPad* from, GstBuffer* buffer, Output& output) {
  const auto segment = adopt(gst_pad_get_sticky_event(from, GST_EVENT_SEGMENT, 0));
  const GstSegment* at = nullptr;
  if (segment) gst_event_parse_segment(segment.get(), &at);
  const auto pts = GST_BUFFER_PTS(buffer);
  const auto time = at ? gst_segment_to_stream_time(at, GST_FORMAT_TIME, pts) : GST_CLOCK_TIME_NONE;
  if (!GST_CLOCK_TIME_IS_VALID(time)) return;
  if (pts > time) {
    const GstClockTime offset = pts - time;
    if (offset < encoder_offset || output.offset == 0) output.offset = offset;
  }
  const auto length = GST_BUFFER_DURATION(buffer);
  const auto end = GST_CLOCK_TIME_IS_VALID(length) ? time + length : time;  // a slide stands long
  if (end > output.reached) output.reached = end;
}

GstPadProbeReturn TranscodeRun::on_passed(GstPad* from, GstPadProbeInfo* info,
                                          gpointer data) noexcept {
  auto& output = *static_cast<Output*>(data);
  if (!(info->type & GST_PAD_PROBE_TYPE_BUFFER)) {
    note_event(from, GST_PAD_PROBE_INFO_EVENT(info), output);
    return GST_PAD_PROBE_OK;
  }
  ++output.passed;
  if (!GST_OBJECT_FLAG_IS_SET(from, has_ended)) {
    note_time(from, GST_PAD_PROBE_INFO_BUFFER(info), output);
    return GST_PAD_PROBE_OK;
  }
  const auto caps = adopt(gst_pad_get_current_caps(from));  // a muxer takes no more
  const char* name = gst_structure_get_name(gst_caps_get_structure(caps.get(), 0));
  output.late[g_str_has_prefix(name, "audio/")] = true;
  return GST_PAD_PROBE_DROP;
}

TranscodeRun::Place TranscodeRun::place() const {
  Place place;
  bool from_zero = false;
  {
    const std::scoped_lock guard(lock_);
    // A rung that failed has ended before its time; the others go on.
    const bool all =
        std::ranges::none_of(outputs_, [](const auto& each) { return each->ways > 0; });
    for (const auto& output : outputs_)
      if (all || output->ways > 0) {
        place.reached = std::min(place.reached, output->reached.load());
        place.offset = std::max(place.offset, output->offset.load());
        from_zero |= output->from_zero;
      }
  }
  gint64 whole = 0;
  const auto picture = adopt(gst_element_get_static_pad(t_.get(), "rung_0"));
  const auto pad = picture ? picture : adopt(gst_element_get_static_pad(t_.get(), "sound_0"));
  if (!pad || !gst_pad_query_duration(pad.get(), GST_FORMAT_TIME, &whole) || whole <= 0)
    return place;
  place.length = GstClockTime(whole);
  if (from_zero && place.offset < place.length) place.length -= std::exchange(place.offset, 0);
  return place;
}

std::vector<std::string> TranscodeRun::parts() const {
  std::vector<std::string> parts;
  const std::scoped_lock guard(lock_);
  if (!has_files_) return parts;
  for (const auto& output : outputs_) parts.push_back(output->part);
  return parts;
}

TranscodeRun::Course TranscodeRun::course() const {
  Course course;
  const auto [reached, whole, offset] = place();
  if (reached == GST_CLOCK_TIME_NONE) return course;
  const double elapsed = double(g_get_monotonic_time() - begun_) / G_USEC_PER_SEC;
  const double seconds = double(reached) / double(GST_SECOND);
  if (elapsed > 0) course.speed = seconds / elapsed;
  if (whole == GST_CLOCK_TIME_NONE) return course;
  const double length = double(whole) / double(GST_SECOND);
  course.percent = std::clamp(seconds / length * 100, 0.0, 100.0);
  if (course.speed > 0) course.time_left = std::max(0.0, length - seconds) / course.speed;
  return course;
}

// matroskademux (1.22) takes for the end what it cannot read, and a file that was cut ends as any.
// A length may be guessed, of the last picture it may be untold, and the length of what begins at
// ten seconds may have those in it.
std::string TranscodeRun::what_lacks() const {
  const auto [reached, whole, offset] = place();
  // The sound that nobody asked for may be what the length is of.
  const GstClockTime slack = options_.sounds.empty() ? 2 * GST_SECOND : GST_SECOND / 2;
  if (whole == GST_CLOCK_TIME_NONE || reached == GST_CLOCK_TIME_NONE ||
      reached + offset + std::max(slack, whole / 20) >= whole)
    return {};
  const auto seconds = [](GstClockTime time) {
    char text[G_ASCII_DTOSTR_BUF_SIZE];
    return std::string(
        g_ascii_formatd(text, sizeof text, "%.1f", double(time) / double(GST_SECOND)));
  };
  return "ended after " + seconds(reached) + " s of " + seconds(whole) +
         " s: it may be cut off or damaged";
}

// A file has its streams from the beginning, and one that has ended is over.
std::string TranscodeRun::what_is_late() const {
  const std::scoped_lock guard(lock_);
  const auto is_late = [this](bool sound) {
    return late_[sound] || std::ranges::any_of(outputs_, [&](const auto& each) {
             return each->late[sound].load();
           });
  };
  const bool pictures = is_late(false), sound = is_late(true);
  if (!pictures && !sound) return {};
  const std::string what = pictures && sound ? "pictures and sound"
                           : pictures        ? "pictures"
                                             : "sound";
  return what + " that came later " + (pictures ? "are" : "is") + " left out";
}

// Such a file may have had one: qtdemux (1.22) leaves out what is much shorter than the sound, and
// says so to nobody. The types of most files that are for sound say that; others' names do.
std::string TranscodeRun::what_is_unseen() const {
  constexpr std::array<std::string_view, 5> for_sound = {".m4a", ".m4b", ".wma", ".aac", ".mp3"};
  {
    const std::scoped_lock guard(lock_);
    if (has_[false] || late_[false]) return {};
  }
  const auto finder = adopt(gst_bin_get_by_name(GST_BIN(t_.get()), "typefind"));
  if (!finder) return {};
  GstCaps* raw = nullptr;
  g_object_get(finder.get(), "caps", &raw, nullptr);
  const auto caps = adopt(raw);
  const Owned<char> ending(
      g_ascii_strdown(std::filesystem::path(options_.source).extension().c_str(), -1));
  if (!caps || std::ranges::find(for_sound, ending.get()) != for_sound.end() ||
      !g_str_has_prefix(gst_structure_get_name(gst_caps_get_structure(caps.get(), 0)), "video/"))
    return {};
  return "no picture was found in it";
}

// As the transcoder made it of a rung's words; none: it did not.
std::optional<core::Size> TranscodeRun::size_of(const std::string& words) const {
  GstStructure* raw = nullptr;
  g_object_get(t_.get(), "stats", &raw, nullptr);
  const Owned<GstStructure> stats(raw);
  for (int i = 0; i < gst_structure_n_fields(stats.get()); ++i) {
    const auto* one = gst_value_get_structure(
        gst_structure_get_value(stats.get(), gst_structure_nth_field_name(stats.get(), guint(i))));
    core::Size size;
    if (words == gst_structure_get_string(one, "words") &&
        gst_structure_get(one, "width", G_TYPE_UINT, &size.width, "height", G_TYPE_UINT,
                          &size.height, nullptr))
      return size;
  }
  return std::nullopt;
}

static std::string text_of(const core::Size& size) {
  return std::to_string(size.width) + "x" + std::to_string(size.height);
}

// "720p30" of "720p30:1500k:av1".
static std::string brief(const std::string& words) { return words.substr(0, words.find(':')); }

// "a", "a and b", "a, b and c".
static std::string listed(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i)
    text += (i == 0 ? "" : i + 1 == names.size() ? " and " : ", ") + names[i];
  return text;
}

// Of the ladder, rungs that would be larger than the picture.
std::string TranscodeRun::what_is_small() const {
  const auto ladder = *core::parse_ladder(options_.ladder);  // start() has read it
  std::vector<std::string> missing;
  std::string made;
  for (const auto& rung : ladder) {
    const auto words = core::to_words(rung);
    const auto size = size_of(words);
    if (!size)
      missing.push_back(brief(words));
    else if (size->width > 0 && std::min(size->width, size->height) < rung.lines / 2 * 2)
      made += ", " + brief(words) + " is " + text_of(*size);
  }
  if (missing.size() == ladder.size()) return {};  // there is no picture
  if (!missing.empty())
    made = ", " + listed(missing) + (missing.size() == 1 ? " is" : " are") + " left out" + made;
  return made.empty() ? made : "nothing is enlarged: " + made.substr(2);
}

// matroskamux (1.22) takes none that are smaller, and who sends it such is only told that it does
// not take them.
std::string TranscodeRun::what_is_tiny() const {
  const auto ladder = *core::parse_ladder(options_.ladder);
  for (const auto& rung : ladder) {
    const auto words = core::to_words(rung);
    const auto size = size_of(words);
    if (size && size->width > 0 && std::min(size->width, size->height) < least_side)
      return brief(words) + " would be " + text_of(*size) +
             ", and a file has no pictures that are smaller than 16x16";
  }
  return {};
}

}  // namespace genos
