#include "tracker/settled.h"

#include <algorithm>

namespace reel::tracker {
namespace {

/// Rows told of one flow.
constexpr int told_max = 100;

bool is_pending(v1::ServiceFate fate) {
  switch (fate) {
    case v1::SERVICE_FATE_WAITING:
    case v1::SERVICE_FATE_IN_FLIGHT:
    case v1::SERVICE_FATE_RETRYING:
    case v1::SERVICE_FATE_PARKED: return true;
    default: return false;
  }
}

}  // namespace

void SettledCheck::learn(std::span<const std::uint64_t> offsets) {
  for (const std::uint64_t offset : offsets) {
    if (offset <= last_offset_) continue;
    unsettled_[offset];
    last_offset_ = offset;
    as_of_ = 0;
  }
}

// In turn, so that the many that wait do not keep it from those that were never asked about.
std::vector<std::uint64_t> SettledCheck::next(std::size_t most) const {
  std::vector<std::uint64_t> offsets;
  for (const bool never_asked : {true, false}) {
    for (const auto& [offset, pending] : unsettled_) {
      if (offsets.size() == most) break;
      if (pending.empty() == never_asked) offsets.push_back(offset);
    }
  }
  std::sort(offsets.begin(), offsets.end());
  return offsets;
}

void SettledCheck::take(const v1::FatesReply& fates) {
  for (const auto& event : fates.events()) {
    std::vector<v1::WaitReply::Pending> pending;
    std::vector<v1::WaitReply::Pending> dead;
    for (const auto& delivery : event.deliveries()) {
      const bool is_dead = delivery.fate() == v1::SERVICE_FATE_DEAD;
      if (!is_dead && !is_pending(delivery.fate())) continue;
      auto& row = (is_dead ? dead : pending).emplace_back();
      row.set_service(delivery.service());
      row.set_fate(delivery.fate());
      row.set_topic(event.topic());
      row.set_offset(event.offset());
    }
    dead_.erase(event.offset());
    if (!dead.empty()) dead_[event.offset()] = std::move(dead);
    if (pending.empty()) {
      unsettled_.erase(event.offset());
    } else {
      unsettled_[event.offset()] = std::move(pending);
    }
  }
  delayed_ = fates.flows().empty() ? 0 : fates.flows(0).delayed();
  as_of_ = fates.now();
}

void SettledCheck::tell(v1::WaitReply& reply) const {
  for (const auto& [offset, rows] : unsettled_) {
    for (const auto& row : rows) {
      if (reply.pending_size() < told_max) *reply.add_pending() = row;
    }
  }
  for (const auto& [offset, rows] : dead_) {
    for (const auto& row : rows) {
      if (reply.dead_size() < told_max) *reply.add_dead() = row;
    }
  }
  reply.set_delayed(delayed_);
}

}  // namespace reel::tracker
