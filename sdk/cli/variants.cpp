// `reel variants`: which paths flows take, how often, how long, how late. `reel edges`: the same for the
// steps between their events.
#include <spdlog/fmt/fmt.h>
#include <CLI/CLI.hpp>

#include <memory>

#include "cli/inquiry.h"
#include "cli/progress.h"
#include "cli/search/edge_table.h"
#include "cli/search/filters.h"
#include "cli/search/flow_walk.h"
#include "cli/search/variant_table.h"

namespace reel::cli {
namespace {

struct VariantsOptions {
  Filters filters;
  std::size_t limit = 20;
};

struct EdgesOptions {
  Filters filters;
  bool observed = false;
};

VariantTable fetch_variants(Invocation& invocation, const VariantsOptions& options) {
  VariantTable variants;
  const auto query = query_of(invocation.globals, options.filters);
  const FindOutcome found = walk_flows(invocation, query, [&](const v1::FlowSelection& flows) -> WalkedSlice {
    v1::Request request;
    *request.mutable_variants()->mutable_flows() = flows;
    const v1::Reply reply = ask_tracker(invocation.globals, request);
    variants.add(reply.variants());
    return {reply.variants().next(), reply.variants().looked_at()};
  });
  tell_unjudged(invocation, found);
  return variants;
}

int run_variants(Invocation& invocation, const VariantsOptions& options) {
  const VariantTable variants = fetch_variants(invocation, options);
  const auto rows = variants.rows();
  if (invocation.globals.json) {
    for (std::size_t i = 0; i < std::min(options.limit, rows.size()); ++i)
      invocation.out.line(line_of(variants.json(*rows[i])));
  } else if (!rows.empty()) {
    invocation.out.lines(variants.table(options.limit).lines(invocation.out.terminal()));
  } else {
    invocation.err.line("no flows");
  }
  if (rows.size() > options.limit) {
    invocation.err.line(fmt::format("there are more: {} variants of {} flows in all (see --limit)",
                                    count_text(rows.size()), count_text(variants.flows())));
  }
  if (variants.others() > 0) {
    invocation.err.line(fmt::format("{} flows took other paths than the first {} that came up",
                                    count_text(variants.others()), count_text(variants_max)));
  }
  return exit_code::ok;
}

EdgeTable fetch_edges(Invocation& invocation, const EdgesOptions& options) {
  EdgeTable edges;
  const auto query = query_of(invocation.globals, options.filters);
  const FindOutcome found = walk_flows(invocation, query, [&](const v1::FlowSelection& flows) -> WalkedSlice {
    v1::Request request;
    *request.mutable_edges()->mutable_flows() = flows;
    request.mutable_edges()->set_observed(options.observed);
    const v1::Reply reply = ask_tracker(invocation.globals, request);
    edges.add(reply.edges());
    return {reply.edges().next(), reply.edges().looked_at()};
  });
  tell_unjudged(invocation, found);
  return edges;
}

int run_edges(Invocation& invocation, const EdgesOptions& options) {
  const EdgeTable edges = fetch_edges(invocation, options);
  const auto rows = edges.rows();
  if (invocation.globals.json) {
    for (const FlowEdge* edge : rows) invocation.out.line(line_of(EdgeTable::json(*edge)));
  } else if (!rows.empty()) {
    invocation.out.lines(edges.table().lines(invocation.out.terminal()));
  } else {
    invocation.err.line("no edges");
  }
  if (edges.others() > 0) {
    invocation.err.line(fmt::format("{} more on other edges than the first {}", count_text(edges.others()),
                                    count_text(edge_rows_max)));
  }
  return exit_code::ok;
}

}  // namespace

void add_variants(CLI::App& app, Invocation& invocation) {
  auto options = std::make_shared<VariantsOptions>();
  auto* command = app.add_subcommand("variants", "Count flows by the path they took, the most frequent first")
                      ->group("Look");
  add_filters(*command, options->filters);
  command->add_option("--limit", options->limit, "At most so many")
      ->check(CLI::Range(std::size_t{1}, variants_max))
      ->capture_default_str();
  command->callback([&invocation, options] {
    invocation.run = [options](Invocation& given) { return run_variants(given, *options); };
  });
}

void add_edges(CLI::App& app, Invocation& invocation) {
  auto options = std::make_shared<EdgesOptions>();
  auto* command =
      app.add_subcommand("edges", "Show how often, how fast and how late one event follows another")
          ->group("Look");
  add_filters(*command, options->filters);
  command->add_flag("--observed", options->observed,
                    "Cause and effect of all flows, not only of those without a definition");
  command->callback([&invocation, options] {
    invocation.run = [options](Invocation& given) { return run_edges(given, *options); };
  });
}

}  // namespace reel::cli
