#include "service/publishing.h"

#include <algorithm>

#include "service/causes.h"

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
      repeats_{chosen, delays, log},
      audience_{router, log, std::move(listens)},
      counts_{config} {
  take_up(config);
}

void Publishing::take_up(const config::Model& config) {
  counts_.add(config);
  require_subscriber_.clear();
  for (const auto& [topic, about] : config.topics) {
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
    accepted.set_accepted(before->count + judged.count(Destination::live));
    const auto recalled = repeats_.repeat(judged, *before, accepted);
    if (!recalled.forgotten) repeat_refusals(judged, *before, recalled.unknown, accepted);
    tell_destinations(judged, accepted);
    say_when_again(accepted);
    log_.after_all([answer = std::move(answer), accepted] { answer(accepted); });
    return;
  }

  const bool unwritable = !log_.trouble().empty();
  // What waits for the disk is known already, and nobody may be told that it is there.
  if (!unwritable) repeats_.drop(judged, accepted);
  const auto refused_before = judged.refusals().size();
  refuse_unrouted(judged);
  refuse_delayed_beyond(delays_.room(), judged);
  const bool any_refused = judged.refusals().size() > refused_before;
  if (unwritable) refuse_unwritable(judged);
  tell_destinations(judged, accepted);
  say_when_again(accepted);
  tell_matched(judged, accepted);
  counts_.refused(judged);
  refusals_.add(judged, service, log_.now());
  accepted.set_accepted(judged.accepted());
  const auto kept = judged.kept();
  accepted.set_first_offset(kept > 0 ? log_.appended_end() : 0);
  // Of what had no effect there is nothing to remember: sent again, it may be taken.
  if (judged.accepted() > 0 && !unwritable) {
    resends_.remember(publish.producer(),
                      {publish.sequence(), accepted.first_offset(), kept, log_.now(), any_refused});
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

void Publishing::refuse_delayed_beyond(std::size_t room, Judgement& judged) {
  const std::size_t delayed = judged.count(Destination::delayed);
  if (delayed > room) refuse_last_delayed(judged, delayed - room, [](std::uint32_t) { return true; });
}

void Publishing::refuse_last_delayed(Judgement& judged, std::size_t most,
                                     const std::function<bool(std::uint32_t entry)>& may_be) {
  std::vector<std::uint32_t> last;
  for (auto entry = judged.entries(); entry-- > 0 && last.size() < most;) {
    if (judged.destination(entry) == Destination::delayed && may_be(entry)) last.push_back(entry);
  }
  std::reverse(last.begin(), last.end());
  judged.refuse(last, v1::REFUSAL_TOO_MANY_DELAYED,
                "as many events wait for their delivertime as broker.delayed_events_max allows");
}

// The journal is tried again every second; a place among those that wait is free when one of them is due.
void Publishing::say_when_again(v1::Accepted& accepted) {
  constexpr std::uint64_t ms = 1'000'000;
  constexpr std::uint64_t soon_ms = 1'000;
  constexpr std::uint64_t late_ms = 3'600'000;
  for (auto& refusal : *accepted.mutable_refusals()) {
    if (refusal.reason() == v1::REFUSAL_JOURNAL_UNAVAILABLE) refusal.set_retry_after_ms(soon_ms);
    if (refusal.reason() != v1::REFUSAL_TOO_MANY_DELAYED) continue;
    const auto now = log_.now();
    const auto due_ms = (delays_.next_due() - std::min(now, delays_.next_due())) / ms;
    refusal.set_retry_after_ms(static_cast<std::uint32_t>(std::clamp(due_ms, soon_ms, late_ms)));
  }
}

// Which it was nobody remembers: as many of what could have been refused as were not kept. Those whose ids
// are unknown come first, since they alone can be told from what was kept. Some of them may be duplicates
// that are forgotten; only where nothing can have been refused are they called so, since who is told of a
// duplicate takes it for accepted. Generated ids are never known: today's subscriptions are asked, and of
// delayed events the last ones were refused.
void Publishing::repeat_refusals(Judgement& judged, const Resends::Answer& before,
                                 const std::vector<std::uint32_t>& unknown, v1::Accepted& answer) const {
  const auto missing = [&] { return judged.kept() > before.count ? judged.kept() - before.count : 0; };
  const auto refused = [&] { return before.may_have_refused ? missing() : 0; };
  const auto is_unknown = [&](std::uint32_t entry) {
    return std::binary_search(unknown.begin(), unknown.end(), entry);
  };
  const auto rest_is_duplicate = [&](Destination destination) {
    for (const auto entry : unknown) {
      if (missing() > 0 && judged.destination(entry) == destination) tell_duplicate(judged, entry, 0, answer);
    }
  };
  refuse_unrouted(judged, refused(), [&](auto&, auto&, std::uint32_t entry) { return is_unknown(entry); });
  rest_is_duplicate(Destination::journal);
  refuse_last_delayed(judged, refused(), is_unknown);
  rest_is_duplicate(Destination::delayed);
  refuse_unrouted(judged, refused(), [&](const StoredRun& run, auto& listening, std::uint32_t entry) {
    return !run.chosen_ids && audience_.of_event(listening, run, judged.event(entry)) == 0;
  });
  refuse_last_delayed(judged, refused(),
                      [&](std::uint32_t entry) { return !judged.run_of(entry).chosen_ids; });
}

void Publishing::refuse_unrouted(Judgement& judged) const {
  refuse_unrouted(judged, judged.entries(),
                  [&](const StoredRun& run, const Audience::OfTopic& listening, std::uint32_t entry) {
                    return audience_.of_event(listening, run, judged.event(entry)) == 0;
                  });
}

void Publishing::refuse_unrouted(Judgement& judged, std::size_t most, const IsUnrouted& is_unrouted) const {
  if (require_subscriber_.empty()) return;
  for (const auto& run : judged.runs()) {
    if (!require_subscriber_.contains(run.topic)) continue;
    const auto listening = audience_.of(run.topic);
    std::vector<std::uint32_t> unrouted;
    for (auto entry = run.first_event; entry < run.first_event + run.event_count; ++entry) {
      if (judged.destination(entry) != Destination::journal || unrouted.size() == most) continue;
      if (is_unrouted(run, listening, entry)) unrouted.push_back(entry);
    }
    most -= unrouted.size();
    judged.refuse(unrouted, v1::REFUSAL_UNROUTED,
                  "no service wants it, and topic " + std::string{run.topic} + " says require_subscriber");
  }
}

void Publishing::tell_matched(const Judgement& judged, v1::Accepted& answer) const {
  for (const auto& run : judged.runs()) {
    const auto end = run.first_event + run.event_count;
    std::uint32_t dropped = 0;
    for (auto entry = run.first_event; entry < end; ++entry)
      dropped += judged.destination(entry) == Destination::dropped;
    const auto listening = dropped == run.event_count ? Audience::OfTopic{} : audience_.of(run.topic);
    if (dropped == 0 && listening.choosy == nullptr) {
      add_pairs(*answer.mutable_matched(), run.event_count, listening.sure);
      continue;
    }
    for (auto entry = run.first_event; entry < end; ++entry) {
      const bool goes_on = judged.destination(entry) != Destination::dropped;
      add_pairs(*answer.mutable_matched(), 1,
                goes_on ? audience_.of_event(listening, run, judged.event(entry)) : 0);
    }
  }
}

Publishing::Emitted Publishing::admit_emitted(
    const Received& received, const google::protobuf::RepeatedPtrField<v1::Settle::Emitted>& emitted,
    std::string_view service, const std::function<bool(Offset)>& wanted) {
  Emitted result;
  if (received.batch.empty()) return result;
  const Causes causes{emitted};
  auto judged = admission_.judge(received.batch, service);
  refuse_unrouted(judged);
  refuse_delayed_beyond(delays_.room(), judged);
  refusals_.add(judged, service, log_.now());
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
  counts_.published(admitted.live, audience_);
  counts_.published(admitted.journal, audience_);
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
