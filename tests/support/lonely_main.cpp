// SPDX-License-Identifier: LGPL-2.1-or-later
// A machine with no network interface but loopback: what gst_main.cpp's main() does, in a network
// namespace of its own. As an ordinary user that takes user namespaces.
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>

namespace {

bool leave_the_network() {
  if (unshare(CLONE_NEWNET) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0) return false;
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  ifreq request{};
  std::strncpy(request.ifr_name, "lo", IFNAMSIZ - 1);
  request.ifr_flags = IFF_UP;
  const bool up = fd >= 0 && ioctl(fd, SIOCSIFFLAGS, &request) == 0;
  if (fd >= 0) close(fd);
  return up;
}

// Before main(), while the process still has a single thread.
const bool alone = [] {
  if (leave_the_network()) return true;
  std::perror("no network namespace");
  _exit(1);
}();

}  // namespace

bool is_alone() { return alone; }
