#include "gateway/bus_clients.h"

#include <thread>

namespace reel::gateway {
namespace {

/// How often who waits patiently looks for the answer.
constexpr std::chrono::milliseconds look_interval{5};

}  // namespace

Clients::Clients(std::string endpoint, std::chrono::milliseconds timeout)
    : endpoint_{std::move(endpoint)}, timeout_{timeout} {}

v1::Reply Clients::ask_patiently(v1::Request request, std::chrono::milliseconds longer) {
  QueryClient client{endpoint_, timeout_};
  (void)client.post(std::move(request));
  const auto deadline = std::chrono::steady_clock::now() + timeout_ + longer;
  while (!stopping_ && std::chrono::steady_clock::now() < deadline) {
    if (auto reply = client.poll()) return *std::move(reply);
    std::this_thread::sleep_for(look_interval);
  }
  throw NotReachable{"no answer from " + endpoint_ +
                     (stopping_ ? " before the gateway stopped" : " in time")};
}

v1::Reply Clients::ask(v1::Request request) {
  std::unique_ptr<QueryClient> client;
  {
    const std::lock_guard lock{mutex_};
    if (!free_.empty()) {
      client = std::move(free_.back());
      free_.pop_back();
    }
  }
  if (!client) client = std::make_unique<QueryClient>(endpoint_, timeout_);
  auto reply = client->ask(std::move(request));  // a client that throws is not asked again
  const std::lock_guard lock{mutex_};
  free_.push_back(std::move(client));
  return reply;
}

BusClients::BusClients(std::string broker, std::string tracker, std::chrono::milliseconds timeout)
    : broker_{std::move(broker), timeout}, tracker_{std::move(tracker), timeout} {}

v1::Reply BusClients::ask_broker(v1::Request request) {
  return broker_.ask(std::move(request));
}
v1::Reply BusClients::ask_tracker(v1::Request request) {
  if (!request.has_wait()) return tracker_.ask(std::move(request));
  const std::chrono::milliseconds longer{request.wait().timeout_ms()};
  return tracker_.ask_patiently(std::move(request), longer);
}

}  // namespace reel::gateway
