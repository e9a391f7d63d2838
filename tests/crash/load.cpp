// The load of the crash tests, to be killed at any moment:
//
//   crash_load publisher --accepted FILE      orders without end; a line for each answer:
//                                             offset id key number accepted|duplicate
//   crash_load worker --handled FILE          handles them; a line when a handler begins:
//                                             key number id attempt instance time
//
// Each line is one appended write, made before anything that depends on it. Restarted, the publisher reads
// its own file and goes on behind it.
#include <fcntl.h>
#include <poll.h>
#include <reel/reel.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <protozero/pbf_reader.hpp>
#include <protozero/pbf_writer.hpp>
#include <vector>

#include "load.h"

namespace {

using reel::test::fails_at_first;
using reel::test::has_chosen_id;
using reel::test::is_dropped;
using reel::test::Order;

volatile std::sig_atomic_t stop_wanted = 0;

class Lines {
 public:
  explicit Lines(const std::string& path)
      : file_{::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644)} {
    if (file_ < 0) throw std::runtime_error("cannot open " + path);
  }
  void add(const std::string& line) const {
    if (::write(file_, line.data(), line.size()) != static_cast<ssize_t>(line.size())) std::abort();
  }

 private:
  int file_;
};

std::string placed(const Order& order) {
  std::string data;
  protozero::pbf_writer writer{data};
  writer.add_string(1, order.name());
  writer.add_int64(2, static_cast<std::int64_t>(order.number));
  return data;
}

std::string captured(const Order& order) {
  std::string data;
  protozero::pbf_writer{data}.add_string(1, order.name());
  return data;
}

// The order that a test.v1.Placed tells of; its number stands there twice.
Order order_in(std::string_view data) {
  std::optional<Order> order;
  std::int64_t number = 0;
  protozero::pbf_reader reader{data.data(), data.size()};
  while (reader.next()) {
    if (reader.tag() == 1) {
      order = Order::named(reader.get_string());
    } else if (reader.tag() == 2) {
      number = reader.get_int64();
    } else {
      reader.skip();
    }
  }
  if (!order || order->number != static_cast<std::uint64_t>(number))
    throw reel::Reject{"not an order of ours"};
  return *order;
}

// The machine's steady clock, which all processes share.
std::string now() {
  const auto time = std::chrono::steady_clock::now().time_since_epoch();
  return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(time).count());
}

struct Load {
  std::string file;
  std::string instance;
  std::uint32_t keys = 24;
  std::uint64_t window = 64;  // orders unanswered at a time
  unsigned per_second = 1'000;
};

int publish(const Load& load) {
  std::signal(SIGTERM, [](int) { stop_wanted = 1; });
  std::cout << "ready" << std::endl;
  std::vector<std::uint64_t> next(load.keys, 1);
  bool restarted = false;
  {
    std::ifstream before{load.file};
    std::string id, outcome;
    std::uint64_t offset = 0;
    for (Order order; before >> offset >> id >> order.key >> order.number >> outcome; restarted = true) {
      next.at(order.key) = order.number + 1;
    }
  }
  for (std::uint32_t key = 0; key < load.keys && restarted; ++key) {
    if (!has_chosen_id({key, 1})) next[key] += load.window;
  }

  const Lines accepted{load.file};
  std::atomic<std::uint64_t> unanswered{0};
  reel::Publisher publisher{"load"};
  for (std::uint32_t key = 0; !stop_wanted; key = (key + 1) % load.keys) {
    while (unanswered >= load.window && !stop_wanted) ::poll(nullptr, 0, 1);
    if (stop_wanted) break;
    const Order order{key, next[key]++};
    const auto name = order.name();
    const auto lane = "key-" + std::to_string(key);
    const auto data = placed(order);
    reel::Outgoing event{.topic = reel::test::placed_topic,
                         .type = "test.v1.Placed",
                         .data = data,
                         .correlationid = name,
                         .partitionkey = lane,
                         .source = reel::test::load_source};
    if (has_chosen_id(order)) event.id = name;
    ++unanswered;
    publisher.publish_async(event, [&, order](const reel::PublishResult& result) {
      if (!result.ok()) {
        std::cerr << order.name() << " " << to_string(result.outcome) << " " << result.text << std::endl;
        std::abort();
      }
      accepted.add(std::to_string(result.offset) + " " + result.id + " " + std::to_string(order.key) + " " +
                   std::to_string(order.number) + " " + std::string{to_string(result.outcome)} + "\n");
      --unanswered;
    });
    if (key == 0) ::poll(nullptr, 0, static_cast<int>(1'000 * load.keys / load.per_second));
  }
  return publisher.flush(std::chrono::seconds{30}) == 0 ? 0 : 1;
}

int work(const Load& load) {
  const Lines handled{load.file};
  reel::Options options;
  options.workers = 2;
  options.instance = load.instance;
  options.credit_events = 128;  // so that a kill finds the instances sharing even a short queue
  reel::Service service{"worker", options};
  service.start_from(reel::Start::oldest());
  service.on_raw(reel::test::placed_topic, [&](reel::Context& context) {
    const auto order = order_in(context.data());
    handled.add(std::to_string(order.key) + " " + std::to_string(order.number) + " " +
                std::string{context.id()} + " " + std::to_string(context.attempt()) + " " +
                service.instance() + " " + now() + "\n");
    if (fails_at_first(order) && context.attempt() == 1) throw std::runtime_error{"card reader broken"};
    if (is_dropped(order)) return;
    context.publish(reel::test::captured_topic, "test.v1.Captured", captured(order), {});
  });
  return service.run();
}

}  // namespace

int main(int argc, char** argv) try {
  Load load;
  CLI::App app{"Load for the crash tests."};
  auto* const publisher = app.add_subcommand("publisher");
  publisher->add_option("--accepted", load.file)->required();
  publisher->add_option("--keys", load.keys);
  publisher->add_option("--window", load.window);
  publisher->add_option("--per-second", load.per_second);
  auto* const worker = app.add_subcommand("worker");
  worker->add_option("--handled", load.file)->required();
  worker->add_option("--instance", load.instance);
  app.require_subcommand(1);
  CLI11_PARSE(app, argc, argv);
  return *publisher ? publish(load) : work(load);
} catch (const std::exception& error) {
  std::cerr << "crash_load: " << error.what() << '\n';
  return 1;
}
