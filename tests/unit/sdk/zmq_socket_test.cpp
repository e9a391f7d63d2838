// What was received and is kept, over a real connection.
#include "zmq_socket.h"

#include <doctest/doctest.h>

#include <vector>

#include "../memory_books.h"

using namespace reel::sdk;

TEST_CASE("a message that is kept costs little more memory than it has bytes, however small" *
          doctest::skip(reel::test::no_memory_books)) {
  zmq::socket_t from{zmq_context(), zmq::socket_type::pair};
  zmq::socket_t to{zmq_context(), zmq::socket_type::pair};
  to.bind("tcp://127.0.0.1:*");
  from.connect(to.get(zmq::sockopt::last_endpoint));
  constexpr std::size_t messages = 1'000;
  for (const std::size_t bytes : {0u, 1u, 300u, 8'191u, 8'192u, 20'000u}) {
    CAPTURE(bytes);
    const std::string sent(bytes, 'x');
    const auto pass = [&] {
      from.send(zmq::buffer(sent));
      zmq::message_t message;
      REQUIRE(to.recv(message));
      return kept(std::move(message));
    };
    (void)pass();
    std::vector<Body> all;
    all.reserve(messages);
    const auto before = reel::test::allocated_bytes();
    while (all.size() < messages) all.push_back(pass());
    CHECK((reel::test::allocated_bytes() - before) / messages < bytes + 512);
    CHECK(all.front().bytes == sent);
  }
}
