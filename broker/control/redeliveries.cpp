#include "control/redeliveries.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "event/batch.h"

namespace reel::broker {

Redeliverable::Redeliverable(const EventAt& at) : origin{at.offset} {
  const auto event = at.batch ? read_event(at.event().bytes) : std::nullopt;
  if (!event) return;
  is_there = true;
  bytes = static_cast<std::uint32_t>(event->bytes.size());
  key_hash = at.event().key_hash;
  id = event->id;
  correlationid = event->correlationid;
  partitionkey = event->partitionkey;
}

std::string redelivery_run(std::string_view service, v1::Redelivery kind,
                           const std::vector<Redeliverable>& events, Offset command) {
  BatchWriter writer;
  for (const auto& event : events) {
    if (!event.is_there) continue;
    v1::RedeliveryRecord record;
    record.set_origin(event.origin);
    record.set_kind(kind);
    record.set_bytes(event.bytes);
    record.set_command(command);
    if (writer.empty()) {
      writer.begin_run({.source = broker_source,
                        .topic = redelivery_topic(service),
                        .dataschema = record.GetDescriptor()->full_name()});
    }
    const auto data = record.SerializeAsString();
    const auto id = "redelivery-" + std::to_string(event.origin);
    writer.add({.id = id,
                .correlationid = event.correlationid,
                .causationid = event.id,
                .partitionkey = event.partitionkey,
                .data = data});
  }
  return writer.take();
}

// The journal should have one of them, and could not be read there.
bool Redeliveries::unreadable(const std::vector<Redeliverable>& events) const {
  return std::any_of(events.begin(), events.end(), [this](const Redeliverable& event) {
    return !event.is_there && reads_.holds(event.origin);
  });
}

void Redeliveries::turn() {
  if (!read_again_.empty() && log_.now() >= read_again_at_) {
    for (const auto& [service, key_hash] : std::exchange(read_again_, {})) {
      if (auto* const queue = services_.find_durable(service)) queue->parked().let_go(key_hash);
    }
  }
  services_.each_durable([this](ServiceQueue& queue) {
    // What nobody takes stays parked, where retention knows of it.
    if (!queue.has_members()) return;
    for (const auto key_hash : queue.parked().take_due()) {
      if (queue.parked().to_be_found(key_hash)) {
        search_.want(queue.name(), key_hash);
        continue;
      }
      const auto round = std::make_shared<std::vector<Redeliverable>>();
      auto found = [round](const EventAt& at) { round->emplace_back(at); };
      auto then = [this, round, service = queue.name(), key_hash] { resume(service, key_hash, *round); };
      if (!reads_.fetch(queue.parked().round(key_hash, round_events_max), found, then)) {
        queue.parked().let_go(key_hash);  // due again
      }
    }
  });
  search_.turn();
}

void Redeliveries::resume(const std::string& service, std::uint64_t key_hash,
                          const std::vector<Redeliverable>& events) {
  auto* const queue = services_.find_durable(service);
  if (queue == nullptr || events.empty()) return;
  if (!queue->parked().may_resume(key_hash)) return;  // died again, or went on, while this was read
  if (unreadable(events)) {
    read_again_.emplace_back(service, key_hash);
    read_again_at_ = log_.now() + EventReads::read_again_ns;
    return;
  }
  std::vector<Offset> origins;
  for (const auto& event : events) origins.push_back(event.origin);
  queue->parked().remove(key_hash, origins);
  Settlement gone;
  for (const auto& event : events) {
    if (!event.is_there) gone.failures.push_back(gone_letter(event.origin, log_.now()));
  }
  auto own = redelivery_run(service, v1::REDELIVERY_RESUMED, events, 0);
  const auto count = events.size() - gone.failures.size();
  if (!gone.failures.empty()) {
    spdlog::error("broker    parked_events_gone service={} events={} (the journal has not kept them)",
                  service, gone.failures.size());
    services_.report(*queue, gone);
  }
  if (count == 0) return queue->parked().let_go(key_hash);
  const auto first = log_.appended_end();
  queue->parked().resume(key_hash, first, first + count - 1);
  queue->will_redeliver(first + count - 1, origins.front());
  publishing_.append({}, std::move(own), {});
}

}  // namespace reel::broker
