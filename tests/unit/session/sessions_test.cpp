// Who is connected, and what is kept of what clients say of themselves.
#include "session/session.h"

#include <doctest/doctest.h>

#include "event/utf8.h"

using namespace reel;
using namespace reel::broker;

TEST_CASE("a host's name that is too long is cut between two characters") {
  Sessions sessions{10, 1'000};
  v1::Hello hello;
  hello.set_protocol(1);
  hello.set_service("payments");
  hello.set_instance("1");
  hello.set_host(std::string(127, 'h') + "\u00e9");
  const auto opened = sessions.open(RoutingId{"r"}, hello, 1, 1);
  REQUIRE(opened.session != nullptr);
  CHECK(opened.session->host == std::string(127, 'h'));
  CHECK(is_utf8(opened.session->host));
}
