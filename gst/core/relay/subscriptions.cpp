// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/relay/subscriptions.hpp"

#include <algorithm>
#include <utility>

namespace genos::core {

namespace {

std::vector<std::string> take_topics(nostr::Filter& filter) {
  std::vector<std::string> topics;
  std::erase_if(filter.tags, [&topics](nostr::Filter::Tag& tag) {
    if (tag.letter != 'x') return false;
    topics = std::move(tag.values);
    return true;
  });
  std::sort(topics.begin(), topics.end());
  topics.erase(std::unique(topics.begin(), topics.end()), topics.end());
  return topics;
}

}  // namespace

void Subscriptions::set(ConnectionId connection, nostr::Subscribe request) {
  remove(connection, request.id);
  auto subscription = std::make_unique<Subscription>();
  subscription->made = events_;
  subscription->listener.connection = connection;
  subscription->listener.head = "[\"EVENT\",";
  append_json_string(subscription->listener.head, request.id);
  subscription->listener.head += ',';
  subscription->filters = std::move(request.filters);
  for (std::size_t i = 0; i < subscription->filters.size(); ++i)
    index(*subscription, i, take_topics(subscription->filters[i]));
  by_connection_[connection][std::move(request.id)] = std::move(subscription);
  ++count_;
}

void Subscriptions::index(Subscription& subscription, std::size_t filter,
                          std::vector<std::string> topics) {
  for (std::string& topic : topics) {
    by_topic_[topic].push_back({&subscription, filter});
    subscription.topics.push_back(std::move(topic));
  }
}

void Subscriptions::unindex(const Subscription& subscription) {
  for (const std::string& topic : subscription.topics) {
    const auto at = by_topic_.find(topic);
    if (at == by_topic_.end()) continue;  // two filters named it, and the first one cleared it
    std::erase_if(at->second, [&](const Entry& e) { return e.subscription == &subscription; });
    if (at->second.empty()) by_topic_.erase(at);
  }
}

bool Subscriptions::remove(ConnectionId connection, std::string_view id) {
  const auto mine = by_connection_.find(connection);
  if (mine == by_connection_.end()) return false;
  const auto at = mine->second.find(id);
  if (at == mine->second.end()) return false;
  unindex(*at->second);
  mine->second.erase(at);
  if (mine->second.empty()) by_connection_.erase(mine);
  --count_;
  return true;
}

void Subscriptions::remove_all(ConnectionId connection) {
  const auto mine = by_connection_.find(connection);
  if (mine == by_connection_.end()) return;
  for (const auto& [id, subscription] : mine->second) unindex(*subscription);
  count_ -= mine->second.size();
  by_connection_.erase(mine);
}

const std::vector<const Subscriptions::Listener*>& Subscriptions::match(const nostr::Event& event,
                                                                        std::uint64_t after) {
  found_.clear();
  ++events_;
  for (const auto& tag : event.tags) {
    if (tag.size() < 2 || tag[0] != "x") continue;
    const auto at = by_topic_.find(tag[1]);
    if (at == by_topic_.end()) continue;
    for (const Entry& entry : at->second) {
      Subscription& subscription = *entry.subscription;
      if (subscription.matched == events_ || subscription.made < after) continue;
      if (!nostr::matches(subscription.filters[entry.filter], event)) continue;
      subscription.matched = events_;
      found_.push_back(&subscription.listener);
    }
  }
  return found_;
}

bool Subscriptions::has(ConnectionId connection, std::string_view id) const {
  const auto mine = by_connection_.find(connection);
  return mine != by_connection_.end() && mine->second.contains(id);
}

std::size_t Subscriptions::count(ConnectionId connection) const {
  const auto mine = by_connection_.find(connection);
  return mine == by_connection_.end() ? 0 : mine->second.size();
}

std::size_t Subscriptions::topics(ConnectionId connection) const {
  const auto mine = by_connection_.find(connection);
  if (mine == by_connection_.end()) return 0;
  std::size_t sum = 0;
  for (const auto& [id, subscription] : mine->second) sum += subscription->topics.size();
  return sum;
}

std::size_t Subscriptions::topics_of(ConnectionId connection, std::string_view id) const {
  const auto mine = by_connection_.find(connection);
  if (mine == by_connection_.end()) return 0;
  const auto at = mine->second.find(id);
  return at == mine->second.end() ? 0 : at->second->topics.size();
}

}  // namespace genos::core
