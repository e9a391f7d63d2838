// An incident as tests speak of it, and how long they wait.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "reel/v1/flow.pb.h"

namespace reel::alerts {

/// More than anything here needs, so that a test that uses it up has failed.
inline constexpr std::chrono::seconds long_time{30};

inline constexpr std::uint64_t second_ns = 1'000'000'000;
/// 2026-11-24T12:00:00Z
inline constexpr std::uint64_t noon = 1'795'521'600 * second_ns;

inline v1::Incident overdue_incident(const std::string& id = "i-1") {
  v1::Incident incident;
  incident.set_id(id);
  incident.set_state(v1::Incident::STATE_OPEN);
  incident.set_kind(v1::Incident::KIND_OVERDUE);
  incident.set_definition("order-fulfilment");
  incident.set_after("order.placed");
  incident.add_missing("payment.captured");
  incident.add_missing("payment.declined");
  incident.set_any_of(true);
  incident.set_owner("payments");
  incident.set_severity("critical");
  incident.set_runbook("https://wiki.example/payments");
  auto& cause = *incident.mutable_cause();
  cause.set_kind(v1::CAUSE_PAUSED);
  cause.set_sentence("payments is paused by ada until somebody resumes it");
  cause.set_service("payments");
  cause.add_commands("reel resume payments");
  incident.set_first_at(noon);
  incident.set_last_at(noon + 2 * second_ns);
  incident.set_count(3);
  incident.set_open(2);
  incident.add_correlationids("order-9");
  incident.add_correlationids("order-7");
  return incident;
}

inline v1::Incident resolved_incident(const std::string& id = "i-1") {
  auto incident = overdue_incident(id);
  incident.set_state(v1::Incident::STATE_RESOLVED);
  incident.set_open(0);
  incident.set_resolved_at(noon + 60 * second_ns);
  return incident;
}

}  // namespace reel::alerts
