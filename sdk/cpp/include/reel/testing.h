// Running a service's handlers without a broker.
//
//   void register_handlers(reel::Service& service);            // what main() calls, too
//
//   TEST_CASE("an order is paid for") {
//     reel::TestBus bus{"payments"};
//     register_handlers(bus.service());
//     const auto delivered = bus.deliver("order.placed", order, {.correlationid = "order-7"});
//     CHECK(delivered.handled());
//     REQUIRE(bus.published().size() == 1);
//     CHECK(bus.published()[0].topic == "payment.captured");
//     CHECK(bus.published()[0].as<shop::v1::PaymentCaptured>().cents() == 4200);
//   }
//
// As on the bus: what a handler published counts only when it returned, ids are derived from the cause, and
// a flow is kept together. One thread at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "reel/service.h"

namespace reel {

/// How a delivery to the service under test ended.
struct TestDelivery {
  enum class Ending : std::uint8_t {
    handled,      ///< every handler returned: acked
    retried,      ///< a handler threw: it would be tried again
    rejected,     ///< Reject, or not the payload the handler takes: a dead letter
    handed_back,  ///< in a batch behind one of its key that failed: it would come again, no attempt counted
    not_handled,  ///< no handler's pattern matches the topic, or each `when` says no: the broker would not
                  ///< deliver it
  };
  Ending ending = Ending::not_handled;
  std::string error_type;              ///< the exception's type
  std::string error;                   ///< its what()
  std::chrono::milliseconds delay{0};  ///< RetryAfter's

  [[nodiscard]] bool handled() const { return ending == Ending::handled; }
  [[nodiscard]] bool retried() const { return ending == Ending::retried; }
  [[nodiscard]] bool rejected() const { return ending == Ending::rejected; }
  [[nodiscard]] bool handed_back() const { return ending == Ending::handed_back; }
};

/// An event the service under test published.
struct TestEvent {
  std::string topic;
  std::string type;
  std::string data;
  std::string source;
  std::string id;
  std::string correlationid;
  std::string causationid;
  std::string partitionkey;
  std::string subject;
  std::string datacontenttype;
  std::string traceparent;
  std::string tracestate;
  std::uint64_t time = 0;
  std::uint64_t delivertime = 0;  ///< ns since 1970; 0: at once
  std::uint64_t expirytime = 0;   ///< ns since 1970; 0: never
  Attributes attributes;

  /// On the bus it would be kept until its delivertime.
  [[nodiscard]] bool delayed() const { return delivertime != 0; }
  /// The payload as an E. Throws std::runtime_error where it is another type.
  template <EventMessage E>
  [[nodiscard]] E as() const {
    E event;
    if (type != E::descriptor()->full_name() || !event.ParseFromString(data)) {
      throw std::runtime_error{topic + " carries " + type + ", not " + E::descriptor()->full_name()};
    }
    return event;
  }
};

class TestBus {
 public:
  explicit TestBus(std::string service_name = "service-under-test");
  ~TestBus();
  TestBus(const TestBus&) = delete;
  TestBus& operator=(const TestBus&) = delete;

  /// Register handlers here; do not run() it. What it publishes itself lands in published() as well.
  [[nodiscard]] Service& service();

  /// Hands an event to the matching handlers, now, on this thread. What `fields` leave out is generated.
  TestDelivery deliver(std::string_view topic, const google::protobuf::Message& event,
                       const PublishFields& fields = {}, std::uint32_t attempt = 1);
  /// Any bytes, to see what the service makes of them.
  TestDelivery deliver_bytes(std::string_view topic, std::string_view type, std::string_view data,
                             const PublishFields& fields = {}, std::uint32_t attempt = 1);
  /// One that was published before: how a service reacts to its own events, or to a repeat.
  TestDelivery deliver(const TestEvent& event, std::uint32_t attempt = 1);

  /// An event to deliver. What `fields` leave out is generated.
  [[nodiscard]] TestEvent event(std::string_view topic, const google::protobuf::Message& event,
                                const PublishFields& fields = {}) const;
  /// Hands events to their batch handler together: one batch for those that stand together and have the same,
  /// up to its max_size and max_bytes. How each of them ended; once one has failed, what follows under its
  /// key is handed back. (deliver() makes a batch of one. What Options say of the credit cuts no batch here.)
  std::vector<TestDelivery> deliver_batch(const std::vector<TestEvent>& events, std::uint32_t attempt = 1);

  /// Runs a check of the service, now, on this thread: why it fails, or nothing where it passes. Throws
  /// std::invalid_argument where there is none of this name.
  [[nodiscard]] std::optional<std::string> check(std::string_view name);

  /// Everything published so far, in order. References to events stay valid until they are forgotten.
  [[nodiscard]] const std::deque<TestEvent>& published() const;
  /// The ones on `topic`.
  [[nodiscard]] std::vector<TestEvent> published(std::string_view topic) const;
  void forget_published();

 private:
  class Impl;
  struct Arrived;
  std::unique_ptr<Impl> impl_;
};

}  // namespace reel
