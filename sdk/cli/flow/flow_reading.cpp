#include "cli/flow/flow_reading.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "cli/audit/journal_reading.h"
#include "cli/catalog.h"
#include "cli/inquiry.h"

namespace reel::cli {
namespace {

/// Steps asked for at a time: the most that the tracker answers with, since it opens the whole flow for each
/// page.
constexpr std::uint32_t page_steps_most = 10'000;

}  // namespace

v1::FlowReply fetch_flow(const Globals& globals, const FlowQuestion& question) {
  v1::FlowReply all;
  std::uint64_t after = question.after;
  const auto left = [&] {
    return question.limit == 0 ? page_steps_most
                               : question.limit - static_cast<std::uint32_t>(all.steps_size());
  };
  for (bool first = true; after != 0 || first; first = false) {
    v1::Request request;
    auto& ask = *request.mutable_flow();
    ask.set_correlationid(question.id);
    ask.set_limit(std::min(page_steps_most, left()));
    ask.set_after(after);
    v1::Reply reply = ask_tracker(globals, request);
    v1::FlowReply& page = *reply.mutable_flow();
    after = page.next() > after ? page.next() : 0;
    // The first page tells about the flow as a whole; later ones bring the rest of its steps.
    if (first) {
      all = std::move(page);
    } else {
      for (auto& step : *page.mutable_steps()) *all.add_steps() = std::move(step);
    }
    all.set_next(after);
    if (left() == 0) break;
  }
  if (all.summary().correlationid().empty()) {
    throw Failure{exit_code::refused,
                  fmt::format("no flow '{}' is known to the tracker", shown(question.id))};
  }
  return all;
}

std::unique_ptr<ReadDeliveries> read_deliveries(Invocation& invocation, const v1::FlowReply& flow,
                                                std::uint64_t until) {
  const v1::ServicesReply said = ask_services(invocation.globals);
  return read_deliveries(CommandJournal{invocation}, said,
                         Catalog::fetch(invocation.globals).shared_schemas(), flow, until);
}

}  // namespace reel::cli
