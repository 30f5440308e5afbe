// SPDX-License-Identifier: LGPL-2.1-or-later
#include "link/description.hpp"

namespace genos::link {

using core::Errc;
using core::Error;

core::Result<Owned<GstWebRTCSessionDescription>> to_webrtc(const core::Description& description) {
  Owned<GstSDPMessage> message;
  if (gst_sdp_message_new_from_text(description.sdp.c_str(), out(message)) != GST_SDP_OK)
    return Error{Errc::malformed, "GStreamer cannot parse the session description"};
  const auto type = description.type == core::DescriptionType::offer ? GST_WEBRTC_SDP_TYPE_OFFER
                                                                     : GST_WEBRTC_SDP_TYPE_ANSWER;
  return Owned<GstWebRTCSessionDescription>(
      gst_webrtc_session_description_new(type, message.release()));
}

std::string promise_error(const GstStructure* reply) {
  if (!reply || !gst_structure_has_field(reply, "error")) return {};
  Owned<GError> error;
  {
    Out<GError> slot(error);
    gst_structure_get(reply, "error", G_TYPE_ERROR, static_cast<GError**>(slot), nullptr);
  }
  return error ? error->message : "webrtcbin failed without a reason";
}

core::Result<std::string> created_sdp(const GstStructure* reply, const char* field) {
  const std::string failure = promise_error(reply);
  if (!failure.empty()) return Error{Errc::failed, failure};
  Owned<GstWebRTCSessionDescription> made;
  if (reply && gst_structure_has_field(reply, field)) {
    Out<GstWebRTCSessionDescription> slot(made);
    gst_structure_get(reply, field, GST_TYPE_WEBRTC_SESSION_DESCRIPTION,
                      static_cast<GstWebRTCSessionDescription**>(slot), nullptr);
  }
  if (!made) return Error{Errc::failed, std::string("webrtcbin made no ") + field};
  const Owned<char> text(gst_sdp_message_as_text(made->sdp));
  return std::string(text.get());
}

}  // namespace genos::link
