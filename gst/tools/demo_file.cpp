// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tools/demo_file.hpp"

#include <glib/gstdio.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <random>

namespace genos {
namespace {

constexpr guint64 size = 100u << 20;
constexpr guint64 break_off_at = 40u << 20;

std::string mebibytes(guint64 bytes) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f MiB", double(bytes) / double(1u << 20));
  return text;
}

bool write_noise(const std::string& path) {
  std::ofstream file(path, std::ios::binary);
  std::mt19937_64 random(std::random_device{}());
  std::vector<std::uint64_t> block((1u << 20) / sizeof(std::uint64_t));
  for (guint64 at = 0; at < size && file; at += 1u << 20) {
    std::generate(block.begin(), block.end(), random);
    file.write(reinterpret_cast<const char*>(block.data()), 1 << 20);
  }
  return bool(file.flush());
}

bool are_equal(const std::string& one, const std::string& other) {
  std::ifstream a(one, std::ios::binary), b(other, std::ios::binary);
  std::vector<char> from_a(1u << 20), from_b(1u << 20);
  while (a && b) {
    a.read(from_a.data(), std::streamsize(from_a.size()));
    b.read(from_b.data(), std::streamsize(from_b.size()));
    if (a.gcount() != b.gcount() ||
        !std::equal(from_a.begin(), from_a.begin() + a.gcount(), from_b.begin()))
      return false;
  }
  return a.eof() && b.eof();
}

}  // namespace

DemoFolder::DemoFolder() {
  const Owned<char> path(g_dir_make_tmp("genos-demo-XXXXXX", nullptr));
  if (path) path_ = path.get();
  if (!path_.empty() && (g_mkdir(into().c_str(), 0700) != 0 || !write_noise(sent()))) {
    std::filesystem::remove_all(path_);
    path_.clear();
  }
}

DemoFolder::~DemoFolder() {
  std::error_code ignored;
  if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

FileSending::FileSending(GstGenosRoom* room, const DemoFolder& folder, Stage stage)
    : room_(room), folder_(folder), stage_(std::move(stage)) {}

void FileSending::begin() {
  began_ = g_get_monotonic_time();
  gst_genos_room_send_file_async(
      room_, folder_.sent().c_str(), nullptr, nullptr, nullptr, nullptr, nullptr, nullptr,
      [](GObject* object, GAsyncResult* result, gpointer data) {
        Owned<GError> error;
        auto* file = gst_genos_room_send_file_finish(GST_GENOS_ROOM(object), result, out(error));
        static_cast<FileSending*>(data)->offered(file, error.get());
      },
      this);
}

void FileSending::offered(GstGenosFile* file, const GError* error) {
  if (!file) return stage_.failed(error->message);
  file_ = adopt(file);
  events_ = on<void(GstGenosFile*, const char*, GstGenosFileEvent, guint64, const char*)>(
      file, "peer-event",
      [this](auto*, const char* peer, GstGenosFileEvent event, guint64 sent, const char*) {
        happened(peer, event, sent);
      });
}

void FileSending::happened(const std::string& peer, GstGenosFileEvent event, guint64 sent) {
  if (event == GST_GENOS_FILE_EVENT_SENT && first_.empty() && sent >= break_off_at) {
    first_ = peer;
    stage_.kill_receiver();
    stage_.say("file: killed the receiver after " + mebibytes(sent) + "; another one goes on");
    stage_.start_another();
  }
  if (event == GST_GENOS_FILE_EVENT_SENT) (peer == first_ ? sent_first_ : sent_again_) = sent;
  if (event == GST_GENOS_FILE_EVENT_REFUSED || event == GST_GENOS_FILE_EVENT_STOPPED)
    return stage_.failed("the file was given up");
  if (event == GST_GENOS_FILE_EVENT_DONE && peer != first_) compare();
}

void FileSending::compare() {
  const double took = double(g_get_monotonic_time() - began_) / 1e6;
  if (first_.empty()) return stage_.failed("the file came before it could be broken off");
  if (!are_equal(folder_.sent(), folder_.into() + "/demo.bin"))
    return stage_.failed("the file that came is not the one that was sent");
  char text[128];
  std::snprintf(
      text, sizeof text, "file: %s are there and equal after %.1f s; %s were sent twice",
      mebibytes(size).c_str(), took,
      mebibytes(sent_first_ + sent_again_ - std::min(sent_first_ + sent_again_, size)).c_str());
  stage_.say(text);
  stage_.done();
}

FileReceiving::FileReceiving(GstGenosRoom* room, std::string folder,
                             std::function<void(const char*)> finished) {
  offer_ = on<void(GstGenosRoom*, GstGenosFile*)>(
      room, "file-offer",
      [this, folder = std::move(folder), finished = std::move(finished)](auto*, auto* file) {
        end_ = on<void(GstGenosFile*, GError*)>(file, "finished", [finished](auto*, GError* why) {
          finished(why ? why->message : nullptr);
        });
        gst_genos_file_accept(file, folder.c_str(), GST_GENOS_FILE_FLAGS_NONE, nullptr);
      });
}

}  // namespace genos
