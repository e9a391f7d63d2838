#include "journal_in_words.h"

#include <cstdlib>
#include <ctime>
#include <sstream>
#include <stdexcept>

#include "event/rfc3339.h"
#include "reel/v1/ledger.pb.h"
#include "story/record_topics.h"

namespace reel::test {
namespace {

constexpr std::uint64_t step_ns = 10'000'000;

/// "2", "2-4", "5#2", "9<5".
struct Words {
  explicit Words(const std::string& text) {
    std::istringstream in{text};
    in >> first;
    last = first;
    for (char mark = 0; in >> mark;) {
      if (mark == '-') in >> last;
      if (mark == '#') in >> delivery;
      if (mark == '<') in >> origin;
    }
  }
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  std::uint32_t delivery = 1;
  std::uint64_t origin = 0;
  [[nodiscard]] std::uint32_t count() const { return static_cast<std::uint32_t>(last - first + 1); }
};

v1::Ending ending_of(const std::string& word) {
  if (word == "nacked") return v1::ENDING_NACKED;
  if (word == "timed_out") return v1::ENDING_TIMED_OUT;
  if (word == "lost") return v1::ENDING_LOST;
  if (word == "dead") return v1::ENDING_DEAD;
  if (word == "expired") return v1::ENDING_EXPIRED;
  throw std::invalid_argument{"no such word in a report: " + word};
}

void add_to_report(v1::DeliveryReport& report, const std::string& word, const Words& said,
                   std::uint64_t now) {
  if (word == "floor") {
    report.set_floor(said.first);
  } else if (word == "acked") {
    auto& range = *report.add_acked();
    range.set_first(said.first);
    range.set_count(said.count());
  } else if (word.starts_with("delivered")) {
    auto& range = *report.add_delivered();
    range.set_first(said.first);
    range.set_count(said.count());
    range.set_delivery(said.delivery);
    range.set_attempt(said.delivery);
    range.set_at(now - (word == "delivered" ? 1 : 3) * step_ns / 2);
  } else {
    auto& failure = *report.add_failures();
    failure.set_offset(said.first);
    failure.set_origin(said.origin);
    failure.set_ending(ending_of(word));
    failure.set_attempt(said.delivery);
    failure.set_error_type("std::runtime_error");
    failure.set_error("card reader broken");
    failure.set_failed_at(now);
    const bool over = failure.ending() == v1::ENDING_DEAD || failure.ending() == v1::ENDING_EXPIRED;
    failure.set_retry_at(over ? 0 : now + 2 * step_ns);
  }
}

std::string report_of(const std::string& who, std::istringstream& words, std::uint64_t now) {
  v1::DeliveryReport report;
  report.set_service(who.substr(0, who.find('/')));
  if (who.find('/') != std::string::npos) report.set_instance(who.substr(who.find('/') + 1));
  for (std::string word, range; words >> word >> range;) add_to_report(report, word, Words{range}, now);
  return report.SerializeAsString();
}

std::string parked_of(const std::string& service, std::istringstream& words) {
  v1::DeliveryReport report;
  report.set_service(service);
  for (std::string word; words >> word;) {
    const Words said{word};
    auto& parked = *report.add_parked();
    auto& range = *parked.add_offsets();
    range.set_first(said.first);
    range.set_count(said.count());
    if (said.origin == 0) continue;
    auto& origin = *parked.add_origins();
    origin.set_first(said.origin);
    origin.set_count(1);
  }
  return report.SerializeAsString();
}

std::string subscription_of(const std::string& service, std::istringstream& words, std::uint64_t offset) {
  v1::SubscriptionChanged change;
  change.set_service(service);
  for (std::string word; words >> word;) {
    if (word == "when") {
      std::getline(words >> std::ws, word);
      change.mutable_patterns(change.patterns_size() - 1)->set_when(word);
      break;
    }
    auto& pattern = *change.add_patterns();
    const auto at = word.find('@');
    pattern.set_pattern(word.substr(0, at));
    pattern.set_from_offset(at == std::string::npos ? offset : std::stoull(word.substr(at + 1)));
  }
  return change.SerializeAsString();
}

std::string redelivery_of(const std::string& verb, std::istringstream& words) {
  v1::RedeliveryRecord record;
  std::uint64_t origin = 0;
  std::uint64_t command = 0;
  std::string by;
  words >> origin >> by >> command;
  record.set_origin(origin);
  record.set_command(command);
  record.set_kind(verb == "redrives"  ? v1::REDELIVERY_REDRIVEN
                  : verb == "resumes" ? v1::REDELIVERY_RESUMED
                                      : v1::REDELIVERY_REPLAYED);
  return record.SerializeAsString();
}

std::string command_of(const std::string& service, const std::string& verb, std::istringstream& words) {
  v1::Command command;
  command.set_by("ada@shop");
  command.set_service(service);
  v1::Command::Offsets* offsets = nullptr;
  if (verb == "discards") offsets = command.mutable_discard();
  if (verb == "gives_up") offsets = command.mutable_give_up();
  if (verb == "redrive") offsets = command.mutable_redrive();
  if (verb == "forgets") command.mutable_forget();
  if (verb == "pauses") command.mutable_pause();
  if (verb == "resumed") command.mutable_resume();
  for (std::uint64_t offset = 0; offsets != nullptr && words >> offset;) offsets->add_offsets(offset);
  return command.what_case() == v1::Command::WHAT_NOT_SET ? "" : command.SerializeAsString();
}

}  // namespace

JournalInWords::JournalInWords(const std::string& words) {
  setenv("TZ", "UTC", 1);
  tzset();
  std::istringstream lines{words};
  for (std::string line; std::getline(lines, line);) {
    if (line.find_first_not_of(' ') != std::string::npos) add_line(line);
  }
}

std::uint64_t JournalInWords::time_of(std::uint64_t offset) {
  return *parse_rfc3339("2026-03-01T10:02:11Z") + offset * step_ns;
}

void JournalInWords::add_line(const std::string& line) {
  std::istringstream words{line};
  std::string who, verb;
  words >> who >> verb;
  const std::uint64_t now = time_of(next_);
  if (who == "nothing") {
    ++next_;
  } else if (who == "broken") {
    add({.topic = verb, .id = {}, .cause = {}, .source = {}, .data = "\xff\xff"});
  } else if (verb.empty() || verb == "from") {
    std::string cause;
    words >> cause;
    add({.topic = who,
         .id = "event-" + std::to_string(next_),
         .cause = cause,
         .source = cause.empty() ? "orders/1" : "payments/7c2f",
         .data = {}});
  } else if (verb == "wants") {
    add({.topic = std::string{story::subscription_topic},
         .id = {},
         .cause = {},
         .source = {},
         .data = subscription_of(who, words, next_)});
  } else if (verb == "report" || verb == "ledger") {
    add({.topic = std::string{verb == "report" ? story::delivery_topic : story::ledger_topic},
         .id = {},
         .cause = {},
         .source = {},
         .data = report_of(who, words, now)});
  } else if (verb == "parks") {
    add({.topic = std::string{story::delivery_topic},
         .id = {},
         .cause = {},
         .source = {},
         .data = parked_of(who, words)});
  } else if (verb == "redrives" || verb == "resumes" || verb == "replays") {
    add({.topic = std::string{story::redelivery_prefix} + who,
         .id = {},
         .cause = {},
         .source = {},
         .data = redelivery_of(verb, words)});
  } else {
    const std::string command = command_of(who, verb, words);
    if (command.empty()) throw std::invalid_argument{"no such line: " + line};
    add({.topic = std::string{story::control_topic}, .id = {}, .cause = {}, .source = {}, .data = command});
  }
}

void JournalInWords::add(Record record) {
  const Record& kept = records_.emplace_back(std::move(record));
  StreamEvent event;
  event.offset = next_;
  event.recordedtime = time_of(next_);
  event.source = kept.source;
  event.topic = kept.topic;
  event.id = kept.id;
  event.correlationid = "order-7";
  event.causationid = kept.cause;
  event.data = kept.data;
  events_.push_back(event);
  ++next_;
}

}  // namespace reel::test
