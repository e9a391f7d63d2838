// The installed test double runs the installed SDK's handlers.
#include <cstdio>
#include <cstdlib>

#include "greeter/v1/greeter.pb.h"
#include "greetings.h"
#include "reel/testing.h"

namespace {

void expect(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "not so: %s\n", what);
  std::exit(1);
}

}  // namespace

int main() {
  reel::TestBus bus{"greeter"};
  register_handlers(bus.service());
  greeter::v1::GuestArrived guest;
  expect(bus.deliver("guest.arrived", guest).rejected(), "a guest without a name is rejected");
  guest.set_name("Ada");
  expect(bus.deliver("guest.arrived", guest, {.correlationid = "visit-1"}).handled(), "a guest is greeted");
  expect(bus.published().size() == 1, "one event is published");
  expect(bus.published()[0].as<greeter::v1::GuestGreeted>().greeting() == "Hello, Ada", "by name");
  expect(bus.published()[0].correlationid == "visit-1", "in the same flow");
}
