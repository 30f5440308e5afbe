// SPDX-License-Identifier: LGPL-2.1-or-later
#include "net/relay_pool.hpp"

#include <algorithm>
#include <mutex>

#include "bridge/pump.hpp"
#include "net/embedded.hpp"
#include "net/lan.hpp"

namespace genos::net {
namespace {

namespace nostr = core::nostr;

// A minute of a busy room over five relays, about 1.5 MiB.
constexpr std::size_t seen_limit = 16384;
constexpr std::size_t seen_size = 16;  // of a name: nobody finds two events with the same 128 bits
// More than we publish within the second in which ids may repeat.
constexpr std::size_t sent_limit = 4096;
constexpr std::size_t repeat_tag_length = 8;
// From warm_up() to the first room.
constexpr core::Duration warm_limit = std::chrono::seconds(60);

}  // namespace

bool SeenEvents::insert(const std::string& id) {
  if (!ids_.insert(id).second) return false;
  order_.push_back(id);
  if (order_.size() > limit_) {
    ids_.erase(order_.front());
    order_.pop_front();
  }
  return true;
}

std::shared_ptr<RelayPool> RelayPool::of(GMainContext* context) {
  static std::mutex lock;
  static std::map<GMainContext*, std::weak_ptr<RelayPool>> pools;
  const std::scoped_lock guard(lock);
  auto& known = pools[context];
  auto pool = known.lock();
  if (!pool) known = pool = std::make_shared<RelayPool>(context, Options());
  std::erase_if(pools, [](const auto& entry) { return entry.second.expired(); });
  return pool;
}

RelayPool::RelayPool(GMainContext* context, Options options)
    : context_(retain(context)),
      options_(options),
      seen_(seen_limit),
      sent_(sent_limit),
      embedded_(std::make_unique<EmbeddedRelays>(context)),
      tick_(context, [this] { tick(); }) {}

// Clients first: they must not notice that the relay in this process goes.
RelayPool::~RelayPool() {
  relays_.clear();
  beacon_ = nullptr;
}

// --- relays
// ---------------------------------------------------------------------------------------

core::RelayId RelayPool::attach(Listener& listener, const RelayUri& uri) {
  return attach(listener, uri, false);
}

core::RelayId RelayPool::attach_lan(Listener& listener) {
  const std::string host = "127.0.0.1";
  RelayUri uri;
  uri.url = "ws://" + host + ":" + std::to_string(options_.lan_port);
  uri.host = host;
  uri.port = options_.lan_port;
  uri.loopback = true;
  members_[&listener].lan = true;
  open_beacon();
  return attach(listener, uri, true);
}

core::RelayId RelayPool::attach(Listener& listener, const RelayUri& uri, bool lan) {
  const auto known = entry_of(uri, lan);
  known->second.listeners.insert(&listener);
  known->second.untold.insert(&listener);
  members_[&listener];
  update_topics();
  tick_.set(monotonic_now());
  return known->first;
}

void RelayPool::warm_up(const RelayUri& uri) {
  Entry& entry = entry_of(uri, false)->second;
  if (!entry.listeners.empty()) return;
  entry.kept_until = monotonic_now() + warm_limit;
  entry.client->connect();
  tick_.set(entry.kept_until);
}

std::map<core::RelayId, RelayPool::Entry>::iterator RelayPool::entry_of(const RelayUri& uri,
                                                                        bool lan) {
  const auto same = [&](const auto& entry) {
    return entry.second.uri.url == uri.url && entry.second.uri.trust == uri.trust;
  };
  auto known = std::find_if(relays_.begin(), relays_.end(), same);
  if (known != relays_.end()) return known;
  const core::RelayId id{++last_id_};
  known = relays_.try_emplace(id).first;
  known->second.uri = uri;
  known->second.lan = lan;
  start_client(id, known->second);
  return known;
}

void RelayPool::start_client(core::RelayId id, Entry& entry) {
  RelayClient::Options options;
  options.uri = entry.uri;
  options.context = context_.get();
  options.random = &random_;
  if (entry.uri.loopback && !entry.uri.secure)
    options.stand_in = [this, id] {
      const Entry& wanted = relays_.find(id)->second;
      return !wanted.listeners.empty() && stand_in(wanted.uri, wanted.lan);
    };
  RelayClient::Events events;
  events.state = [this, id](auto state, const auto& detail) { on_state(id, state, detail); };
  events.event = [this, id](const auto& topic, const auto& event) { on_event(id, topic, event); };
  events.rate_limited = [this, id](const auto&) { on_rate_limited(id); };
  entry.client = std::make_unique<RelayClient>(std::move(options), std::move(events));
}

bool RelayPool::stand_in(const RelayUri& uri, bool lan) {
  const auto reach = lan ? RelayHost::Reach::anyone : RelayHost::Reach::loopback;
  const bool ours = embedded_->stand_in(uri, reach);
  if (ours && lan && beacon_) beacon_->announce();
  return ours;
}

void RelayPool::detach(Listener& listener) {
  for (auto& [id, entry] : relays_) {
    entry.untold.erase(&listener);
    if (entry.listeners.erase(&listener) == 0) continue;
    if (!entry.listeners.empty()) continue;
    entry.kept_until = monotonic_now() + options_.keep;
    tick_.set(monotonic_now());
  }
  update_topics();
  members_.erase(&listener);
}

// Starts what is new, tells what is known already, and ends what nobody uses. Not at once: the
// caller may be inside a callback of the very relay.
void RelayPool::tick() {
  const auto keep = shared_from_this();
  drop_unused();
  const auto wants_lan = [](const auto& member) { return member.second.lan; };
  if (std::none_of(members_.begin(), members_.end(), wants_lan)) {
    beacon_ = nullptr;
    found_.clear();
  }
  tell_states();
  tell_found();
}

// Nobody keeps a relay for others that it does not use itself, nor seeks one that went.
bool RelayPool::unused(const Entry& entry) const {
  if (!entry.listeners.empty()) return false;
  const auto state = entry.client->state();
  const bool alive = state == RelayClient::State::open || state == RelayClient::State::connecting;
  return !alive || embedded_->holds(entry.uri) || monotonic_now() >= entry.kept_until;
}

void RelayPool::drop_unused() {
  core::Time next = core::never;
  for (auto at = relays_.begin(); at != relays_.end();) {
    const auto here = at++;
    Entry& entry = here->second;
    if (unused(entry)) {
      entry.client = nullptr;
      embedded_->stop(entry.uri);
      relays_.erase(here);
    } else if (entry.listeners.empty()) {
      next = std::min(next, entry.kept_until);
    }
  }
  tick_.set(next);
}

void RelayPool::tell_states() {
  std::vector<core::RelayId> ids;
  for (auto& [id, entry] : relays_)
    if (!entry.untold.empty()) ids.push_back(id);
  for (const auto id : ids) {
    const auto at = relays_.find(id);
    if (at == relays_.end()) continue;
    const auto untold = std::exchange(at->second.untold, {});
    if (at->second.client->state() == RelayClient::State::waiting) at->second.client->connect();
    const auto state = at->second.client->state();
    const auto detail = at->second.client->detail();
    for (auto* listener : untold)
      if (listens(id, listener)) listener->relay_state(id, state, detail);
  }
}

void RelayPool::tell_found() {
  std::vector<Listener*> listeners;
  for (auto& [listener, member] : members_)
    if (member.lan && !std::exchange(member.told_found, true)) listeners.push_back(listener);
  const auto found = found_;
  for (auto* listener : listeners)
    for (const auto& [url, uri] : found)
      if (members_.contains(listener)) listener->relay_found(uri);
}

bool RelayPool::listens(core::RelayId id, Listener* listener) const {
  const auto at = relays_.find(id);
  return at != relays_.end() && at->second.listeners.contains(listener);
}

// --- topics and events
// ----------------------------------------------------------------------------

void RelayPool::subscribe(Listener& listener, const core::Topic& topic) {
  if (members_[&listener].topics.insert(topic).second) update_topics();
}

void RelayPool::unsubscribe(Listener& listener, const core::Topic& topic) {
  if (members_[&listener].topics.erase(topic) > 0) update_topics();
}

void RelayPool::update_topics() {
  for (auto& [id, entry] : relays_) {
    std::set<core::Topic> topics;
    for (auto* user : entry.listeners) {
      const auto& own = members_[user].topics;
      topics.insert(own.begin(), own.end());
    }
    entry.client->set_topics(std::move(topics));
  }
}

std::string RelayPool::signed_frame(const core::Topic& topic, const std::string& content) {
  nostr::Event event;
  event.pubkey = key_.public_hex();
  event.created_at = g_get_real_time() / G_USEC_PER_SEC;
  event.kind = nostr::kind_of(topic);
  event.tags = {{"x", topic.value}};
  event.content = content;
  auto id = crypto::sha256(core::bytes_of(nostr::canonical(event)));
  // The same words twice in a second would be the same event, which relays and listeners drop: the
  // repeat of an announcement, of all things. Who reads events looks at the first `x` only.
  if (!sent_.insert(core::to_hex(id))) {
    event.tags.push_back({"genos", random_.alphanumerics(repeat_tag_length)});
    id = crypto::sha256(core::bytes_of(nostr::canonical(event)));
  }
  event.id = core::to_hex(id);
  event.sig = core::to_hex(key_.sign(id));
  return nostr::encode(nostr::ClientMessage(nostr::Publish{std::move(event)}));
}

void RelayPool::publish(const std::vector<core::RelayId>& relays, const core::Topic& topic,
                        const std::string& content) {
  if (relays.empty()) return;
  const auto frame = signed_frame(topic, content);
  for (const auto id : relays)
    if (const auto at = relays_.find(id); at != relays_.end()) at->second.client->publish(frame);
}

void RelayPool::on_state(core::RelayId id, RelayClient::State state, const std::string& detail) {
  const auto at = relays_.find(id);
  if (at == relays_.end()) return;
  const auto keep = shared_from_this();
  const auto listeners = at->second.listeners;
  if (listeners.empty()) tick_.set(monotonic_now());
  for (auto* listener : listeners) {
    if (!listens(id, listener) || at->second.untold.contains(listener)) continue;
    listener->relay_state(id, state, detail);
  }
}

void RelayPool::on_event(core::RelayId id, const core::Topic& topic, const nostr::Event& event) {
  const auto keep = shared_from_this();
  // With the content: a relay must not be able to hide another one's event behind its id.
  const auto digest = crypto::sha256(core::bytes_of(event.id + event.content));
  const auto name = std::string(core::text_of(digest).substr(0, seen_size));
  const auto copy = seen_.insert(name) ? Copy::first : Copy::repeated;
  std::vector<Listener*> listeners;
  for (const auto& [listener, member] : members_)
    if (member.topics.contains(topic)) listeners.push_back(listener);
  for (auto* listener : listeners)
    if (listens(id, listener) && members_[listener].topics.contains(topic))
      listener->relay_event(id, topic, event.content, copy);
}

void RelayPool::on_rate_limited(core::RelayId id) {
  const auto keep = shared_from_this();
  const auto listeners = relays_[id].listeners;
  for (auto* listener : listeners)
    if (listens(id, listener)) listener->relay_rate_limited(id);
}

// --- the local network
// ----------------------------------------------------------------------------

void RelayPool::open_beacon() {
  if (beacon_) return;
  LanBeacon::Options options;
  options.context = context_.get();
  options.random = &random_;
  options.port = options_.beacon_port;
  options.offers = [this]() -> std::optional<std::uint16_t> {
    for (const auto& [id, entry] : relays_)
      if (entry.lan && embedded_->holds(entry.uri)) return entry.uri.port;
    return std::nullopt;
  };
  options.found = [this](const RelayUri& uri) { on_found(uri); };
  auto beacon = LanBeacon::open(std::move(options));
  if (beacon)
    beacon_ = *std::move(beacon);
  else
    g_warning("signaling=lan: %s", beacon.error().detail.c_str());
}

void RelayPool::on_found(const RelayUri& uri) {
  const auto keep = shared_from_this();
  if (!found_.emplace(uri.url, uri).second) return;
  std::vector<Listener*> listeners;
  for (const auto& [listener, member] : members_)
    if (member.lan && member.told_found) listeners.push_back(listener);
  for (auto* listener : listeners)
    if (members_.contains(listener)) listener->relay_found(uri);
}

}  // namespace genos::net
