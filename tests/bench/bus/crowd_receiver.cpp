// It speaks the wire itself: a thousand clients of the SDK would be some thousand threads.
#include "crowd_receiver.h"

#include <zmq.hpp>

#include <chrono>
#include <stdexcept>
#include <vector>

#include "event/batch.h"
#include "reel/v1/wire.pb.h"

namespace reel::bench {
namespace {

using Steady = std::chrono::steady_clock;

/// What one of them may hold unsettled.
constexpr std::uint32_t member_credit_events = 1'024;
constexpr std::uint32_t member_credit_bytes = 1u << 20;

class CrowdMember {
 public:
  CrowdMember(zmq::context_t& context, const std::string& endpoint, std::uint32_t number)
      : socket_{context, zmq::socket_type::dealer},
        name_{"bench-" + std::to_string(number)},
        number_{number} {
    socket_.set(zmq::sockopt::linger, 0);
    socket_.connect(endpoint);
    v1::ToBroker hello;
    hello.mutable_hello()->set_protocol(1);
    hello.mutable_hello()->set_service(name_);
    hello.mutable_hello()->set_instance(name_);
    send(hello);
  }

  [[nodiscard]] zmq::pollitem_t item() { return {socket_.handle(), 0, ZMQ_POLLIN, 0}; }

  /// Takes everything that has come.
  void receive(const Sink& sink) {
    for (zmq::message_t head; socket_.recv(head, zmq::recv_flags::dontwait);) {
      v1::FromBroker frame;
      zmq::message_t body;
      const bool read = frame.ParseFromArray(head.data(), static_cast<int>(head.size()));
      if (head.more()) (void)socket_.recv(body);
      if (!read || frame.has_refused()) throw std::runtime_error{"refused: " + frame.refused().text()};
      if (frame.has_welcome()) subscribe();
      if (frame.has_deliver()) handle(frame.deliver(), body.to_string_view(), sink);
    }
  }

  void beat() {
    v1::ToBroker beat;
    beat.mutable_beat();
    send(beat);
  }

 private:
  void send(const v1::ToBroker& frame) { (void)socket_.send(zmq::buffer(frame.SerializeAsString())); }

  void subscribe() {
    v1::ToBroker frame;
    auto& subscribe = *frame.mutable_subscribe();
    subscribe.add_patterns("bench.event");
    auto& filter = *subscribe.add_filters();
    filter.set_pattern("bench.event");
    filter.set_when(R"({"correlationid": [")" + flow_of(number_) + R"("]})");
    subscribe.set_from_new(true);
    subscribe.set_credit_events(member_credit_events);
    subscribe.set_credit_bytes(member_credit_bytes);
    subscribe.set_ephemeral(true);
    send(frame);
  }

  void handle(const v1::Deliver& deliver, std::string_view bytes, const Sink& sink) {
    BatchReader batch{bytes};
    while (auto run = batch.next_run()) {
      while (const auto event = run->next_event()) sink(value_of(event->data));
    }
    v1::ToBroker answer;
    auto& settle = *answer.mutable_settle();
    settle.set_sequence(++settles_);
    for (const auto& span : deliver.spans()) {
      auto& ack = *settle.add_acks();
      ack.set_first(span.offset());
      ack.set_count(span.count());
      ack.set_delivery(deliver.delivery());
    }
    send(answer);
  }

  zmq::socket_t socket_;
  std::string name_;
  std::uint32_t number_;
  std::uint64_t settles_ = 0;
};

class Crowd : public Receiver {
 public:
  explicit Crowd(const Task& task) {
    context_.set(zmq::ctxopt::max_sockets, static_cast<int>(task.subscriptions) + 16);
    for (std::uint32_t i = 0; i < task.subscriptions; ++i)
      members_.push_back(std::make_unique<CrowdMember>(context_, task.endpoint.text(), i));
  }

  void receive(const Sink& sink) override {
    std::vector<zmq::pollitem_t> items;
    for (auto& member : members_) items.push_back(member->item());
    auto next_beat = Steady::now() + beat_interval;
    while (true) {
      zmq::poll(items.data(), items.size(), std::chrono::milliseconds{200});
      for (std::size_t i = 0; i < items.size(); ++i) {
        if (items[i].revents != 0) members_[i]->receive(sink);
      }
      if (Steady::now() < next_beat) continue;
      for (auto& member : members_) member->beat();
      next_beat += beat_interval;
    }
  }

 private:
  /// A session that says nothing for service_timeout is taken for gone.
  static constexpr std::chrono::seconds beat_interval{1};

  zmq::context_t context_;
  std::vector<std::unique_ptr<CrowdMember>> members_;
};

}  // namespace

std::unique_ptr<Receiver> make_crowd(const Task& task) {
  return std::make_unique<Crowd>(task);
}

}  // namespace reel::bench
