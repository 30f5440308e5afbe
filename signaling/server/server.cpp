// SPDX-License-Identifier: LGPL-2.1-or-later
#include "server.hpp"

#include <glib-unix.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

#include "banner.hpp"
#include "certificate.hpp"
#include "net/watch_page.hpp"

namespace genos::signald {

namespace {

using net::RelayHost;

void say(const std::string& line) { g_printerr("%s\n", line.c_str()); }

ExitCode fail(ExitCode code, const std::string& why) {
  say("genos-signald: " + why);
  return code;
}

// Every client is a file; the default of 1,024 is for programs that use select().
void raise_file_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

core::Result<Ref<GTlsCertificate>> certificate_for(const Options& options) {
  const bool needed =
      std::any_of(options.endpoints.begin(), options.endpoints.end(),
                  [](const auto& e) { return e.scheme == RelayHost::Scheme::secure; });
  if (!needed) return Ref<GTlsCertificate>();
  if (!options.certificate_file.empty())
    return load_certificate(options.certificate_file, options.key_file);
  std::vector<std::string> names = {"localhost", g_get_host_name(),
                                    std::string(g_get_host_name()) + ".local"};
  for (auto& address : own_addresses()) names.push_back(std::move(address));
  return own_certificate(names);
}

// What ends the address that others of ours are given: nobody vouches for our own certificate.
std::string pin_of(const Options& options, GTlsCertificate* certificate) {
  if (!options.certificate_file.empty() || !certificate) return {};
  std::string digest = fingerprint_of(certificate);
  std::erase(digest, ':');
  std::transform(digest.begin(), digest.end(), digest.begin(), g_ascii_tolower);
  return "#sha256=" + digest;
}

void announce(const RelayHost::Endpoint& endpoint, const std::string& pin) {
  const bool secure = endpoint.scheme == RelayHost::Scheme::secure;
  const std::string authority = authority_of(endpoint);
  const std::string page = (secure ? "https://" : "http://") + authority + "/";
  g_print("signaling=%s%s%s\n%s\n", secure ? "wss://" : "ws://", authority.c_str(),
          secure ? pin.c_str() : "", page.c_str());
  if (!is_loopback(endpoint) && isatty(STDOUT_FILENO)) g_print("%s", qr_code(page).c_str());
}

RelayHost::Options host_options(const Options& options, GTlsCertificate* certificate) {
  RelayHost::Options host;
  const auto& first = options.endpoints.front();
  host.address = first.address;
  host.port = first.port;
  host.scheme = first.scheme;
  const bool local = std::all_of(options.endpoints.begin(), options.endpoints.end(), is_loopback);
  host.reach = local ? RelayHost::Reach::loopback : RelayHost::Reach::anyone;
  host.certificate = certificate;
  host.origins = options.origins;
  host.service = RelayHost::Service::relay_and_metrics;
  host.limits = options.limits;
  host.name = options.name;
  host.page = [name = options.name](std::string_view path) { return net::watch_page(path, name); };
  return host;
}

// What went wrong in the last second, in one line.
class ErrorLog {
 public:
  void look(const core::RelayStatistics& now) {
    std::string line;
    const auto count = [&](const char* what, std::uint64_t core::RelayStatistics::*field) {
      const std::uint64_t more = now.*field - last_.*field;
      if (more > 0) line += std::string(" ") + what + "=" + std::to_string(more);
    };
    count("connections-refused", &core::RelayStatistics::connections_refused);
    count("malformed", &core::RelayStatistics::malformed);
    count("events-invalid", &core::RelayStatistics::events_invalid);
    count("events-limited", &core::RelayStatistics::events_limited);
    count("subscriptions-refused", &core::RelayStatistics::subscriptions_refused);
    count("slow-readers", &core::RelayStatistics::slow_readers);
    count("pauses", &core::RelayStatistics::pauses);
    last_ = now;
    if (!line.empty()) say("refused:" + line + " connections=" + std::to_string(now.connections));
  }

 private:
  core::RelayStatistics last_;
};

struct Running {
  GMainLoop* loop = nullptr;
  RelayHost* host = nullptr;
  ErrorLog log;
  bool stopping = false;
};

gboolean on_signal(gpointer data) noexcept {
  auto& running = *static_cast<Running*>(data);
  if (std::exchange(running.stopping, true)) {  // the second one: at once
    g_main_loop_quit(running.loop);
    return G_SOURCE_CONTINUE;
  }
  say("stopping: connections=" + std::to_string(running.host->statistics().connections));
  running.host->stop([loop = running.loop] { g_main_loop_quit(loop); });
  return G_SOURCE_CONTINUE;
}

gboolean on_second(gpointer data) noexcept {
  auto& running = *static_cast<Running*>(data);
  running.log.look(running.host->statistics());
  return G_SOURCE_CONTINUE;
}

core::Result<std::unique_ptr<RelayHost>> open(const Options& options,
                                              GTlsCertificate* certificate) {
  auto host = RelayHost::listen(host_options(options, certificate), nullptr);
  if (!host) return host;
  auto endpoints = options.endpoints;
  endpoints.front().port = (*host)->port();
  for (std::size_t i = 1; i < endpoints.size(); ++i) {
    const auto port = (*host)->add(endpoints[i]);
    if (!port) return port.error();
    endpoints[i].port = *port;
  }
  const std::string pin = pin_of(options, certificate);
  for (const auto& endpoint : endpoints) announce(endpoint, pin);
  return host;
}

void run(RelayHost& host) {
  Running running{g_main_loop_new(nullptr, FALSE), &host, {}, false};
  const guint sources[] = {g_unix_signal_add(SIGINT, on_signal, &running),
                           g_unix_signal_add(SIGTERM, on_signal, &running),
                           g_timeout_add_seconds(1, on_second, &running)};
  say("ready");
  g_main_loop_run(running.loop);
  for (const guint source : sources) g_source_remove(source);
  g_main_loop_unref(running.loop);
  say("stopped");
}

}  // namespace

ExitCode serve(const Options& options) {
  raise_file_limit();
  auto certificate = certificate_for(options);
  if (!certificate)
    return fail(certificate.error().code == core::Errc::not_found ? no_input : cannot_create,
                certificate.error().detail);
  auto host = open(options, certificate->get());
  if (!host) return fail(unavailable, host.error().detail);
  if (*certificate) g_print("certificate SHA-256 %s\n", fingerprint_of(certificate->get()).c_str());
  run(**host);
  return ok;
}

}  // namespace genos::signald
