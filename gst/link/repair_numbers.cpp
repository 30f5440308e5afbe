// SPDX-License-Identifier: LGPL-2.1-or-later
#include "link/repair_numbers.hpp"

#include <array>
#include <map>
#include <string>

namespace genos::link {
namespace {

constexpr const char* property = "ssrc-map";
constexpr auto any_buffer =
    static_cast<GstPadProbeType>(GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST);

}  // namespace

// webrtcbin writes the map whenever it applies something; nobody is told, since it can't be read.
// rtprtxsend (1.22) looks into it when a stream's first packet passes, or caps with its SSRC.
GstPadProbeReturn RepairNumbers::on_media(GstPad* pad, GstPadProbeInfo* info,
                                          gpointer data) noexcept {
  GstBuffer* first = info->type & GST_PAD_PROBE_TYPE_BUFFER_LIST
                         ? gst_buffer_list_get(GST_PAD_PROBE_INFO_BUFFER_LIST(info), 0)
                         : GST_PAD_PROBE_INFO_BUFFER(info);
  std::array<std::uint8_t, 12> header{};
  if (first && gst_buffer_extract(first, 0, header.data(), header.size()) == header.size())
    (*static_cast<Shared*>(data))
        ->number(GST_PAD_PARENT(pad), GST_READ_UINT32_BE(header.data() + 8));
  return GST_PAD_PROBE_OK;
}

void RepairNumbers::number(GstElement* sender, std::uint32_t ssrc) {
  std::map<std::uint32_t, std::uint32_t> told;
  {
    const std::scoped_lock guard(lock_);
    if (!sent_.insert(ssrc).second) return;
    told = repairs_.told();
  }
  const Owned<GstStructure> map(gst_structure_new_empty("application/x-rtp-ssrc-map"));
  for (const auto& [main, repair] : told)
    gst_structure_set(map.get(), std::to_string(main).c_str(), G_TYPE_UINT, guint{repair}, nullptr);
  g_object_set(sender, property, map.get(), nullptr);
}

Connection RepairNumbers::watch(GstElement* pipeline) {
  return on<void(GstBin*, GstBin*, GstElement*)>(
      pipeline, "deep-element-added",
      [self = shared_from_this()](auto*, auto*, GstElement* element) {
        // rtprtxreceive has such a property, too: in it our numbers would be taken for theirs.
        const auto* factory = gst_element_get_factory(element);
        if (!factory || g_strcmp0(GST_OBJECT_NAME(factory), "rtprtxsend") != 0) return;
        const auto entry = adopt(gst_element_get_static_pad(element, "sink"));
        gst_pad_add_probe(entry.get(), any_buffer, on_media, new Shared(self),
                          [](gpointer data) { delete static_cast<Shared*>(data); });
      });
}

std::string RepairNumbers::keep(const std::string& created) {
  auto parsed = core::Sdp::parse(created);
  if (!parsed) return created;  // whoever reads it next says so
  {
    const std::scoped_lock guard(lock_);
    repairs_.keep(*parsed);
  }
  return (*parsed).text();
}

}  // namespace genos::link
