// The warehouse: sets goods aside once they are paid for, or finds that they are sold out.
//
//   payment.captured  ─▶ stock.reserved | stock.unavailable
#include "reel/service.h"
#include "shop/faults.h"
#include "shop/v1/inventory.pb.h"
#include "shop/v1/payments.pb.h"

namespace shop {

using v1::PaymentCaptured;
using v1::StockReserved;
using v1::StockUnavailable;

/// So many paid orders find an empty shelf; always the same ones.
constexpr double sold_out_share = 0.05;

StockReserved reserve(const PaymentCaptured& payment) {
  StockReserved reserved;
  reserved.set_order_id(payment.order_id());
  reserved.set_location("aisle-12");
  *reserved.mutable_skus() = payment.skus();
  return reserved;
}

StockUnavailable sold_out(const PaymentCaptured& payment) {
  StockUnavailable unavailable;
  unavailable.set_order_id(payment.order_id());
  unavailable.set_sku(payment.skus().empty() ? "unknown" : payment.skus(0));
  unavailable.set_payment_id(payment.payment_id());
  unavailable.set_amount_cents(payment.amount_cents());
  return unavailable;
}

void join_inventory(reel::Service& inventory, Faults& faults) {
  inventory.start_from(reel::Start::oldest());
  inventory.on<PaymentCaptured>("payment.captured",
                                [&faults](const PaymentCaptured& payment, reel::Context& flow) {
                                  faults.strike(flow);
                                  if (among(sold_out_share, "sold out", payment.order_id())) {
                                    faults.publish(flow, "stock.unavailable", sold_out(payment));
                                  } else {
                                    faults.publish(flow, "stock.reserved", reserve(payment));
                                  }
                                });
}

}  // namespace shop

int main(int argc, char** argv) {
  const shop::Arguments arguments = shop::read_arguments("inventory", argc, argv);
  shop::Faults faults{"inventory", arguments};
  reel::Service inventory{"inventory", arguments.options()};
  shop::join_inventory(inventory, faults);
  return inventory.run();
}
