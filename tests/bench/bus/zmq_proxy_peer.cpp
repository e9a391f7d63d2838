// What ZeroMQ does without a broker of anybody's: PUB to XSUB, zmq_proxy, XPUB to SUB, a message for each
// event.
#include <zmq.hpp>

#include <cstdio>
#include <cstring>
#include <stdexcept>

#include "peers.h"
#include "roles.h"
#include "zmq_forwarder.h"

namespace reel::bench {
namespace {

constexpr std::string_view topic = "bench.t ";

zmq::context_t& context() {
  static zmq::context_t one{1};
  return one;
}

zmq::socket_t socket_of(zmq::socket_type type) {
  zmq::socket_t socket{context(), type};
  socket.set(zmq::sockopt::sndhwm, queue_messages_max);
  socket.set(zmq::sockopt::rcvhwm, queue_messages_max);
  socket.set(zmq::sockopt::linger, -1);
  if (type == zmq::socket_type::pub || type == zmq::socket_type::xpub)
    socket.set(zmq::sockopt::xpub_nodrop, true);
  return socket;
}

class ProxySender : public Sender {
 public:
  explicit ProxySender(const Task& task) : socket_{socket_of(zmq::socket_type::pub)} {
    socket_.connect(task.endpoint.text());
  }

  void send(std::string_view payload, std::uint64_t) override {
    zmq::message_t message{topic.size() + payload.size()};
    std::memcpy(message.data(), topic.data(), topic.size());
    std::memcpy(static_cast<char*>(message.data()) + topic.size(), payload.data(), payload.size());
    (void)socket_.send(message, zmq::send_flags::none);
  }
  /// There is nobody to ask: the receivers' counts say when everything is through.
  void flush() override {}

 private:
  zmq::socket_t socket_;
};

class ProxyReceiver : public Receiver {
 public:
  explicit ProxyReceiver(const Task& task) : socket_{socket_of(zmq::socket_type::sub)} {
    socket_.set(zmq::sockopt::subscribe, topic);
    socket_.connect(task.live_endpoint.text());
  }

  void receive(const Sink& sink) override {
    zmq::message_t message;
    while (socket_.recv(message)) sink(message.to_string_view().substr(topic.size()));
  }

 private:
  zmq::socket_t socket_;
};

class ZmqProxyPeer : public Peer {
 public:
  Servers start(Task& task) override {
    task.endpoint = Text{free_endpoint(task, "in")};
    task.live_endpoint = Text{free_endpoint(task, "out")};
    Servers servers;
    servers["broker"] = start_role(task, "forward", 0);
    if (!servers["broker"]->says("ready")) throw std::runtime_error{"zmq_proxy did not start"};
    return servers;
  }
  std::unique_ptr<Sender> sender(const Task& task, std::uint32_t) override {
    return std::make_unique<ProxySender>(task);
  }
  std::unique_ptr<Receiver> receiver(const Task& task, std::uint32_t) override {
    return std::make_unique<ProxyReceiver>(task);
  }
};

}  // namespace

void forward(const Task& task) {
  zmq::socket_t in = socket_of(zmq::socket_type::xsub);
  zmq::socket_t out = socket_of(zmq::socket_type::xpub);
  in.bind(task.endpoint.text());
  out.bind(task.live_endpoint.text());
  std::puts("ready");
  std::fflush(stdout);
  zmq::proxy(in, out);
}

std::unique_ptr<Peer> make_zmq_proxy() {
  return std::make_unique<ZmqProxyPeer>();
}

}  // namespace reel::bench
