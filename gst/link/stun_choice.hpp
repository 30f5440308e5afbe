// SPDX-License-Identifier: LGPL-2.1-or-later
// Finds out which STUN server answers, before a link needs one: libnice takes a single one, and
// asks it for seconds when it is not there.
#pragma once

#include <gio/gio.h>

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "bridge/ref.hpp"

namespace genos::link {

// Lives on the thread of one context, which must be that thread's default.
class StunChoice {
 public:
  // `servers` as typed; those that are not stun: are kept as they are.
  explicit StunChoice(std::vector<std::string> servers);
  StunChoice(const StunChoice&) = delete;
  StunChoice& operator=(const StunChoice&) = delete;
  ~StunChoice();

  // While nobody has answered yet: the first STUN server as typed. Then the address of the first
  // that did; none when all were silent.
  [[nodiscard]] std::vector<std::string> servers() const;

 private:
  struct Probe;
  void answered(const std::string& address);
  void finished();

  std::vector<std::string> others_;
  std::vector<std::string> stun_;
  std::vector<std::unique_ptr<Probe>> probes_;
  std::string found_;
  std::size_t open_ = 0;
};

}  // namespace genos::link
