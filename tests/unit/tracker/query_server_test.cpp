#include "tracker/query_server.h"

#include <doctest/doctest.h>

#include <atomic>
#include <thread>
#include <zmq.hpp>

#include "reel/query.h"
#include "reel/v1/wire.pb.h"

using namespace reel;
using namespace reel::tracker;

namespace {

v1::Reply echo(const v1::Request& request) {
  v1::Reply reply;
  reply.set_id(request.id());
  reply.set_error("asked for " + request.flow().correlationid());
  return reply;
}

// Lets the server answer until `asking` has returned.
template <class Asking>
void serve_while(QueryServer& server, Asking asking) {
  std::atomic<bool> done = false;
  std::thread asker{[&] {
    asking();
    done = true;
  }};
  while (!done) {
    server.serve(echo);
    std::this_thread::yield();
  }
  asker.join();
}

}  // namespace

TEST_CASE("a question is answered on the socket it came from") {
  QueryServer server{"tcp://127.0.0.1:*"};
  serve_while(server, [&] {
    QueryClient client{server.endpoint(), std::chrono::seconds{10}};
    for (const std::string flow : {"order-7", "order-8"}) {
      v1::Request request;
      request.mutable_flow()->set_correlationid(flow);
      CHECK(client.ask(request).error() == "asked for " + flow);
    }
  });
}

TEST_CASE("what is not a question is answered with an error, and the next question as ever") {
  QueryServer server{"tcp://127.0.0.1:*"};
  serve_while(server, [&] {
    zmq::context_t context;
    zmq::socket_t socket{context, zmq::socket_type::dealer};
    socket.set(zmq::sockopt::linger, 0);
    socket.set(zmq::sockopt::rcvtimeo, 10'000);
    socket.connect(server.endpoint());
    v1::ToBroker hello;
    hello.mutable_hello();
    for (const std::string& bytes : {std::string{"\xff\xff"}, std::string{}, hello.SerializeAsString()}) {
      socket.send(zmq::buffer(bytes), zmq::send_flags::none);
      zmq::message_t frame;
      REQUIRE(socket.recv(frame));
      v1::FromBroker reply;
      REQUIRE(reply.ParseFromArray(frame.data(), static_cast<int>(frame.size())));
      CHECK(reply.answer().error() == "not a question in the form of reel.v1.ToBroker{query}");
    }
    socket.send(zmq::buffer(std::string{"a"}), zmq::send_flags::sndmore);
    socket.send(zmq::buffer(std::string{"b"}), zmq::send_flags::none);
    zmq::message_t frame;
    REQUIRE(socket.recv(frame));
    QueryClient client{server.endpoint(), std::chrono::seconds{10}};
    CHECK(client.ask({}).error() == "asked for ");
  });
}

TEST_CASE("a taken endpoint is refused with what to look for") {
  const QueryServer server{"tcp://127.0.0.1:*"};
  CHECK_THROWS_WITH(QueryServer{server.endpoint()}, ("cannot bind " + server.endpoint() +
                                                     ": Address already in use (is another tracker running?)")
                                                        .c_str());
}
