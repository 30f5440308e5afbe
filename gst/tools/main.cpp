// SPDX-License-Identifier: LGPL-2.1-or-later
// `genos`: rooms from a shell.
#include <fcntl.h>

#include <clocale>
#include <cstdio>
#include <cstring>

#include "tools/app.hpp"

namespace {

using genos::tool::exit_ok;
using genos::tool::exit_usage;

struct Command {
  const char* name;
  const char* what;
  int (*run)(std::vector<std::string> args);
};

constexpr Command commands[] = {
    {"peers", "who is in a room", genos::tool::peers},
    {"chat", "lines from stdin to a room, lines from the room to stdout", genos::tool::chat},
    {"ping", "how long a peer takes to answer", genos::tool::ping},
    {"pipe", "standard input to a room, another's to standard output", genos::tool::pipe},
    {"send", "files and folders to whoever takes them", genos::tool::send},
    {"receive", "files that others in a room offer", genos::tool::receive},
    {"broadcast", "pictures and sound to everybody in a room", genos::tool::broadcast},
    {"watch", "what others in a room show, in windows", genos::tool::watch},
    {"record", "what others in a room show, into files", genos::tool::record},
    {"streams", "who shows what in a room", genos::tool::streams},
    {"transcode", "a file into one for each rung of a ladder", genos::tool::transcode},
    {"jobs", "the transcoding jobs of this user: list, show, cancel, run", genos::tool::jobs},
    {"identity", "make or show the key that proves who this peer is", genos::tool::identity},
    {"doctor", "check what usually goes wrong, and say what to do", genos::tool::doctor},
};

void print_help(FILE* to) {
  std::fputs("Usage: genos COMMAND [OPTION…]\n\nRooms from a shell. Commands:\n", to);
  for (const auto& command : commands) std::fprintf(to, "  %-10s %s\n", command.name, command.what);
  std::fputs(
      "\n`genos COMMAND --help` tells the options. All peers that say the same --room meet:\n"
      "  genos chat --room demo\n",
      to);
}

// libnice warns on stderr about networks that do not matter; a person would take it for an error of
// ours. G_MESSAGES_DEBUG=all shows it again.
void silence_libnice() {
  const char* wanted = g_getenv("G_MESSAGES_DEBUG");
  if (wanted && (std::strstr(wanted, "all") || std::strstr(wanted, "libnice"))) return;
  g_log_set_handler(
      "libnice", GLogLevelFlags(G_LOG_LEVEL_MASK),
      [](const gchar*, GLogLevelFlags, const gchar*, gpointer) {}, nullptr);
}

// What is opened next would take the number of a standard stream that is closed, and `chat` would
// read from GLib's own files.
void open_standard_streams() {
  for (const int stream : {0, 1, 2})
    if (fcntl(stream, F_GETFD) == -1 && open("/dev/null", O_RDWR) != stream) return;
}

}  // namespace

int main(int argc, char** argv) {
  open_standard_streams();
  std::setlocale(LC_ALL, "");
  silence_libnice();
  gst_init(nullptr, nullptr);
  const char* name = argc > 1 ? argv[1] : "";
  if (!std::strcmp(name, "--help") || !std::strcmp(name, "-h") || !std::strcmp(name, "help")) {
    print_help(stdout);
    return exit_ok;
  }
  if (!std::strcmp(name, "--version")) {
    std::puts("genos " GENOS_VERSION);
    return exit_ok;
  }
  for (const auto& command : commands) {
    if (std::strcmp(name, command.name) != 0) continue;
    const int code = command.run({argv + 2, argv + argc});
    gst_genos_deinit();
    return code;
  }
  if (*name) std::fprintf(stderr, "genos: there is no command '%s'\n\n", name);
  print_help(stderr);
  return exit_usage;
}
