// A desk on the bus: its subscriptions, and the thread that turns it. The only place that knows
// reel::Service.
//
//   DeskService desk{"ops", mesh.model.alerts, {.brokers = …, .tracker = …}};
//   desk.start([] { … });                // told when it has ended by itself: the broker refused it
//   desk.stop();                         // ends what hangs, after a moment
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "alerts/desk.h"
#include "alerts/target.h"
#include "config/model.h"
#include "reel/service.h"

namespace reel::alerts {

struct Where {
  std::vector<std::string> brokers;  ///< empty: REEL_BROKER or the usual one
  std::string tracker;
};

class DeskService {
 public:
  /// `alerts` must outlive this.
  DeskService(const std::string& name, const config::Alerts& alerts, const Where& where);
  ~DeskService();
  DeskService(const DeskService&) = delete;
  DeskService& operator=(const DeskService&) = delete;

  /// `ended` is called once for each subscription that ends, from a thread of its own.
  void start(std::function<void()> ended);
  /// Takes nothing more. What is under way may still end, for a moment.
  void request_stop();
  /// False where a subscription ended otherwise than by request.
  [[nodiscard]] bool wait();

 private:
  [[nodiscard]] Sent tell(std::vector<Notice> notices);
  void subscribe(Service& incidents);
  void subscribe_snoozed(Service& snoozed);
  void turn(const std::stop_token& stop);

  Target target_;
  TrackerLine tracker_;
  std::stop_source hurry_;
  std::atomic<bool> failing_{false};
  Desk desk_;
  std::vector<std::unique_ptr<Service>> services_;
  std::vector<std::thread> running_;
  std::atomic<bool> well_{true};
  std::jthread turning_;
};

}  // namespace reel::alerts
