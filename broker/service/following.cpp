// Services, following the log: what is committed, read and due, and the turns in which services go on.
#include <cassert>
#include <utility>

#include "event/batch.h"
#include "event/topic.h"
#include "service/services.h"

namespace reel::broker {
namespace {

// A place that cannot be read is tried again this often: someone may have restored the file. Each try is
// logged.
constexpr std::uint64_t failed_read_retry_ns = 10'000'000'000;

}  // namespace

void Services::committed(const StoredBatchPtr& batch) {
  selections_.note(*batch);
  for (const auto& run : batch->runs) {
    if (run.source == broker_source && is_system_topic(run.topic)) {
      for (auto index = run.first_event; index < run.first_event + run.event_count; ++index) {
        const auto event = read_event(batch->events[index].bytes);
        const LedgerEntry entry{run.topic, event ? event->data : std::string_view{},
                                batch->first_offset + index, batch->events[index].key_hash};
        [[maybe_unused]] const bool applied = event && ledger_.apply(entry);
        assert(applied && "the broker's own records are well-formed");
        if (run.topic == control_topic) follow(entry);
      }
    }
    for (const auto service : router_.route(run.topic).services) {
      if (!may_read(service, run.topic)) continue;
      queues_[service]->wake(batch->first_offset + run.first_event);
      touch(service);
    }
  }
}

// What a command changes about services that are there; the ledger knows it already.
void Services::follow(const LedgerEntry& entry) {
  v1::Command command;
  if (!command.ParseFromArray(entry.data.data(), static_cast<int>(entry.data.size()))) return;
  const auto index = by_name_.find(command.service());
  if (index == by_name_.end()) return;
  auto& queue = *queues_[index->second];
  if (command.has_pause() || command.has_resume()) queue.pause(ledger_.find(queue.name())->paused_until);
  for (const auto offset : command.retry_now().offsets()) queue.retry_now(offset);
  touch(queue);
}

void Services::take_read(const ReadDone& done) {
  const auto index = static_cast<std::size_t>(done.token / readings_per_service);
  const auto reading = static_cast<Reading>(done.token % readings_per_service);
  if (index >= queues_.size() || !queues_[index]) return;
  if (!done.error.empty()) {
    queues_[index]->read_failed(reading, log_.now() + failed_read_retry_ns);
    return;
  }
  queues_[index]->take_read(reading, done.batches, journal_.begin_offset());
  touch(index);
}

void Services::turn() {
  const auto now = log_.now();
  (void)turn(std::exchange(touched_own_, {}), now);
  if (!rounds_.due(now)) return;
  const auto served = turn(std::exchange(touched_, {}), now);
  // Who could not do all that there is to do goes on at once.
  rounds_.took(touched_.empty() ? served : 0, now, log_.now());
}

std::size_t Services::turn(const std::set<ServiceIndex>& services, LogTime now) {
  std::size_t served = 0;
  for (const auto index : services) {
    auto& queue = queues_[index];
    if (!queue) continue;
    const auto frames_before = frames_sent_;
    const auto outcome = queue->turn(now, *this);
    if (frames_sent_ > frames_before) ++served;
    if (queue->wants_a_turn()) touch(index);
    if (!outcome.failures.empty() || !outcome.parked.empty()) {
      journal_report(*queue, InstanceId{}, {}, outcome);
    }
  }
  return served;
}

void Services::expire() {
  const auto now = log_.now();
  for (const auto& queue : queues_) {
    if (!queue) continue;
    const auto due = queue->next_deadline();
    if (!due || *due > now) continue;
    const auto expired = queue->expire(now);
    pause_if_needed(*queue);
    tell_taken_back(expired.taken_back);
    journal_report(*queue, InstanceId{}, {}, expired);
    touch(*queue);
  }
  withdraw_unnamed();
}

void Services::report_deliveries() {
  for (const auto& queue : queues_) {
    if (queue) queue->note_backlog(log_.now(), log_.committed_end());
  }
  for (const auto& [id, member] : members_) {
    auto& queue = *queues_[by_name_.at(member.service)];
    journal_report(queue, id, member.instance, {});
    touch(queue);  // one whose read failed asks again in its turn
  }
}

}  // namespace reel::broker
