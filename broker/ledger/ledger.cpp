#include "ledger/ledger.h"

#include <google/protobuf/arena.h>

#include <algorithm>
#include <limits>

#include "event/topic.h"

namespace reel::broker {
namespace {

bool parse(google::protobuf::MessageLite& message, std::string_view data) {
  return data.size() <= static_cast<std::size_t>(std::numeric_limits<int>::max()) &&
         message.ParseFromArray(data.data(), static_cast<int>(data.size()));
}

Offset end_of(const v1::OffsetRange& range) {
  return range.first() + std::min<Offset>(range.count(), ~range.first());
}

void set_floor(ServiceRecord& record, Offset floor) {
  record.floor = floor;
  record.settled.erase_below(floor);
  record.retrying.erase(record.retrying.begin(), record.retrying.lower_bound(floor));
}

void take_ack(ServiceRecord& record, const v1::OffsetRange& range) {
  record.acked += range.count();
  const Offset first = std::max(range.first(), record.floor);
  const Offset end = end_of(range);
  if (first >= end) return;
  record.settled.insert(first, end - first);
  if (record.retrying.empty()) return;
  record.retrying.erase(record.retrying.lower_bound(first), record.retrying.lower_bound(end));
}

void take_failure(ServiceRecord& record, const v1::Failure& failure) {
  ++record.nacked;
  const Offset offset = failure.offset();
  if (failure.ending() != v1::ENDING_DEAD) {
    if (!record.is_settled(offset)) record.retrying[offset] = failure;
    return;
  }
  record.retrying.erase(offset);
  if (offset >= record.floor) record.settled.insert(offset, 1);
  record.dead[offset] = failure;
  if (record.dead.size() <= dead_letters_max) return;
  record.dead.erase(record.dead.begin());
  ++record.dead_forgotten;
}

const v1::Pattern* pattern_like(const std::vector<v1::Pattern>& patterns, const v1::Pattern& one) {
  const auto same = [&](const v1::Pattern& other) { return other.pattern() == one.pattern(); };
  const auto found = std::find_if(patterns.begin(), patterns.end(), same);
  return found == patterns.end() ? nullptr : &*found;
}

}  // namespace

bool ServiceRecord::wants(std::string_view topic, Offset offset) const {
  return std::any_of(patterns.begin(), patterns.end(), [&](const v1::Pattern& pattern) {
    return offset >= pattern.from_offset() && matches(pattern.pattern(), topic);
  });
}

bool Ledger::apply(std::string_view topic, std::string_view data) {
  alignas(std::max_align_t) char block[8192];  // most reports fit: no allocation
  google::protobuf::ArenaOptions options;
  options.initial_block = block;
  options.initial_block_size = sizeof block;
  google::protobuf::Arena arena{options};
  if (topic == delivery_topic || topic == ledger_topic) {
    auto& report = *google::protobuf::Arena::CreateMessage<v1::DeliveryReport>(&arena);
    if (!parse(report, data)) return false;
    apply(report);
    return true;
  }
  if (topic == subscription_topic) {
    auto& change = *google::protobuf::Arena::CreateMessage<v1::SubscriptionChanged>(&arena);
    if (!parse(change, data)) return false;
    apply(change);
    return true;
  }
  return false;
}

ServiceRecord& Ledger::record_of(const std::string& service) {
  const auto found = services_.find(service);
  return found != services_.end() ? found->second : services_[service];
}

void Ledger::apply(const v1::DeliveryReport& report) {
  ServiceRecord& record = record_of(report.service());
  for (const v1::OffsetRange& range : report.acked()) take_ack(record, range);
  for (const v1::Failure& failure : report.failures()) take_failure(record, failure);
  if (report.floor() > record.floor) set_floor(record, report.floor());
}

// A service that wanted nothing begins where its patterns do. A pattern it had goes on where it was. A new
// one that reaches below the floor lowers it; the patterns it had begin at the old floor from then on, since
// what they matched below is settled but no longer recorded.
void Ledger::apply(const v1::SubscriptionChanged& change) {
  ServiceRecord& record = record_of(change.service());
  const std::vector<v1::Pattern> had = std::move(record.patterns);
  record.patterns.assign(change.patterns().begin(), change.patterns().end());
  if (record.patterns.empty()) return;
  Offset begin = had.empty() ? std::numeric_limits<Offset>::max() : record.floor;
  for (const v1::Pattern& pattern : record.patterns) {
    if (pattern_like(had, pattern) == nullptr) begin = std::min(begin, pattern.from_offset());
  }
  for (v1::Pattern& pattern : record.patterns) {
    const v1::Pattern* before = pattern_like(had, pattern);
    if (before == nullptr) continue;
    const Offset lowest = begin < record.floor ? record.floor : 0;
    pattern.set_from_offset(std::max(before->from_offset(), lowest));
  }
  if (begin != record.floor) set_floor(record, begin);
}

void Ledger::raise_floor(std::string_view service, Offset floor) {
  const auto found = services_.find(service);
  if (found != services_.end() && floor > found->second.floor) set_floor(found->second, floor);
}

const ServiceRecord* Ledger::find(std::string_view service) const {
  const auto found = services_.find(service);
  return found == services_.end() ? nullptr : &found->second;
}

void Ledger::forget_dead_below(Offset begin) {
  for (auto& [service, record] : services_) {
    record.dead.erase(record.dead.begin(), record.dead.lower_bound(begin));
  }
}

void Ledger::save(v1::Snapshot& snapshot) const {
  for (const auto& [service, record] : services_) {
    v1::Snapshot::Service& saved = *snapshot.add_services();
    saved.mutable_subscription()->set_service(service);
    for (const v1::Pattern& pattern : record.patterns)
      *saved.mutable_subscription()->add_patterns() = pattern;
    saved.set_floor(record.floor);
    for (const v1::OffsetRange& range : record.settled.ranges()) *saved.add_settled() = range;
    for (const auto& [offset, failure] : record.retrying) *saved.add_failures() = failure;
    for (const auto& [offset, failure] : record.dead) *saved.add_failures() = failure;
  }
}

void Ledger::load(const v1::Snapshot& snapshot) {
  services_.clear();
  for (const v1::Snapshot::Service& saved : snapshot.services()) {
    ServiceRecord& record = services_[saved.subscription().service()];
    const auto& patterns = saved.subscription().patterns();
    record.patterns.assign(patterns.begin(), patterns.end());
    record.floor = saved.floor();
    for (const v1::OffsetRange& range : saved.settled()) record.settled.insert(range.first(), range.count());
    for (const v1::Failure& failure : saved.failures()) {
      const bool dead = failure.ending() == v1::ENDING_DEAD;
      (dead ? record.dead : record.retrying)[failure.offset()] = failure;
    }
  }
}

}  // namespace reel::broker
