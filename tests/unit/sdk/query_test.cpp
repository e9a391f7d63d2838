#include "reel/query.h"

#include <doctest/doctest.h>

#include "fake_broker.h"

using namespace reel;
using namespace std::chrono_literals;

TEST_CASE("a question is answered") {
  FakeBroker broker;
  QueryClient client{broker.options().brokers[0], 20s};
  v1::Request request;
  request.mutable_topics();
  CHECK(client.ask(request).error() == "nobody knows");
  CHECK(client.ask(request).error() == "nobody knows");
}

TEST_CASE("silence is an exception that names the endpoint, and the next answer is not mistaken") {
  FakeBroker broker;
  broker.strike_dumb(true);
  QueryClient client{broker.options().brokers[0], 50ms};
  CHECK_THROWS_WITH_AS((void)client.ask({}),
                       ("no answer from " + broker.options().brokers[0] +
                        " within 50 ms (is it running, and does it listen there?)")
                           .c_str(),
                       NotReachable);
  CHECK_THROWS_AS(QueryClient{"localhost:5555"}, std::invalid_argument);
}
