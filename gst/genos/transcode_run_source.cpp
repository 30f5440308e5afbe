// SPDX-License-Identifier: LGPL-2.1-or-later
// Where a run of a transcoding job reads.
#include <filesystem>

#include "genos/transcode_run.hpp"
#include "jobs/job_store.hpp"

namespace genos {

using core::Errc;
using core::Error;

constexpr guint seconds_to_connect = 5;

Ref<GstElement> TranscodeRun::make(const char* factory) {
  return sink(gst_element_factory_make(factory, nullptr));
}

// A URI whose streams come one by one, as those of rtsp:// and genos:// do, is decoded at once.
static core::Result<Ref<GstElement>> source_of_uri(const std::string& uri) {
  Owned<GError> error;
  auto element = sink(gst_element_make_from_uri(GST_URI_SRC, uri.c_str(), nullptr, out(error)));
  if (!element) return Error{Errc::not_found, error ? error->message : uri};
  if (adopt(gst_element_get_static_pad(element.get(), "src"))) return element;
  element = sink(gst_element_factory_make("uridecodebin", nullptr));
  if (element) g_object_set(element.get(), "uri", uri.c_str(), nullptr);
  return element;
}

core::Result<Ref<GstElement>> TranscodeRun::make_source() const {
  if (options_.element) return options_.element;
  const auto& source = options_.source;
  core::Result<Ref<GstElement>> element = Ref<GstElement>();
  if (source == "-") {
    element = make("fdsrc");
  } else if (jobs::is_uri(source)) {
    element = source_of_uri(source);
  } else {
    std::error_code error;
    if (!std::filesystem::is_regular_file(source, error))
      return Error{Errc::not_found, "'" + source + "' is not a file"};
    element = make("filesrc");
    if (*element) g_object_set((*element).get(), "location", source.c_str(), nullptr);
  }
  if (element && !*element) return Error{Errc::not_found, "GStreamer's core elements are missing"};
  return element;
}

// All pads that an application's element has, or that a URI's will have.
bool TranscodeRun::link(GstElement* source) {
  if (!options_.element && adopt(gst_element_get_static_pad(source, "src")))
    return gst_element_link(source, t_.get());
  if (!options_.element) {
    awaited_ = G_MAXUINT;  // until all are there
    g_signal_connect(source, "pad-added", G_CALLBACK(on_source_pad), this);
    g_signal_connect(source, "no-more-pads", G_CALLBACK(on_all_source_pads), this);
    return true;
  }
  const auto link_one = [](GstElement*, GstPad* pad, gpointer data) noexcept -> gboolean {
    auto& self = *static_cast<TranscodeRun*>(data);
    ++self.awaited_;
    return self.take(pad);
  };
  return gst_element_foreach_src_pad(source, link_one, this) && awaited_ > 0;
}

bool TranscodeRun::take(GstPad* pad) {
  const auto entry = adopt(gst_element_request_pad_simple(t_.get(), "sink_%u"));
  return gst_pad_link(pad, entry.get()) == GST_PAD_LINK_OK;
}

// The first of a kind, if it is wanted.
void TranscodeRun::on_source_pad(GstElement*, GstPad* pad, gpointer data) noexcept {
  auto& self = *static_cast<TranscodeRun*>(data);
  const auto caps = adopt(gst_pad_query_caps(pad, nullptr));
  const char* kind = gst_caps_is_empty(caps.get()) || gst_caps_is_any(caps.get())
                         ? ""
                         : gst_structure_get_name(gst_caps_get_structure(caps.get(), 0));
  const bool is_sound = g_str_has_prefix(kind, "audio/");
  if ((!is_sound && !g_str_has_prefix(kind, "video/")) ||
      (is_sound && self.options_.sounds.empty()) || self.taken_[is_sound].exchange(true))
    return;
  if (!self.take(pad)) self.fail("the source does not fit");
}

void TranscodeRun::on_all_source_pads(GstElement*, gpointer data) noexcept {
  auto& self = *static_cast<TranscodeRun*>(data);
  self.awaited_ = guint(self.taken_[0]) + guint(self.taken_[1]);
  if (self.awaited_ == 0) return self.fail("there is no picture and no sound in it");
  on_all_pads(nullptr, data);  // the transcoder may have told before
}

static std::string_view factory_behind(GstMessage* message) {
  GstObject* from = GST_MESSAGE_SRC(message);
  auto* factory = GST_IS_ELEMENT(from) ? gst_element_get_factory(GST_ELEMENT(from)) : nullptr;
  return factory ? GST_OBJECT_NAME(factory) : "";
}

// souphttpsrc (1.22) does not say why it got no connection: whoever tries for another one is told.
// False: that is not it.
bool TranscodeRun::ask_why_unreachable(GstMessage* error) {
  const char* scheme = g_uri_peek_scheme(options_.source.c_str());
  if (factory_behind(error) != "souphttpsrc" || !scheme) return false;
  const auto client = adopt(g_socket_client_new());
  g_socket_client_set_timeout(client.get(), seconds_to_connect);
  connecting_ = adopt(g_cancellable_new());
  const auto tried = [](GObject* from, GAsyncResult* result, gpointer data) noexcept {
    Owned<GError> why;
    const auto connection =
        adopt(g_socket_client_connect_to_uri_finish(G_SOCKET_CLIENT(from), result, out(why)));
    if (g_error_matches(why.get(), G_IO_ERROR, G_IO_ERROR_CANCELLED)) return;  // it may be gone
    auto& self = *static_cast<TranscodeRun*>(data);
    if (why) self.failures_ = why->message;
    self.end(self.cancelled_ ? Outcome::Kind::cancelled : Outcome::Kind::failed);
  };
  const guint16 port = g_strcmp0(scheme, "https") == 0 ? 443 : 80;
  g_socket_client_connect_to_uri_async(client.get(), options_.source.c_str(), port,
                                       connecting_.get(), tried, this);
  return true;
}

}  // namespace genos
