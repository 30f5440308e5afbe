// SPDX-License-Identifier: LGPL-2.1-or-later
// What one genosdatachannel holds, and the functions of its pads.
#pragma once

#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "core/channel/line_cutter.hpp"
#include "gstgenosdatachannel.h"
#include "talk.hpp"

GST_DEBUG_CATEGORY_EXTERN(genos_data_channel_debug);

namespace genos::element {

struct Settings {
  std::string channel = "data", targets, from, meta;
  GstGenosFraming framing = GST_GENOS_FRAMING_MESSAGE;
  GstGenosDelivery delivery = GST_GENOS_DELIVERY_RELIABLE;
  GstGenosPayloadChoice payload = GST_GENOS_PAYLOAD_CHOICE_AUTO;
  guint min_peers = 1;
  Ref<GstCaps> caps;
};

struct DataChannelState {
  GstPad *sink = nullptr, *src = nullptr;
  std::unique_ptr<Talk> talk;

  std::mutex lock;  // guards what follows
  std::condition_variable changed;
  Settings settings;
  std::deque<Talk::Item> reading;
  std::map<std::string, std::size_t> reading_bytes;  // of each peer
  bool playing = false;
  bool stopped = true;  // nothing is to be waited for

  // Of the sink pad's thread:
  core::LineCutter lines;
  GstGenosPayload by_caps = GST_GENOS_PAYLOAD_BYTES;
  // Of the src pad's thread:
  bool started = false;
};

DataChannelState& state_of(GstGenosDataChannel* self);

GstFlowReturn data_sink_chain(GstPad* pad, GstObject* parent, GstBuffer* buffer);
gboolean data_sink_event(GstPad* pad, GstObject* parent, GstEvent* event);

gboolean data_src_activate(GstPad* pad, GstObject* parent, GstPadMode mode, gboolean active);
gboolean data_src_event(GstPad* pad, GstObject* parent, GstEvent* event);
gboolean data_src_query(GstPad* pad, GstObject* parent, GstQuery* query);
// Something for the src pad; from any thread. False when too much of this peer waits already.
bool data_src_take(GstGenosDataChannel* self, Talk::Item item);

}  // namespace genos::element
