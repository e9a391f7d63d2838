#include "tracker/query_server.h"

#include <doctest/doctest.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
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

// A folder for one socket file.
class SocketFolder {
 public:
  SocketFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "reel_tracker_XXXXXX").string();
    REQUIRE(mkdtemp(pattern.data()) != nullptr);
    path_ = pattern;
  }
  ~SocketFolder() { std::filesystem::remove_all(path_); }
  SocketFolder(const SocketFolder&) = delete;
  SocketFolder& operator=(const SocketFolder&) = delete;
  [[nodiscard]] std::string endpoint() const { return "ipc://" + (path_ / "tracker").string(); }

 private:
  std::filesystem::path path_;
};

// Lets the server answer until `asking` has returned.
template <class Asking>
void serve_while(QueryServer& server, Asking asking) {
  std::atomic<bool> done = false;
  std::thread asker{[&] {
    asking();
    done = true;
  }};
  while (!done) {
    server.serve([](const v1::Request& request, const QueryServer::Send& send) { send(echo(request)); });
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

TEST_CASE("a taken endpoint is refused with what to look for, and whoever has it keeps it") {
  const SocketFolder folder;
  for (const std::string& wanted : {std::string{"tcp://127.0.0.1:*"}, folder.endpoint()}) {
    QueryServer server{wanted};
    const auto taken = server.endpoint();
    CHECK_THROWS_WITH(
        QueryServer{taken},
        ("cannot listen on " + taken + ": address in use (is another tracker running?)").c_str());
    serve_while(server, [&] {
      v1::Request request;
      request.mutable_flow()->set_correlationid("order-7");
      CHECK(QueryClient{taken, std::chrono::seconds{10}}.ask(request).error() == "asked for order-7");
    });
  }
}

TEST_CASE("the file that a killed tracker left at its endpoint is no hindrance") {
  const SocketFolder folder;
  std::ofstream{folder.endpoint().substr(6)} << "";
  CHECK_NOTHROW(QueryServer{folder.endpoint()});
}
