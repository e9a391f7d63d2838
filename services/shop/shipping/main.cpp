// The carrier: takes the parcel, and some time later hands it over.
//
//   stock.reserved       ─▶ shipment.dispatched
//   shipment.dispatched  ─▶ shipment.delivered
//
// It reacts to its own event: the way to the customer is a step of the flow like any other, and survives a
// restart like any other.
#include "reel/service.h"
#include "shop/faults.h"
#include "shop/v1/inventory.pb.h"
#include "shop/v1/shipping.pb.h"

namespace shop {

using v1::ShipmentDelivered;
using v1::ShipmentDispatched;
using v1::StockReserved;

ShipmentDispatched dispatch(const StockReserved& stock) {
  ShipmentDispatched dispatched;
  dispatched.set_order_id(stock.order_id());
  dispatched.set_tracking_number("parcel-" + stock.order_id());
  return dispatched;
}

ShipmentDelivered deliver(const ShipmentDispatched& parcel) {
  ShipmentDelivered delivered;
  delivered.set_order_id(parcel.order_id());
  delivered.set_tracking_number(parcel.tracking_number());
  return delivered;
}

void join_shipping(reel::Service& shipping, Faults& faults) {
  shipping.start_from(reel::Start::oldest());
  shipping.on<StockReserved>("stock.reserved", [&faults](const StockReserved& stock, reel::Context& flow) {
    faults.strike(flow);
    faults.publish(flow, "shipment.dispatched", dispatch(stock));
  });
  shipping.on<ShipmentDispatched>("shipment.dispatched",
                                  [&faults](const ShipmentDispatched& parcel, reel::Context& flow) {
                                    faults.strike(flow);
                                    faults.publish(flow, "shipment.delivered", deliver(parcel));
                                  });
}

}  // namespace shop

int main(int argc, char** argv) {
  const shop::Arguments arguments = shop::read_arguments("shipping", argc, argv);
  shop::Faults faults{"shipping", arguments};
  reel::Service shipping{"shipping", arguments.options()};
  shop::join_shipping(shipping, faults);
  return shipping.run();
}
