// SPDX-License-Identifier: LGPL-2.1-or-later
#include "rtpav1pay/header_room.hpp"

#include <gst/rtp/gstrtpbuffer.h>
#include <gst/rtp/gstrtpmeta.h>

#include <algorithm>

namespace genos::element {
namespace {

// RFC 8285: the short form of an extension has a byte before it, and these limits.
constexpr gsize short_size = 16;
constexpr guint short_id = 14;
constexpr guint word = 4;

guint id_of(const Ref<GstElement>& extension) {
  return gst_rtp_header_extension_get_id(GST_RTP_HEADER_EXTENSION(extension.get()));
}

guint sources_of(GstRTPBasePayload* payloader, GstBuffer* frame) {
  if (!gst_rtp_base_payload_is_source_info_enabled(payloader)) return 0;
  const auto* meta = gst_buffer_get_rtp_source_meta(frame);
  return meta ? meta->csrc_count + (meta->ssrc_valid ? 1U : 0U) : 0;
}

}  // namespace

void HeaderRoom::watch(GstRTPBasePayload* payloader) {
  g_signal_connect(payloader, "request-extension", G_CALLBACK(on_request), this);
  g_signal_connect(payloader, "add-extension", G_CALLBACK(on_add), this);
  g_signal_connect(payloader, "clear-extensions", G_CALLBACK(on_clear), this);
}

// The first who is asked, and whoever answers first is taken: so we ask the others ourselves.
GstRTPHeaderExtension* HeaderRoom::on_request(GstElement* payloader, guint id, const char* uri,
                                              gpointer data) noexcept {
  auto& self = *static_cast<HeaderRoom*>(data);
  if (self.asking_) return nullptr;
  GstRTPHeaderExtension* answer = nullptr;
  self.asking_ = true;
  g_signal_emit_by_name(payloader, "request-extension", id, uri, &answer);
  self.asking_ = false;
  if (answer) self.keep(answer);
  return answer;
}

void HeaderRoom::on_add(GstElement*, GstRTPHeaderExtension* extension, gpointer self) noexcept {
  static_cast<HeaderRoom*>(self)->keep(extension);
}

void HeaderRoom::on_clear(GstElement*, gpointer data) noexcept {
  auto& self = *static_cast<HeaderRoom*>(data);
  const std::scoped_lock guard(self.lock_);
  self.extensions_.clear();
}

void HeaderRoom::keep(GstRTPHeaderExtension* extension) {
  auto kept = retain(GST_ELEMENT(extension));
  const std::scoped_lock guard(lock_);
  std::erase_if(extensions_, [&](const auto& other) { return id_of(other) == id_of(kept); });
  extensions_.push_back(std::move(kept));
}

guint HeaderRoom::extensions_of(const GstBuffer* frame) const {
  std::vector<Ref<GstElement>> extensions;
  {
    const std::scoped_lock guard(lock_);
    extensions = extensions_;
  }
  if (extensions.empty()) return 0;
  guint before = 1;  // bytes before each
  gsize all = 0;
  for (const auto& each : extensions) {
    auto* extension = GST_RTP_HEADER_EXTENSION(each.get());
    const auto size = gst_rtp_header_extension_get_max_size(extension, frame);
    const auto flags = gst_rtp_header_extension_get_supported_flags(extension);
    if (size > short_size || id_of(each) > short_id || !(flags & GST_RTP_HEADER_EXTENSION_ONE_BYTE))
      before = 2;
    all += size;
  }
  all += before * extensions.size();
  return word + guint((all + word - 1) / word * word);
}

guint HeaderRoom::payload_of(GstRTPBasePayload* payloader, GstBuffer* frame, guint floor) const {
  const guint mtu = GST_RTP_BASE_PAYLOAD_MTU(payloader);
  const guint header = gst_rtp_buffer_calc_header_len(guint8(sources_of(payloader, frame)));
  return std::max(floor, mtu - std::min(mtu, header + extensions_of(frame)));
}

}  // namespace genos::element
