#include "gateway/api/added_up.h"

#include <cstdint>
#include <utility>

#include "gateway/api/call.h"
#include "gateway/api/message_json.h"
#include "gateway/api/questions.h"
#include "search/edge_sum.h"
#include "search/variant_sum.h"

namespace reel::gateway {
namespace {

/// Asks for slice after slice of the flows that are meant until all of them, or as many as one answer is
/// about, were looked at. `ask` adds one up and returns what the tracker told. The result is the answer, but
/// for its rows.
template <class Reply, class Ask>
Reply walk(const Call& call, Ask ask) {
  v1::FlowSelection flows;
  if (const std::string wrong = read_where(call.given.text("where"), *flows.mutable_where()); !wrong.empty())
    throw Refused{400, wrong};
  Reply whole;
  while (true) {
    const Reply slice = ask(flows);
    whole.set_looked_at(whole.looked_at() + slice.looked_at());
    whole.set_watermark(slice.watermark());
    // A tracker that does not move on would be asked for ever.
    const bool moves = slice.next() != flows.after();
    whole.set_next(moves ? slice.next() : "");
    if (whole.next().empty() || whole.looked_at() >= flows_looked_at_max) return whole;
    flows.set_after(slice.next());
  }
}

}  // namespace

std::string answer_variants(const Call& call) {
  search::VariantSum variants;
  auto whole = walk<v1::VariantsReply>(call, [&](const v1::FlowSelection& flows) {
    v1::Request request;
    *request.mutable_variants()->mutable_flows() = flows;
    v1::Reply reply = told(call.bus.ask_tracker(std::move(request)), 422);
    variants.add(reply.variants());
    return std::move(*reply.mutable_variants());
  });
  variants.write(whole, call.given.number("limit"));
  return message_json(whole, {});
}

std::string answer_edges(const Call& call) {
  search::EdgeSum edges;
  auto whole = walk<v1::EdgesReply>(call, [&](const v1::FlowSelection& flows) {
    v1::Request request;
    *request.mutable_edges()->mutable_flows() = flows;
    request.mutable_edges()->set_observed(call.given.flag("observed"));
    v1::Reply reply = told(call.bus.ask_tracker(std::move(request)), 422);
    edges.add(reply.edges());
    return std::move(*reply.mutable_edges());
  });
  edges.write(whole);
  return message_json(whole, {});
}

}  // namespace reel::gateway
