#include "service/publishing.h"

#include <algorithm>
#include <set>

#include "event/batch.h"
#include "event/envelope_check.h"

namespace reel::broker {
namespace {

// `entries` more that each have `value`, in an answer's run-length code.
void add_pairs(google::protobuf::RepeatedField<std::uint32_t>& pairs, std::uint32_t entries,
               std::uint32_t value) {
  const auto size = pairs.size();
  if (size > 0 && pairs.Get(size - 1) == value) {
    pairs.Set(size - 2, pairs.Get(size - 2) + entries);
  } else if (entries > 0) {
    pairs.Add(entries);
    pairs.Add(value);
  }
}

// Which entries go there; nothing where none has.
void tell_fate(const Judgement& judged, Destination destination,
               google::protobuf::RepeatedField<std::uint32_t>& pairs) {
  if (judged.count(destination) == 0) return;
  for (std::uint32_t entry = 0; entry < judged.entries(); ++entry) {
    add_pairs(pairs, 1, judged.destination(entry) == destination ? 1 : 0);
  }
}

void tell_destinations(const Judgement& judged, v1::Accepted& answer) {
  for (const auto& refusal : judged.refusals()) *answer.add_refusals() = refusal;
  tell_fate(judged, Destination::live, *answer.mutable_live_only());
  tell_fate(judged, Destination::delayed, *answer.mutable_delayed());
}

// It has, or will have, an offset.
bool is_kept(Destination destination) {
  return destination == Destination::journal || destination == Destination::delayed;
}

// Which delivery each emitted entry belongs to. An event handled twice, since its first answer was late, may
// have both answers in one frame: what it led to counts once.
class Causes {
 public:
  explicit Causes(const google::protobuf::RepeatedPtrField<v1::Settle::Emitted>& emitted) {
    std::uint64_t end = 0;
    for (const auto& item : emitted) ends_.emplace_back(end += item.count(), item.offset());
    if (has_repeats()) drop_repeats();
  }
  /// 0: of none.
  [[nodiscard]] Offset of(std::uint32_t entry) const {
    const auto range = std::upper_bound(ends_.begin(), ends_.end(), entry,
                                        [](std::uint32_t at, const auto& item) { return at < item.first; });
    return range == ends_.end() ? 0 : range->second;
  }
  /// Deliveries with an entry at or behind `entry`.
  template <typename Visit>
  void each_from(std::uint32_t entry, Visit&& visit) const {
    for (const auto& [end, offset] : ends_) {
      if (end > entry) visit(offset);
    }
  }

 private:
  [[nodiscard]] bool has_repeats() const {
    std::vector<Offset> offsets;
    offsets.reserve(ends_.size());
    for (const auto& [end, offset] : ends_) offsets.push_back(offset);
    std::sort(offsets.begin(), offsets.end());
    return std::adjacent_find(offsets.begin(), offsets.end()) != offsets.end();
  }
  void drop_repeats() {
    std::set<Offset> known;
    for (auto& [end, offset] : ends_) {
      if (!known.insert(offset).second) offset = 0;
    }
  }

  std::vector<std::pair<std::uint64_t, Offset>> ends_;
};

}  // namespace

bool is_system_service(std::string_view service) {
  return service.starts_with("reel.");
}

Publishing::Publishing(const config::Model& config, const Admission& admission, Router& router,
                       CommitLog& log, LiveTap& tap, Resends& resends, ChosenIds& chosen, Delays& delays,
                       Refusals& refusals, std::function<bool(ServiceIndex)> listens)
    : admission_{admission},
      router_{router},
      log_{log},
      tap_{tap},
      resends_{resends},
      chosen_{chosen},
      delays_{delays},
      refusals_{refusals},
      listens_{std::move(listens)} {
  for (const auto& [topic, about] : config.topics) {
    counts_.emplace(topic, TopicCounts{});
    if (about.require_subscriber) require_subscriber_.insert(topic);
  }
}

void Publishing::publish(const v1::Publish& publish, const Received& received, std::string_view service,
                         std::function<void(const v1::Accepted&)> answer) {
  v1::Accepted accepted;
  accepted.set_sequence(publish.sequence());
  auto judged = admission_.judge(received.batch, service);

  if (const auto before = resends_.find(publish.producer(), publish.sequence())) {
    // Judged again only to repeat what was said of single events; nothing is appended.
    accepted.set_resend(true);
    accepted.set_first_offset(before->first_offset);
    accepted.set_accepted(before->count);
    repeat_duplicates(judged, *before, accepted);
    repeat_unrouted(judged, *before);
    tell_destinations(judged, accepted);
    log_.after_all([answer = std::move(answer), accepted] { answer(accepted); });
    return;
  }

  const bool unwritable = !log_.trouble().empty();
  // What waits for the disk is known already, and nobody may be told that it is there.
  if (!unwritable) drop_repeats(judged, accepted);
  refuse_unrouted(judged, std::numeric_limits<std::size_t>::max());
  refuse_delayed_beyond(delays_.room(), judged);
  if (unwritable) refuse_unwritable(judged);
  tell_destinations(judged, accepted);
  tell_matched(judged, accepted);
  count_refused(judged);
  note_refused(judged, service);
  accepted.set_accepted(judged.accepted());
  const auto kept = judged.count(Destination::journal) + judged.count(Destination::delayed);
  accepted.set_first_offset(kept > 0 ? log_.appended_end() : 0);
  // Of what had no effect there is nothing to remember: sent again, it may be taken.
  if (judged.accepted() > 0 && !unwritable) {
    resends_.remember(publish.producer(), {publish.sequence(), accepted.first_offset(), kept, log_.now()});
  }
  auto admitted = std::move(judged).admit(received.owner);
  if (unwritable) {
    // Not remembered: sent again, it is another attempt. Not behind what waits to be written: that takes as
    // long as the trouble lasts.
    append(std::move(admitted), {}, {});
    return answer(accepted);
  }
  admitted.journal.producer = publish.producer();
  admitted.journal.sequence = publish.sequence();
  append(std::move(admitted), {},
         [answer = std::move(answer), accepted](const StoredBatchPtr&) { answer(accepted); });
}

// What would have to be journaled, and what is live only where routes derive from it something that would.
void Publishing::refuse_unwritable(Judgement& judged) {
  judged.refuse(v1::REFUSAL_JOURNAL_UNAVAILABLE, "the journal cannot be written: " + log_.trouble(),
                [this](const StoredRun& run, Destination destination) {
                  return is_kept(destination) || !router_.route(run.topic).derivations.empty();
                });
}

// Where an event whose id its publisher chose was accepted before.
std::optional<Offset> Publishing::known(const StoredRun& run, const StoredEvent& event, LogTime now) const {
  const auto view = read_event(event.bytes);
  if (!view) return std::nullopt;
  const auto offset = chosen_.find(run.source, view->id, now);
  return offset ? offset : delays_.find(run.source, view->id);
}

void Publishing::drop_repeats(Judgement& judged, v1::Accepted& answer) const {
  const auto now = log_.now();
  ChosenIds::OfBatch of_batch;  // first entries with an id in this very batch
  for (const auto& run : judged.runs()) {
    if (!run.chosen_ids) continue;
    for (auto entry = run.first_event; entry < run.first_event + run.event_count; ++entry) {
      if (!is_kept(judged.destination(entry))) continue;
      auto offset = known(run, judged.event(entry), now);
      if (!offset && !of_batch.insert(run.source, read_event(judged.event(entry).bytes)->id)) {
        offset = 0;  // not known yet
      }
      if (!offset) continue;
      judged.drop(entry);
      auto& duplicate = *answer.add_duplicates();
      duplicate.set_index(entry);
      duplicate.set_offset(*offset);
    }
  }
}

// What was a duplicate is known under an offset that is not among those the batch itself was given. A delayed
// event that was published since, or moved, is known under one behind them; it was the batch's own where that
// accounts for no more offsets than the batch was given.
void Publishing::repeat_duplicates(Judgement& judged, const Resends::Answer& before,
                                   v1::Accepted& answer) const {
  const auto now = log_.now();
  const auto end = before.first_offset + before.count;
  const auto tell = [&](std::uint32_t entry, Offset offset) {
    judged.drop(entry);
    auto& duplicate = *answer.add_duplicates();
    duplicate.set_index(entry);
    duplicate.set_offset(offset);
  };
  ChosenIds::OfBatch of_batch;
  std::vector<std::pair<std::uint32_t, Offset>> later;
  for (const auto& run : judged.runs()) {
    if (!run.chosen_ids) continue;
    for (auto entry = run.first_event; entry < run.first_event + run.event_count; ++entry) {
      if (!is_kept(judged.destination(entry))) continue;
      const auto offset = known(run, judged.event(entry), now);
      if (!offset) continue;  // forgotten since: taken for accepted
      const bool own = *offset >= before.first_offset && *offset < end;
      const bool first = of_batch.insert(run.source, read_event(judged.event(entry).bytes)->id);
      if (own && first) continue;
      if (first && judged.destination(entry) == Destination::delayed && *offset >= end) {
        later.emplace_back(entry, *offset);
      } else {
        tell(entry, own ? 0 : *offset);
      }
    }
  }
  const auto journaled = judged.count(Destination::journal);
  const auto delayed = before.count > journaled ? before.count - journaled : 0;
  if (judged.count(Destination::delayed) > delayed) {
    for (const auto& [entry, offset] : later) tell(entry, offset);
  }
  if (before.first_offset != 0) refuse_delayed_beyond(delayed, judged);
}

void Publishing::refuse_delayed_beyond(std::size_t room, Judgement& judged) const {
  if (judged.count(Destination::delayed) <= room) return;
  std::vector<std::uint32_t> beyond;
  for (std::uint32_t entry = 0; entry < judged.entries(); ++entry) {
    if (judged.destination(entry) != Destination::delayed) continue;
    if (room > 0) {
      --room;
    } else {
      beyond.push_back(entry);
    }
  }
  judged.refuse(beyond, v1::REFUSAL_TOO_MANY_DELAYED,
                "as many events wait for their delivertime as broker.delayed_events_max allows");
}

// Of what was not refused or a duplicate, the journal took as many as it says: were there more, some had no
// subscriber then. Which ones is asked of today's subscriptions.
void Publishing::repeat_unrouted(Judgement& judged, const Resends::Answer& before) {
  if (require_subscriber_.empty()) return;
  const std::size_t kept = judged.count(Destination::journal) + judged.count(Destination::delayed);
  if (kept > before.count) refuse_unrouted(judged, kept - before.count);
}

void Publishing::refuse_unrouted(Judgement& judged, std::size_t most) {
  if (require_subscriber_.empty()) return;
  for (const auto& run : judged.runs()) {
    if (!require_subscriber_.contains(run.topic)) continue;
    const auto listening = audience(run.topic);
    std::vector<std::uint32_t> unrouted;
    for (auto entry = run.first_event; entry < run.first_event + run.event_count; ++entry) {
      if (judged.destination(entry) != Destination::journal || unrouted.size() == most) continue;
      if (listeners(listening, run, judged.event(entry)) == 0) unrouted.push_back(entry);
    }
    most -= unrouted.size();
    judged.refuse(unrouted, v1::REFUSAL_UNROUTED,
                  "no service wants it, and topic " + std::string{run.topic} + " says require_subscriber");
  }
}

void Publishing::tell_matched(const Judgement& judged, v1::Accepted& answer) {
  for (const auto& run : judged.runs()) {
    const auto end = run.first_event + run.event_count;
    std::uint32_t dropped = 0;
    for (auto entry = run.first_event; entry < end; ++entry)
      dropped += judged.destination(entry) == Destination::dropped;
    const auto listening = dropped == run.event_count ? Audience{} : audience(run.topic);
    if (dropped == 0 && listening.choosy.empty()) {
      add_pairs(*answer.mutable_matched(), run.event_count, listening.sure);
      continue;
    }
    for (auto entry = run.first_event; entry < end; ++entry) {
      const bool goes_on = judged.destination(entry) != Destination::dropped;
      add_pairs(*answer.mutable_matched(), 1, goes_on ? listeners(listening, run, judged.event(entry)) : 0);
    }
  }
}

const StoredRun& Publishing::run_of(const Judgement& judged, std::uint32_t entry) {
  const auto& runs = judged.runs();
  return *std::prev(
      std::upper_bound(runs.begin(), runs.end(), entry,
                       [](std::uint32_t at, const StoredRun& run) { return at < run.first_event; }));
}

// What somebody may ask for by its flow.
void Publishing::note_refused(const Judgement& judged, std::string_view service) {
  std::size_t noted = 0;
  for (const auto& refusal : judged.refusals()) {
    if (refusal.index() >= judged.entries() || noted == refusals_per_batch_max) return;
    const auto event = read_event(judged.event(refusal.index()).bytes);
    if (!event || event->correlationid.empty() || check_envelope(*event)) continue;
    refusals_.add({.service = std::string{service},
                   .topic = std::string{run_of(judged, refusal.index()).topic},
                   .reason = refusal.reason(),
                   .text = refusal.text(),
                   .id = std::string{event->id},
                   .correlationid = std::string{event->correlationid},
                   .causationid = std::string{event->causationid}},
                  log_.now());
    ++noted;
  }
}

// Refused events count under their topic where it is one; what is not a topic gets no row.
void Publishing::count_refused(const Judgement& judged) {
  for (const auto& refusal : judged.refusals()) {
    if (refusal.index() >= judged.entries()) return;
    const auto counts = counts_.find(run_of(judged, refusal.index()).topic);
    if (counts != counts_.end()) ++counts->second.refused;
  }
}

void Publishing::count_published(const StoredBatch& batch) {
  for (const auto& run : batch.runs) {
    const auto counts = counts_.find(run.topic);
    if (counts == counts_.end()) continue;
    counts->second.published += run.event_count;
    const auto listening = audience(run.topic);
    if (listening.sure > 0) continue;
    if (listening.choosy.empty()) {
      counts->second.unrouted += run.event_count;
      continue;
    }
    for (auto index = run.first_event; index < run.first_event + run.event_count; ++index)
      counts->second.unrouted += listeners(listening, run, batch.events[index]) == 0;
  }
}

Publishing::Audience Publishing::audience(std::string_view topic) {
  const auto& result = router_.route(topic);
  Audience listening;
  for (const auto& choosy : result.choosy) {
    if (listens_(choosy.service)) listening.choosy.push_back(choosy);
  }
  const auto all = std::count_if(result.services.begin(), result.services.end(), listens_);
  listening.sure = static_cast<std::uint32_t>(all) - static_cast<std::uint32_t>(listening.choosy.size());
  return listening;
}

std::uint32_t Publishing::listeners(const Audience& audience, const StoredRun& run,
                                    const StoredEvent& event) const {
  const auto view = audience.choosy.empty() ? std::nullopt : read_event(event.bytes);
  if (!view) return audience.sure;
  const RunHead head{.source = run.source, .topic = run.topic, .dataschema = run.dataschema};
  JudgedEvent judged{head, *view, router_.parser()};
  const auto wanting =
      std::count_if(audience.choosy.begin(), audience.choosy.end(),
                    [&](const Choosy& choosy) { return Router::wants(choosy, judged, log_.appended_end()); });
  return audience.sure + static_cast<std::uint32_t>(wanting);
}

Publishing::Emitted Publishing::admit_emitted(
    const Received& received, const google::protobuf::RepeatedPtrField<v1::Settle::Emitted>& emitted,
    std::string_view service, const std::function<bool(Offset)>& wanted) {
  Emitted result;
  if (received.batch.empty()) return result;
  const Causes causes{emitted};
  auto judged = admission_.judge(received.batch, service);
  refuse_unrouted(judged, std::numeric_limits<std::size_t>::max());
  refuse_delayed_beyond(delays_.room(), judged);
  note_refused(judged, service);
  for (const auto& refusal : judged.refusals()) {
    if (refusal.index() < judged.entries()) {
      result.refused.emplace(causes.of(refusal.index()), refusal);
    } else {  // speaks for everything behind what could be read
      causes.each_from(refusal.index(), [&](Offset offset) { result.refused.emplace(offset, refusal); });
    }
  }
  Offset asked = 0;
  bool drop = true;
  for (std::uint32_t entry = 0; entry < judged.entries(); ++entry) {
    const auto offset = causes.of(entry);
    if (offset != asked || entry == 0) {
      asked = offset;
      drop = offset == 0 || result.refused.contains(offset) || !wanted(offset);
    }
    if (drop) judged.drop(entry);
  }
  result.admitted = std::move(judged).admit(received.owner);
  return result;
}

void Publishing::append(Admitted admitted, std::string own, CommitLog::Action when_committed) {
  if (!admitted.delayed.empty()) admitted.journal.append_own(std::move(admitted.delayed));
  router_.derive(admitted.journal, admitted.live);
  tap_.publish(admitted.live);
  count_published(admitted.live);
  count_published(admitted.journal);
  if (!own.empty()) admitted.journal.append_own(std::move(own));
  if (admitted.journal.count() == 0) {
    log_.after_all([when_committed = std::move(when_committed)] {
      if (when_committed) when_committed(nullptr);
    });
    return;
  }
  const auto batch =
      log_.append(std::make_unique<StoredBatch>(std::move(admitted.journal)), std::move(when_committed));
  chosen_.remember(*batch);
  delays_.expect(*batch);
}

}  // namespace reel::broker
