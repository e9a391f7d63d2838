// Answers about many flows: which ones a condition means, and what they have in common. Each is one slice of
// a walk; whoever asks goes on until there is no `next`.
#include <algorithm>

#include "search/attributes.h"
#include "tracker/answers.h"
#include "tracker/edge_page.h"
#include "tracker/flow_scan.h"
#include "tracker/variant_page.h"

namespace reel::tracker {
namespace {

using Where = v1::FlowWhere;

// `definition` is a test as well, for askers that send no condition.
Where where_of(const v1::FlowsRequest& ask) {
  Where where = ask.where();
  if (ask.definition().empty()) return where;
  const bool is_alone = where.nodes().empty();
  auto& node = *where.add_nodes();
  node.set_attribute(Where::ATTRIBUTE_DEFINITION);
  node.set_how(Where::COMPARISON_EQUAL);
  node.set_text(ask.definition());
  if (!is_alone) where.add_nodes()->set_op(Where::OPERATOR_AND);
  return where;
}

// What holds, what is not known, and the events whose payloads would tell.
void tell_undecided(const Flow& flow, FlowTests& tests, int room, v1::FlowsReply::Undecided& to) {
  std::uint64_t holds = 0;
  std::uint64_t unknown = 0;
  const auto& answers = tests.answers();
  for (std::size_t i = 0; i < answers.size(); ++i) {
    if (answers[i] == Truth::yes) holds |= std::uint64_t{1} << i;
    if (answers[i] == Truth::unknown) unknown |= std::uint64_t{1} << i;
  }
  to.set_holds(holds);
  to.set_unknown(unknown);
  for (std::size_t i = 0; i < flow.steps.chunks(); ++i) {
    StepReader reader{flow.steps.chunk(i)};
    while (const auto step = reader.next()) {
      if (!tests.is_needed(step->topic)) continue;
      if (to.offsets_size() == room) return to.set_more(true);
      to.add_offsets(step->offset);
    }
  }
}

// The walk behind variants and edges.
template <typename Add, typename Answer>
std::string add_up(FlowScan scan, const v1::FlowSelection& flows, std::uint64_t watermark, Add add,
                   Answer& answer) {
  if (search::asks_for_events(flows.where())) {
    return "what payloads say is not known to the tracker: find the flows first, and name them";
  }
  const auto slice = scan.run({.where = flows.where(),
                               .correlationids = flows.correlationids(),
                               .after = flows.after(),
                               .now = watermark},
                              [&](const Flow& flow, FlowTests&, Truth) {
                                add(flow);
                                return true;
                              });
  answer.set_next(slice.next);
  answer.set_looked_at(slice.looked_at);
  answer.set_watermark(watermark);
  return slice.error;
}

}  // namespace

void Answers::tell(const v1::FlowsRequest& ask, std::uint64_t watermark, v1::Reply& reply) {
  const int rows =
      static_cast<int>(ask.limit() == 0 ? page_rows_default : std::min(ask.limit(), page_rows_max));
  const Where where = where_of(ask);
  FlowScan::Ask walk{.where = where,
                     .correlationids = ask.correlationids(),
                     .after = ask.after(),
                     .now = watermark,
                     .rows = static_cast<std::uint32_t>(rows)};
  for (const int state : ask.states()) walk.states.push_back(static_cast<v1::FlowState>(state));
  v1::FlowsReply page;
  int room = page_offsets_max;
  const auto take = [&](const Flow& flow, FlowTests& tests, Truth truth) {
    if (truth == Truth::unknown) {
      auto& undecided = *page.add_undecided();
      undecided.set_row(static_cast<std::uint32_t>(page.flows_size()));
      tell_undecided(flow, tests, room, undecided);
      room -= undecided.offsets_size();
    }
    auto& row = *page.add_flows();
    if (ask.brief()) {
      row.set_correlationid(text_of(flow.correlation));
      row.set_started_at(flow.started_at);
      row.set_last_at(flow.last_at);
    } else {
      summarize(flow, row);
    }
    return page.flows_size() < rows && room > 0;
  };
  const auto slice = FlowScan{store_, reading_, definitions_, names_}.run(walk, take);
  if (!slice.error.empty()) return reply.set_error(slice.error);
  page.set_next(slice.next);
  page.set_looked_at(slice.looked_at);
  page.set_watermark(watermark);
  *reply.mutable_flows() = std::move(page);
}

void Answers::tell(const v1::VariantsRequest& ask, std::uint64_t watermark, v1::Reply& reply) {
  VariantPage page{names_};
  v1::VariantsReply answer;
  const std::string error = add_up(
      {store_, reading_, definitions_, names_}, ask.flows(), watermark,
      [&](const Flow& flow) { page.add(flow); }, answer);
  if (!error.empty()) return reply.set_error(error);
  page.write(answer);
  *reply.mutable_variants() = std::move(answer);
}

void Answers::tell(const v1::EdgesRequest& ask, std::uint64_t watermark, v1::Reply& reply) {
  EdgePage page{definitions_, names_, ask.observed()};
  v1::EdgesReply answer;
  const std::string error = add_up(
      {store_, reading_, definitions_, names_}, ask.flows(), watermark,
      [&](const Flow& flow) { page.add(flow); }, answer);
  if (!error.empty()) return reply.set_error(error);
  page.write(answer);
  *reply.mutable_edges() = std::move(answer);
}

}  // namespace reel::tracker
