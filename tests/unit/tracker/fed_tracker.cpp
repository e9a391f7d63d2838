#include "fed_tracker.h"

#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>

#include <set>
#include <utility>

#include "tracker/verdict.h"
#include "tracker_bench.h"

namespace reel::tracker::bench {

FedTracker::FedTracker(const Case& of) : case_{of} {
  for (const auto& [name, flow] : of.definitions) definitions_.add_current(name, flow);
  tracker_ = std::make_unique<Tracker>(definitions_, names_, this);
}

void FedTracker::feed(std::mt19937_64* random) {
  for (std::size_t i = 0; i < case_.trace.size();) {
    ++offset_;
    see(case_.trace[i]);
    i = random ? disturb(i, *random) : i + 1;
  }
  tracker_->advance(case_.upto);
  collect();
}

void FedTracker::see(const Said& event) {
  google::protobuf::Struct data;
  (void)google::protobuf::util::JsonStringToMessage(json_of(event), &data);
  const std::string bytes = data.SerializeAsString();
  const RunHead head{.source = "s", .topic = event.topic, .dataschema = "google.protobuf.Struct"};
  EventView view;
  view.id = event.id;
  view.correlationid = event.correlation;
  view.subject = event.subject;
  view.data = bytes;
  JudgedEvent content{head, view, parser_};
  tracker_->see({.offset = offset_,
                 .log_time = event.at,
                 .id = event.id,
                 .correlationid = event.correlation,
                 .topic = event.topic,
                 .source = "s",
                 .replayed = event.replayed,
                 .content = &content});
}

std::size_t FedTracker::disturb(std::size_t at, std::mt19937_64& random) {
  const Trace& trace = case_.trace;
  const std::uint64_t next = at + 1 < trace.size() ? trace[at + 1].at : case_.upto + 1;
  switch (random() % 12) {
    case 0:
      save(at + 1);
      start();
      break;
    case 1: see(trace[at]); break;  // redelivered
    case 2: {                       // published twice; what is owed regularly knows its last event only
      const std::size_t which = case_.definitions.contains("r") ? at : random() % (at + 1);
      Said again = trace[which];
      again.at = trace[at].at;
      ++offset_;
      see(again);
      break;
    }
    case 3:
      if (next > trace[at].at) tracker_->advance(trace[at].at + random() % (next - trace[at].at));
      break;
    case 4:
      save(at + 1);
      tracker_->rest(100, ~std::uint64_t{0});
      break;
    case 5:
    case 6: gathering_ ? go_on_with_checkpoint(1 + random() % 2) : begin_checkpoint(at + 1); break;
    case 7:
      if (crashes_left_-- > 0) return crash();
      break;
    default: break;
  }
  return at + 1;
}

void FedTracker::collect() {
  for (auto& verdict : tracker_->take_verdicts()) verdicts_.push_back(std::move(verdict));
}

void FedTracker::begin_checkpoint(std::size_t next) {
  collect();
  gathering_ = {.flows = saved_.flows,
                .handled_offset = tracker_->handled_offset(),
                .watermark = tracker_->watermark(),
                .tally = tracker_->tally(),
                .verdicts = verdicts_.size(),
                .offset = offset_,
                .next = next};
  tracker_->flows().begin_saving([this](const FlowTable::Saved& flow) {
    gathering_->flows[std::string{head_of(flow.record).correlation}] = {std::string{flow.record}, {}};
  });
}

void FedTracker::go_on_with_checkpoint(std::size_t flows) {
  constexpr auto all = static_cast<std::size_t>(-1);
  if (!tracker_->flows().save_some(flows, all)) saved_ = *std::exchange(gathering_, std::nullopt);
}

void FedTracker::save(std::size_t next) {
  while (gathering_) go_on_with_checkpoint(1);
  begin_checkpoint(next);
  while (gathering_) go_on_with_checkpoint(1);
}

// As a tracker does: what is open is loaded at once, the rest when an event asks for it.
void FedTracker::start() {
  tracker_ = std::make_unique<Tracker>(definitions_, names_, this);
  tracker_->resume(saved_.handled_offset, saved_.watermark, saved_.tally);
  for (const auto& [correlation, archived] : saved_.flows) {
    Flow flow;
    unpack(archived.record, definitions_, flow);
    if (flow.state() == v1::FLOW_STATE_OPEN || flow.state() == v1::FLOW_STATE_OVERDUE)
      tracker_->load(archived);
  }
}

// What was judged since the last checkpoint is judged again: the world knows those verdicts by their ids.
std::size_t FedTracker::crash() {
  gathering_.reset();
  verdicts_.resize(saved_.verdicts);
  offset_ = saved_.offset;
  start();
  return saved_.next;
}

std::optional<ArchivedFlow> FedTracker::find(std::string_view correlation) {
  const auto found = saved_.flows.find(correlation);
  return found == saved_.flows.end() ? std::nullopt : std::optional{found->second};
}

std::string FedTracker::rule_text(DefinitionIndex definition, std::uint16_t rule) const {
  const Definition& of = definitions_[definition];
  return of.name + " " + (rule == of.whole_flow() ? "whole" : std::to_string(rule));
}

std::string FedTracker::missing(const Judgement& verdict) const {
  const Definition& definition = definitions_[verdict.definition];
  const Rule& rule = definition.rules[verdict.rule];
  if (verdict.rule == definition.whole_flow()) return "";
  if (!rule.each && rule.any_of) return "; came " + std::to_string(verdict.seen);
  std::set<std::string> texts;
  for (const auto& text : rule.each ? verdict.items.missing : missing_of(rule, verdict.seen, names_))
    texts.insert(text);
  std::string all = "; missing";
  for (const auto& text : texts) all += " " + text;
  return all;
}

std::string FedTracker::verdict_text(const Judgement& verdict) const {
  const std::string about = verdict.correlation + " " + rule_text(verdict.definition, verdict.rule) +
                            " after " + verdict.after_id + " until " + std::to_string(verdict.deadline) +
                            ": ";
  switch (verdict.kind) {
    case Judgement::Kind::warning: return about + "warning" + missing(verdict);
    case Judgement::Kind::overdue: return about + "overdue" + missing(verdict);
    case Judgement::Kind::resolved: return about + "resolved by " + verdict.by_id;
    case Judgement::Kind::broken:
      return about + "broken " +
             (verdict.breach == Breach::too_many   ? "too often"
              : verdict.breach == Breach::too_soon ? "too soon"
                                                   : "forbidden") +
             " by " + verdict.by_id;
    case Judgement::Kind::waived: return about + "waived by " + verdict.by_id;
    case Judgement::Kind::completed: break;
  }
  return verdict.correlation + " " + definitions_[verdict.definition].name + " completed by " +
         verdict.by_id + " " + std::string{names_.text(verdict.by_topic)} + " at " +
         std::to_string(verdict.at) + " since " + std::to_string(verdict.armed_at) + ", time " +
         std::to_string(verdict.ordinal) + ", overdue " + std::to_string(verdict.overdue) + ", met late " +
         std::to_string(verdict.met_late) + ", broken " + std::to_string(verdict.broken);
}

void FedTracker::tell_flow(const Flow& flow, Told& told) const {
  const std::string name = text_of(flow.correlation);
  told.states.push_back(name + " " + name_of(flow.state()));
  for (const Claim& claim : flow.claims) {
    told.claims.push_back(
        name + " " + rule_text(flow.instances[claim.instance].definition, claim.rule) + " after " +
        text_of(flow.steps.at(claim.after_step).id) + " at " + std::to_string(claim.armed_at) + " until " +
        (claim.deadline == no_deadline ? "ever" : std::to_string(claim.deadline)) + ": " +
        name_of(claim.verdict) + (claim.open() ? "" : " at " + std::to_string(claim.settled_at)));
  }
}

Told FedTracker::told() {
  Told told;
  for (const auto& verdict : verdicts_) told.verdicts.push_back(verdict_text(verdict));
  save(case_.trace.size());
  for (const auto& [correlation, archived] : saved_.flows) {
    Flow flow;
    unpack(archived.record, definitions_, flow);
    bring_up_to(tracker_->watermark(), definitions_, flow);
    tell_flow(flow, told);
  }
  return told;
}

}  // namespace reel::tracker::bench
