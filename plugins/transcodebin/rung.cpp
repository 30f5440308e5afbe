// SPDX-License-Identifier: LGPL-2.1-or-later
#include "rung.hpp"

#include "bridge/define_type.hpp"

using namespace genos;
using namespace genos::element;

// A ghost pad that can be switched off.
struct _GstGenosRungPad {
  GstGhostPad parent;
  gboolean enabled;
  std::weak_ptr<Outlet>* outlet;
};
G_DEFINE_FINAL_TYPE(GstGenosRungPad, gst_genos_rung_pad, GST_TYPE_GHOST_PAD)

enum { prop_none, prop_enabled };

static void update(GstGenosRungPad* self, bool linked) {
  if (const auto outlet = self->outlet->lock()) outlet->taken = linked && self->enabled;
}

static void gst_genos_rung_pad_linked(GstPad* pad, GstPad*) {
  update(GST_GENOS_RUNG_PAD(pad), true);
}

static void gst_genos_rung_pad_unlinked(GstPad* pad, GstPad*) {
  update(GST_GENOS_RUNG_PAD(pad), false);
}

static void gst_genos_rung_pad_set_property(GObject* object, guint id, const GValue* value,
                                            GParamSpec* pspec) {
  auto* self = GST_GENOS_RUNG_PAD(object);
  if (id != prop_enabled) {
    G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
    return;
  }
  self->enabled = g_value_get_boolean(value);
  update(self, gst_pad_is_linked(GST_PAD(self)));
}

static void gst_genos_rung_pad_get_property(GObject* object, guint id, GValue* value,
                                            GParamSpec* pspec) {
  if (id == prop_enabled)
    g_value_set_boolean(value, GST_GENOS_RUNG_PAD(object)->enabled);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
}

static void gst_genos_rung_pad_init(GstGenosRungPad* self) {
  self->enabled = TRUE;
  self->outlet = new std::weak_ptr<Outlet>;
  g_signal_connect(self, "linked", G_CALLBACK(gst_genos_rung_pad_linked), nullptr);
  g_signal_connect(self, "unlinked", G_CALLBACK(gst_genos_rung_pad_unlinked), nullptr);
}

static void gst_genos_rung_pad_finalize(GObject* object) {
  delete GST_GENOS_RUNG_PAD(object)->outlet;
  G_OBJECT_CLASS(gst_genos_rung_pad_parent_class)->finalize(object);
}

static void gst_genos_rung_pad_class_init(GstGenosRungPadClass* klass) {
  auto* object_class = G_OBJECT_CLASS(klass);
  object_class->set_property = gst_genos_rung_pad_set_property;
  object_class->get_property = gst_genos_rung_pad_get_property;
  object_class->finalize = gst_genos_rung_pad_finalize;
  g_object_class_install_property(
      object_class, prop_enabled,
      g_param_spec_boolean(
          "enabled", "Enabled", "Whether this rung is made; one that is not costs nothing", TRUE,
          GParamFlags(G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_PLAYING)));
}

namespace genos::element {
namespace {

// As much sound, or pictures of a file, as a muxer may want of one stream before the other's.
constexpr guint64 sound_waiting = 10 * GST_SECOND;
constexpr guint frames_waiting = 8;

std::string description_of(const Encoder& encoder, const core::RungWords& words) {
  const bool is_sound = words.lines == 0;
  std::string text = "queue name=queue silent=true max-size-bytes=0 ";
  text += is_sound ? "max-size-buffers=0 max-size-time=" + std::to_string(sound_waiting) +
                         " ! audioconvert"
                   : "max-size-time=0 max-size-buffers=" + std::to_string(frames_waiting);
  text += " ! " + encoder_words(encoder, words);
  if (*encoder.parser) text += std::string(" ! ") + encoder.parser;
  return text;
}

// The first caps that leave it are those it asks for from then on.
GstPadProbeReturn keep_caps(GstPad* pad, GstPadProbeInfo* info, gpointer) noexcept {
  auto* event = GST_PAD_PROBE_INFO_EVENT(info);
  if (GST_EVENT_TYPE(event) != GST_EVENT_CAPS) return GST_PAD_PROBE_OK;
  GstCaps* caps = nullptr;
  gst_event_parse_caps(event, &caps);
  const auto filter = adopt(gst_pad_get_parent_element(pad));
  g_object_set(filter.get(), "caps", caps, nullptr);
  return GST_PAD_PROBE_REMOVE;
}

Ref<GstElement> child(const Ref<GstElement>& bin, const char* name) {
  return adopt(gst_bin_get_by_name(GST_BIN(bin.get()), name));
}

}  // namespace

core::Result<std::shared_ptr<Rung>> Rung::make(GstBin* bin, GstGenosSplitter* splitter,
                                               core::RungWords words, const Encoder& encoder,
                                               const std::string& pad_name) {
  std::shared_ptr<Rung> rung(new Rung);
  rung->bin_ = retain(GST_ELEMENT(bin));
  rung->splitter_ = splitter;
  rung->encoder_ = &encoder;
  rung->outlet_ = std::make_shared<Outlet>();
  rung->outlet_->words = std::move(words);
  rung->counted_ = std::make_shared<Counted>();
  auto built = rung->build(bin, pad_name);
  if (!built) return built.error();
  return rung;
}

core::Result<bool> Rung::build(GstBin* bin, const std::string& pad_name) {
  Owned<GError> error;
  elements_ = sink(gst_parse_bin_from_description(description_of(*encoder_, outlet_->words).c_str(),
                                                  TRUE, out(error)));
  if (!elements_ || error)
    return core::Error{core::Errc::not_found,
                       std::string(encoder_->factory) + ": " + (error ? error->message : "")};
  gst_object_set_name(GST_OBJECT(elements_.get()), ("rung-" + pad_name).c_str());
  encoder_element_ = child(elements_, "encoder");
  if (encoder_->prepare) encoder_->prepare(encoder_element_.get());
  apply_bitrate();
  if (const auto steady = child(elements_, "steady")) {
    const auto out = adopt(gst_element_get_static_pad(steady.get(), "src"));
    gst_pad_add_probe(out.get(), GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, keep_caps, nullptr, nullptr);
  }
  gst_bin_add(bin, elements_.get());
  exit_ = splitter_add(splitter_, outlet_, child(elements_, "queue").get());
  const auto in = adopt(gst_element_get_static_pad(elements_.get(), "sink"));
  const auto end = adopt(gst_element_get_static_pad(elements_.get(), "src"));
  gst_pad_link(exit_, in.get());
  pad_ = sink(GST_PAD(g_object_new(gst_genos_rung_pad_get_type(), "name", pad_name.c_str(),
                                   "direction", GST_PAD_SRC, nullptr)));
  *GST_GENOS_RUNG_PAD(pad_.get())->outlet = outlet_;
  gst_ghost_pad_set_target(GST_GHOST_PAD(pad_.get()), end.get());
  watch();
  return true;
}

// What becomes of a reader is no matter of the encoder: a queue would take it for an error and
// never go on, even for another reader.
static GstFlowReturn pass_on(GstPad* pad, GstObject* ghost, GstBuffer* buffer) noexcept {
  const GstFlowReturn flow = gst_proxy_pad_chain_default(pad, ghost, buffer);
  const bool is_readers = flow == GST_FLOW_NOT_LINKED || flow == GST_FLOW_EOS ||
                          (flow == GST_FLOW_FLUSHING && !GST_PAD_IS_FLUSHING(ghost));
  return is_readers ? GST_FLOW_OK : flow;
}

// Counts what comes out. What arrives after the last reader went is dropped here: a queue would
// take "not linked" for an error and never go on.
void Rung::watch() {
  const auto internal = adopt(GST_PAD(gst_proxy_pad_get_internal(GST_PROXY_PAD(pad_.get()))));
  gst_pad_set_chain_function(internal.get(), pass_on);
  const auto end = adopt(gst_element_get_static_pad(elements_.get(), "src"));
  struct Watch {
    std::shared_ptr<Counted> counted;
    GstPad* pad;  // outlives its target's probes: it holds the target
  };
  gst_pad_add_probe(
      end.get(), GST_PAD_PROBE_TYPE_BUFFER,
      [](GstPad*, GstPadProbeInfo* info, gpointer data) noexcept {
        auto& watch = *static_cast<Watch*>(data);
        if (!gst_pad_is_linked(watch.pad)) return GST_PAD_PROBE_DROP;
        watch.counted->buffers++;
        watch.counted->bytes += gst_buffer_get_size(GST_PAD_PROBE_INFO_BUFFER(info));
        return GST_PAD_PROBE_OK;
      },
      new Watch{counted_, pad_.get()}, [](gpointer data) { delete static_cast<Watch*>(data); });
}

void Rung::start() { gst_element_sync_state_with_parent(elements_.get()); }

// In a thread that is none of its elements'.
void Rung::call_later(std::shared_ptr<Rung> self, void (Rung::*what)()) {
  struct Call {
    std::shared_ptr<Rung> rung;
    void (Rung::*what)();
  };
  auto* bin = self->bin_.get();
  gst_element_call_async(
      bin,
      [](GstElement*, gpointer data) noexcept {
        const auto& call = *static_cast<Call*>(data);
        (*call.rung.*call.what)();
      },
      new Call{std::move(self), what}, [](gpointer data) { delete static_cast<Call*>(data); });
}

void Rung::remove(const std::shared_ptr<Rung>& self) {
  const bool drains = !self->outlet_->failed.exchange(true) && gst_pad_is_linked(self->pad_.get());
  if (drains)
    self->end_probe_ = gst_pad_add_probe(
        self->pad_.get(), GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM,
        [](GstPad*, GstPadProbeInfo* info, gpointer data) noexcept {
          if (GST_EVENT_TYPE(GST_PAD_PROBE_INFO_EVENT(info)) == GST_EVENT_EOS)
            call_later(*static_cast<std::shared_ptr<Rung>*>(data), &Rung::dispose);
          return GST_PAD_PROBE_OK;
        },
        new std::shared_ptr<Rung>(self),
        [](gpointer data) { delete static_cast<std::shared_ptr<Rung>*>(data); });
  self->bound(false);  // the end gets in, too
  splitter_remove(self->splitter_, self->exit_);
  const bool has_ended = bool(adopt(gst_pad_get_sticky_event(self->pad_.get(), GST_EVENT_EOS, 0)));
  if (!drains || has_ended) call_later(self, &Rung::dispose);
}

void Rung::bound(bool bounded) {
  if (bounded && outlet_->failed) return;  // it ends
  if (bounded_.exchange(bounded) == bounded) return;
  const bool is_sound = outlet_->words.lines == 0;
  g_object_set(child(elements_, "queue").get(), "max-size-buffers",
               bounded && !is_sound ? frames_waiting : 0, "max-size-time",
               bounded && is_sound ? sound_waiting : 0, nullptr);
}

void Rung::dispose() {
  const std::scoped_lock guard(disposing_);  // who comes second waits until it is gone
  if (disposed_.exchange(true)) return;
  if (end_probe_ != 0) gst_pad_remove_probe(pad_.get(), end_probe_);  // it holds this rung
  // Out of the bin first: while they wait for a reader that is about to stop, the bin is, too.
  gst_element_set_locked_state(elements_.get(), TRUE);
  gst_bin_remove(GST_BIN(bin_.get()), elements_.get());
  gst_element_set_state(elements_.get(), GST_STATE_NULL);
  gst_pad_set_active(pad_.get(), FALSE);
  gst_element_remove_pad(bin_.get(), pad_.get());
}

bool Rung::owns(GstObject* object) const {
  return gst_object_has_as_ancestor(object, GST_OBJECT(elements_.get()));
}

// A queue sends the end behind an error that comes back to it, but an encoder need not return one.
void Rung::end() {
  const auto last = adopt(gst_element_get_static_pad(elements_.get(), "src"));
  gst_pad_push_event(last.get(), gst_event_new_eos());
}

void Rung::apply_bitrate() {
  element::set_bitrate(encoder_element_.get(), *encoder_, outlet_->words.bitrate);
}

Owned<GstStructure> Rung::stats() const {
  const auto& words = outlet_->words;
  const Owned<char> name(gst_pad_get_name(pad_.get()));
  const auto said = core::to_words(words);
  return Owned<GstStructure>(gst_structure_new(
      "rung", "pad", G_TYPE_STRING, name.get(), "words", G_TYPE_STRING, said.c_str(), "codec",
      G_TYPE_STRING, encoder_->codec, "encoder", G_TYPE_STRING, encoder_->factory, "width",
      G_TYPE_UINT, outlet_->width.load(), "height", G_TYPE_UINT, outlet_->height.load(), "bitrate",
      G_TYPE_UINT, words.bitrate, "frames", G_TYPE_UINT64, outlet_->frames.load(), "position",
      G_TYPE_UINT64, outlet_->position.load(), "keyframes", G_TYPE_UINT64,
      outlet_->keyframes.load(), "dropped", G_TYPE_UINT64, outlet_->dropped.load(), "buffers",
      G_TYPE_UINT64, counted_->buffers.load(), "bytes", G_TYPE_UINT64, counted_->bytes.load(),
      "taken", G_TYPE_BOOLEAN, outlet_->taken.load(), "failed", G_TYPE_BOOLEAN,
      outlet_->failed.load(), nullptr));
}

}  // namespace genos::element
