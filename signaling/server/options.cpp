// SPDX-License-Identifier: LGPL-2.1-or-later
#include "options.hpp"

#include <algorithm>
#include <charconv>
#include <functional>
#include <optional>

#include "core/wire/limits.hpp"
#include "net/soup_refs.hpp"

namespace genos::signald {

namespace {

constexpr guint default_port = 7712;

constexpr const char* help_text =
    "Usage: genos-signald [OPTION…]\n"
    "A relay at which peers of Genos rooms and Trystero pages find each other.\n"
    "It carries ephemeral Nostr events only: no media, no files, no keys, nothing stored.\n\n"
    "  -l, --listen HOST:PORT         where to listen, repeatable (default 127.0.0.1:7712;\n"
    "                                 0.0.0.0:7712 for the network)\n"
    "      --tls-cert FILE            certificate chain (PEM) for https and wss\n"
    "      --tls-key FILE             its key (PEM); default: in the certificate's file\n"
    "      --no-tls                   plain http and ws everywhere, as behind a proxy\n"
    "                                 (default beyond this machine: self-signed, kept)\n"
    "      --origin ORIGIN            pages that may connect, repeatable (default: all when\n"
    "                                 listening on the network, else those of this machine)\n"
    "      --name TEXT                name in the relay's information document\n"
    "      --max-connections N        at once (default 4096)\n"
    "      --max-per-address N        at once from one address (default 256)\n"
    "      --rate N                   events per second of one connection (default 200)\n"
    "      --address-rate N           events per second of one address (default 1000)\n"
    "      --max-message BYTES        longest message (default 262144)\n"
    "  -h, --help                     show this\n"
    "      --version                  show the version\n\n"
    "GET / is a page for browsers: who is in a room, their streams, chat and files.\n"
    "Also answers /health, /metrics (Prometheus) and NIP-11. Ends on SIGINT and SIGTERM.\n";

std::optional<net::RelayHost::Endpoint> endpoint_of(const std::string& text) {
  net::RelayHost::Endpoint endpoint;
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos) return std::nullopt;
  endpoint.address = text.substr(0, colon);
  if (endpoint.address.starts_with('[') && endpoint.address.ends_with(']'))
    endpoint.address = endpoint.address.substr(1, endpoint.address.size() - 2);
  if (endpoint.address == "localhost") endpoint.address = "127.0.0.1";
  if (endpoint.address.empty() || endpoint.address == "*") endpoint.address = "0.0.0.0";
  if (!g_hostname_is_ip_address(endpoint.address.c_str())) return std::nullopt;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data() + colon + 1, end, endpoint.port);
  if (error != std::errc() || stop != end || endpoint.port > 65535) return std::nullopt;
  return endpoint;
}

template <class T> bool number_of(const std::string& text, T least, T most, T& value) {
  unsigned long parsed = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, parsed);
  if (error != std::errc() || stop != end) return false;
  value = static_cast<T>(parsed);
  return value >= least && value <= most;
}

bool rate_of(const std::string& text, double& rate, double& burst) {
  const double ratio = burst / rate;
  if (!number_of(text, 1.0, 1e6, rate)) return false;
  burst = rate * ratio;
  return true;
}

struct Word {
  const char* name;
  std::function<bool(const std::string& value)> take;  // false: not a value that makes sense
};

std::vector<Word> words(Options& o) {
  const auto text = [](std::string& into) {
    return [&into](const std::string& v) { return into = v, !v.empty(); };
  };
  return {
      {"--listen",
       [&o](const std::string& v) {
         const auto endpoint = endpoint_of(v);
         if (endpoint) o.endpoints.push_back(*endpoint);
         return endpoint.has_value();
       }},
      {"--tls-cert", text(o.certificate_file)},
      {"--tls-key", text(o.key_file)},
      {"--name", text(o.name)},
      {"--origin", [&o](const std::string& v) { return o.origins.push_back(v), !v.empty(); }},
      {"--max-connections",
       [&o](const std::string& v) {
         return number_of<std::size_t>(v, 1, 1000000, o.limits.connections);
       }},
      {"--max-per-address",
       [&o](const std::string& v) {
         return number_of<std::size_t>(v, 1, 1000000, o.limits.connections_per_address);
       }},
      {"--rate",
       [&o](const std::string& v) {
         return rate_of(v, o.limits.events_per_second, o.limits.events_burst);
       }},
      {"--address-rate",
       [&o](const std::string& v) {
         return rate_of(v, o.limits.events_per_second_and_address,
                        o.limits.events_burst_per_address);
       }},
      {"--max-message",
       [&o](const std::string& v) {
         return number_of<std::size_t>(v, 1024, core::limits::max_nostr_message,
                                       o.limits.message_size);
       }},
  };
}

Message wrong(const std::string& what) {
  return {usage, "genos-signald: " + what + "\nTry 'genos-signald --help'.\n"};
}

// Everything that needs more than one option to be seen.
std::optional<Message> settle(Options& o) {
  if (o.endpoints.empty()) o.endpoints.push_back({"127.0.0.1", default_port});
  if (!o.tls && !o.certificate_file.empty())
    return wrong("--no-tls and --tls-cert exclude each other");
  if (o.certificate_file.empty() && !o.key_file.empty()) return wrong("--tls-key needs --tls-cert");
  const bool local = std::all_of(o.endpoints.begin(), o.endpoints.end(), is_loopback);
  if (o.origins.empty() && !local) o.origins.push_back("*");
  for (auto& endpoint : o.endpoints) {
    const bool secure = o.tls && (!o.certificate_file.empty() || !is_loopback(endpoint));
    if (secure) endpoint.scheme = net::RelayHost::Scheme::secure;
  }
  if (local) {
    const auto loopback = core::RelayLimits::for_loopback();
    o.limits.connections_per_address = o.limits.connections;
    o.limits.events_per_second_and_address = loopback.events_per_second_and_address;
    o.limits.events_burst_per_address = loopback.events_burst_per_address;
  }
  return std::nullopt;
}

std::optional<Message> asked_message(const std::string& name) {
  if (name == "-h" || name == "--help") return Message{ok, help_text};
  if (name == "--version") return Message{ok, "genos-signald " GENOS_VERSION "\n"};
  return std::nullopt;
}

// The value of "NAME=VALUE", which leaves the name.
std::optional<std::string> cut_value(std::string& name) {
  const std::size_t equals = name.find('=');
  if (equals == std::string::npos) return std::nullopt;
  auto value = name.substr(equals + 1);
  name.resize(equals);
  return value;
}

// The option at i, and its value at i + 1 if that is where it stands.
std::optional<Message> take_word(const std::vector<Word>& known,
                                 const std::vector<std::string>& arguments, std::size_t& i) {
  std::string name = arguments[i] == "-l" ? "--listen" : arguments[i];
  auto value = cut_value(name);
  const auto word =
      std::find_if(known.begin(), known.end(), [&](const Word& w) { return name == w.name; });
  if (word == known.end()) return wrong("unknown option '" + name + "'");
  if (!value && i + 1 < arguments.size()) value = arguments[++i];
  if (!value) return wrong(name + " needs a value");
  if (!word->take(*value)) return wrong(name + ": '" + *value + "' makes no sense");
  return std::nullopt;
}

}  // namespace

bool is_loopback(const net::RelayHost::Endpoint& endpoint) {
  auto address = adopt(g_inet_address_new_from_string(endpoint.address.c_str()));
  return address && g_inet_address_get_is_loopback(address.get());
}

std::variant<Options, Message> parse_options(std::vector<std::string> arguments) {
  Options options;
  options.limits.connections = 4096;  // the process is ours alone: the limit of files is raised
  const auto known = words(options);
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (auto message = asked_message(arguments[i])) return *message;
    if (arguments[i] == "--no-tls") {
      options.tls = false;
      continue;
    }
    if (auto problem = take_word(known, arguments, i)) return *problem;
  }
  if (auto problem = settle(options)) return *problem;
  return options;
}

}  // namespace genos::signald
