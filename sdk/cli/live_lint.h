// What a configuration says against what a running mesh does: mistakes that no file shows by itself.
//
//   LiveMesh mesh{.topics = …, .definitions = …};
//   mesh.never_published = … among never_seen(model, mesh.topics) …;
//   for (const std::string& finding : live_findings(model, mesh)) …
//
// A follow-up that nobody has ever published is misspelt, or its service was never written. An expectation
// whose A no service hears cannot be answered, and one whose time is shorter than what its follow-up takes
// cries wolf. A topic that no one hears costs and does nothing. And a definition that the tracker does not
// run judges nobody. Pure.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "config/model.h"
#include "reel/v1/query.pb.h"

namespace reel::cli {

/// Follow-ups that came, from which on it can be said how long they take.
inline constexpr std::uint64_t came_enough = 100;

struct LiveMesh {
  v1::TopicsReply topics;
  v1::DefinitionsReply definitions;
  /// Of the newest flows.
  v1::EdgesReply edges;
  /// Of never_seen: those that the journal has no event of either.
  std::set<std::string> never_published;
};

/// Topics that definitions expect and that nobody has published since the broker started. Whether somebody
/// did before, the journal knows.
[[nodiscard]] std::set<std::string> never_seen(const config::Model& model, const v1::TopicsReply& topics);

/// A sentence each, with the place in the file: "flows.f: …". In the order of the file's sections.
[[nodiscard]] std::vector<std::string> live_findings(const config::Model& model, const LiveMesh& mesh);

}  // namespace reel::cli
