// SPDX-License-Identifier: LGPL-2.1-or-later
#include "link/media_guard.hpp"

#include <array>
#include <cstring>

namespace genos::link {
namespace {

// Of signs of life; with the longest time between two reports, no more than the room waits for one.
constexpr gint64 heard_interval = 250 * G_TIME_SPAN_MILLISECOND;
// A page with 16 streams, RTX and FEC has 48; each is a session source and a jitterbuffer in
// rtpbin.
constexpr std::size_t max_ssrcs = 256;
constexpr auto any_buffer =
    static_cast<GstPadProbeType>(GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST);

using Shared = std::shared_ptr<MediaGuard>;

void add_probe(GstPad* pad, GstPadProbeCallback callback, const Shared& guard) {
  gst_pad_add_probe(pad, any_buffer, callback, new Shared(guard),
                    [](gpointer data) { delete static_cast<Shared*>(data); });
}

bool has_factory(GstElement* element, const char* name) {
  GstElementFactory* factory = gst_element_get_factory(element);
  return factory && std::strcmp(GST_OBJECT_NAME(factory), name) == 0;
}

}  // namespace

struct MediaGuard::Probes {
  using Test = bool (MediaGuard::*)(GstBuffer*);
  static GstPadProbeReturn keep(GstPadProbeInfo* info, MediaGuard& guard, Test passes) {
    if (info->type & GST_PAD_PROBE_TYPE_BUFFER)
      return (guard.*passes)(GST_PAD_PROBE_INFO_BUFFER(info)) ? GST_PAD_PROBE_OK
                                                              : GST_PAD_PROBE_DROP;
    auto* list = gst_buffer_list_make_writable(GST_PAD_PROBE_INFO_BUFFER_LIST(info));
    info->data = list;
    for (guint i = gst_buffer_list_length(list); i-- > 0;)
      if (!(guard.*passes)(gst_buffer_list_get(list, i))) gst_buffer_list_remove(list, i, 1);
    return gst_buffer_list_length(list) > 0 ? GST_PAD_PROBE_OK : GST_PAD_PROBE_DROP;
  }

  static GstPadProbeReturn rtp(GstPad*, GstPadProbeInfo* info, gpointer data) noexcept {
    return keep(info, **static_cast<Shared*>(data), &MediaGuard::admits);
  }

  static GstPadProbeReturn rtcp(GstPad*, GstPadProbeInfo* info, gpointer data) noexcept {
    auto& guard = **static_cast<Shared*>(data);
    if (!(info->type & GST_PAD_PROBE_TYPE_BUFFER)) return GST_PAD_PROBE_DROP;  // srtpdec makes none
    auto buffer = adopt(GST_PAD_PROBE_INFO_BUFFER(info));
    const bool passes = guard.hears(buffer);
    info->data = buffer.release();
    return passes ? GST_PAD_PROBE_OK : GST_PAD_PROBE_DROP;
  }

  static GstPadProbeReturn network(GstPad*, GstPadProbeInfo* info, gpointer data) noexcept {
    auto& guard = **static_cast<Shared*>(data);
    guard.hear();
    return keep(info, guard, &MediaGuard::passes);
  }
};

// webrtcbin (1.22, and upstream's head as of 1.29.2) keeps a list of which SSRC belongs to which
// line. It puts an SSRC without a line on it when RTCP names it first, and then leaves that so when
// a description announces it; and takes one off when RTCP says goodbye in its name. Either way it
// dereferences NULL when that SSRC's media comes. Who may send has been announced, so what the
// descriptions put there is the whole list.
void MediaGuard::keep_list(GstElement* rtpbin, GstElement* webrtcbin) {
  for (const char* name :
       {"on-new-ssrc", "on-bye-ssrc", "on-bye-timeout", "on-sender-timeout", "on-timeout"}) {
    const guint signal = g_signal_lookup(name, G_OBJECT_TYPE(rtpbin));
    g_signal_handlers_block_matched(
        rtpbin, static_cast<GSignalMatchType>(G_SIGNAL_MATCH_ID | G_SIGNAL_MATCH_DATA), signal, 0,
        nullptr, nullptr, webrtcbin);
  }
}

// webrtcbin (1.22) gives each jitterbuffer the do-nack of every line in turn, so it has that of the
// last: beside a page's sound nothing of its pictures was asked for again, and with 5 % of loss
// each loss was a standstill, of 0.3 to 1 s.
void MediaGuard::ask_again_for(std::uint32_t ssrc, GstElement* jitterbuffer) {
  gboolean is_picture = FALSE;
  {
    const std::scoped_lock guard(lock_);
    is_picture = pictures_.contains(ssrc);
  }
  g_object_set(jitterbuffer, "do-retransmission", is_picture, nullptr);
}

std::vector<Connection> MediaGuard::watch(GstElement* pipeline, GstElement* webrtcbin) {
  std::vector<Connection> connections;
  const Shared self = shared_from_this();
  const auto rtpbin = adopt(gst_bin_get_by_name(GST_BIN(webrtcbin), "rtpbin"));
  if (rtpbin) {
    keep_list(rtpbin.get(), webrtcbin);
    connections.push_back(
        on<void(GstElement*, GstPad*)>(rtpbin.get(), "pad-added", [self](auto*, GstPad* pad) {
          if (g_str_has_prefix(GST_PAD_NAME(pad), "recv_rtp_sink_"))
            add_probe(pad, Probes::rtp, self);
          if (g_str_has_prefix(GST_PAD_NAME(pad), "recv_rtcp_sink_"))
            add_probe(pad, Probes::rtcp, self);
        }));
    connections.push_back(on<void(GstElement*, GstElement*, guint, guint)>(
        rtpbin.get(), "new-jitterbuffer",
        [self](auto*, GstElement* jitterbuffer, guint, guint ssrc) {
          self->ask_again_for(ssrc, jitterbuffer);
        }));
  }
  connections.push_back(on<void(GstBin*, GstBin*, GstElement*)>(
      pipeline, "deep-element-added", [self](auto*, auto*, GstElement* element) {
        if (!has_factory(element, "nicesrc")) return;
        const auto pad = adopt(gst_element_get_static_pad(element, "src"));
        if (pad) add_probe(pad.get(), Probes::network, self);
      }));
  return connections;
}

void MediaGuard::announce(const std::vector<core::RemoteMedia>& media) {
  const std::scoped_lock guard(lock_);
  for (const auto& line : media)
    if (!line.rejected) add_sources(line);
}

void MediaGuard::add_sources(const core::RemoteMedia& line) {
  const bool is_picture = line.kind == core::MediaKind::video;
  for (const std::uint32_t ssrc : line.ssrcs) {
    const bool is_new = ssrcs_.size() < max_ssrcs && ssrcs_.insert(ssrc).second;
    if (is_new && is_picture) pictures_.insert(ssrc);
  }
  for (const auto& [media_of, repair] : line.retransmissions)
    if (repairs_.size() < max_ssrcs) repairs_.insert(repair);
}

// SRTP leaves the header readable, so this need not wait for the decryption. RFC 5761 section 4
// tells RTP from RTCP; what srtpdec takes for the other of the two meets admits() again.
bool MediaGuard::passes(GstBuffer* buffer) {
  std::array<std::uint8_t, 2> start{};
  if (gst_buffer_extract(buffer, 0, start.data(), start.size()) != start.size()) return true;
  const bool rtp_or_rtcp = start[0] >> 6 == 2, rtcp = start[1] >= 192 && start[1] <= 223;
  return !rtp_or_rtcp || rtcp || admits(buffer);
}

bool MediaGuard::admits(GstBuffer* buffer) {
  std::array<std::uint8_t, 12> header{};
  const bool whole = gst_buffer_extract(buffer, 0, header.data(), header.size()) == header.size();
  const std::uint32_t ssrc = GST_READ_UINT32_BE(header.data() + 8);
  // Mixers name whom they mixed (CSRC), and rtpsession makes a record of each.
  const bool is_mixed = (header[0] & 0x0f) != 0;
  bool known = false;
  if (whole && !is_mixed && verified_) {
    const std::scoped_lock guard(lock_);
    known = ssrcs_.contains(ssrc);
  }
  if (!known) refused_++;
  return known;
}

bool MediaGuard::hears(Ref<GstBuffer>& buffer) {
  core::Bytes bytes(gst_buffer_get_size(buffer.get()));
  gst_buffer_extract(buffer.get(), 0, bytes.data(), bytes.size());
  auto verdict = core::RtcpGate::Verdict::drop;
  {
    const std::scoped_lock guard(lock_);
    verdict = reports_.check(bytes, [this](std::uint32_t ssrc) {
      return ssrcs_.contains(ssrc) && !repairs_.contains(ssrc);
    });
  }
  if (verdict == core::RtcpGate::Verdict::drop) return false;
  if (verdict == core::RtcpGate::Verdict::pass) return true;
  auto changed = adopt(gst_buffer_new_memdup(bytes.data(), bytes.size()));
  gst_buffer_copy_into(changed.get(), buffer.get(), GST_BUFFER_COPY_METADATA, 0, gsize(-1));
  buffer = std::move(changed);
  return true;
}

void MediaGuard::hear() {
  const gint64 now = g_get_monotonic_time();
  gint64 last = heard_at_.load(std::memory_order_relaxed);
  if (now - last < heard_interval) return;
  if (heard_at_.compare_exchange_strong(last, now, std::memory_order_relaxed)) heard_();
}

}  // namespace genos::link
