// SPDX-License-Identifier: LGPL-2.1-or-later
// How far files have come: a line on a terminal that is written over, or JSON lines.
#pragma once

#include <map>
#include <string>

#include "tools/app.hpp"

namespace genos::tool {

std::string size_text(guint64 bytes);               // "1.2 GiB"
std::string time_text(double seconds);              // "1:02:03"
bool parse_size(const char* text, guint64& bytes);  // "500k", "2M", "1G"; false when it is none
// Seconds of "90", "10min", "1h30min"; false when it is none.
bool parse_length(const char* text, double& seconds);

class Progress {
 public:
  explicit Progress(const Options& options);
  ~Progress() { clear(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // Of `what` so much is done. Told as often as people and scripts can use it.
  void show(const std::string& id, const std::string& what, guint64 done, guint64 size);
  // Of what has no size in bytes: a line that moves, on a terminal only.
  void line(const std::string& text);
  void forget(const std::string& id);
  // A line for people that stays, above the one that moves.
  void say(const std::string& text);
  void clear();

 private:
  struct Course {
    gint64 began = 0, told = 0;
    guint64 from = 0;  // done when it began
    double rate = 0;   // bytes a second, smoothed
    guint64 last = 0;
    gint64 last_at = 0;
  };
  void draw(const std::string& text);

  const bool json_, line_;
  bool drawn_ = false;
  std::map<std::string, Course> courses_;
};

}  // namespace genos::tool
