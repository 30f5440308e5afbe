// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tools/progress.hpp"

#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <cstring>

namespace genos::tool {
namespace {

constexpr gint64 redraw = 100'000;  // microseconds
constexpr gint64 retell = 500'000;  // to a script
constexpr double longest = 1e6;     // seconds
constexpr double memory = 0.8;      // of the rate, from one look to the next

}  // namespace

std::string size_text(guint64 bytes) {
  const Owned<char> text(g_format_size_full(bytes, G_FORMAT_SIZE_IEC_UNITS));
  std::string plain(text.get());
  // GLib puts a space that does not break; a terminal in the C locale shows it as a question mark.
  if (const auto at = plain.find("\u00a0"); at != plain.npos) plain.replace(at, 2, " ");
  return plain;
}

std::string time_text(double seconds) {
  const auto all = static_cast<long>(std::ceil(seconds));
  char text[32];
  if (all >= 3600)
    std::snprintf(text, sizeof text, "%ld:%02ld:%02ld", all / 3600, all / 60 % 60, all % 60);
  else
    std::snprintf(text, sizeof text, "%ld:%02ld", all / 60, all % 60);
  return text;
}

bool parse_size(const char* text, guint64& bytes) {
  char* end = nullptr;
  const double number = g_ascii_strtod(text, &end);
  if (end == text || !(number > 0)) return false;
  static const char units[] = "kMGT";
  double factor = 1;
  if (*end) {
    const char* unit = std::strchr(units, *end == 'K' ? 'k' : *end);
    if (!unit || end[1]) return false;
    factor = std::pow(1024.0, double(unit - units + 1));
  }
  if (number * factor > double(guint64(1) << 40)) return false;
  bytes = guint64(std::max(1.0, number * factor));
  return true;
}

bool parse_length(const char* text, double& seconds) {
  double sum = 0;
  const char* at = text;
  while (*at) {
    char* unit = nullptr;
    const double number = g_ascii_strtod(at, &unit);
    if (unit == at || !(number >= 0)) return false;
    std::size_t size = 0;
    while (g_ascii_isalpha(unit[size])) ++size;
    const std::string word(unit, size);
    if (word == "h")
      sum += number * 3600;
    else if (word == "min" || word == "m")
      sum += number * 60;
    else if (word.empty() || word == "s")
      sum += number;
    else
      return false;
    at = unit + size;
  }
  if (!(sum > 0) || sum > longest) return false;
  seconds = sum;
  return true;
}

Progress::Progress(const Options& options)
    : json_(options.json), line_(!options.json && !options.quiet && isatty(STDERR_FILENO)) {}

void Progress::show(const std::string& id, const std::string& what, guint64 done, guint64 size) {
  const gint64 now = g_get_monotonic_time();
  auto& course = courses_[id];
  if (course.began == 0) course = {now, 0, done, 0, done, now};
  if (now - course.told < (json_ ? retell : redraw) && (done < size || size == 0)) return;
  course.told = now;
  if (now > course.last_at && done >= course.last) {
    const double rate = double(done - course.last) * 1e6 / double(now - course.last_at);
    course.rate = course.rate == 0 ? rate : memory * course.rate + (1 - memory) * rate;
    course.last = done;
    course.last_at = now;
  }
  if (json_) {
    Line("progress")
        .add("id", id)
        .add("name", what)
        .add("done", done)
        .add("size", size)
        .add("rate", guint64(course.rate))
        .print(true, {});
    return;
  }
  if (!line_) return;
  const auto percent = size == 0 ? 100 : done * 100 / size;
  const auto left = course.rate > 0 ? time_text(double(size - done) / course.rate) + " left" : "";
  draw(printable(what) + "  " + std::to_string(percent) + " % of " + size_text(size) + "  " +
       size_text(guint64(course.rate)) + "/s  " + left);
}

void Progress::line(const std::string& text) {
  if (line_) draw(text);
}

void Progress::forget(const std::string& id) { courses_.erase(id); }

void Progress::draw(const std::string& text) {
  std::fprintf(stderr, "\r\x1b[K%s", text.c_str());
  std::fflush(stderr);
  drawn_ = true;
}

void Progress::clear() {
  if (std::exchange(drawn_, false)) std::fputs("\r\x1b[K", stderr);
}

void Progress::say(const std::string& text) {
  clear();
  complain(text);
}

}  // namespace genos::tool
