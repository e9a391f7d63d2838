#include "service/publishing.h"

#include <algorithm>

#include "event/batch.h"

namespace reel::broker {
namespace {

// The entries of a received batch in order, with the topic each belongs to. For the slow paths only: the fast
// one has the same in its StoredBatch.
template <typename Visit>
void each_entry(std::string_view batch, Visit&& visit) {
  BatchReader reader{batch};
  std::uint32_t index = 0;
  while (auto run = reader.next_run()) {
    while (const auto bytes = run->next_event_bytes()) visit(index++, run->head, *bytes);
  }
}

void add_matched(v1::Accepted& answer, std::uint32_t entries, std::uint32_t services) {
  const auto size = answer.matched_size();
  if (size > 0 && answer.matched(size - 1) == services) {
    answer.set_matched(size - 2, answer.matched(size - 2) + entries);
  } else if (entries > 0) {
    answer.add_matched(entries);
    answer.add_matched(services);
  }
}

}  // namespace

bool is_system_service(std::string_view service) {
  return service.starts_with("reel.");
}

Publishing::Publishing(Admission& admission, Router& router, CommitLog& log, LiveTap& tap, Resends& resends,
                       ChosenIds& chosen)
    : admission_{admission}, router_{router}, log_{log}, tap_{tap}, resends_{resends}, chosen_{chosen} {}

void Publishing::publish(const v1::Publish& publish, const Received& received, bool trusted,
                         std::function<void(const v1::Accepted&)> answer) {
  v1::Accepted accepted;
  accepted.set_sequence(publish.sequence());
  auto admitted = admission_.judge(received.owner, received.batch, trusted);

  if (const auto before = resends_.find(publish.producer(), publish.sequence())) {
    // Judged again only to repeat the refusals; nothing is appended.
    accepted.set_resend(true);
    accepted.set_first_offset(before->first_offset);
    accepted.set_accepted(before->count);
    for (auto& refusal : admitted.refusals) *accepted.add_refusals() = std::move(refusal);
    log_.after_all([answer = std::move(answer), accepted] { answer(accepted); });
    return;
  }

  leave_out_repeats(admitted, received, trusted, accepted);
  count(admitted, received, accepted);
  const auto durable = admitted.durable ? admitted.durable->count() : 0;
  accepted.set_accepted(durable + (admitted.live ? admitted.live->count() : 0));
  for (auto& refusal : admitted.refusals) *accepted.add_refusals() = std::move(refusal);
  if (durable > 0) {
    admitted.durable->producer = publish.producer();
    admitted.durable->sequence = publish.sequence();
  }
  const auto first_offset = durable > 0 ? log_.appended_end() : 0;
  resends_.remember(publish.producer(), {publish.sequence(), first_offset, durable, log_.now()});
  accepted.set_first_offset(first_offset);
  append(std::move(admitted), {},
         [answer = std::move(answer), accepted](const StoredBatchPtr&) { answer(accepted); });
}

void Publishing::leave_out_repeats(Admitted& admitted, const Received& received, bool trusted,
                                   v1::Accepted& answer) {
  if (!admitted.durable) return;
  const auto& runs = admitted.durable->runs;
  if (std::none_of(runs.begin(), runs.end(), [](const StoredRun& run) { return run.chosen_ids; })) return;

  std::map<std::uint32_t, Offset> repeats;  // by index in the received batch
  std::map<Hash128, std::uint32_t, decltype([](const Hash128& a, const Hash128& b) {
             return a.high != b.high ? a.high < b.high : a.low < b.low;
           })>
      in_this_batch;
  const auto now = log_.now();
  each_entry(received.batch, [&](std::uint32_t index, const RunHead& run, std::string_view bytes) {
    if (!run.chosen_ids) return;
    const auto event = read_event(bytes);
    if (!event) return;
    if (const auto offset = chosen_.find(run.source, event->id, now)) {
      repeats.emplace(index, *offset);
    } else if (!in_this_batch.emplace(hash_128({run.source, event->id}), index).second) {
      repeats.emplace(index, 0);  // of one earlier in this batch: its offset is not known yet
    }
  });
  if (repeats.empty()) return;
  admitted = admission_.judge(received.owner, received.batch, trusted,
                              [&](std::uint32_t index) { return !repeats.contains(index); });
  for (const auto& [index, offset] : repeats) {
    auto& duplicate = *answer.add_duplicates();
    duplicate.set_index(index);
    duplicate.set_offset(offset);
  }
}

void Publishing::count(const Admitted& admitted, const Received& received, v1::Accepted& answer) {
  const auto note = [&](std::string_view topic, std::uint32_t events, std::uint32_t services) {
    auto found = counts_.find(topic);
    if (found == counts_.end()) found = counts_.emplace(std::string{topic}, TopicCounts{}).first;
    found->second.published += events;
    if (services == 0) found->second.unrouted += events;
  };
  if (admitted.durable && !admitted.live && admitted.refusals.empty() && answer.duplicates().empty()) {
    for (const auto& run : admitted.durable->runs) {
      const auto services = listeners(run.topic);
      note(run.topic, run.event_count, services);
      add_matched(answer, run.event_count, services);
    }
    return;
  }
  auto refusal = admitted.refusals.begin();
  each_entry(received.batch, [&](std::uint32_t index, const RunHead& run, std::string_view) {
    if (refusal != admitted.refusals.end() && refusal->index() == index) {
      ++refusal;
      add_matched(answer, 1, 0);
      const auto known = counts_.find(run.topic);  // what is not a topic gets no row
      if (known != counts_.end()) ++known->second.refused;
      return;
    }
    const auto services = listeners(run.topic);
    note(run.topic, 1, services);
    add_matched(answer, 1, services);
  });
}

std::uint32_t Publishing::listeners(std::string_view topic) {
  return router_.route(topic).listeners;
}

Publishing::Emitted Publishing::admit_emitted(
    const Received& received, const google::protobuf::RepeatedPtrField<v1::Settle::Emitted>& emitted,
    bool trusted, const std::function<bool(Offset)>& wanted) {
  Emitted result;
  if (emitted.empty() || received.batch.empty()) return result;
  // Which delivery each entry belongs to, as ranges of indices: entry i belongs to the first range ending
  // behind i.
  std::vector<std::pair<std::uint64_t, Offset>> ranges;
  std::uint64_t end = 0;
  bool all_wanted = true;
  for (const auto& item : emitted) {
    end += item.count();
    ranges.emplace_back(end, item.offset());
    all_wanted = all_wanted && wanted(item.offset());
  }
  const auto cause = [&ranges](std::uint32_t index) -> Offset {
    const auto range = std::upper_bound(ranges.begin(), ranges.end(), index,
                                        [](std::uint32_t at, const auto& item) { return at < item.first; });
    return range == ranges.end() ? 0 : range->second;  // 0: belongs to no delivery, never wanted
  };

  result.admitted = admission_.judge(received.owner, received.batch, trusted);
  for (const auto& refusal : result.admitted.refusals)
    result.refused.emplace(cause(refusal.index()), refusal);
  if (all_wanted && result.refused.empty() && result.admitted.entries == end) return result;
  result.admitted = admission_.judge(received.owner, received.batch, trusted, [&](std::uint32_t index) {
    const auto offset = cause(index);
    return offset != 0 && wanted(offset) && !result.refused.contains(offset);
  });
  return result;
}

void Publishing::append(Admitted admitted, std::string own, CommitLog::Action when_committed) {
  if (admitted.live && admitted.live->count() > 0) tap_.publish(*admitted.live);
  auto batch = std::move(admitted.durable);
  if (!batch) batch = std::make_unique<StoredBatch>();
  router_.derive(*batch);
  if (!own.empty()) batch->append_own(std::move(own));
  if (batch->count() == 0) {
    log_.after_all([when_committed = std::move(when_committed)] {
      if (when_committed) when_committed(nullptr);
    });
    return;
  }
  const auto appended = log_.append(std::move(batch), std::move(when_committed));
  chosen_.remember(*appended);
}

}  // namespace reel::broker
