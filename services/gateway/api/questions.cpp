#include "gateway/api/questions.h"

#include "gateway/api/json_field.h"
#include "search/attributes.h"
#include "search/expression.h"

namespace reel::gateway {
namespace {

constexpr auto unsigned_text = "by: must say who wants it, for the journal";

template <class Letters>
std::string ask_letters(const Arguments& given, Letters& ask) {
  ask.set_service(given.text("service"));
  ask.set_limit(static_cast<std::uint32_t>(given.number("limit")));
  ask.set_after(given.number("after"));
  ask.set_after_service(given.text("after_service"));
  return {};
}

}  // namespace

std::string ask_dead(const Arguments& given, const pb::Message*, v1::Request& question) {
  return ask_letters(given, *question.mutable_dead());
}

std::string ask_retries(const Arguments& given, const pb::Message*, v1::Request& question) {
  return ask_letters(given, *question.mutable_retries());
}

std::string ask_delayed(const Arguments& given, const pb::Message*, v1::Request& question) {
  auto& ask = *question.mutable_delayed();
  ask.set_limit(static_cast<std::uint32_t>(given.number("limit")));
  ask.set_after_due(given.number("after_due"));
  ask.set_after_offset(given.number("after_offset"));
  return {};
}

std::string ask_command(const Arguments&, const pb::Message* body, v1::Request& question) {
  auto& command = *question.mutable_command()->mutable_command();
  command.CopyFrom(*body);
  if (command.by().empty()) return unsigned_text;
  if (command.what_case() == v1::Command::WHAT_NOT_SET) return "the command does not say what to do";
  return {};
}

std::string ask_flows(const Arguments& given, const pb::Message*, v1::Request& question) {
  auto& ask = *question.mutable_flows();
  for (const std::string& state : given.texts("state")) ask.add_states(search::state_named(state));
  ask.set_definition(given.text("definition"));
  ask.set_limit(static_cast<std::uint32_t>(given.number("limit")));
  ask.set_after(given.text("after"));
  return read_where(given.text("where"), *ask.mutable_where());
}

std::string ask_flow(const Arguments& given, const pb::Message*, v1::Request& question) {
  auto& ask = *question.mutable_flow();
  ask.set_correlationid(given.text("id"));
  ask.set_limit(static_cast<std::uint32_t>(given.number("limit")));
  ask.set_after(given.number("after"));
  return {};
}

std::string ask_why(const Arguments& given, const pb::Message*, v1::Request& question) {
  question.mutable_why()->set_correlationid(given.text("id"));
  return {};
}

std::string ask_wait(const Arguments& given, const pb::Message*, v1::Request& question) {
  auto& ask = *question.mutable_wait();
  ask.set_correlationid(given.text("id"));
  ask.set_until(given.text("until") == "completed" ? v1::WaitRequest::UNTIL_COMPLETED
                                                   : v1::WaitRequest::UNTIL_SETTLED);
  ask.set_timeout_ms(static_cast<std::uint32_t>(given.number("timeout")));
  return {};
}

std::string ask_incidents(const Arguments& given, const pb::Message*, v1::Request& question) {
  auto& ask = *question.mutable_incidents();
  ask.set_resolved(given.flag("resolved"));
  ask.set_id(given.text("id"));
  ask.set_limit(static_cast<std::uint32_t>(given.number("limit")));
  ask.set_after(given.text("after"));
  return {};
}

std::string ask_orphans(const Arguments& given, const pb::Message*, v1::Request& question) {
  auto& ask = *question.mutable_orphans();
  ask.set_limit(static_cast<std::uint32_t>(given.number("limit")));
  ask.set_before(given.number("before"));
  return {};
}

std::string ask_care(const Arguments&, const pb::Message* body, v1::Request& question) {
  auto& care = *question.mutable_care();
  care.CopyFrom(*body);
  switch (care.care_case()) {
    case v1::CareRequest::kAcknowledge: return care.acknowledge().by().empty() ? unsigned_text : "";
    case v1::CareRequest::kSnooze: return care.snooze().by().empty() ? unsigned_text : "";
    case v1::CareRequest::kWaive: return care.waive().by().empty() ? unsigned_text : "";
    case v1::CareRequest::CARE_NOT_SET: break;
  }
  return "one of acknowledge, snooze and waive must be said";
}

std::string read_where(const std::string& text, v1::FlowWhere& where) {
  if (text.empty()) return {};
  auto [query, error] = search::parse_expression("where", text);
  if (!query) return error;
  if (!query->terms.empty()) {
    return "where: what only payloads can say is not answered here; `reel flows --where` reads them";
  }
  where = std::move(query->where);
  return {};
}

}  // namespace reel::gateway
