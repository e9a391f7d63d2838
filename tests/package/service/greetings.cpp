#include "greetings.h"

#include "greeter/v1/greeter.pb.h"

void register_handlers(reel::Service& service) {
  service.on<greeter::v1::GuestArrived>("guest.arrived",
                                        [](const greeter::v1::GuestArrived& guest, reel::Context& flow) {
                                          if (guest.name().empty())
                                            throw reel::Reject{"a guest without a name"};
                                          greeter::v1::GuestGreeted greeted;
                                          greeted.set_greeting("Hello, " + guest.name());
                                          flow.publish("guest.greeted", greeted);
                                        });
}
