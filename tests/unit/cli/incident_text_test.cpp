#include "cli/incident_text.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <ctime>

using namespace reel;
using namespace reel::cli;

namespace {

constexpr std::uint64_t second = 1'000'000'000;
constexpr std::uint64_t ten = 1'772'359'200 * second;  // 2026-03-01T10:00:00Z

v1::Incident overdue() {
  setenv("TZ", "UTC", 1);
  tzset();
  v1::Incident incident;
  incident.set_id("0f3a9c11-0000-8000-8000-000000000000");
  incident.set_state(v1::Incident::STATE_OPEN);
  incident.set_kind(v1::Incident::KIND_OVERDUE);
  incident.set_definition("fulfilment");
  incident.set_after("order.placed");
  for (const char* topic : {"payment.captured", "payment.declined"}) incident.add_missing(topic);
  incident.set_any_of(true);
  incident.set_owner("payments");
  incident.set_severity("critical");
  incident.set_runbook("https://wiki/payments");
  incident.mutable_cause()->set_kind(v1::CAUSE_PAUSED);
  incident.mutable_cause()->set_sentence("payments is paused by ada, and order.placed waits for it");
  incident.mutable_cause()->set_service("payments");
  incident.mutable_cause()->add_commands("reel resume payments");
  incident.set_first_at(ten);
  incident.set_last_at(ten + 61 * second);
  incident.set_count(5'000);
  incident.set_open(4'998);
  for (const char* flow : {"order 2\x1b", "order-1"}) incident.add_correlationids(flow);
  return incident;
}

v1::Incident cared_for() {
  v1::Incident incident = overdue();
  incident.set_acknowledged_by("ada@desk");
  incident.set_acknowledged_reason("on it");
  incident.set_acknowledged_at(ten + 90 * second);
  incident.set_snoozed_until(ten + 7'200 * second);
  incident.set_snoozed_by("ada@desk");
  incident.set_snoozed_reason("till noon");
  return incident;
}

std::string text_of(const std::vector<std::string>& lines) {
  std::string text;
  for (const auto& line : lines) text += line + "\n";
  return text;
}

}  // namespace

TEST_CASE(
    "an incident in full says what is missing, why, since when, in which flows, and what may be typed") {
  CHECK(text_of(incident_lines(overdue(), ten, Terminal::none())) ==
        "0f3a9c11-0000-8000-8000-000000000000  open  fulfilment\n"
        "payment.captured or payment.declined missing after order.placed: 4998 of 5000 flows wait\n"
        "  payments is paused by ada, and order.placed waits for it\n"
        "  owner     payments\n"
        "  severity  critical\n"
        "  runbook   https://wiki/payments\n"
        "  first     2026-03-01 10:00:00\n"
        "  last      2026-03-01 10:01:01\n"
        "  flows     order 2\\x1b\n"
        "            order-1\n"
        "  mend      reel resume payments\n"
        "  say       reel ack 0f3a9c11 --reason TEXT\n"
        "            reel snooze 0f3a9c11 --for 2h --reason TEXT\n"
        "            reel waive 'order 2\\x1b' --reason TEXT\n");
}

TEST_CASE(
    "who has taken it on is told, a snooze as long as it lasts, and of a resolved one nothing is asked") {
  v1::Incident incident = cared_for();
  const std::string taken = "  taken     by ada@desk: on it\n";
  const std::string snoozed = "  snoozed   until 2026-03-01 12:00:00 by ada@desk: till noon\n";
  CHECK(text_of(incident_lines(incident, ten, Terminal::none())).find(taken + snoozed) != std::string::npos);
  CHECK(text_of(incident_lines(incident, incident.snoozed_until(), Terminal::none())).find("snoozed") ==
        std::string::npos);
  incident.set_state(v1::Incident::STATE_RESOLVED);
  incident.set_open(0);
  incident.set_resolved_at(ten + 600 * second);
  const std::string text = text_of(incident_lines(incident, ten, Terminal::none()));
  CHECK(text.find("resolved  2026-03-01 10:10:00\n") != std::string::npos);
  CHECK(text.ends_with("  flows     order 2\\x1b\n            order-1\n"));
}

TEST_CASE("incidents stand in a table, a broken rule among them") {
  v1::IncidentsReply reply;
  reply.set_watermark(ten);
  *reply.add_incidents() = cared_for();
  v1::Incident& broken = *reply.add_incidents();
  broken = overdue();
  broken.set_id("77777777-0000-8000-8000-000000000000");
  broken.set_state(v1::Incident::STATE_RESOLVED);
  broken.set_kind(v1::Incident::KIND_VIOLATED);
  broken.set_reason("too_soon");
  broken.clear_after();
  broken.clear_missing();
  broken.add_missing("order.shipped");
  broken.clear_owner();
  broken.set_open(0);
  broken.set_count(1);
  CHECK(text_of(incident_rows(reply, Terminal::none())) ==
        "INCIDENT  STATE     WHAT                                          AFTER             OWNER     "
        "SEVERITY  "
        "OPEN  COUNT  FIRST                LAST                 CARE                                         "
        "         "
        "CAUSE\n"
        "0f3a9c11  open      payment.captured or payment.declined missing  order.placed      payments  "
        "critical  "
        "4998   5000  2026-03-01 10:00:00  2026-03-01 10:01:01  taken by ada@desk, snoozed until 2026-03-01 "
        "12:00:"
        "00  payments is paused by ada, and order.placed waits for it\n"
        "77777777  resolved  order.shipped too soon                        the flow's start  -         "
        "critical  "
        "   0      1  2026-03-01 10:00:00  2026-03-01 10:01:01  -                                            "
        "         "
        "it came, and must not have\n");
}

TEST_CASE("an incident in JSON has every field under a name of its own") {
  CHECK(
      line_of(incident_json(cared_for())) ==
      R"({"incident":"0f3a9c11-0000-8000-8000-000000000000","state":"open","kind":"overdue",)"
      R"("definition":"fulfilment","after":"order.placed","missing":["payment.captured","payment.declined"],)"
      R"("any_of":true,"owner":"payments","severity":"critical","runbook":"https://wiki/payments",)"
      R"("first_at":"2026-03-01T10:00:00Z","last_at":"2026-03-01T10:01:01Z","count":5000,"open":4998,)"
      R"("correlationids":["order 2\u001b","order-1"],"cause":{"cause":"paused",)"
      R"("sentence":"payments is paused by ada, and order.placed waits for it","service":"payments",)"
      R"("commands":["reel resume payments"]},)"
      R"("acknowledged":{"by":"ada@desk","reason":"on it","at":"2026-03-01T10:01:30Z"},)"
      R"("snoozed":{"by":"ada@desk","reason":"till noon","until":"2026-03-01T12:00:00Z"}})");
}
