// SPDX-License-Identifier: LGPL-2.1-or-later
// The properties of GstGenosRoom: a table of what each is and where it is kept.
#include <cstring>

#include "genos/gstgenosroom_private.hpp"

namespace genos {
namespace {

struct TextProperty {
  const char* name;
  std::string RoomConfig::*member;
  const char* blurb;
};

// Texts and switches may be set until the room is joined.
constexpr TextProperty texts[] = {
    {"app-id", &RoomConfig::app_id, "The application; rooms of different ones never meet"},
    {"id", &RoomConfig::room_id, "The room's name"},
    {"password", &RoomConfig::password,
     "Encrypts signalling and is proved before anything is delivered"},
    {"signaling", &RoomConfig::signaling,
     "Relay URIs, comma separated, all used in parallel; or lan, or public. "
     "Default: $GENOS_SIGNALING, else ws://127.0.0.1:7712, where a relay is started if none "
     "answers"},
    {"ice-servers", &RoomConfig::ice_servers,
     "stun:HOST:PORT and turn:USER:PASSWORD@HOST:PORT?transport=udp, comma separated; none for "
     "none. "
     "Default: $GENOS_ICE_SERVERS, else one public STUN server"},
    {"peer", &RoomConfig::peer,
     "Rooms of one process that name the same peer here are one peer; empty: each is its own"},
    {"self-id", &RoomConfig::self_id, "Our own peer id, 20 letters and digits; empty: made up"},
    {"name-hint", &RoomConfig::name_hint,
     "Name to show for us, at most 128 bytes; told to peers of ours"},
    {"identity", &RoomConfig::identity_file, "File of an Ed25519 key that proves who this peer is"},
};

struct SwitchProperty {
  const char* name;
  bool RoomConfig::*member;
  const char* blurb;
};

constexpr SwitchProperty switches[] = {
    {"strict", &RoomConfig::strict,
     "Only our own peers with a signed identity; keys from the password by Argon2id"},
    {"passive", &RoomConfig::passive, "Stay silent until somebody who is not passive comes"},
    {"handshake", &RoomConfig::application_handshake,
     "Peers wait for gst_genos_peer_accept() before they are let in"},
};

struct RateProperty {
  const char* name;
  std::uint64_t RoomConfig::*member;
  const char* blurb;
};

constexpr RateProperty rates[] = {
    {"upload-limit", &RoomConfig::upload_limit, "Files: bytes a second that we send; 0: no limit"},
    {"upload-limit-per-peer", &RoomConfig::upload_limit_per_peer,
     "Files: bytes a second that we send to one peer; 0: no limit"},
    {"download-limit", &RoomConfig::download_limit,
     "Files: bytes a second that we ask for; 0: no limit"},
};

enum Prop : guint {
  prop_first_text = 1,
  prop_first_switch = prop_first_text + std::size(texts),
  prop_first_rate = prop_first_switch + std::size(switches),
  prop_trusted = prop_first_rate + std::size(rates),
  prop_ice_policy,
  prop_activity,
  prop_overflow,
  prop_queue_limit,
  prop_state,
  prop_stats,
  n_props
};
GParamSpec* props[n_props];

void set_trusted(RoomConfig& config, const GValue* value) {
  config.trusted.clear();
  const auto* words = static_cast<const gchar* const*>(g_value_get_boxed(value));
  for (; words && *words; ++words) config.trusted.insert(*words);
}

gchar** get_trusted(const RoomConfig& config) {
  GStrvBuilder* builder = g_strv_builder_new();
  for (const auto& word : config.trusted) g_strv_builder_add(builder, word.c_str());
  gchar** words = g_strv_builder_end(builder);
  g_strv_builder_unref(builder);
  return words;
}

guint activity_of(const RoomConfig& config) {
  guint activity = GST_GENOS_ACTIVITY_NONE;
  if (config.sends) activity |= GST_GENOS_ACTIVITY_SEND;
  if (config.receives) activity |= GST_GENOS_ACTIVITY_RECEIVE;
  return activity;
}

void set_other(RoomConfig& config, guint id, const GValue* value) {
  switch (id) {
    case prop_trusted: set_trusted(config, value); break;
    case prop_ice_policy:
      config.relay_only = g_value_get_enum(value) == GST_GENOS_ICE_POLICY_RELAY;
      break;
    case prop_activity:
      config.sends = (g_value_get_flags(value) & GST_GENOS_ACTIVITY_SEND) != 0;
      config.receives = (g_value_get_flags(value) & GST_GENOS_ACTIVITY_RECEIVE) != 0;
      break;
    case prop_overflow:
      config.overflow = static_cast<core::Overflow>(g_value_get_enum(value));
      break;
    case prop_queue_limit: config.queue_limit = g_value_get_uint64(value); break;
    default: break;
  }
}

void get_other(const RoomConfig& config, guint id, GValue* value) {
  switch (id) {
    case prop_trusted: g_value_take_boxed(value, get_trusted(config)); break;
    case prop_ice_policy:
      g_value_set_enum(value,
                       config.relay_only ? GST_GENOS_ICE_POLICY_RELAY : GST_GENOS_ICE_POLICY_ALL);
      break;
    case prop_activity: g_value_set_flags(value, activity_of(config)); break;
    case prop_overflow: g_value_set_enum(value, static_cast<gint>(config.overflow)); break;
    case prop_queue_limit: g_value_set_uint64(value, config.queue_limit); break;
    default: break;
  }
}

GstStructure* stats_of(GstGenosRoom* self) {
  auto& state = state_of(self);
  guint present = 0;
  const std::scoped_lock guard(state.lock);
  for (const auto& [id, peer] : state.peers)
    if (gst_genos_peer_is_present(peer.get())) ++present;
  return gst_structure_new("application/x-genos-room-stats", "self-id", G_TYPE_STRING,
                           state.front->self_id().c_str(), "peers", G_TYPE_UINT, present,
                           "channels", G_TYPE_UINT, guint(state.channels.size()), "waiting-bytes",
                           G_TYPE_UINT64, guint64(state.waiting_bytes), nullptr);
}

void set_property(GObject* object, guint id, const GValue* value, GParamSpec* pspec) {
  auto& state = state_of(GST_GENOS_ROOM(object));
  const auto where = state.front->state();
  if (where == GST_GENOS_ROOM_STATE_JOINING || where == GST_GENOS_ROOM_STATE_INSIDE) {
    g_warning("GstGenosRoom: leave the room before setting '%s'", pspec->name);
    return;
  }
  const std::scoped_lock guard(state.lock);
  if (id < prop_first_switch) {
    const char* text = g_value_get_string(value);
    state.config.*texts[id - prop_first_text].member = text ? text : "";
  } else if (id < prop_first_rate) {
    state.config.*switches[id - prop_first_switch].member = g_value_get_boolean(value);
  } else if (id < prop_trusted) {
    state.config.*rates[id - prop_first_rate].member = g_value_get_uint64(value);
  } else {
    set_other(state.config, id, value);
  }
}

void get_property(GObject* object, guint id, GValue* value, GParamSpec*) {
  auto* self = GST_GENOS_ROOM(object);
  auto& state = state_of(self);
  if (id == prop_state) return g_value_set_enum(value, state.front->state());
  if (id == prop_stats) return g_value_take_boxed(value, stats_of(self));
  const std::scoped_lock guard(state.lock);
  if (id < prop_first_switch)
    g_value_set_string(value, (state.config.*texts[id - prop_first_text].member).c_str());
  else if (id < prop_first_rate)
    g_value_set_boolean(value, state.config.*switches[id - prop_first_switch].member);
  else if (id < prop_trusted)
    g_value_set_uint64(value, state.config.*rates[id - prop_first_rate].member);
  else
    get_other(state.config, id, value);
}

}  // namespace

/**
 * GstGenosRoom:app-id:
 *
 * The application: rooms of different ones never meet. Default: `genos`.
 *
 * This and the other properties may be set until the room is joined, and again when it was left.
 */
/**
 * GstGenosRoom:id:
 *
 * The room's name, 1 to 1024 bytes of UTF-8. Everybody who says the same one is in the same room.
 */
/**
 * GstGenosRoom:password:
 *
 * Encrypts signaling and is proved before anything is delivered; see also #GstGenosRoom:strict.
 * Empty, the default: whoever knows the names may come in.
 */
/**
 * GstGenosRoom:signaling:
 *
 * Relay URIs, comma separated, all used in parallel: `ws://HOST:PORT`, `wss://HOST:PORT`,
 * `wss://HOST:PORT#sha256=HEX` for a certificate that only its fingerprint vouches for; `lan` for
 * the local network; `public` for the relays that a page with this #GstGenosRoom:app-id picks. At
 * most 32.
 *
 * Empty, the default: `$GENOS_SIGNALING`, else `ws://127.0.0.1:7712`, where a relay is started if
 * none answers.
 */
/**
 * GstGenosRoom:ice-servers:
 *
 * `stun:HOST:PORT` and `turn:USER:PASSWORD@HOST:PORT?transport=udp` (or `tcp`), comma separated;
 * `none` for none. Empty, the default: `$GENOS_ICE_SERVERS`, else one public STUN server. Joining
 * never waits for one.
 */
/**
 * GstGenosRoom:peer:
 *
 * Rooms of one process that name the same peer here are one peer, with one link to each other
 * peer. Empty, the default: each room is a peer of its own.
 */
/**
 * GstGenosRoom:self-id:
 *
 * Our own peer id, 20 letters and digits. Empty, the default: made up.
 */
/**
 * GstGenosRoom:name-hint:
 *
 * A name to show for us, at most 128 bytes of UTF-8. Peers of ours get it as #GstGenosPeer:name
 * once they are linked; relays and pages do not. Empty, the default: none.
 */
/**
 * GstGenosRoom:identity:
 *
 * File of an Ed25519 key, made by gst_genos_identity_create(), that proves who we are. Nobody else
 * may be able to read it. Empty, the default: we prove nothing.
 */
/**
 * GstGenosRoom:strict:
 *
 * Only peers of ours that prove an identity come in, and the key of the room is made of the
 * password by Argon2id. Needs #GstGenosRoom:identity. Default: %FALSE.
 */
/**
 * GstGenosRoom:passive:
 *
 * Stays silent until somebody comes who is not passive. Default: %FALSE.
 */
/**
 * GstGenosRoom:handshake:
 *
 * Peers wait for gst_genos_peer_accept() before they are let in; see
 * #GstGenosRoom::handshake. Default: %FALSE.
 */
/**
 * GstGenosRoom:upload-limit:
 *
 * How many bytes of files we send a second, to all peers together. Default: 0, no limit.
 */
/**
 * GstGenosRoom:upload-limit-per-peer:
 *
 * How many bytes of files we send a second to any one peer. Default: 0, no limit.
 */
/**
 * GstGenosRoom:download-limit:
 *
 * How many bytes of files we ask for a second, of all peers together. Default: 0, no limit.
 */
/**
 * GstGenosRoom:trusted:
 *
 * Keys of identities that may connect; all peers when empty, the default. Peer ids may stand here
 * too, but prove nothing: whoever knows one can take it.
 */
/**
 * GstGenosRoom:ice-transport-policy:
 *
 * Which paths a link may take. Default: %GST_GENOS_ICE_POLICY_ALL.
 */
/**
 * GstGenosRoom:activity:
 *
 * What we do in this room: two of ours that only receive are not linked. Default: both.
 */
/**
 * GstGenosRoom:overflow:
 *
 * What happens when more than #GstGenosRoom:queue-limit waits for one peer. Default:
 * %GST_GENOS_OVERFLOW_WAIT.
 */
/**
 * GstGenosRoom:queue-limit:
 *
 * How many bytes may wait for one peer, 64 KiB to 1 TiB. Default: 64 MiB.
 */
/**
 * GstGenosRoom:state:
 *
 * Where the room stands. Default: %GST_GENOS_ROOM_STATE_OUTSIDE.
 */
/**
 * GstGenosRoom:stats:
 *
 * Figures of the room: `self-id`, `peers` (how many are in it), `channels`, and `waiting-bytes` of
 * messages that came for channels nobody has asked for yet.
 */
void install_room_properties(GObjectClass* klass) {
  klass->set_property = set_property;
  klass->get_property = get_property;
  constexpr auto both = GParamFlags(G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS);
  constexpr auto readable = GParamFlags(G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  const RoomConfig defaults;
  guint id = prop_first_text;
  for (const auto& text : texts)
    props[id++] = g_param_spec_string(text.name, text.name, text.blurb,
                                      (defaults.*text.member).c_str(), both);
  for (const auto& one : switches)
    props[id++] = g_param_spec_boolean(one.name, one.name, one.blurb, defaults.*one.member, both);
  for (const auto& one : rates)
    props[id++] = g_param_spec_uint64(one.name, one.name, one.blurb, 0, guint64(1) << 40, 0, both);
  props[prop_trusted] = g_param_spec_boxed(
      "trusted", "Trusted", "Keys or peer ids that may connect; all when empty", G_TYPE_STRV, both);
  props[prop_ice_policy] = g_param_spec_enum(
      "ice-transport-policy", "ICE transport policy", "Which paths a link may take",
      GST_TYPE_GENOS_ICE_POLICY, GST_GENOS_ICE_POLICY_ALL, both);
  props[prop_activity] = g_param_spec_flags(
      "activity", "Activity", "What we do; two of ours that only receive are not linked",
      GST_TYPE_GENOS_ACTIVITY, GST_GENOS_ACTIVITY_SEND | GST_GENOS_ACTIVITY_RECEIVE, both);
  props[prop_overflow] = g_param_spec_enum(
      "overflow", "Overflow", "What happens when a peer does not take what waits for it",
      GST_TYPE_GENOS_OVERFLOW, GST_GENOS_OVERFLOW_WAIT, both);
  props[prop_queue_limit] =
      g_param_spec_uint64("queue-limit", "Queue limit", "Bytes that may wait for one peer", 1 << 16,
                          guint64(1) << 40, defaults.queue_limit, both);
  props[prop_state] =
      g_param_spec_enum("state", "State", "Where the room stands", GST_TYPE_GENOS_ROOM_STATE,
                        GST_GENOS_ROOM_STATE_OUTSIDE, readable);
  // Not GST_TYPE_STRUCTURE: that is nothing before gst_init(), and introspection comes without.
  props[prop_stats] = g_param_spec_boxed("stats", "Stats", "Figures of the room",
                                         gst_structure_get_type(), readable);
  g_object_class_install_properties(klass, n_props, props);
}

}  // namespace genos
