#include "tracker/orphans.h"

#include <xxhash.h>

#include <utility>

#include "tracker/answers.h"
#include "tracker/tracker.h"

namespace reel::tracker {
namespace {

std::uint64_t hash_of(Whereabouts::What what, std::string_view value) {
  return XXH3_64bits_withSeed(value.data(), value.size(), static_cast<std::uint8_t>(what));
}

/// Whether no event with this packed id is among the steps. Of a flow that has more than are looked at
/// nothing is known.
bool lacks(const Steps& steps, std::string_view id) {
  std::uint32_t looked = 0;
  for (std::size_t i = steps.chunks(); i > 0; --i) {
    if (looked >= orphan_search_steps) return false;
    StepReader reader{steps.chunk(i - 1)};
    for (auto step = reader.next(); step; step = reader.next(), ++looked) {
      if (step->id == id) return false;
    }
  }
  return true;
}

}  // namespace

void Whereabouts::saw(What what, std::string_view value, Home home) {
  const std::uint64_t hash = hash_of(what, value);
  places_[hash % whereabouts_places] = {hash, home};
}

std::optional<Whereabouts::Home> Whereabouts::home_of(What what, std::string_view value) const {
  const std::uint64_t hash = hash_of(what, value);
  const Place& place = places_[hash % whereabouts_places];
  return place.hash == hash ? std::optional{place.home} : std::nullopt;
}

void Orphans::add(v1::OrphansReply::Orphan orphan) {
  if (newest_first_.size() == orphans_max) newest_first_.pop_back();
  newest_first_.push_front(std::move(orphan));
  ++count_;
}

void tell(const Orphans& orphans, const v1::OrphansRequest& ask, v1::OrphansReply& reply) {
  const auto rows = static_cast<int>(page_size(ask.limit(), page_rows_default, page_rows_max));
  for (const auto& orphan : orphans.newest_first()) {
    if (ask.before() != 0 && orphan.offset() >= ask.before()) continue;
    if (reply.orphans_size() == rows) {
      reply.set_next(reply.orphans(rows - 1).offset());
      break;
    }
    *reply.add_orphans() = orphan;
  }
  reply.set_count(orphans.count());
}

// ---- the tracker's part

// A cause that stands far back is remembered once it was found: the next event of it need not look.
v1::OrphansReply::Lost Tracker::lost_by(const Step& step, const Flow& flow, Whereabouts::Home home) {
  constexpr std::size_t packed_nothing = 1;
  if (step.causation.size() <= packed_nothing) {
    const bool wants_flow = flow.instances.empty() && !definitions_.roles(step.topic).empty();
    return step.number == 0 && wants_flow ? v1::OrphansReply::LOST_FLOW : v1::OrphansReply::LOST_UNKNOWN;
  }
  const auto there = whereabouts_.home_of(Whereabouts::What::id, step.causation);
  if ((there && there->hash == home.hash) || step.causation == step.id) return v1::OrphansReply::LOST_UNKNOWN;
  if (step.number == 0) return v1::OrphansReply::LOST_FLOW;
  if (lacks(flow.steps, step.causation)) return v1::OrphansReply::LOST_CAUSE;
  whereabouts_.saw(Whereabouts::What::id, step.causation, home);
  return v1::OrphansReply::LOST_UNKNOWN;
}

// A flow that is a part of another begins with a cause there, and a replayed event has the cause it had.
void Tracker::note_orphan(const EventSeen& event, const Step& step, const Flow& flow, Whereabouts::Home home,
                          bool cause_is_near) {
  using What = Whereabouts::What;
  const bool is_at_home = cause_is_near || event.replayed || !event.parent.empty();
  const auto lost = is_at_home ? v1::OrphansReply::LOST_UNKNOWN : lost_by(step, flow, home);
  whereabouts_.saw(What::id, step.id, home);
  const bool has_key = !event.partitionkey.empty() && event.partitionkey != event.correlationid;
  if (lost != v1::OrphansReply::LOST_UNKNOWN) return add_orphan(event, lost, has_key);
  if (has_key) whereabouts_.saw(What::key, event.partitionkey, home);
  if (!event.subject.empty()) whereabouts_.saw(What::subject, event.subject, home);
}

void Tracker::add_orphan(const EventSeen& event, v1::OrphansReply::Lost lost, bool has_key) {
  using What = Whereabouts::What;
  v1::OrphansReply::Orphan orphan;
  orphan.set_offset(event.offset);
  orphan.set_recordedtime(event.log_time);
  orphan.set_id(std::string{event.id});
  orphan.set_topic(std::string{event.topic});
  orphan.set_source(std::string{event.source});
  orphan.set_correlationid(text_of(correlation_));
  orphan.set_causationid(std::string{event.causationid});
  orphan.set_partitionkey(std::string{event.partitionkey});
  orphan.set_subject(std::string{event.subject});
  orphan.set_lost(lost);
  const auto likely = [&](What what, std::string_view value, v1::OrphansReply::Likeness by) {
    if (value.empty() || !orphan.likely_flow().empty()) return;
    const auto there = whereabouts_.home_of(what, value);
    if (!there || !flows_.used(there->handle)) return;
    const auto correlation = flows_.correlation_at(there->handle);
    if (FlowTable::hash_of(correlation) != there->hash || correlation == correlation_) return;
    orphan.set_likely_flow(text_of(correlation));
    orphan.set_likely_by(by);
  };
  if (!event.causationid.empty()) likely(What::id, causation_, v1::OrphansReply::LIKENESS_CAUSE);
  if (has_key) likely(What::key, event.partitionkey, v1::OrphansReply::LIKENESS_KEY);
  likely(What::subject, event.subject, v1::OrphansReply::LIKENESS_SUBJECT);
  orphans_.add(std::move(orphan));
}

}  // namespace reel::tracker
