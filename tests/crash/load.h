// What publisher, worker, biller, operator and audit of the crash tests agree on: how an order is named, and
// which orders are treated in which way. All of it follows from key and number, so that nobody has to
// remember anything.
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

/// The biller cannot handle them before they are redriven: they become dead letters, and their key parks. Of
/// the odd keys it says so at once, of the others it throws in every attempt.
inline bool is_bad(const Order& order) {
  return order.number % 60 == 17;
}
/// The operator discards their letters, so they are never billed.
inline bool is_discarded(const Order& order) {
  return is_bad(order) && order.number % 180 == 77;
}
/// A reminder goes with them, which is delivered later.
inline bool has_reminder(const Order& order) {
  return has_chosen_id(order) && order.number % 10 == 4;
}
/// Their reminder is due in an hour, and the operator cancels what is due so late.
inline bool is_reminder_cancelled(const Order& order) {
  return has_reminder(order) && order.number % 30 == 14;
}
inline std::string reminder_id(const Order& order) {
  return "reminder-" + order.name();
}

inline constexpr const char* worker_service = "worker";
inline constexpr const char* biller_service = "biller";
inline constexpr std::string_view load_source = "crash-load";
inline constexpr std::string_view placed_topic = "order.placed";
inline constexpr std::string_view archived_topic = "order.archived";  // by a route
inline constexpr std::string_view captured_topic = "payment.captured";
inline constexpr std::string_view reminder_topic = "reminder.due";
inline constexpr std::string_view bill_topic = "bill.sent";

}  // namespace reel::test
