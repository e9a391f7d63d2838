#include "control/replays.h"

#include <algorithm>
#include <cmath>

#include "event/batch.h"
#include "event/envelope_check.h"
#include "event/system_topics.h"
#include "event/topic.h"
#include "service/own_record.h"

namespace reel::broker {
namespace {

// Looked at in one turn where they hold nothing for it; fewer where each event must be asked.
constexpr std::size_t stretches_per_turn = 16;
constexpr std::size_t asked_stretches_per_turn = 1;

}  // namespace

std::string Replays::why_not(const std::string& service, const v1::Replay& replay) const {
  if (running_.size() >= replays_max) {
    return "replays_max (" + std::to_string(replays_max) + ") replays are under way";
  }
  if (services_.find(service) == nullptr) return "no service '" + service + "' is known";
  if (replay.from_offset() == 0 || (replay.to_offset() != 0 && replay.to_offset() <= replay.from_offset())) {
    return "a replay goes from an offset of at least 1 to a later one";
  }
  if (!std::isfinite(replay.speed()) || replay.speed() < 0 || replay.speed() > speed_max) {
    return "the speed of a replay is 0, for as fast as can be, or up to 1000000 times the original";
  }
  if (replay.correlationid().size() > id_bytes_max) {
    return "a correlation id has at most " + std::to_string(id_bytes_max) + " bytes";
  }
  if (replay.patterns_size() > patterns_max) {
    return "a replay has at most " + std::to_string(patterns_max) + " patterns";
  }
  for (const auto& pattern : replay.patterns()) {
    if (const auto wrong = check_pattern(pattern)) return "bad pattern: " + *wrong;
  }
  if (replay.when().empty()) return {};
  // Of several topics each may lack a field that others have.
  const auto topic = replay.patterns_size() == 1 ? replay.patterns(0) : std::string{">"};
  const auto wrong = router_.check_when(topic, replay.when());
  return wrong ? "bad when: " + *wrong : std::string{};
}

bool Replays::runs(const std::string& service, Offset id) const {
  const auto found = running_.find(id);
  return found != running_.end() && found->second.service == service;
}

bool Replays::is_stepping(Offset id) const {
  const auto found = running_.find(id);
  return found != running_.end() && found->second.replay.stepping();
}

void Replays::apply(const v1::Command& command, Offset offset) {
  if (command.has_cancel_replay()) running_.erase(command.cancel_replay());
  if (command.has_forget()) {
    std::erase_if(running_, [&](const auto& one) { return one.second.service == command.service(); });
  }
  if (command.has_step_replay()) {
    const auto found = running_.find(command.step_replay().id());
    if (found != running_.end()) step(found->second, command.step_replay().events());
  }
  if (!command.has_replay()) return;
  const Offset id = command.replay().id() == 0 ? offset : command.replay().id();
  if (command.replay().id() == 0) {
    auto& running = running_[id];
    running.service = command.service();
    running.by = command.by();
    auto begun = command.replay();
    begun.set_id(id);
    take_up(running, begun);
  }
  const auto found = running_.find(id);
  if (found == running_.end()) return;  // cancelled meanwhile
  auto& running = found->second;
  // How far it is, and nothing else: it may have been written before leave that stands before it.
  running.replay.set_next_offset(command.replay().next_offset());
  running.replay.set_redelivered(command.replay().redelivered());
  if (running.ahead.next_offset() < running.replay.next_offset()) running.ahead = running.replay;
  if (command.replay().done()) running_.erase(found);
}

void Replays::save(v1::Snapshot& snapshot) const {
  for (const auto& [id, running] : running_) {
    auto& saved = *snapshot.add_replays();
    saved.set_service(running.service);
    saved.set_by(running.by);
    *saved.mutable_replay() = running.replay;
  }
}

void Replays::load(const v1::Snapshot& snapshot) {
  running_.clear();
  for (const auto& saved : snapshot.replays()) {
    auto& running = running_[saved.replay().id()];
    running.service = saved.service();
    running.by = saved.by();
    take_up(running, saved.replay());
  }
}

void Replays::take_up(Running& running, const v1::Replay& replay) {
  running.replay = replay;
  running.ahead = replay;
  if (!replay.when().empty()) running.when = EventPattern::compile(replay.when()).pattern;
}

void Replays::step(Running& running, std::uint64_t events) {
  for (auto* const replay : {&running.replay, &running.ahead}) {
    if (events == 0) replay->set_stepping(false);
    replay->set_steps(replay->steps() + std::min(events, ~replay->steps()));
  }
  running.awaits_step = false;
}

bool Replays::has_leave(Running& running, std::size_t taken) {
  const auto& replay = running.ahead;
  running.awaits_step = replay.stepping() && replay.redelivered() + taken >= replay.steps();
  return !running.awaits_step;
}

void Replays::turn() {
  for (auto& [id, running] : running_) {
    if (running.busy || running.awaits_step || running.due > log_.now()) continue;
    running.due = 0;
    const auto* const queue = services_.find(running.service);
    if (queue == nullptr || !queue->has_members() || queue->paused_until() != 0) continue;
    if (queue->next_offset(log_.committed_end()) <= running.last_record) continue;
    const auto most = running.when ? asked_stretches_per_turn : stretches_per_turn;
    for (std::size_t i = 0; i < most && !running.busy && running.due == 0 && !running.awaits_step; ++i)
      read(id, running);
  }
}

void Replays::read(Offset id, Running& running) {
  running.busy = true;
  const bool asked =
      reads_.stretch(running.ahead.next_offset(),
                     [this, id](const std::vector<StoredBatchPtr>& batches) { take(id, batches); });
  if (!asked) running.busy = false;  // too many questions wait: at the next turn
}

void Replays::take(Offset id, const std::vector<StoredBatchPtr>& batches) {
  const auto found = running_.find(id);
  if (found == running_.end()) return;
  auto& running = found->second;
  auto& replay = running.ahead;
  std::vector<Redeliverable> events;
  if (batches.empty() && replay.next_offset() < replay.to_offset() && reads_.holds(replay.next_offset())) {
    running.busy = false;  // it cannot be read, which the journal has said
    running.due = log_.now() + EventReads::read_again_ns;
    return;
  }
  Offset next = batches.empty() ? replay.to_offset() : replay.next_offset();  // nothing came: the log's end
  for (const auto& batch : batches) {
    for (next = std::max(next, batch->first_offset); next < std::min(batch->end_offset(), replay.to_offset());
         ++next) {
      const EventAt at{batch, next};
      if (!is_about(running, at)) continue;
      if (events.size() == batch_events_max || !has_leave(running, events.size()) ||
          !is_due(running, at.log_time())) {
        replay.set_next_offset(next);
        return append(id, running, events);
      }
      events.emplace_back(at);
    }
  }
  replay.set_next_offset(next);
  if (next >= replay.to_offset()) replay.set_done(true);
  append(id, running, events);
}

bool Replays::is_about(const Running& running, const EventAt& at) const {
  const auto& run = at.run();
  const auto& replay = running.ahead;
  if (is_system_topic(run.topic) || !services_.would_want(running.service, at)) return false;
  const auto matched = [&run](const std::string& pattern) { return matches(pattern, run.topic); };
  if (!replay.patterns().empty() &&
      std::none_of(replay.patterns().begin(), replay.patterns().end(), matched)) {
    return false;
  }
  if (replay.correlationid().empty() && !running.when) return true;
  const auto event = read_event(at.event().bytes);
  if (!event) return false;
  if (!replay.correlationid().empty() && event->correlationid != replay.correlationid()) return false;
  if (!running.when) return true;
  const RunHead head{.source = run.source, .topic = run.topic, .dataschema = run.dataschema};
  JudgedEvent judged{head, *event, router_.parser()};
  // One whose payload cannot be read is nothing that could be said yes to.
  return running.when->matches(judged) && (!running.when->looks_at_data() || judged.payload() != nullptr);
}

bool Replays::is_due(Running& running, LogTime event_time) {
  const double speed = running.ahead.speed();
  if (speed <= 0) return true;
  const auto now = log_.now();
  if (running.began_at == 0) {
    running.began_at = now;
    running.first_time = event_time;
  }
  const auto after = static_cast<double>(event_time - std::min(event_time, running.first_time)) / speed;
  const auto due = running.began_at + static_cast<LogTime>(after);
  if (due <= now) return true;
  running.due = due;
  return false;
}

void Replays::append(Offset id, Running& running, const std::vector<Redeliverable>& events) {
  auto& replay = running.ahead;
  if (events.empty() && !replay.done()) {
    running.busy = false;  // how far it looked need not be kept for ever
    return;
  }
  replay.set_redelivered(replay.redelivered() + events.size());
  v1::Command progress;
  progress.set_by(running.by);
  progress.set_service(running.service);
  *progress.mutable_replay() = replay;
  running.last_record = log_.appended_end() + events.size();
  auto own = own_record(control_topic, running.service, progress, log_.now());
  own += redelivery_run(running.service, v1::REDELIVERY_REPLAYED, events, id);
  auto* const queue = services_.find_durable(running.service);
  if (queue != nullptr && !events.empty()) queue->will_redeliver(running.last_record, events.front().origin);
  publishing_.append({}, std::move(own), [this, id](const StoredBatchPtr&) {
    const auto found = running_.find(id);
    if (found != running_.end()) found->second.busy = false;
  });
}

LogTime Replays::next_deadline() const {
  LogTime next = 0;
  for (const auto& [id, running] : running_) {
    if (!running.busy && running.due != 0 && (next == 0 || running.due < next)) next = running.due;
  }
  return next;
}

void Replays::list(v1::ReplaysReply& reply) const {
  for (const auto& [id, running] : running_) {
    auto& row = *reply.add_replays();
    row.set_service(running.service);
    row.set_by(running.by);
    *row.mutable_replay() = running.ahead;
    row.set_awaits_step(running.awaits_step);
    const auto* const queue = services_.find(running.service);
    if (queue != nullptr) row.set_waiting(queue->dispatch().held());
  }
}

}  // namespace reel::broker
