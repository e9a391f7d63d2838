// Which flows a command is about: the options that `reel flows`, `variants` and `edges` share, all of them
// sugar for one condition.
#pragma once

#include <string>
#include <vector>

#include "cli/invocation.h"
#include "search/expression.h"

namespace reel::cli {

struct Filters {
  std::vector<std::string> states;
  std::string definition;
  std::string owner;
  std::string overdue_since;
  std::string older_than;
  std::string newer_than;
  std::vector<std::string> topics;
  std::string missing;
  std::vector<std::string> where;
};

void add_filters(CLI::App& command, Filters& filters);

/// All of them together. Where payloads are asked about, the broker is asked for its schemas, so that a
/// misspelt field is an error. Throws Failure (usage) with the place of what is wrong.
[[nodiscard]] search::FlowQuery query_of(const Globals& globals, const Filters& filters);

}  // namespace reel::cli
