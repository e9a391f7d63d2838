// A service joins the bus, says which events it handles, and publishes events of its own.
//
//   int main() {
//     reel::Service payments{"payments"};                     // REEL_BROKER or tcp://127.0.0.1:5555
//     payments.on<shop::v1::OrderPlaced>("order.placed",
//         [](const shop::v1::OrderPlaced& order, reel::Context& flow) {
//           flow.publish("payment.captured", capture(order));  // same flow, caused by this event
//         });
//     return payments.run();                                   // until SIGINT or SIGTERM
//   }
//
// All instances of a service share its events. Events of one key are handled one at a time and in order;
// other keys are handled beside them, up to `workers` at a time, so a handler must expect to run on several
// threads at once, and the next time on yet another. An event is acked when its handler returns, tried again
// later when it throws, and a dead letter at once when it throws reel::Reject. Delivery is at least once: a
// handler must tolerate a repeat of what it does outside the bus; what it publishes is never doubled (a
// replay publishes it again, under the same ids).
//
// What costs less done together takes its events in batches, with on_batch() instead of on(): reel/batch.h.
//
// Register handlers and checks before run(). stop() and publish() may be called from any thread, but not from
// a process forked after it was made; it must not be destroyed in a handler of its own.
#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <google/protobuf/message.h>

#include "reel/batch.h"
#include "reel/check.h"
#include "reel/context.h"
#include "reel/options.h"
#include "reel/publisher.h"
#include "reel/start.h"
#include "reel/when.h"

namespace reel {

/// A generated protobuf message.
template <class T>
concept EventMessage = std::derived_from<T, google::protobuf::Message> && std::default_initializable<T>;

/// What on() takes: a callable with (const E&, Context&) or (const E&).
template <class Handler, class E>
concept EventHandler = std::invocable<Handler&, const E&, Context&> || std::invocable<Handler&, const E&>;

/// What on_batch() takes: a callable with (Batch<E>&).
template <class Handler, class E>
concept BatchEventHandler = requires(Handler& handler, Batch<E>& batch) {
  handler(batch);
};

/// Counts since run() began.
struct ServiceCounts {
  std::uint64_t handled = 0;   ///< handlers that returned; of a batch, items that did not fail
  std::uint64_t failed = 0;    ///< handlers that threw, rejects included; of a batch, items that failed
  std::uint64_t dropped = 0;   ///< deliveries given back or taken back before they were handled
  std::uint64_t stale = 0;     ///< settled too late: without effect, another attempt was under way
  std::uint64_t repeated = 0;  ///< came again though their handler had returned: settled without it
};

class Service {
 public:
  /// `name` is shared by all instances: letters, digits, '-', '_', '.', up to 128 bytes. Opens nothing yet.
  /// Throws std::invalid_argument where the name is not one.
  explicit Service(std::string name, Options options = {});
  ~Service();
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  /// Handles every event on `pattern` (a topic, or NATS wildcards) as an E. The handler takes (const E&,
  /// Context&) or (const E&). An event that is not an E, or does not parse as one, becomes a dead letter.
  /// Where several patterns match an event, their handlers run in the order of registration and the event is
  /// acked when all have returned. Throws std::invalid_argument where `pattern` is not one, was registered
  /// before, or may match what a batch handler has.
  template <EventMessage E, EventHandler<E> Handler>
  Service& on(std::string_view pattern, Handler handler) {
    return on_raw(pattern, typed<E>(std::move(handler)));
  }
  /// The same for the events that `when` says yes to; the broker does not send the others. Throws
  /// std::invalid_argument, with the place and the reason, where it is no event pattern or asks for what an E
  /// does not have.
  template <EventMessage E, EventHandler<E> Handler>
  Service& on(std::string_view pattern, const When& when, Handler handler) {
    return add(pattern, when, E::descriptor(), typed<E>(std::move(handler)));
  }

  /// Handles every event on `pattern` as bytes, whatever its type: context.type() and context.data().
  Service& on_raw(std::string_view pattern, std::function<void(Context&)> handler);
  /// The same for the events that `when` says yes to. A field that an event's type lacks is absent.
  Service& on_raw(std::string_view pattern, const When& when, std::function<void(Context&)> handler);

  /// Handles the events on `pattern` many at a time, as Es: see reel/batch.h. An event has either one batch
  /// handler or plain ones: throws std::invalid_argument where a pattern registered before may match the same
  /// topics, where `pattern` is none, and where `options` are out of their bounds.
  template <EventMessage E, BatchEventHandler<E> Handler>
  Service& on_batch(std::string_view pattern, const BatchOptions& options, Handler handler) {
    return on_batch<E>(pattern, When{}, options, std::move(handler));
  }
  /// The same for the events that `when` says yes to, as with on().
  template <EventMessage E, BatchEventHandler<E> Handler>
  Service& on_batch(std::string_view pattern, const When& when, const BatchOptions& options,
                    Handler handler) {
    return add_batch(pattern, when, options, &E::default_instance(),
                     [handler = std::move(handler)](BatchCall& call) mutable {
                       Batch<E> batch{call};
                       handler(batch);
                     });
  }
  /// The same for events as bytes, whatever their types.
  Service& on_batch_raw(std::string_view pattern, const BatchOptions& options,
                        std::function<void(RawBatch&)> handler);
  Service& on_batch_raw(std::string_view pattern, const When& when, const BatchOptions& options,
                        std::function<void(RawBatch&)> handler);

  /// While the service runs, calls `passes` now and then, on a thread of its own. What it throws is why it
  /// fails. A check that hangs holds up nothing but the end of run(), by a second; what hangs then is left
  /// behind with what it captured, so that is captured by value (reel/check.h). Throws std::invalid_argument
  /// where `name` is empty, too long, not printable or taken, a time is not above 0 or above check_time_max,
  /// or there are checks_max already.
  Service& check(std::string_view name, CheckOptions options, std::function<void()> passes);
  Service& check(std::string_view name, std::function<void()> passes) {
    return check(name, {}, std::move(passes));
  }

  /// Where patterns that are new for this service begin. Default: what comes from now on.
  Service& start_from(Start start);

  /// Starts a new flow (or continues the one `fields` names). As Publisher::publish.
  PublishResult publish(std::string_view topic, const google::protobuf::Message& event,
                        const PublishFields& fields = {});
  /// For everything else a publisher does. Connects at its first use.
  [[nodiscard]] Publisher& publisher();

  /// Handles events until SIGINT, SIGTERM or stop(). Then takes no more, lets running handlers finish
  /// (drain_timeout), settles them and says goodbye; a second signal ends the process at once. Returns the
  /// exit code: 0, or 1 where the broker refused the service or its patterns, or the drain was cut short
  /// (the log says which). Keeps trying where no broker answers. Call it once.
  [[nodiscard]] int run();
  void stop() noexcept;

  [[nodiscard]] ServiceCounts counts() const;
  [[nodiscard]] const std::string& name() const;
  [[nodiscard]] const std::string& instance() const;

  class Impl;

 private:
  friend class TestBus;
  /// Throws Reject where the event is not of this type.
  static void parse(google::protobuf::Message& event, const Context& context);

  template <EventMessage E, EventHandler<E> Handler>
  static std::function<void(Context&)> typed(Handler handler) {
    return [handler = std::move(handler)](Context& context) mutable {
      E event;
      parse(event, context);
      if constexpr (std::invocable<Handler&, const E&, Context&>) {
        handler(std::as_const(event), context);
      } else {
        handler(std::as_const(event));
      }
    };
  }
  Service& add(std::string_view pattern, const When& when, const google::protobuf::Descriptor* type,
               std::function<void(Context&)> handler);
  /// `type`: what events are parsed as; nullptr: they are not.
  Service& add_batch(std::string_view pattern, const When& when, const BatchOptions& options,
                     const google::protobuf::Message* type, std::function<void(BatchCall&)> handler);

  std::unique_ptr<Impl> impl_;
};

}  // namespace reel
