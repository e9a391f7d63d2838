// The bus, as the gateway asks it: connections to broker and tracker, as many as are asked at a time.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "gateway/bus.h"

namespace reel::gateway {

/// A connection is one question at a time; those that are free are kept for the next.
class Clients {
 public:
  Clients(std::string endpoint, std::chrono::milliseconds timeout);
  [[nodiscard]] v1::Reply ask(v1::Request request);
  /// A question that is answered late on purpose may take so much longer.
  [[nodiscard]] v1::Reply ask_patiently(v1::Request request, std::chrono::milliseconds longer);
  /// Ends the patience.
  void stop() { stopping_ = true; }

 private:
  const std::string endpoint_;
  const std::chrono::milliseconds timeout_;
  std::atomic<bool> stopping_{false};
  std::mutex mutex_;
  std::vector<std::unique_ptr<QueryClient>> free_;
};

class BusClients final : public Bus {
 public:
  /// As a rule an answer may take this long: a page of search does, and who looks at it waits for it.
  static constexpr std::chrono::milliseconds ask_timeout{3'000};

  BusClients(std::string broker, std::string tracker, std::chrono::milliseconds timeout = ask_timeout);
  v1::Reply ask_broker(v1::Request request) override;
  v1::Reply ask_tracker(v1::Request request) override;
  /// Nobody waits for the end of a flow any more.
  void stop() { tracker_.stop(); }

 private:
  Clients broker_;
  Clients tracker_;
};

}  // namespace reel::gateway
