// What publisher, worker and audit of the crash tests agree on: how an order is named, and which orders are
// treated in which way. All of it follows from key and number, so that nobody has to remember anything.
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace reel::test {

/// Orders of one key are numbered from 1 upwards.
struct Order {
  std::uint32_t key = 0;
  std::uint64_t number = 0;

  /// "order-7-1042": its correlation id, and its event id where that is chosen.
  [[nodiscard]] std::string name() const {
    return "order-" + std::to_string(key) + "-" + std::to_string(number);
  }
  [[nodiscard]] static std::optional<Order> named(std::string_view name) {
    Order order;
    if (!name.starts_with("order-")) return std::nullopt;
    const char* const end = name.data() + name.size();
    const auto key = std::from_chars(name.data() + 6, end, order.key);
    if (key.ec != std::errc{} || key.ptr == end || *key.ptr != '-') return std::nullopt;
    const auto number = std::from_chars(key.ptr + 1, end, order.number);
    if (number.ec != std::errc{} || number.ptr != end) return std::nullopt;
    return order;
  }
};

/// Their events have ids chosen by the publisher: after a crash it sends again what it does not know to be
/// accepted, and their numbers have no gap. The others' ids are generated, and their numbers skip what may
/// have been accepted.
inline bool has_chosen_id(const Order& order) {
  return order.key % 2 == 0;
}
/// The worker handles them without a follow-up: their flow stays overdue.
inline bool is_dropped(const Order& order) {
  return (order.key * 7 + order.number) % 10 == 0;
}
/// The worker's handler throws in the first attempt.
inline bool fails_at_first(const Order& order) {
  return order.number % 25 == 3;
}

inline constexpr std::string_view load_source = "crash-load";
inline constexpr std::string_view placed_topic = "order.placed";
inline constexpr std::string_view archived_topic = "order.archived";  // by a route
inline constexpr std::string_view captured_topic = "payment.captured";

}  // namespace reel::test
