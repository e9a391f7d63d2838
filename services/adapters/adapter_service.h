// An adapter on the bus: its subscription, and the thread that runs it. The only place that knows
// reel::Service.
//
//   AdapterService service{"crm", model.services.at("crm"), brokers, reading};
//   service.start([] { … });             // told when it has ended by itself: the broker refused it
//   service.request_stop();
#pragma once

#include <functional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "adapters/adapter.h"
#include "config/model.h"
#include "reel/service.h"

namespace reel::adapters {

/// Has `service` handle what the settings say with `adapter`. Of several patterns that match an event the
/// first one counts: it is handled once.
void subscribe(Service& service, const config::Service& settings, const Adapter& adapter,
               std::stop_token stop);

class AdapterService {
 public:
  /// `settings`, which say an adapter, and `reading` must outlive this. No brokers: REEL_BROKER or the usual
  /// one.
  AdapterService(const std::string& name, const config::Service& settings,
                 const std::vector<std::string>& brokers, EventReading& reading);
  ~AdapterService();
  AdapterService(const AdapterService&) = delete;
  AdapterService& operator=(const AdapterService&) = delete;

  /// `ended` is called once, from a thread of its own.
  void start(std::function<void()> ended);
  /// Takes nothing more. What is under way may still end, for a moment.
  void request_stop();
  /// False where the subscription ended otherwise than by request.
  [[nodiscard]] bool wait();

 private:
  std::stop_source hurry_;
  Adapter adapter_;
  Service service_;
  std::thread running_;
  bool well_ = true;
};

}  // namespace reel::adapters
