#include "greetings.h"

int main() {
  reel::Service greeter{"greeter"};
  register_handlers(greeter);
  return greeter.run();
}
