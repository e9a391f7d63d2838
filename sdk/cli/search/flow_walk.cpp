#include "cli/search/flow_walk.h"

#include "cli/progress.h"

namespace reel::cli {

FindOutcome walk_flows(Invocation& invocation, const search::FlowQuery& query,
                       const std::function<WalkedSlice(const v1::FlowSelection&)>& ask) {
  if (!query.terms.empty()) {
    return find_ids(invocation, query, [&](const std::vector<std::string>& ids) {
      v1::FlowSelection flows;
      for (const std::string& id : ids) flows.add_correlationids(id);
      (void)ask(flows);
    });
  }
  Progress progress{invocation.err, 0, "flow"};
  v1::FlowSelection flows;
  *flows.mutable_where() = query.where;
  std::uint64_t looked_at = 0;
  do {
    WalkedSlice slice = ask(flows);
    if (slice.next == flows.after()) break;
    flows.set_after(std::move(slice.next));
    looked_at += slice.looked_at;
    progress.show(0, looked_at);
  } while (!flows.after().empty());
  progress.clear();
  return {};
}

}  // namespace reel::cli
