// SPDX-License-Identifier: LGPL-2.1-or-later
// A cable with delay, jitter, loss and reordering between two network namespaces (not every kernel
// has netem): a TAP device in each, and this process between them.
//   netforward --a PATH:DEVICE --b PATH:DEVICE [--delay MS] [--jitter MS] [--loss PERCENT]
//              [--reorder PERCENT] [--rate BITS/S] [--queue BYTES] [--seed N]
// Prints `ready` when both devices exist, and its counts as JSON when its input ends or on SIGTERM.
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "support/link_model.hpp"

namespace {

using genos::test::LinkModel;
using genos::test::LinkOptions;
using Frame = std::vector<char>;
namespace core = genos::core;

constexpr std::size_t largest_frame = 65536;
// Frames taken in one go, so that a flood in one direction does not starve the other.
constexpr int frames_in_a_row = 64;

struct Cable {
  int fd_a = -1, fd_b = -1;
  LinkModel<Frame> to_b, to_a;
};

core::Time now() {
  return core::Time(std::chrono::duration_cast<core::Duration>(
      std::chrono::steady_clock::now().time_since_epoch()));
}

[[noreturn]] void fail(const std::string& what) {
  std::perror(what.c_str());
  std::exit(1);
}

// Opens the TAP device of "/run/netns/NAME:DEVICE" and stays in that namespace: the next call
// changes again, and nothing here opens a socket.
int open_tap(const std::string& place) {
  const auto colon = place.rfind(':');
  if (colon == std::string::npos) fail(place + " is not PATH:DEVICE");
  const int space = open(place.substr(0, colon).c_str(), O_RDONLY | O_CLOEXEC);
  if (space < 0 || setns(space, CLONE_NEWNET) != 0) fail(place);
  close(space);
  const int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) fail("/dev/net/tun");
  ifreq request{};
  request.ifr_flags = IFF_TAP | IFF_NO_PI;
  std::strncpy(request.ifr_name, place.c_str() + colon + 1, IFNAMSIZ - 1);
  if (ioctl(fd, TUNSETIFF, &request) != 0) fail(place);
  return fd;
}

// A device that is down or full loses the frame, as a wire would.
void pass(int fd, const char* frame, std::size_t size) {
  [[maybe_unused]] const auto written = write(fd, frame, size);
}

// Who has an address is the lab's own affair: a lost question would stop a path for a second, which
// the path that is imitated does not do.
bool is_arp(const char* frame, std::size_t size) {
  return size >= 14 && frame[12] == 0x08 && frame[13] == 0x06;
}

void take(int from, int to, LinkModel<Frame>& link) {
  std::array<char, largest_frame> buffer;
  for (int i = 0; i < frames_in_a_row; ++i) {
    const auto got = read(from, buffer.data(), buffer.size());
    if (got <= 0) return;
    const auto size = static_cast<std::size_t>(got);
    if (is_arp(buffer.data(), size))
      pass(to, buffer.data(), size);
    else
      link.send(Frame(buffer.begin(), buffer.begin() + got), size, now());
  }
}

void give(int fd, LinkModel<Frame>& link) {
  while (auto frame = link.poll(now())) pass(fd, frame->data(), frame->size());
}

void forward(Cable& cable, int ended) {
  for (;;) {
    const auto due = std::min(cable.to_a.deadline(), cable.to_b.deadline());
    const auto wait = std::clamp<core::Duration>(due - now(), {}, std::chrono::seconds(1));
    const auto nanoseconds = std::chrono::nanoseconds(wait).count();
    const timespec timeout{nanoseconds / 1'000'000'000, nanoseconds % 1'000'000'000};
    std::array<pollfd, 4> polled{{{cable.fd_a, POLLIN, 0},
                                  {cable.fd_b, POLLIN, 0},
                                  {ended, POLLIN, 0},
                                  {STDIN_FILENO, POLLIN, 0}}};
    if (ppoll(polled.data(), polled.size(), &timeout, nullptr) < 0) fail("ppoll");
    if (polled[2].revents || polled[3].revents) return;
    take(cable.fd_a, cable.fd_b, cable.to_b);
    take(cable.fd_b, cable.fd_a, cable.to_a);
    give(cable.fd_b, cable.to_b);
    give(cable.fd_a, cable.to_a);
  }
}

void print(const char* direction, const genos::test::LinkStats& stats, const char* end) {
  std::printf(R"("%s": {"delivered": %llu, "lost": %llu, "dropped": %llu, "reordered": %llu}%s)",
              direction, static_cast<unsigned long long>(stats.delivered),
              static_cast<unsigned long long>(stats.lost),
              static_cast<unsigned long long>(stats.dropped),
              static_cast<unsigned long long>(stats.reordered), end);
}

core::Duration milliseconds(const std::string& text) {
  const std::chrono::duration<double, std::milli> value(std::strtod(text.c_str(), nullptr));
  return std::chrono::duration_cast<core::Duration>(value);
}

LinkOptions options_from(std::map<std::string, std::string>& given) {
  LinkOptions options;
  options.delay = milliseconds(given["--delay"]);
  options.jitter = milliseconds(given["--jitter"]);
  options.loss = std::strtod(given["--loss"].c_str(), nullptr) / 100;
  options.reorder = std::strtod(given["--reorder"].c_str(), nullptr) / 100;
  options.bits_per_second = std::strtoull(given["--rate"].c_str(), nullptr, 10);
  if (const auto& queue = given["--queue"]; !queue.empty())
    options.queue_bytes = std::strtoull(queue.c_str(), nullptr, 10);
  return options;
}

int signal_descriptor() {
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  sigaddset(&ends, SIGINT);
  sigprocmask(SIG_BLOCK, &ends, nullptr);
  return signalfd(-1, &ends, SFD_CLOEXEC);
}

}  // namespace

int main(int argc, char** argv) {
  std::map<std::string, std::string> given;
  for (int i = 1; i + 1 < argc; i += 2) given[argv[i]] = argv[i + 1];
  const auto seed = std::strtoull(given["--seed"].c_str(), nullptr, 10);
  const auto options = options_from(given);
  const int ended = signal_descriptor();
  Cable cable{open_tap(given["--a"]), open_tap(given["--b"]), {options, seed}, {options, seed + 1}};
  std::puts("ready");
  std::fflush(stdout);
  forward(cable, ended);
  std::printf("{");
  print("a_to_b", cable.to_b.stats(), ", ");
  print("b_to_a", cable.to_a.stats(), "}\n");
  return 0;
}
