// Bookkeeping: writes the invoice once the money is there, beside whatever the warehouse does meanwhile.
//
//   payment.captured  ─▶ invoice.issued
#include "reel/service.h"
#include "shop/faults.h"
#include "shop/v1/invoicing.pb.h"
#include "shop/v1/payments.pb.h"

namespace shop {

using v1::InvoiceIssued;
using v1::PaymentCaptured;

InvoiceIssued invoice(const PaymentCaptured& payment) {
  InvoiceIssued issued;
  issued.set_order_id(payment.order_id());
  // From the payment, not from a counter: handling the same payment twice must not use up two numbers.
  issued.set_invoice_number("invoice-" + payment.payment_id());
  issued.set_amount_cents(payment.amount_cents());
  return issued;
}

void join_invoicing(reel::Service& invoicing, Faults& faults) {
  invoicing.start_from(reel::Start::oldest());
  invoicing.on<PaymentCaptured>("payment.captured",
                                [&faults](const PaymentCaptured& payment, reel::Context& flow) {
                                  faults.strike(flow);
                                  faults.publish(flow, "invoice.issued", invoice(payment));
                                });
}

}  // namespace shop

int main(int argc, char** argv) {
  const shop::Arguments arguments = shop::read_arguments("invoicing", argc, argv);
  shop::Faults faults{"invoicing", arguments};
  reel::Service invoicing{"invoicing", arguments.options()};
  shop::join_invoicing(invoicing, faults);
  return invoicing.run();
}
