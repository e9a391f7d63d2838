// What stands behind reel::Service; TestBus looks into it, too.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "deliveries.h"
#include "handling.h"
#include "publishing.h"
#include "reel/service.h"
#include "self_checks.h"

namespace reel {

class Service::Impl {
 public:
  Impl(std::string name, Options options);
  ~Impl();

  /// The publisher over the service's connection, which starts with its first use.
  Publisher& publisher();
  int run();
  void stop() noexcept;
  ServiceCounts counts() const;

  const Options options;
  const sdk::Identity identity;
  sdk::HandlerRegistry handlers;
  sdk::SelfChecks checks;
  Start start;
  /// Set by TestBus, before anything is published.
  std::unique_ptr<Publisher::Impl> test_publisher;

 private:
  void connect();
  v1::Subscribe subscription() const;
  void wait_for_stop() const;
  [[nodiscard]] bool drain();

  mutable std::mutex mutex_;  // guards the making of what follows
  std::shared_ptr<sdk::Connection> connection_;
  std::unique_ptr<sdk::Deliveries> deliveries_;
  std::unique_ptr<Publisher> publisher_;
  sdk::Publishing* publishing_ = nullptr;

  int stop_fd_ = -1;
  std::atomic<bool> refused_{false};
};

}  // namespace reel
