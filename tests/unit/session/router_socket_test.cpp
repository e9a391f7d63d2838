// The broker's front door over a real connection.
#include "session/router_socket.h"

#include <doctest/doctest.h>

#include <vector>

#include "../memory_books.h"

using namespace reel;
using namespace reel::broker;

namespace {

struct FrontDoor {
  zmq::context_t context;
  RouterSocket front{context, "tcp://127.0.0.1:*", 4u << 20};
  zmq::socket_t client{context, zmq::socket_type::dealer};

  FrontDoor() { client.connect(front.endpoint()); }

  Body pass(std::string_view batch) {
    v1::ToBroker frame;
    frame.mutable_publish()->set_sequence(1);
    const auto header = frame.SerializeAsString();
    client.send(zmq::buffer(header), zmq::send_flags::sndmore);
    client.send(zmq::buffer(batch));
    zmq::pollitem_t items[] = {{front.socket().handle(), 0, ZMQ_POLLIN, 0}};
    zmq::poll(items, 1, std::chrono::seconds{20});
    const auto incoming = front.receive();
    REQUIRE(incoming);
    CHECK(incoming->frame.publish().sequence() == 1);
    return {incoming->batch, incoming->owner};
  }
};

}  // namespace

TEST_CASE("a batch that is kept costs little more memory than it has bytes, however small" *
          doctest::skip(reel::test::no_memory_books)) {
  FrontDoor door;
  constexpr std::size_t batches = 1'000;
  for (const std::size_t bytes : {1u, 300u, 3'000u, 8'000u, 8'191u, 8'192u, 20'000u}) {
    CAPTURE(bytes);
    std::vector<Body> kept;
    kept.reserve(batches);
    const std::string batch(bytes, 'x');
    (void)door.pass(batch);
    const auto before = reel::test::allocated_bytes();
    while (kept.size() < batches) kept.push_back(door.pass(batch));
    const auto each = (reel::test::allocated_bytes() - before) / batches;
    CHECK(kept.back().bytes == batch);
    CHECK(each < bytes + 512);  // its owner, and malloc's own
  }
}
