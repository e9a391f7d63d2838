// Services, settling: what instances answer, and the reports the journal keeps of it.
#include <spdlog/spdlog.h>

#include <algorithm>

#include "dispatch/backoff.h"
#include "service/own_record.h"
#include "service/services.h"

namespace reel::broker {
namespace {

std::vector<AckRange> ranges_of(const google::protobuf::RepeatedPtrField<v1::Settle::Ack>& said) {
  std::vector<AckRange> ranges;
  ranges.reserve(static_cast<std::size_t>(said.size()));
  for (const auto& range : said) ranges.push_back({range.first(), range.count(), range.delivery()});
  return ranges;
}

// Under which delivery numbers a SETTLE acks an offset: mostly one; an answer that is late and the one to the
// next delivery may be in one frame.
class AckedDeliveries {
 public:
  explicit AckedDeliveries(std::vector<AckRange> acks) : acks_{std::move(acks)} {
    std::sort(acks_.begin(), acks_.end(),
              [](const AckRange& a, const AckRange& b) { return a.first < b.first; });
  }
  /// The one that `holds` says yes to.
  template <typename Holds>
  [[nodiscard]] std::optional<std::uint32_t> find(Offset offset, const Holds& holds) const {
    auto behind = std::upper_bound(acks_.begin(), acks_.end(), offset,
                                   [](Offset wanted, const AckRange& ack) { return wanted < ack.first; });
    for (auto left = Dispatch::overlaps_max; behind != acks_.begin() && left > 0; --left) {
      const auto& ack = *--behind;
      if (offset - ack.first < ack.count && holds(ack.delivery)) return ack.delivery;
    }
    return std::nullopt;
  }

 private:
  std::vector<AckRange> acks_;
};

// `acks` without the offsets in `left_out`.
std::vector<AckRange> without(std::vector<AckRange> acks, const std::map<Offset, v1::Refusal>& left_out) {
  if (left_out.empty()) return acks;
  std::vector<AckRange> kept;
  for (const auto& ack : acks) {
    Offset first = ack.first;
    const Offset end = ack.first + ack.count;
    for (auto hole = left_out.lower_bound(first); hole != left_out.end() && hole->first < end; ++hole) {
      if (hole->first > first)
        kept.push_back({first, static_cast<std::uint32_t>(hole->first - first), ack.delivery});
      first = hole->first + 1;
    }
    if (first < end) kept.push_back({first, static_cast<std::uint32_t>(end - first), ack.delivery});
  }
  return kept;
}

}  // namespace

bool Services::observes_deliveries(std::string_view service) const {
  const auto found = by_name_.find(service);
  if (found == by_name_.end()) return false;
  const auto& listening = router_.route(delivery_topic).services;
  return std::binary_search(listening.begin(), listening.end(), found->second);
}

std::string Services::encoded_report(ServiceQueue& queue, std::vector<v1::Delivered> delivered,
                                     std::string_view instance, const Settlement& settlement) {
  auto made = report_of(queue.name(), instance, settlement);
  if (!made && delivered.empty()) return {};
  v1::DeliveryReport report = made ? std::move(*made) : v1::DeliveryReport{};
  report.set_service(queue.name());
  report.set_instance(std::string{instance});
  for (auto& range : delivered) *report.add_delivered() = std::move(range);
  report.set_floor(queue.floor(log_.committed_end()));
  return own_record(observes_deliveries(queue.name()) ? ledger_topic : delivery_topic, queue.name(), report,
                    log_.now());
}

void Services::journal_report(ServiceQueue& queue, std::vector<v1::Delivered> delivered,
                              std::string_view instance, const Settlement& settlement) {
  if (queue.ephemeral()) return;
  auto own = encoded_report(queue, std::move(delivered), instance, settlement);
  if (!own.empty()) publishing_.append({}, std::move(own), {});
}

void Services::settle(Session& session, const v1::Settle& settle, const Received& received) {
  const auto member = members_.find(session.id);
  v1::FromBroker answer;
  auto& settled = *answer.mutable_settled();
  settled.set_sequence(settle.sequence());
  if (member == members_.end()) {  // never subscribed: every answer is to a delivery that was not made
    for (const auto& ack : settle.acks()) {
      auto& stale = *settled.add_stale();
      stale.set_first(ack.first());
      stale.set_count(ack.count());
    }
    replies_.send(session.id, std::move(answer));
    return;
  }
  auto& queue = *queues_[by_name_.at(member->second.service)];

  auto acks = ranges_of(settle.acks());
  std::vector<Nack> nacks;
  for (const auto& nack : settle.nacks()) {
    nacks.push_back({.offset = nack.offset(),
                     .delivery = nack.delivery(),
                     .error_type = nack.error_type(),
                     .error = nack.error(),
                     .delay = config::milliseconds{nack.delay_ms()},
                     .reject = nack.reject()});
  }

  Publishing::Emitted emitted;
  if (!received.batch.empty()) {
    const AckedDeliveries deliveries{acks};
    const auto acked = [&](Offset offset) {
      return deliveries.find(offset, [&](std::uint32_t delivery) {
        return queue.dispatch().holds(session.id, offset, delivery);
      });
    };
    emitted = publishing_.admit_emitted(received, settle.emitted(), session.service,
                                        [&](Offset offset) { return acked(offset).has_value(); });
    for (const auto& [offset, refusal] : emitted.refused) {
      if (const auto delivery = acked(offset)) {
        nacks.push_back({.offset = offset,
                         .delivery = *delivery,
                         .error_type = "reel.EmitRefused",
                         .error = refusal.text()});
      }
      auto& told = *settled.add_refused();
      told.set_offset(offset);
      *told.mutable_refusal() = refusal;
    }
    acks = without(std::move(acks), emitted.refused);
  }

  member->second.settled = settle.sequence();
  auto settlement = queue.settle(session.id, acks, nacks, log_.now());
  pause_if_needed(queue);
  queue.extend(session.id, ranges_of(settle.in_progress()), log_.now());
  for (auto& range : settlement.stale) *settled.add_stale() = std::move(range);
  auto own =
      queue.ephemeral() ? std::string{} : encoded_report(queue, session.id, session.instance, settlement);
  publishing_.append(std::move(emitted.admitted), std::move(own),
                     [this, id = session.id, answer = std::move(answer)](const StoredBatchPtr&) {
                       replies_.send(id, answer);
                     });
  touch(queue);
}

void Services::told(const Session& session, const v1::ClientBeat& beat) {
  const auto member = members_.find(session.id);
  if (member == members_.end()) return;
  auto& queue = *queues_[by_name_.at(member->second.service)];
  const auto begun = ranges_of(beat.begun());
  queue.told(
      session.id,
      {.busy = beat.busy(), .begun = begun, .waits_from = beat.waits_from(), .waits_to = beat.waits_to()},
      log_.now());
  touch(queue);
}

void Services::pause_if_needed(ServiceQueue& queue) {
  if (queue.ephemeral()) return;
  const auto& policy = queue.policy();
  if (queue.take_breaker_opened()) {
    const auto until = log_.now() + nanoseconds_of(policy.breaker.pause);
    return pause(queue, until, "circuit breaker: attempts fail one after another");
  }
  const auto* const record = ledger_.find(queue.name());
  if (record == nullptr || record->dead.size() < policy.dead_letters_max) return;
  if (queue.paused_until() > log_.now()) return;
  pause(queue, until_resumed,
        std::to_string(record->dead.size()) +
            " dead letters, as many as dead_letters_max allows: redrive or discard some, then resume");
}

// As an operator would, and on record: it is seen, explained and ended like any other.
void Services::pause(ServiceQueue& queue, LogTime until, std::string note) {
  spdlog::warn("broker    paused service={} reason=\"{}\"", queue.name(), note);
  v1::Command command;
  command.set_by(std::string{broker_source});
  command.set_note(std::move(note));
  command.set_service(queue.name());
  command.mutable_pause()->set_until(until == until_resumed ? 0 : until);
  queue.pause(until);
  publishing_.append({}, own_record(control_topic, queue.name(), command, log_.now()),
                     [](const StoredBatchPtr&) {});
}

// Before anything of it is handed over anew: so who gets it again knows which to drop.
void Services::tell_taken_back(const std::vector<HandOver>& taken) {
  std::map<InstanceId, v1::FromBroker> frames;
  for (const auto& one : taken) {
    auto& deliveries = *frames[one.instance].mutable_taken_back()->mutable_deliveries();
    auto* const last = deliveries.empty() ? nullptr : &*deliveries.rbegin();
    if (last != nullptr && last->first() + last->count() == one.offset && last->delivery() == one.delivery) {
      last->set_count(last->count() + 1);
      continue;
    }
    auto& range = *deliveries.Add();
    range.set_first(one.offset);
    range.set_count(1);
    range.set_delivery(one.delivery);
  }
  for (auto& [id, frame] : frames) replies_.send(id, std::move(frame));
}

}  // namespace reel::broker
