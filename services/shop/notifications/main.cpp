// Tells customers what they wait to hear: that the parcel has arrived.
//
//   shipment.delivered  ─▶ customer.notified
#include "reel/service.h"
#include "shop/faults.h"
#include "shop/v1/notifications.pb.h"
#include "shop/v1/shipping.pb.h"

namespace shop {

using v1::CustomerNotified;
using v1::ShipmentDelivered;

CustomerNotified notify(const ShipmentDelivered& parcel) {
  CustomerNotified notified;
  notified.set_order_id(parcel.order_id());
  notified.set_channel("mail");
  notified.set_text("Your order " + parcel.order_id() + " has arrived.");
  return notified;
}

void join_notifications(reel::Service& notifications, Faults& faults) {
  notifications.start_from(reel::Start::oldest());
  notifications.on<ShipmentDelivered>("shipment.delivered",
                                      [&faults](const ShipmentDelivered& parcel, reel::Context& flow) {
                                        faults.strike(flow);
                                        faults.publish(flow, "customer.notified", notify(parcel));
                                      });
}

}  // namespace shop

int main(int argc, char** argv) {
  const shop::Arguments arguments = shop::read_arguments("notifications", argc, argv);
  shop::Faults faults{"notifications", arguments};
  reel::Service notifications{"notifications", arguments.options()};
  shop::join_notifications(notifications, faults);
  return notifications.run();
}
