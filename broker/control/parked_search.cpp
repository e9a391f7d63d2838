#include "control/parked_search.h"

#include "event/batch.h"

namespace reel::broker {
namespace {

// Of a redelivery record that waits for its key like any event: where the event itself stands.
std::optional<Offset> replayed_origin(const EventAt& at) {
  const auto event = read_event(at.event().bytes);
  v1::RedeliveryRecord record;
  if (!event || !record.ParseFromArray(event->data.data(), static_cast<int>(event->data.size())) ||
      record.kind() != v1::REDELIVERY_REPLAYED) {
    return std::nullopt;
  }
  return record.origin();
}

}  // namespace

void ParkedSearch::want(const std::string& service, std::uint64_t key_hash) {
  wanted_.emplace_back(service, key_hash);
}

void ParkedSearch::turn() {
  if (reading_ || log_.now() < read_again_at_ || (!busy_ && !begin())) return;
  reading_ = true;
  const bool asked =
      reads_.stretch(looking_.from, [this](const std::vector<StoredBatchPtr>& batches) { take(batches); });
  if (!asked) reading_ = false;  // too many questions wait: at the next turn
}

bool ParkedSearch::begin() {
  while (!wanted_.empty()) {
    const auto [service, key_hash] = std::move(wanted_.front());
    wanted_.pop_front();
    const auto* const queue = services_.find(service);
    const auto left = queue == nullptr ? std::nullopt : queue->parked().to_be_found(key_hash);
    if (!left || !queue->parked().may_resume(key_hash)) continue;  // died again, or was forgotten
    looking_ = {service, key_hash, left->from, left->to, {}, 0};
    return busy_ = true;
  }
  return false;
}

void ParkedSearch::take(const std::vector<StoredBatchPtr>& batches) {
  reading_ = false;
  if (batches.empty() && reads_.holds(looking_.from)) {
    read_again_at_ = log_.now() + EventReads::read_again_ns;  // it cannot be read, which the journal has said
    return;
  }
  if (services_.find(looking_.service) == nullptr) return finish();
  for (const auto& batch : batches) {
    for (auto at = std::max(looking_.from, batch->first_offset); at < batch->end_offset(); ++at) {
      if (looking_.events.size() == events_max_ || at > looking_.to) return finish();
      look_at({batch, at});
      looking_.from = at + 1;
    }
  }
  if (batches.empty()) looking_.from = looking_.to + 1;  // the journal has nothing there
  if (looking_.from > looking_.to || ++looking_.stretches == stretches_max) finish();
}

void ParkedSearch::look_at(const EventAt& at) {
  if (at.event().key_hash != looking_.key_hash || services_.is_settled(looking_.service, at.offset)) return;
  if (services_.find(looking_.service)->leaves(looking_.key_hash, at.offset)) return;  // it will be fed yet
  auto origin = std::optional{at.offset};
  if (at.run().topic == redelivery_topic(looking_.service)) {
    const bool former = at.offset < services_.find(looking_.service)->began();
    origin = former ? std::nullopt : replayed_origin(at);
  } else if (!services_.does_want(looking_.service, at)) {
    return;
  }
  if (origin) looking_.events.push_back({at.offset, *origin, looking_.key_hash});
}

void ParkedSearch::finish() {
  busy_ = false;
  auto* const queue = services_.find_durable(looking_.service);
  if (queue == nullptr || !queue->parked().may_resume(looking_.key_hash)) return;  // or died again meanwhile
  queue->parked().found(looking_.key_hash, looking_.events, looking_.from);
  Settlement parked;
  parked.parked = std::move(looking_.events);
  if (!parked.parked.empty()) services_.report(*queue, parked);
}

}  // namespace reel::broker
