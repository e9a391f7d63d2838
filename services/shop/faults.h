// Things that go wrong in a shop, on demand: what makes the demo worth watching, and recovery worth testing.
//
//   shop::Faults faults{"payments", shop::read_arguments("payments", argc, argv)};
//   …on<OrderPlaced>("order.placed", [&](const OrderPlaced& order, reel::Context& flow) {
//     faults.strike(flow);                                    // may take its time, throw, or die
//     faults.publish(flow, "payment.captured", capture(order));  // or may forget to
//   });
//
// Whether a fault strikes is decided by the flow, the topic and the service, never by a die: an event that is
// delivered again, to whatever instance, meets the same fate, and two runs over the same orders go the same
// way. So a dropped follow-up stays dropped, and can be counted.
//
// Safe from any number of handlers at once.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "reel/service.h"

namespace CLI {
class App;
}

namespace shop {

/// What a service was told on its command line.
struct Arguments {
  /// Share of events that are handled without the follow-up being published: nobody errs, nobody notices,
  /// but the tracker.
  double drop = 0;
  /// How long each handler takes.
  std::chrono::milliseconds slow{0};
  /// Share of events whose first attempt throws.
  double fail = 0;
  /// The process dies in the middle of handling this many events; 0: it does not.
  std::uint64_t crash_after = 0;
  /// Why the service's check fails; empty: it passes.
  std::string check_fails;
  /// The broker's endpoint; empty: the SDK's default.
  std::string broker;

  [[nodiscard]] reel::Options options() const;
};

/// Declares --drop, --slow, --fail, --crash-after, --check-fails and --broker. `arguments` must outlive the
/// parsing.
void add_flags(CLI::App& app, Arguments& arguments);

/// For a service without flags of its own. Ends the process after --help (0) and on a wrong flag (2).
[[nodiscard]] Arguments read_arguments(const std::string& service, int argc, char** argv);

/// Whether `share` (0 to 1) of all names includes this one. The same answer everywhere and for ever.
[[nodiscard]] bool among(double share, std::string_view what, std::string_view name);

class Faults {
 public:
  /// Takes one line, without its end.
  using Report = std::function<void(const std::string& line)>;

  /// Without `report`, drops are told on standard output.
  Faults(std::string service, const Arguments& arguments, Report report = {});

  /// At the beginning of a handler: the trouble that is due for this event. Throws std::runtime_error for a
  /// failed attempt.
  void strike(const reel::Context& flow);

  /// What a check of the service does: returns, or throws std::runtime_error where it is to fail.
  void check() const;

  /// Publishes `event`, or drops it and reports {"dropped": topic, "flow": correlation id}.
  void publish(reel::Context& flow, std::string_view topic, const google::protobuf::Message& event);

 private:
  [[nodiscard]] bool strikes(double share, std::string_view fault, const reel::Context& flow) const;

  std::string service_;
  Arguments arguments_;
  Report report_;
  std::atomic<std::uint64_t> handled_ = 0;
};

}  // namespace shop
