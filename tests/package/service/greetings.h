// The greeter's handlers, apart from main() so that a test can run them without a broker.
#pragma once

#include "reel/reel.h"

void register_handlers(reel::Service& service);
