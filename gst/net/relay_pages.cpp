// SPDX-License-Identifier: LGPL-2.1-or-later
#include "net/relay_pages.hpp"

#include <array>

#include "core/wire/json.hpp"

namespace genos::net {

namespace {

core::Json number(std::size_t value) { return core::Json(static_cast<std::int64_t>(value)); }

struct Metric {
  const char* name;
  const char* type;
  const char* help;
  std::uint64_t value;
};

}  // namespace

std::string information_document(const std::string& name, const std::string& version,
                                 const core::RelayLimits& limits) {
  core::Json limitation = core::Json::object();
  limitation.set("max_message_length", number(limits.message_size))
      .set("max_subscriptions", number(limits.subscriptions_per_connection))
      .set("max_filters", number(limits.filters_per_subscription))
      .set("max_subid_length", number(core::limits::max_subscription_id))
      .set("max_event_tags", number(limits.tags_per_event))
      .set("auth_required", false)
      .set("payment_required", false)
      .set("restricted_writes", true);
  core::Json kinds = core::Json::array();
  kinds.push(core::Json::array().push(20000).push(29999));
  core::Json retention = core::Json::object();
  retention.set("kinds", kinds).set("time", 0);
  core::Json document = core::Json::object();
  document.set("name", name)
      .set("description",
           "Ephemeral events only (kinds 20000 to 29999), by topic (#x); nothing is stored.")
      .set("supported_nips", core::Json::array().push(1).push(11))
      .set("software", "genos")
      .set("version", version)
      .set("limitation", limitation)
      .set("retention", core::Json::array().push(retention));
  return core::to_text(document);
}

std::string health_document(const core::RelayStatistics& statistics) {
  core::Json document = core::Json::object();
  document.set("status", "ok")
      .set("connections", number(statistics.connections))
      .set("subscriptions", number(statistics.subscriptions));
  return core::to_text(document);
}

std::string metrics_text(const core::RelayStatistics& s) {
  const std::array metrics = {
      Metric{"connections", "gauge", "Clients connected now.", s.connections},
      Metric{"subscriptions", "gauge", "Subscriptions open now.", s.subscriptions},
      Metric{"topics", "gauge", "Topics that somebody listens to now.", s.topics},
      Metric{"queued_bytes", "gauge", "Bytes waiting for clients to read.", s.queued_bytes},
      Metric{"connections_total", "counter", "Clients accepted.", s.connections_accepted},
      Metric{"connections_refused_total", "counter", "Clients refused: too many or too fast.",
             s.connections_refused},
      Metric{"messages_total", "counter", "Messages received.", s.messages},
      Metric{"malformed_total", "counter", "Messages that were none of NIP-01.", s.malformed},
      Metric{"events_total", "counter", "Events accepted.", s.events_accepted},
      Metric{"events_duplicate_total", "counter", "Events seen before.", s.events_duplicate},
      Metric{"events_invalid_total", "counter", "Events of a wrong kind, size or signature.",
             s.events_invalid},
      Metric{"events_limited_total", "counter", "Events above the rate.", s.events_limited},
      Metric{"subscriptions_refused_total", "counter", "Subscriptions refused.",
             s.subscriptions_refused},
      Metric{"deliveries_total", "counter", "Events delivered to subscriptions.", s.deliveries},
      Metric{"delivered_bytes_total", "counter", "Bytes of delivered events.", s.delivered_bytes},
      Metric{"slow_readers_total", "counter", "Clients closed because they read too slowly.",
             s.slow_readers},
      Metric{"pauses_total", "counter", "Times a client had to wait because it sent too much.",
             s.pauses},
  };
  std::string text;
  for (const Metric& m : metrics) {
    const std::string name = std::string("genos_relay_") + m.name;
    text.append("# HELP ").append(name).append(" ").append(m.help).append("\n");
    text.append("# TYPE ").append(name).append(" ").append(m.type).append("\n");
    text.append(name).append(" ").append(std::to_string(m.value)).append("\n");
  }
  return text;
}

}  // namespace genos::net
