// The two services of the load. The worker handles every order by and by, half of its instances in batches;
// the biller has dead letters, and its keys park behind them.
#include <reel/reel.h>

#include <chrono>
#include <functional>
#include <protozero/pbf_reader.hpp>
#include <protozero/pbf_writer.hpp>
#include <stdexcept>

#include "load.h"
#include "load_part.h"

namespace reel::test {

using namespace std::chrono_literals;

namespace {

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
  if (!order || order->number != static_cast<std::uint64_t>(number)) throw Reject{"not an order of ours"};
  return *order;
}

std::string line_of(const Order& order, const Context& context, const Service& service) {
  return std::to_string(order.key) + " " + std::to_string(order.number) + " " + std::string{context.id()} +
         " " + std::to_string(context.attempt()) + " " + service.instance() + " " + now() + "\n";
}

Options options_of(const Part& part) {
  Options options;
  options.workers = 2;
  options.instance = part.instance;
  options.credit_events = 128;  // so that a kill finds the instances sharing even a short queue
  return options;
}

}  // namespace

int work(const Part& part) {
  const Lines handled{part.file};
  Service service{worker_service, options_of(part)};
  service.start_from(Start::oldest());
  const auto handle = [&](Context& context) {
    const auto order = order_in(context.data());
    if (context.redriven()) throw Reject{"redriven, and no letter of ours"};
    handled.add(line_of(order, context, service));
    if (fails_at_first(order) && context.attempt() == 1) throw std::runtime_error{"card reader broken"};
    if (is_dropped(order)) return;
    context.publish(captured_topic, "test.v1.Captured", captured(order), {});
  };
  // What fails at first makes every other time the whole batch throw, before anything is done.
  const auto handle_batch = [&](const RawBatch& batch) {
    for (const auto& item : batch) {
      const auto order = order_in(item.flow().data());
      if (fails_at_first(order) && order.number % 2 == 0 && item.flow().attempt() == 1)
        throw std::runtime_error{"card reader broken"};
    }
    batch.each([&](const RawBatchItem& item) { handle(item.flow()); });
  };
  if (std::hash<std::string>{}(service.instance()) % 2 == 0) {
    service.on_batch_raw(placed_topic, {.max_size = 16, .max_wait = 20ms}, handle_batch);
  } else {
    service.on_raw(placed_topic, handle);
  }
  return service.run();
}

int bill(const Part& part) {
  const Lines handled{part.file};
  Service service{biller_service, options_of(part)};
  service.start_from(Start::oldest());
  const auto handle = [&](Context& context) {
    const auto order = order_in(context.data());
    if (context.topic() == placed_topic && is_bad(order) && !context.redriven()) {
      if (order.key % 2 == 1) throw Reject{"no address"};
      throw std::runtime_error{"no address yet"};
    }
    context.publish(bill_topic, "test.v1.Captured", captured(order), {});
    handled.add(line_of(order, context, service));
  };
  service.on_raw(placed_topic, handle);
  service.on_raw(reminder_topic, handle);
  return service.run();
}

}  // namespace reel::test
