// SPDX-License-Identifier: LGPL-2.1-or-later
// The part of the demo that is about pictures and sound: processes show, watch and record a stream,
// and the recording is looked at.
#pragma once

#include <gst/gst.h>
#include <json-glib/json-glib.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "bridge/gio_refs.hpp"
#include "bridge/signal.hpp"

namespace genos {

class MediaShow {
 public:
  struct Stage {
    std::function<void(const std::string&)> say;
    std::function<void(const std::string& why)> failed;
    std::function<void()> done;
  };
  // The processes end after `seconds`, whatever becomes of us.
  MediaShow(const std::string& room, const std::string& file, guint seconds, Stage stage);
  MediaShow(const MediaShow&) = delete;
  MediaShow& operator=(const MediaShow&) = delete;
  ~MediaShow();  // ends the processes

  void begin();

 private:
  // `genos` with these words; each of its lines is heard.
  struct Helper {
    MediaShow* show;
    void (MediaShow::*heard)(JsonObject* line);
    Ref<GSubprocess> process;
    Ref<GDataInputStream> lines;
    Ref<GCancellable> over;
  };
  bool start(std::vector<std::string> words, void (MediaShow::*heard)(JsonObject* line));
  static void read_line(Helper& helper);
  void on_shown(JsonObject* line);
  void on_watched(JsonObject* line);
  void on_recorded(JsonObject* line);
  void look_at_recording();

  const std::string room_, file_;
  const std::string seconds_;
  const Stage stage_;
  std::vector<std::unique_ptr<Helper>> helpers_;
  bool saw_pictures_ = false;
};

}  // namespace genos
