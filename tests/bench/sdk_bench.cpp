// What the SDK costs per event, without a broker's own work:
//
//   sdk_bench [EVENTS]
//
// The other side is a thread that answers every frame by rote. Its CPU time is taken off the process's, so
// what remains is the SDK's: caller, connection, workers, and ZeroMQ's thread for both.
#include <google/protobuf/wrappers.pb.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <thread>
#include <zmq.hpp>

#include "event/batch.h"
#include "reel/reel.h"

using namespace std::chrono_literals;
using namespace reel;

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::uint32_t batch_events = 1'000;
constexpr std::size_t data_bytes = 128;

double cpu_seconds(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

std::string payload() {
  google::protobuf::BytesValue value;
  value.set_value(std::string(data_bytes - 3, 'x'));
  return value.SerializeAsString();
}

// Accepts batches without reading them, and delivers one batch over and over, within the credit.
class RoteBroker {
 public:
  explicit RoteBroker(std::uint64_t events) : events_{events} {
    router_.set(zmq::sockopt::linger, 0);
    router_.set(zmq::sockopt::sndhwm, 0);
    router_.set(zmq::sockopt::rcvhwm, 0);
    router_.bind("tcp://127.0.0.1:*");
    endpoint_ = router_.get(zmq::sockopt::last_endpoint);
    BatchWriter writer;
    writer.begin_run(
        {.source = "bench/1", .topic = "bench.event", .dataschema = "google.protobuf.BytesValue"});
    const auto data = payload();
    for (std::uint32_t i = 0; i < batch_events; ++i) {
      const auto flow = "order-" + std::to_string(i % 500);
      writer.add(
          {.id = "0190a5e2-7b7c-7000-8000-0123456789ab", .correlationid = flow, .time = 1, .data = data});
    }
    batch_ = writer.take();
    thread_ = std::thread{[this] { run(); }};
  }
  ~RoteBroker() {
    ending_ = true;
    thread_.join();
  }

  Options options() const {
    Options options;
    options.brokers = {endpoint_};
    return options;
  }
  double cpu() const { return cpu_; }

 private:
  void run() {
    while (!ending_) {
      zmq::pollitem_t item{router_.handle(), 0, ZMQ_POLLIN, 0};
      zmq::poll(&item, 1, 10ms);
      zmq::message_t peer, header, body;
      while (router_.recv(peer, zmq::recv_flags::dontwait)) {
        (void)router_.recv(header);
        if (header.more()) (void)router_.recv(body);
        v1::ToBroker message;
        if (message.ParseFromArray(header.data(), static_cast<int>(header.size()))) answer(peer, message);
      }
      cpu_ = cpu_seconds(CLOCK_THREAD_CPUTIME_ID);
    }
  }

  void answer(const zmq::message_t& peer, const v1::ToBroker& message) {
    v1::FromBroker reply;
    if (message.has_hello()) {
      reply.mutable_welcome()->set_epoch(1);
      reply.mutable_welcome()->set_publish_window_bytes(8u << 20);
      reply.mutable_welcome()->set_publish_window_batches(256);
      reply.mutable_welcome()->set_beat_interval_ms(1'000);
      reply.mutable_welcome()->set_service_timeout_ms(5'000);
    } else if (message.has_publish()) {
      reply.mutable_accepted()->set_sequence(message.publish().sequence());
      reply.mutable_accepted()->set_first_offset(1);
    } else if (message.has_subscribe()) {
      reply.mutable_subscribed()->set_first_offset(1);
      credit_ = message.subscribe().credit_events();
    } else if (message.has_settle()) {
      reply.mutable_settled()->set_sequence(message.settle().sequence());
      for (const auto& ack : message.settle().acks()) credit_ += ack.count();
    } else if (message.has_beat()) {
      reply.mutable_beat()->set_epoch(1);
    } else if (message.has_goodbye()) {
      reply.mutable_goodbye();
    }
    send(peer, reply, {});
    while (credit_ >= batch_events && delivered_ < events_) {
      v1::FromBroker deliver;
      auto& span = *deliver.mutable_deliver()->add_spans();
      span.set_offset(delivered_ + 1);
      span.set_count(batch_events);
      span.set_log_time(delivered_ + 1);
      deliver.mutable_deliver()->set_delivery(1);
      deliver.mutable_deliver()->set_attempt(1);
      send(peer, deliver, batch_);
      delivered_ += batch_events;
      credit_ -= batch_events;
    }
  }

  void send(const zmq::message_t& peer, const v1::FromBroker& message, std::string_view body) {
    (void)router_.send(zmq::buffer(peer.to_string_view()), zmq::send_flags::sndmore);
    const auto header = message.SerializeAsString();
    (void)router_.send(zmq::buffer(header), body.empty() ? zmq::send_flags::none : zmq::send_flags::sndmore);
    if (!body.empty()) (void)router_.send(zmq::buffer(body), zmq::send_flags::none);
  }

  const std::uint64_t events_;
  zmq::context_t context_;
  zmq::socket_t router_{context_, zmq::socket_type::router};
  std::string endpoint_, batch_;
  std::uint64_t credit_ = 0, delivered_ = 0;
  std::atomic<bool> ending_{false};
  std::atomic<double> cpu_{0};
  std::thread thread_;
};

// Runs `work`, which handles `events` events, and prints what each of them cost.
template <class Work>
void measure(const char* name, std::uint64_t events, const RoteBroker& broker, Work work) {
  const auto begin = Clock::now();
  const auto cpu = cpu_seconds(CLOCK_PROCESS_CPUTIME_ID), rote = broker.cpu(),
             own = cpu_seconds(CLOCK_THREAD_CPUTIME_ID);
  work();
  const auto count = static_cast<double>(events);
  const auto wall = std::chrono::duration<double>(Clock::now() - begin).count();
  const auto caller = cpu_seconds(CLOCK_THREAD_CPUTIME_ID) - own;
  const auto all = cpu_seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu - (broker.cpu() - rote);
  std::printf("%-28s %8.0f events/s   CPU per event %5.0f ns, of that in the caller's thread %5.0f ns\n",
              name, count / wall, all / count * 1e9, caller / count * 1e9);
}

void publish(std::uint64_t events, bool with_callback) {
  RoteBroker broker{0};
  Publisher publisher{"bench", broker.options()};
  const auto data = payload();
  std::atomic<std::uint64_t> told{0};
  PublishCallback callback;
  if (with_callback) callback = [&](const PublishResult&) { told.fetch_add(1, std::memory_order_relaxed); };
  measure(with_callback ? "publish_async, callback" : "publish_async", events, broker, [&] {
    for (std::uint64_t i = 0; i < events; ++i) {
      if (i % 64 == 0 && publisher.counts().unanswered > 20'000) (void)publisher.wait_for_room(1s);
      publisher.publish_async({.topic = "bench.event", .type = "google.protobuf.BytesValue", .data = data},
                              callback);
    }
    (void)publisher.flush(10s);
  });
  if (publisher.counts().accepted != events)
    std::printf("only %llu accepted\n", static_cast<unsigned long long>(publisher.counts().accepted));
}

void handle(std::uint64_t events, unsigned workers, bool emits) {
  RoteBroker broker{events};
  auto options = broker.options();
  options.workers = workers;
  Service service{"bench", options};
  std::atomic<std::uint64_t> handled{0};
  service.on<google::protobuf::BytesValue>(
      "bench.event", [&](const google::protobuf::BytesValue& value, Context& flow) {
        if (emits) flow.publish("bench.done", value);
        if (handled.fetch_add(1, std::memory_order_relaxed) + 1 == events) service.stop();
      });
  const auto name = "handle, " + std::to_string(workers) + (workers == 1 ? " worker" : " workers") +
                    (emits ? ", emit" : "");
  measure(name.c_str(), events, broker, [&] { (void)service.run(); });
}

void handle_batches(std::uint64_t events, std::size_t size) {
  RoteBroker broker{events};
  Service service{"bench", broker.options()};
  std::uint64_t handled = 0;
  // The last batch is seldom a full one: with the usual max_wait a row of half a second would tell of that.
  const BatchOptions batches{.max_size = size, .max_wait = 5ms};
  service.on_batch<google::protobuf::BytesValue>("bench.event", batches, [&](const auto& batch) {
    handled += batch.size();
    if (handled == events) service.stop();
  });
  const auto name = "handle, batches of " + std::to_string(size);
  measure(name.c_str(), events, broker, [&] { (void)service.run(); });
}

}  // namespace

int main(int argc, char** argv) {
  const auto events =
      argc > 1 ? std::strtoull(argv[1], nullptr, 10) / batch_events * batch_events : 2'000'000;
  publish(events, false);
  publish(events, true);
  handle(events, 1, false);
  handle(events, 2, false);
  handle(events, 2, true);
  handle_batches(events, 1);
  handle_batches(events, 100);
  handle_batches(events, 1'000);
}
