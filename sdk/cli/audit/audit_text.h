// An audit as lines of text, and as JSON objects.
//
//   offsets 1 to 1,042, 2026-03-01 10:02:11 to 10:05:00: 1,042 events
//   SERVICE               MATCHED  ACKED  DEAD  DISCARDED  EXPIRED  PARKED  AGAIN  WITHDRAWN  LOST  WAITING
//   payments                  500    497     1          0        0       0      1          0     0        1
//   payments, once more         1      1     0          0        0       0      0          0     0        0
//   every delivery is accounted for
//
// MATCHED is the sum of what stands behind it. Pure. Foreign text is made safe here.
#pragma once

#include <string>
#include <vector>

#include "cli/audit/audit.h"
#include "cli/terminal.h"
#include "story/flow_json.h"

namespace reel::cli {

using namespace story;

struct ListedFinding {
  Finding finding;
  std::string topic;
  std::string id;
};

struct AuditReport {
  const Audit& audit;
  std::string service;  ///< only this one; empty: all
  std::vector<ListedFinding> findings;

  [[nodiscard]] std::vector<const Account*> accounts() const;
  [[nodiscard]] bool knows_service() const { return !accounts().empty(); }
  [[nodiscard]] std::uint64_t findings_count() const;
  [[nodiscard]] bool clean() const { return findings_count() == 0; }
};

[[nodiscard]] std::vector<std::string> audit_lines(const AuditReport& report, const Terminal& terminal);
/// One object for each service, one for each finding, and one for the whole.
[[nodiscard]] std::vector<Json> audit_json(const AuditReport& report);
/// What could not be judged, a sentence each.
[[nodiscard]] std::vector<std::string> audit_notes(const AuditReport& report);

}  // namespace reel::cli
