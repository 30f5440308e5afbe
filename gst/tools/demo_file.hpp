// SPDX-License-Identifier: LGPL-2.1-or-later
// The part of the demo that is about a file: sent, broken off, gone on with, compared.
#pragma once

#include <gst/genos/genos.h>

#include <functional>
#include <string>
#include <vector>

#include "bridge/gio_refs.hpp"
#include "bridge/signal.hpp"
#include "genos/object_refs.hpp"

namespace genos {

// A folder for both sides of the demo, removed with all that is in it.
class DemoFolder {
 public:
  DemoFolder();
  ~DemoFolder();
  DemoFolder(const DemoFolder&) = delete;
  DemoFolder& operator=(const DemoFolder&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }  // empty: it could not be made
  [[nodiscard]] std::string sent() const { return path_ + "/demo.bin"; }
  [[nodiscard]] std::string into() const { return path_ + "/received"; }
  [[nodiscard]] std::string recording() const { return path_ + "/show.webm"; }

 private:
  std::string path_;
};

// Sends the file; kills the receiver in the middle, and another one goes on.
class FileSending {
 public:
  struct Stage {
    std::function<void(const std::string&)> say;
    std::function<void(const std::string& why)> failed;
    std::function<void()> kill_receiver;  // at once, as if the power went
    std::function<void()> start_another;
    std::function<void()> done;
  };
  FileSending(GstGenosRoom* room, const DemoFolder& folder, Stage stage);
  FileSending(const FileSending&) = delete;
  FileSending& operator=(const FileSending&) = delete;

  void begin();

 private:
  void offered(GstGenosFile* file, const GError* error);
  void happened(const std::string& peer, GstGenosFileEvent event, guint64 sent);
  void compare();

  GstGenosRoom* room_;
  const DemoFolder& folder_;
  const Stage stage_;
  Ref<GstGenosFile> file_;
  Connection events_;
  std::string first_;  // who was killed
  guint64 sent_first_ = 0, sent_again_ = 0;
  gint64 began_ = 0;
};

// Stores what is offered in the folder.
class FileReceiving {
 public:
  // `finished`: with an error, or without.
  FileReceiving(GstGenosRoom* room, std::string folder, std::function<void(const char*)> finished);
  FileReceiving(const FileReceiving&) = delete;
  FileReceiving& operator=(const FileReceiving&) = delete;

 private:
  Connection offer_, end_;
};

}  // namespace genos
