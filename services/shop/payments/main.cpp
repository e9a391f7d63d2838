// The payment service: captures the money for an order, or is told no by the bank; gives it back when an
// article turns out to be sold out.
//
//   order.placed       ─▶ payment.captured | payment.declined
//   stock.unavailable  ─▶ payment.refunded
#include "reel/service.h"
#include "shop/faults.h"
#include "shop/v1/inventory.pb.h"
#include "shop/v1/orders.pb.h"
#include "shop/v1/payments.pb.h"

namespace shop {

using v1::OrderPlaced;
using v1::PaymentCaptured;
using v1::PaymentDeclined;
using v1::PaymentRefunded;
using v1::StockUnavailable;

/// The bank declines this share of orders; always the same ones.
constexpr double declined_share = 0.10;

PaymentDeclined decline(const OrderPlaced& order) {
  PaymentDeclined declined;
  declined.set_order_id(order.order_id());
  declined.set_reason("card declined");
  return declined;
}

PaymentCaptured capture(const OrderPlaced& order) {
  PaymentCaptured captured;
  captured.set_order_id(order.order_id());
  captured.set_payment_id("payment-" + order.order_id());
  captured.set_amount_cents(order.total_cents());
  for (const auto& line : order.lines()) captured.add_skus(line.sku());
  return captured;
}

PaymentRefunded refund(const StockUnavailable& sold_out) {
  PaymentRefunded refunded;
  refunded.set_order_id(sold_out.order_id());
  refunded.set_payment_id(sold_out.payment_id());
  refunded.set_amount_cents(sold_out.amount_cents());
  refunded.set_reason("sold out: " + sold_out.sku());
  return refunded;
}

void join_payments(reel::Service& payments, Faults& faults) {
  // What was ordered before the service ever joined waits for it in the journal.
  payments.start_from(reel::Start::oldest());
  // Whether the bank can be reached, if there were one.
  payments.check("bank", [&faults] { faults.check(); });
  payments.on<OrderPlaced>("order.placed", [&faults](const OrderPlaced& order, reel::Context& flow) {
    faults.strike(flow);
    if (among(declined_share, "declined", order.order_id())) {
      faults.publish(flow, "payment.declined", decline(order));
    } else {
      faults.publish(flow, "payment.captured", capture(order));
    }
  });
  payments.on<StockUnavailable>("stock.unavailable",
                                [&faults](const StockUnavailable& sold_out, reel::Context& flow) {
                                  faults.strike(flow);
                                  faults.publish(flow, "payment.refunded", refund(sold_out));
                                });
}

}  // namespace shop

int main(int argc, char** argv) {
  const shop::Arguments arguments = shop::read_arguments("payments", argc, argv);
  shop::Faults faults{"payments", arguments};
  reel::Service payments{"payments", arguments.options()};
  shop::join_payments(payments, faults);
  return payments.run();
}
