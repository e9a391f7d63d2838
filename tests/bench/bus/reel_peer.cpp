// Reel as its users run it: reel-broker, perhaps reel-tracker, the SDK's Publisher, Service and LiveTap.
#include <reel/reel.h>

#include <spdlog/fmt/fmt.h>

#include <stdexcept>

#include "crowd_receiver.h"
#include "page.h"
#include "peers.h"

namespace reel::bench {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view payload_type = "google.protobuf.BytesValue";

bool durable(const Task& task) {
  return task.guarantee != Guarantee::live;
}

std::string_view topic_of(const Task& task) {
  return durable(task) ? "bench.event" : "bench.tick";
}

std::string service_of(const Task& task, std::uint32_t receiver) {
  return "bench-" + std::to_string(task.group_of(receiver));
}

/// A BytesValue up to its bytes: tag and length.
std::string head_of(std::size_t bytes) {
  std::string head{"\x0a"};
  for (auto rest = bytes;; rest >>= 7) {
    head.push_back(static_cast<char>((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0)));
    if (rest <= 0x7f) return head;
  }
}

Options connection_of(const Task& task) {
  Options options;
  options.brokers = {task.endpoint.text()};
  if (task.rate_per_s == 0) {
    options.publish_buffer_bytes = 64u << 20;
    options.credit_events = 65'536;
    options.credit_bytes = 64u << 20;
  }
  return options;
}

class ReelSender : public Sender {
 public:
  ReelSender(const Task& task, std::uint32_t number)
      : topic_{topic_of(task)},
        first_key_{number * task.keys_per_sender()},
        publisher_{"source-" + std::to_string(number), connection_of(task)},
        data_{head_of(task.payload_bytes)} {
    head_bytes_ = data_.size();
    for (std::uint64_t key = 0; key < task.keys_per_sender(); ++key)
      flows_.push_back(flow_of(first_key_ + key));
  }

  void send(std::string_view payload, std::uint64_t key) override {
    data_.resize(head_bytes_);
    data_ += payload;
    const Outgoing event{.topic = topic_,
                         .type = payload_type,
                         .data = data_,
                         .correlationid = std::string_view{flows_[(key - first_key_) % flows_.size()]}};
    while (!publisher_.publish_async(event)) (void)publisher_.wait_for_room(1s);
  }

  void flush() override {
    if (publisher_.flush(60s) > 0) throw std::runtime_error{"the broker does not answer"};
    const auto counts = publisher_.counts();
    if (counts.rejected + counts.unavailable + counts.unconfirmed > 0)
      throw std::runtime_error{"the broker refused events"};
  }

 private:
  std::string_view topic_;
  std::uint64_t first_key_;
  Publisher publisher_;
  std::string data_;
  std::size_t head_bytes_ = 0;
  std::vector<std::string> flows_;
};

class ServiceReceiver : public Receiver {
 public:
  ServiceReceiver(const Task& task, std::uint32_t number)
      : service_{service_of(task, number), connection_of(task)} {
    if (task.course == Course::catch_up) service_.start_from(Start::oldest());
  }

  void receive(const Sink& sink) override {
    service_.on_raw("bench.event", [&sink](Context& event) { sink(value_of(event.data())); });
    (void)service_.run();
  }

 private:
  Service service_;
};

class TapReceiver : public Receiver {
 public:
  explicit TapReceiver(const Task& task)
      : tap_{{.patterns = {"bench.tick"}, .endpoint = task.live_endpoint.text()}} {}

  void receive(const Sink& sink) override {
    while (true) {
      const StreamBatch batch = tap_.next(1s);
      for (const StreamEvent& event : batch.events) sink(value_of(event.data));
    }
  }

 private:
  LiveTap tap_;
};

class ReelPeer : public Peer {
 public:
  explicit ReelPeer(bool with_tracker) : with_tracker_{with_tracker} {}

  Servers start(Task& task) override {
    const std::string dir = task.dir.text();
    task.endpoint = Text{free_endpoint(task, "broker")};
    task.live_endpoint = Text{free_endpoint(task, "live")};
    task.tracker_endpoint = Text{free_endpoint(task, "tracker")};
    test::write_file(dir + "/reel.yaml", configuration(task));
    return restart(task);
  }

  Servers restart(const Task& task) override {
    const std::string dir = task.dir.text();
    Servers servers;
    servers["broker"] = program(dir, "reel-broker", " ready ");
    if (with_tracker_) servers["tracker"] = program(dir, "reel-tracker", " caught_up ");
    ++starts_;
    return servers;
  }

  bool joined(const Task& task) override {
    if (!durable(task)) return true;
    std::size_t instances = 0;
    for (const auto& service : services(task))
      instances += static_cast<std::size_t>(service.instances_size());
    return instances == (task.subscriptions > 0 ? task.subscriptions : task.receivers);
  }

  bool settled(const Task& task) override {
    if (!durable(task)) return true;
    for (const auto& service : services(task)) {
      if (service.waiting() > 0 || service.in_flight() > 0) return false;
    }
    return true;
  }

  Figures aftermath(const Task& task) override {
    if (!with_tracker_) return {};
    const std::uint64_t began = now_ns();
    QueryClient tracker{task.tracker_endpoint.text()};
    v1::SummaryReply summary;
    const auto reached = [&] {
      v1::Request request;
      request.mutable_summary();
      summary = tracker.ask(request).summary();
      return summary.offset() >= task.events && summary.caught_up();
    };
    if (!test::eventually(reached, 120s)) throw std::runtime_error{"the tracker does not catch up"};
    // Each event meets the one before it in its flow and arms one; the last of each flow is still owed.
    if (summary.open() != task.keys || summary.overdue() != 0)
      throw std::runtime_error{"the tracker's verdicts are wrong: " + summary.ShortDebugString()};
    return {{"tracker_behind_s", static_cast<double>(now_ns() - began) / 1e9}};
  }

  std::unique_ptr<Sender> sender(const Task& task, std::uint32_t number) override {
    keep_freed_memory();
    return std::make_unique<ReelSender>(task, number);
  }
  std::unique_ptr<Receiver> receiver(const Task& task, std::uint32_t number) override {
    keep_freed_memory();
    if (task.subscriptions > 0) return make_crowd(task);
    if (durable(task)) return std::make_unique<ServiceReceiver>(task, number);
    return std::make_unique<TapReceiver>(task);
  }

 private:
  static std::string configuration(const Task& task) {
    return fmt::format(
        "topics:\n"
        "  bench.event: {{type: {0}}}\n"
        "  bench.tick: {{type: {0}, durable: false}}\n"
        "flows:\n"
        "  bench:\n"
        "    expect:\n"
        "      - {{after: bench.event, any_of: [bench.event], within: 1h}}\n"
        "broker: {{listen: \"{1}\", live: \"{2}\", data: data, journal: {{sync: {3}}}, "
        "services_max: {5}}}\n"
        "tracker: {{listen: \"{4}\", data: data/tracker}}\n",
        payload_type, task.endpoint.view(), task.live_endpoint.view(),
        task.guarantee == Guarantee::durable_always ? "always" : "os", task.tracker_endpoint.view(),
        1'000 + 2 * task.subscriptions);
  }

  std::unique_ptr<test::Process> program(const std::string& dir, const std::string& name,
                                         const std::string& ready) {
    auto process = std::make_unique<test::Process>(
        test::Process::Options{.argv = {std::string{REEL_BIN_DIR} + "/" + name, "-c", dir + "/reel.yaml"},
                               .output = dir + "/" + name + std::to_string(starts_) + ".log"});
    if (!process->says(ready)) throw std::runtime_error{name + " did not start:\n" + process->output()};
    return process;
  }

  /// Ours, of all that the broker knows.
  std::vector<v1::ServicesReply::Service> services(const Task& task) {
    if (!broker_) broker_ = std::make_unique<QueryClient>(task.endpoint.text());
    v1::Request request;
    request.mutable_services();
    const v1::Reply reply = broker_->ask(request);
    std::vector<v1::ServicesReply::Service> ours;
    for (const auto& service : reply.services().services()) {
      if (service.service().starts_with("bench-")) ours.push_back(service);
    }
    return ours;
  }

  bool with_tracker_;
  int starts_ = 0;
  std::unique_ptr<QueryClient> broker_;
};

}  // namespace

std::string_view value_of(std::string_view data) {
  std::size_t head = 1;  // behind the tag stands the length
  while (head < data.size() && (data[head] & 0x80) != 0) ++head;
  return head + 1 < data.size() ? data.substr(head + 1) : std::string_view{};
}

std::string flow_of(std::uint64_t key) {
  return "flow-" + std::to_string(key);
}

std::unique_ptr<Peer> make_reel(bool with_tracker) {
  return std::make_unique<ReelPeer>(with_tracker);
}

}  // namespace reel::bench
