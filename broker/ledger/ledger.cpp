#include "ledger/ledger.h"

#include <google/protobuf/arena.h>

#include <algorithm>
#include <limits>
#include <set>
#include <utility>

#include "event/pattern_begin.h"
#include "event/topic.h"

namespace reel::broker {
namespace {

constexpr std::string_view redelivery_prefix = "reel.redelivery.";

bool parse(google::protobuf::MessageLite& message, std::string_view data) {
  return data.size() <= static_cast<std::size_t>(std::numeric_limits<int>::max()) &&
         message.ParseFromArray(data.data(), static_cast<int>(data.size()));
}

Offset end_of(const v1::OffsetRange& range) {
  return range.first() + std::min<Offset>(range.count(), ~range.first());
}

// What is settled is owed no more, whatever before it is still tried again.
void settle(ServiceRecord& record, Offset first, Offset end) {
  if (first >= end) return;
  record.settled.insert(first, end - first);
  record.redelivered.erase(record.redelivered.lower_bound(first), record.redelivered.lower_bound(end));
}

void set_floor(ServiceRecord& record, Offset floor) {
  record.floor = floor;
  record.settled.erase_below(floor);
  record.retrying.erase(record.retrying.begin(), record.retrying.lower_bound(floor));
  record.redelivering.erase(record.redelivering.begin(), record.redelivering.lower_bound(floor));
  record.redelivered.erase(record.redelivered.begin(), record.redelivered.lower_bound(floor));
  std::erase_if(record.resuming, [floor](const auto& key) { return key.second.last < floor; });
}

void take_ack(ServiceRecord& record, const v1::OffsetRange& range) {
  record.acked += range.count();
  const Offset first = std::max(range.first(), record.floor);
  const Offset end = end_of(range);
  if (first >= end) return;
  settle(record, first, end);
  if (record.retrying.empty()) return;
  record.retrying.erase(record.retrying.lower_bound(first), record.retrying.lower_bound(end));
}

// One whose key is not known.
void unpark(ServiceRecord& record, Offset origin) {
  for (auto key = record.parked.begin(); key != record.parked.end(); ++key) {
    if (!key->second.remove(origin)) continue;
    if (key->second.empty()) record.parked.erase(key);
    return;
  }
}

void take_failure(ServiceRecord& record, const v1::Failure& failure) {
  ++record.nacked;
  const Offset offset = failure.offset();
  if (failure.ending() != v1::ENDING_DEAD && failure.ending() != v1::ENDING_EXPIRED) {
    if (!record.is_settled(offset)) record.retrying[offset] = failure;
    return;
  }
  record.retrying.erase(offset);
  if (offset >= record.floor) settle(record, offset, offset + 1);
  if (failure.ending() == v1::ENDING_EXPIRED) {
    ++record.expired;
    return;
  }
  const Offset origin = failure.origin() == 0 ? offset : failure.origin();
  record.dead[origin] = failure;
  record.untold.insert(origin);
  if (failure.key_hash() == 0) unpark(record, offset);  // the journal no longer had it when its turn came
  const auto resuming = record.resuming.find(failure.key_hash());
  if (resuming != record.resuming.end()) resuming->second.first = 0;
}

void take_parked(ServiceRecord& record, const v1::Parked& parked) {
  for (const v1::OffsetRange& range : parked.offsets()) {
    const Offset first = std::max(range.first(), record.floor);
    const Offset end = end_of(range);
    record.retrying.erase(record.retrying.lower_bound(range.first()), record.retrying.lower_bound(end));
    settle(record, first, end);
  }
  auto& origins = record.parked[parked.key_hash()];
  for (const v1::OffsetRange& range : parked.origins_size() > 0 ? parked.origins() : parked.offsets()) {
    for (Offset offset = range.first(); offset != end_of(range); ++offset) {
      origins.add(offset);
    }
  }
}

// One entry for records that stand together.
void take_redelivering(std::map<Offset, Offset>& runs, Offset offset, Offset origin) {
  const auto before = offset == 0 ? runs.end() : runs.find(offset - 1);
  if (before != runs.end()) {
    origin = std::min(origin, before->second);
    runs.erase(before);
  }
  runs[offset] = origin;
}

bool tells_nothing_of_services(std::string_view topic) {
  return topic == "reel.delayed" || topic == "reel.delayed.ended";
}

const v1::Pattern* pattern_like(const std::vector<v1::Pattern>& patterns, const v1::Pattern& one) {
  const auto same = [&](const v1::Pattern& other) { return other.pattern() == one.pattern(); };
  const auto found = std::find_if(patterns.begin(), patterns.end(), same);
  return found == patterns.end() ? nullptr : &*found;
}

}  // namespace

bool ServiceRecord::wants(std::string_view topic, Offset offset) const {
  return std::any_of(patterns.begin(), patterns.end(), [&](const v1::Pattern& pattern) {
    return matches(pattern.pattern(), topic) && offset >= begin_of(pattern, topic);
  });
}

// Only keys that are redelivered to are looked for, so this seldom walks.
std::optional<Offset> ServiceRecord::owed_again(std::uint64_t key_hash, Offset origin) const {
  if (!resuming.contains(key_hash)) return std::nullopt;
  const auto newest = std::find_if(redelivered.rbegin(), redelivered.rend(),
                                   [&](const auto& one) { return one.second == origin; });
  return newest == redelivered.rend() ? std::nullopt : std::optional{newest->first};
}

std::string redelivery_topic(std::string_view service) {
  return std::string{redelivery_prefix}.append(service);
}

bool is_redelivery_topic(std::string_view topic) {
  return topic.starts_with(redelivery_prefix);
}

bool ServiceRecord::is_forgotten() const {
  return patterns.empty() && settled.empty() && dead.empty() && parked.empty() && floor == 0;
}

bool is_service_topic(std::string_view topic) {
  return topic.starts_with("reel.service.");
}

bool Ledger::apply(const LedgerEntry& entry) {
  const auto [topic, data, offset, key_hash] = entry;
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
    apply(change, offset);
    return true;
  }
  if (topic == control_topic) {
    auto& command = *google::protobuf::Arena::CreateMessage<v1::Command>(&arena);
    if (!parse(command, data)) return false;
    apply(command);
    return true;
  }
  if (is_redelivery_topic(topic)) {
    auto& redelivery = *google::protobuf::Arena::CreateMessage<v1::RedeliveryRecord>(&arena);
    if (!parse(redelivery, data)) return false;
    apply(redelivery, entry);
    return true;
  }
  if (topic == dead_letter_topic) {
    auto& told = *google::protobuf::Arena::CreateMessage<v1::DeadLetter>(&arena);
    if (!parse(told, data)) return false;
    need_not_tell(told.service(), told.offset());
    return true;
  }
  if (is_service_topic(topic)) {
    auto& change = *google::protobuf::Arena::CreateMessage<v1::ServiceChanged>(&arena);
    if (!parse(change, data)) return false;
    apply(change);
    return true;
  }
  return tells_nothing_of_services(topic);
}

ServiceRecord& Ledger::record_of(const std::string& service) {
  const auto found = services_.find(service);
  return found != services_.end() ? found->second : services_[service];
}

void Ledger::apply(const v1::DeliveryReport& report) {
  ServiceRecord& record = record_of(report.service());
  for (const v1::OffsetRange& range : report.acked()) take_ack(record, range);
  for (const v1::Failure& failure : report.failures()) take_failure(record, failure);
  note_untold(report.service(), record);
  for (const v1::Parked& parked : report.parked()) take_parked(record, parked);
  if (report.floor() > record.floor) set_floor(record, report.floor());
}

// A service that wanted nothing begins where its patterns do. A pattern it had goes on where it was. A new
// one that reaches below the floor lowers it; the patterns it had begin at the old floor from then on, since
// what they matched below is settled but no longer recorded.
void Ledger::apply(const v1::SubscriptionChanged& change, Offset at) {
  ServiceRecord& record = record_of(change.service());
  if (record.is_forgotten()) record.began = at;
  const std::vector<v1::Pattern> had = std::move(record.patterns);
  record.patterns.assign(change.patterns().begin(), change.patterns().end());
  if (record.patterns.empty()) return;
  Offset begin = had.empty() ? std::numeric_limits<Offset>::max() : record.floor;
  for (const v1::Pattern& pattern : record.patterns) {
    if (pattern_like(had, pattern) == nullptr) begin = std::min(begin, begin_of(pattern));
  }
  for (v1::Pattern& pattern : record.patterns) {
    const v1::Pattern* before = pattern_like(had, pattern);
    if (before == nullptr) continue;
    const Offset lowest = begin < record.floor ? record.floor : 0;
    pattern.set_from_offset(std::max(before->from_offset(), lowest));
    for (auto& place : *pattern.mutable_begins()) place.set_offset(std::max(place.offset(), lowest));
  }
  if (begin != record.floor) set_floor(record, begin);
}

void Ledger::apply(const v1::Command& command) {
  const auto found = services_.find(command.service());
  if (found == services_.end()) return;
  ServiceRecord& record = found->second;
  switch (command.what_case()) {
    case v1::Command::kPause: {
      const auto until = command.pause().until() == 0 ? until_resumed : command.pause().until();
      // The circuit breaker ends no longer pause that an operator made meanwhile.
      if (command.by() == broker_source && until < record.paused_until) break;
      record.paused_until = until;
      record.paused_by = command.by();
      break;
    }
    case v1::Command::kResume:
      record.paused_until = 0;
      record.paused_by.clear();
      break;
    case v1::Command::kRetryNow:
      for (const Offset offset : command.retry_now().offsets()) {
        const auto failure = record.retrying.find(offset);
        if (failure != record.retrying.end()) failure->second.set_retry_at(0);
      }
      break;
    case v1::Command::kDiscard:
      for (const Offset origin : command.discard().offsets()) drop_letter(command.service(), record, origin);
      break;
    case v1::Command::kForget:
      record = {};  // in place: who knows the record keeps knowing it
      note_untold(command.service(), record);
      break;
    default: break;  // what came of it stands beside it, as a report or as redeliveries
  }
}

void Ledger::apply(const v1::RedeliveryRecord& redelivery, const LedgerEntry& entry) {
  const auto found = services_.find(entry.topic.substr(redelivery_prefix.size()));
  if (found == services_.end()) return;
  ServiceRecord& record = found->second;
  take_redelivering(record.redelivering, entry.offset, redelivery.origin());
  if (redelivery.kind() == v1::REDELIVERY_REPLAYED) return;
  auto& resuming = record.resuming[entry.key_hash];
  if (resuming.first == 0) resuming.first = entry.offset;
  resuming.last = entry.offset;
  record.redelivered.emplace(entry.offset, redelivery.origin());
  if (redelivery.kind() == v1::REDELIVERY_REDRIVEN) drop_letter(found->first, record, redelivery.origin());
  const auto key = record.parked.find(entry.key_hash);
  if (redelivery.kind() != v1::REDELIVERY_RESUMED || key == record.parked.end()) return;
  key->second.remove(redelivery.origin());
  if (key->second.empty()) record.parked.erase(key);
}

// A service that was forgotten meanwhile begins anew.
void Ledger::apply(const v1::ServiceChanged& change) {
  const auto found = services_.find(change.service());
  if (found != services_.end() && !found->second.is_forgotten()) found->second.standing = change.standing();
}

void Ledger::note_untold(const std::string& service, const ServiceRecord& record) {
  if (record.untold.empty()) {
    with_untold_.erase(service);
  } else {
    with_untold_.insert(service);
  }
}

void Ledger::drop_letter(const std::string& service, ServiceRecord& record, Offset origin) {
  record.dead.erase(origin);
  record.untold.erase(origin);
  note_untold(service, record);
}

void Ledger::need_not_tell(const std::string& service, Offset origin) {
  const auto found = services_.find(service);
  if (found == services_.end()) return;
  found->second.untold.erase(origin);
  note_untold(service, found->second);
}

void Ledger::raise_floor(std::string_view service, Offset floor) {
  const auto found = services_.find(service);
  if (found != services_.end() && floor > found->second.floor) set_floor(found->second, floor);
}

const ServiceRecord* Ledger::find(std::string_view service) const {
  const auto found = services_.find(service);
  return found == services_.end() ? nullptr : &found->second;
}

std::vector<Ledger::ForgottenKey> Ledger::forget_dead_below(Offset begin) {
  std::vector<ForgottenKey> let_go;
  for (auto& [service, record] : services_) {
    const auto kept = record.dead.lower_bound(begin);
    std::set<std::uint64_t> keys;
    for (auto letter = record.dead.begin(); letter != kept; ++letter) keys.insert(letter->second.key_hash());
    record.dead.erase(record.dead.begin(), kept);
    record.untold.erase(record.untold.begin(), record.untold.lower_bound(begin));
    note_untold(service, record);
    if (keys.empty()) continue;
    for (const auto& [origin, letter] : record.dead) keys.erase(letter.key_hash());
    for (const auto key_hash : keys) let_go.push_back({service, key_hash});
  }
  return let_go;
}

void Ledger::save(v1::Snapshot& snapshot) const {
  for (const auto& [service, record] : services_) {
    if (record.is_forgotten()) continue;
    v1::Snapshot::Service& saved = *snapshot.add_services();
    saved.mutable_subscription()->set_service(service);
    for (const v1::Pattern& pattern : record.patterns)
      *saved.mutable_subscription()->add_patterns() = pattern;
    saved.set_floor(record.floor);
    saved.set_began(record.began);
    for (const v1::OffsetRange& range : record.settled.ranges()) *saved.add_settled() = range;
    for (const auto& [offset, failure] : record.retrying) *saved.add_failures() = failure;
    for (const auto& [origin, failure] : record.dead) *saved.add_failures() = failure;
    for (const auto& [key_hash, origins] : record.parked) {
      v1::Parked& parked = *saved.add_parked();
      parked.set_key_hash(key_hash);
      add_in_order(origins.all(), *parked.mutable_origins());
    }
    for (const auto& [key_hash, resuming] : record.resuming) {
      v1::Parked& parked = *saved.add_parked();
      parked.set_key_hash(key_hash);
      parked.set_resuming(resuming.last);
      add_in_order({&resuming.first, 1}, *parked.mutable_offsets());
    }
    for (const auto& [last, origin] : record.redelivering) {
      auto& run = *saved.add_redelivering();
      run.set_last(last);
      run.set_origin(origin);
    }
    for (const auto& [redelivery, origin] : record.redelivered) {
      auto& one = *saved.add_redelivered();
      one.set_last(redelivery);
      one.set_origin(origin);
    }
    saved.mutable_untold()->Add(record.untold.begin(), record.untold.end());
    *saved.mutable_standing() = record.standing;
    saved.set_paused_until(record.paused_until);
    saved.set_paused_by(record.paused_by);
  }
}

void Ledger::load(const v1::Snapshot& snapshot) {
  services_.clear();
  with_untold_.clear();
  for (const v1::Snapshot::Service& saved : snapshot.services()) {
    ServiceRecord& record = services_[saved.subscription().service()];
    const auto& patterns = saved.subscription().patterns();
    record.patterns.assign(patterns.begin(), patterns.end());
    record.floor = saved.floor();
    record.began = saved.began();
    for (const v1::OffsetRange& range : saved.settled()) record.settled.insert(range.first(), range.count());
    for (const v1::Failure& failure : saved.failures()) {
      if (failure.ending() == v1::ENDING_DEAD) {
        record.dead[failure.origin() == 0 ? failure.offset() : failure.origin()] = failure;
      } else {
        record.retrying[failure.offset()] = failure;
      }
    }
    for (const v1::Parked& parked : saved.parked()) {
      if (parked.origins_size() > 0) take_parked(record, parked);
      if (parked.resuming() == 0 || parked.offsets_size() != 1) continue;
      record.resuming[parked.key_hash()] = {parked.offsets(0).first(), parked.resuming()};
    }
    for (const auto& run : saved.redelivering()) record.redelivering.emplace(run.last(), run.origin());
    for (const auto& one : saved.redelivered()) record.redelivered.emplace(one.last(), one.origin());
    record.untold.insert(saved.untold().begin(), saved.untold().end());
    note_untold(saved.subscription().service(), record);
    record.standing = saved.standing();
    record.paused_until = saved.paused_until();
    record.paused_by = saved.paused_by();
  }
}

}  // namespace reel::broker
