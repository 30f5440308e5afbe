// SPDX-License-Identifier: LGPL-2.1-or-later
// Lines with a genosdatachannel each, in a room of their own.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "datachannel/gstgenosdatachannel.h"
#include "support/test_line.hpp"
#include "support/test_room.hpp"

namespace genos {

class DataChannel : public testing::Test {
 protected:
  static void SetUpTestSuite() { GST_ELEMENT_REGISTER(genosdatachannel, nullptr); }
  ~DataChannel() override { gst_genos_deinit(); }

  std::string channel(const std::string& more = "") const {
    return "genosdatachannel name=dc app-id=genos-test room=lines ice-servers=none signaling=" +
           relay + " " + more;
  }
  std::string writer(const std::string& more = "") const {
    return "appsrc name=in max-bytes=65536 ! " + channel(more);
  }
  std::string reader(const std::string& more = "") const {
    return channel(more) + " ! fakesink name=out";
  }
  std::string both(const std::string& more = "") const {
    return "appsrc name=in ! " + channel(more) + " ! fakesink name=out";
  }
  static bool arrives(const TestLine& line, const std::string& text) {
    return TestLine::until([&] { return line.received() == text; });
  }
  static guint peers(const TestLine& line) {
    GstStructure* raw = nullptr;
    g_object_get(line.element("dc").get(), "stats", &raw, nullptr);
    const Owned<GstStructure> stats(raw);
    guint count = 0;
    gst_structure_get_uint(stats.get(), "peers", &count);
    return count;
  }

  TestContext context;
  std::string relay = private_relay();
};

}  // namespace genos
