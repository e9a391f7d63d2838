// The order service: promises goods to customers, and withdraws the promise when it cannot be kept.
//
//   (a customer)      ─▶ order.placed
//   payment.declined  ─▶ order.cancelled
//   payment.refunded  ─▶ order.cancelled
//
// With --orders or --rate it plays the customers as well. Order N is always the same order, published under
// an id of its own: a service that was killed half way begins again at order-1, and the bus tells it that it
// has those already.
#include <CLI/CLI.hpp>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <mutex>
#include <string>
#include <thread>

#include "reel/service.h"
#include "shop/faults.h"
#include "shop/v1/orders.pb.h"
#include "shop/v1/payments.pb.h"

namespace shop {

using v1::OrderCancelled;
using v1::OrderPlaced;
using v1::PaymentDeclined;
using v1::PaymentRefunded;

/// Customers who order so many times, so often.
struct Demand {
  std::uint64_t orders = 0;
  double orders_per_second = 20;
};

OrderPlaced order(std::uint64_t number) {
  OrderPlaced placed;
  placed.set_order_id("order-" + std::to_string(number));
  placed.set_customer("customer-" + std::to_string(number % 97));
  auto* line = placed.add_lines();
  line->set_sku("sku-" + std::to_string(number % 41));
  line->set_quantity(static_cast<std::uint32_t>(1 + number % 3));
  line->set_unit_cents(995 + number % 7 * 500);
  placed.set_total_cents(line->quantity() * line->unit_cents());
  placed.set_express(number % 5 == 0);
  return placed;
}

OrderCancelled cancel(const std::string& order_id, const std::string& reason) {
  OrderCancelled cancelled;
  cancelled.set_order_id(order_id);
  cancelled.set_reason(reason);
  return cancelled;
}

void join_orders(reel::Service& orders, Faults& faults) {
  orders.start_from(reel::Start::oldest());
  orders.on<PaymentDeclined>(
      "payment.declined", [&faults](const PaymentDeclined& declined, reel::Context& flow) {
        faults.strike(flow);
        faults.publish(flow, "order.cancelled", cancel(declined.order_id(), declined.reason()));
      });
  orders.on<PaymentRefunded>(
      "payment.refunded", [&faults](const PaymentRefunded& refunded, reel::Context& flow) {
        faults.strike(flow);
        faults.publish(flow, "order.cancelled", cancel(refunded.order_id(), refunded.reason()));
      });
}

/// Places one order; false where the bus will never take it.
bool place(reel::Service& orders, const OrderPlaced& placed, const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    const auto result = orders.publish(
        "order.placed", placed,
        {.id = placed.order_id() + "/placed", .correlationid = placed.order_id(), .source = "orders"});
    switch (result.outcome) {
      case reel::PublishOutcome::accepted:
      case reel::PublishOutcome::duplicate:
      case reel::PublishOutcome::spooled:
      case reel::PublishOutcome::unconfirmed:  // the SDK keeps offering it
        return true;
      case reel::PublishOutcome::rejected:
        std::fprintf(stderr, "orders: %s was refused: %s\n", placed.order_id().c_str(), result.text.c_str());
        return false;
      case reel::PublishOutcome::unavailable:
      case reel::PublishOutcome::back_pressured:
      case reel::PublishOutcome::not_connected: std::this_thread::sleep_for(std::chrono::milliseconds{100});
    }
  }
  return false;
}

void place_orders(reel::Service& orders, const Demand& demand, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any stopped;
  const auto began = std::chrono::steady_clock::now();
  for (std::uint64_t number = 1; number <= demand.orders; ++number) {
    if (!place(orders, order(number), stop)) return;
    const std::chrono::duration<double> due{static_cast<double>(number) / demand.orders_per_second};
    std::unique_lock lock{mutex};
    stopped.wait_until(lock, stop, began + std::chrono::duration_cast<std::chrono::nanoseconds>(due),
                       [] { return false; });
  }
}

}  // namespace shop

int main(int argc, char** argv) {
  shop::Arguments arguments;
  shop::Demand demand;
  CLI::App app{"The shop's service 'orders', with customers and faults on demand."};
  app.add_option("--orders", demand.orders, "how many orders the customers place; 0: none")->type_name("N");
  app.add_option("--rate", demand.orders_per_second, "how many of them a second")
      ->type_name("R")
      ->check(CLI::Range(0.001, 1e6));
  shop::add_flags(app, arguments);
  CLI11_PARSE(app, argc, argv);

  shop::Faults faults{"orders", arguments};
  reel::Service orders{"orders", arguments.options()};
  shop::join_orders(orders, faults);
  const std::jthread customers{
      [&](const std::stop_token& stop) { shop::place_orders(orders, demand, stop); }};
  return orders.run();
}
