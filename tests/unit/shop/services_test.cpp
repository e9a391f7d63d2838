// The six services, handed each other's events without a broker: what choreography makes of an order.
#include <doctest/doctest.h>

#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "reel/testing.h"
#include "shop/faults.h"
#include "shop/v1/inventory.pb.h"
#include "shop/v1/orders.pb.h"
#include "shop/v1/payments.pb.h"

namespace shop {

// Defined in each service's main.cpp.
void join_orders(reel::Service& orders, Faults& faults);
void join_payments(reel::Service& payments, Faults& faults);
void join_inventory(reel::Service& inventory, Faults& faults);
void join_invoicing(reel::Service& invoicing, Faults& faults);
void join_shipping(reel::Service& shipping, Faults& faults);
void join_notifications(reel::Service& notifications, Faults& faults);
v1::OrderPlaced order(std::uint64_t number);

namespace {

class ShopBench {
 public:
  ShopBench() {
    join("orders", join_orders);
    join("payments", join_payments);
    join("inventory", join_inventory);
    join("invoicing", join_invoicing);
    join("shipping", join_shipping);
    join("notifications", join_notifications);
  }

  /// Everything that happens to the order, in the order in which it happens: "who: what" with commas between.
  std::string journey(const v1::OrderPlaced& order) {
    std::string told;
    std::deque<reel::TestEvent> waiting{placed(order)};
    while (!waiting.empty()) {
      const reel::TestEvent event = std::move(waiting.front());
      waiting.pop_front();
      for (const auto& member : members_) {
        member->bus.forget_published();
        const auto delivery = member->bus.deliver(event);
        if (delivery.ending == reel::TestDelivery::Ending::not_handled) continue;
        REQUIRE(delivery.handled());
        for (const auto& follow_up : member->bus.published()) {
          CHECK(follow_up.correlationid == order.order_id());
          CHECK(follow_up.causationid == event.id);
          told += (told.empty() ? "" : ", ") + member->name + ": " + follow_up.topic;
          waiting.push_back(follow_up);
          last = follow_up;
        }
      }
    }
    return told;
  }

  reel::TestEvent last;

 private:
  struct Member {
    Member(std::string who, void (*handlers)(reel::Service&, Faults&))
        : name{std::move(who)}, bus{name}, faults{name, {}} {
      handlers(bus.service(), faults);
    }
    std::string name;
    reel::TestBus bus;
    Faults faults;
  };

  void join(const char* name, void (*handlers)(reel::Service&, Faults&)) {
    members_.push_back(std::make_unique<Member>(name, handlers));
  }

  static reel::TestEvent placed(const v1::OrderPlaced& order) {
    reel::TestEvent event;
    event.topic = "order.placed";
    event.type = "shop.v1.OrderPlaced";
    event.data = order.SerializeAsString();
    event.id = order.order_id() + "/placed";
    event.correlationid = order.order_id();
    return event;
  }

  std::vector<std::unique_ptr<Member>> members_;
};

/// The first order that the bank declines, and the first that it does not and that is (or is not) sold out.
v1::OrderPlaced declined_order() {
  std::uint64_t number = 1;
  while (!among(0.10, "declined", order(number).order_id())) ++number;
  return order(number);
}
v1::OrderPlaced paid_order(bool sold_out) {
  std::uint64_t number = 1;
  while (among(0.10, "declined", order(number).order_id()) ||
         among(0.05, "sold out", order(number).order_id()) != sold_out) {
    ++number;
  }
  return order(number);
}

}  // namespace
}  // namespace shop

TEST_CASE("an order is paid, then reserved and invoiced side by side, sent, delivered and announced") {
  shop::ShopBench bench;
  CHECK(bench.journey(shop::paid_order(false)) ==
        "payments: payment.captured, inventory: stock.reserved, invoicing: invoice.issued, "
        "shipping: shipment.dispatched, shipping: shipment.delivered, notifications: customer.notified");
}

TEST_CASE("an order whose payment is declined is cancelled") {
  shop::ShopBench bench;
  CHECK(bench.journey(shop::declined_order()) == "payments: payment.declined, orders: order.cancelled");
  CHECK(bench.last.as<shop::v1::OrderCancelled>().reason() == "card declined");
}

TEST_CASE("an order that is sold out gets its money back and is cancelled, though its invoice is written") {
  shop::ShopBench bench;
  const auto order = shop::paid_order(true);
  CHECK(bench.journey(order) ==
        "payments: payment.captured, inventory: stock.unavailable, invoicing: invoice.issued, "
        "payments: payment.refunded, orders: order.cancelled");
  CHECK(bench.last.as<shop::v1::OrderCancelled>().reason() == "sold out: " + order.lines(0).sku());
}

TEST_CASE("an order that says nothing but its number goes the same way") {
  shop::ShopBench bench;
  shop::v1::OrderPlaced bare;
  bare.set_order_id(shop::paid_order(false).order_id());
  CHECK(bench.journey(bare).ends_with("notifications: customer.notified"));
}

TEST_CASE("order N is always the same order") {
  CHECK(shop::order(7).SerializeAsString() == shop::order(7).SerializeAsString());
  CHECK(shop::order(7).order_id() == "order-7");
  CHECK(shop::order(7).total_cents() ==
        shop::order(7).lines(0).quantity() * shop::order(7).lines(0).unit_cents());
}
