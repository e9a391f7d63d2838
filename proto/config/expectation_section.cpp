// One expectation of a flow: "after A expect B within T", in all its forms. Its grammar is docs/flows.md.
#include <algorithm>
#include <array>
#include <utility>

#include "config/pattern_value.h"
#include "config/sections.h"
#include "config/service_name.h"
#include "event/field_path.h"
#include "event/nearest_name.h"
#include "event/subflow.h"

namespace reel::config {
namespace {

using namespace std::chrono_literals;

constexpr Range expectation_span = between(1ms, 24h * 365);
/// More of one event than anybody counts by hand; a count has 32 bits.
constexpr Range event_count{1, 1'000'000};
constexpr std::size_t runbook_bytes_max = 2'048;

constexpr std::array<std::pair<const char*, Comparison>, 6> comparisons{
    {{"=", Comparison::equal},
     {"!=", Comparison::not_equal},
     {"<", Comparison::less},
     {"<=", Comparison::less_or_equal},
     {">", Comparison::greater},
     {">=", Comparison::greater_or_equal}}};
constexpr std::array<std::pair<const char*, Severity>, 3> severities{
    {{"info", Severity::info}, {"warning", Severity::warning}, {"critical", Severity::critical}}};

std::vector<std::string> topics_of(const std::vector<SeenTopic>& seen) {
  std::vector<std::string> topics;
  for (const auto& one : seen) topics.push_back(one.topic);
  return topics;
}

std::vector<std::string> read_some_topics(const Value& value, const Loading& loading) {
  const auto before = loading.problems.count();
  auto topics = topics_of(read_seen_topics(value, loading));
  if (topics.empty() && loading.problems.count() == before)
    value.refuse("'" + shown(value.path()) + "' is empty");
  return topics;
}

// `{flow: packing}`: a sub-flow of this definition, which must be in the file.
std::optional<std::string> read_subflow(const Value& item, const Loading& loading) {
  auto section = item.section();
  const auto flow = section.need("flow");
  const auto name = flow ? flow->text() : std::nullopt;
  if (!name || loading.model.flows.contains(*name)) return name ? std::optional{subflow_name(*name)} : name;
  std::vector<std::string_view> names;
  for (const auto& [known, definition] : loading.model.flows) names.emplace_back(known);
  flow->refuse("no flow is called '" + shown(*name) + "'",
               did_you_mean(std::string{nearest_name(*name, names).value_or("")}));
  return std::nullopt;
}

// What is to come: topics, and flows that are part of this one.
std::vector<std::string> read_follow_ups(const Value& value, const Loading& loading) {
  const auto before = loading.problems.count();
  std::vector<std::string> names;
  for (const auto& item : value.list()) {
    auto name = item.node().kind == NodeKind::map ? read_subflow(item, loading) : std::nullopt;
    if (item.node().kind != NodeKind::map) {
      if (auto seen = read_seen_topic(item, loading)) name = std::move(seen->topic);
    }
    if (!name) continue;
    if (std::find(names.begin(), names.end(), *name) != names.end())
      item.refuse("'" + *name + "' is given twice");
    names.push_back(*std::move(name));
  }
  if (names.empty() && loading.problems.count() == before)
    value.refuse("'" + shown(value.path()) + "' is empty");
  return names;
}

// Exactly one of the three is what the expectation is about.
void read_expected(Section& section, Expectation& expectation, const Loading& loading) {
  const auto any_of = section.find("any_of");
  const auto all_of = section.find("all_of");
  const auto never = section.find("never");
  if (any_of) expectation.any_of = read_follow_ups(*any_of, loading);
  if (all_of) expectation.all_of = read_follow_ups(*all_of, loading);
  if (never) expectation.never = read_some_topics(*never, loading);
  if (any_of && all_of) all_of->refuse_key("an expectation has 'any_of' or 'all_of', not both");
  if (never && (any_of || all_of))
    never->refuse_key("an expectation has 'never' or what is to come, not both");
  if (!any_of && !all_of && !never) section.refuse_here("an expectation needs 'any_of', 'all_of' or 'never'");
}

// The fields of B have the first B's type: several topics in one expectation are alternatives of one thing.
std::string first_expected(const Expectation& expectation) {
  return expectation.expected().empty() ? "" : expectation.expected().front();
}

void read_comparisons(const std::string& field, const Value& value, Expectation& to, const Loading& loading) {
  if (value.node().kind != NodeKind::map) {
    to.where.push_back({field, Comparison::equal, read_field(value, to.after, loading)});
    return;
  }
  auto section = value.section();
  for (const auto& [sign, how] : comparisons) {
    if (const auto after_field = section.find(sign))
      to.where.push_back({field, how, read_field(*after_field, to.after, loading)});
  }
}

void read_where(Section& section, Expectation& expectation, const Loading& loading) {
  const auto where = section.find("where");
  if (!where) return;
  auto fields = where->section();
  for (const auto& [field, value] : fields.named()) {
    const auto [path, error] = FieldPath::compile(field, type_of(first_expected(expectation), loading));
    if (!path) value.refuse_key("'" + shown(field) + "' is no field: " + error);
    read_comparisons(field, value, expectation, loading);
  }
}

void read_each(Section& section, Expectation& expectation, const Loading& loading) {
  const auto each = section.find("each");
  if (!each) return;
  auto body = each->section();
  Each to;
  if (const auto item = body.need("item")) to.item = read_field(*item, expectation.after, loading);
  if (const auto matches = body.need("matches"))
    to.matches = read_field(*matches, first_expected(expectation), loading);
  expectation.each = std::move(to);
}

void read_time(Section& section, Expectation& expectation, const Loading& loading) {
  section.read_duration("within", expectation.within, expectation_span);
  section.read_duration("not_before", expectation.not_before, expectation_span);
  if (const auto from = section.find("from")) {
    const auto word = from->text();
    expectation.from_start = word == "start";
    if (word && *word != "start") from->refuse_value("must be 'start'");
  }
  if (const auto by = section.find("by")) expectation.by = read_field(*by, expectation.after, loading);
  if (const auto extended_by = section.find("extended_by"))
    expectation.extended_by = read_some_topics(*extended_by, loading);
  const bool needs_time = !section.has("never") && !section.has("by");
  if (needs_time && !section.has("within")) (void)section.need("within");
  for (const char* const key : {"from", "extended_by"}) {
    if (section.has(key) && !section.has("within"))
      section.refuse_at({key}, "'" + std::string{key} + "' needs 'within'");
  }
  if (expectation.not_before.count() > 0 && expectation.within.count() > 0 &&
      expectation.not_before >= expectation.within)
    section.refuse_at({"not_before"}, "'not_before' is not before the deadline, so nothing can be in time");
}

void read_counts(Section& section, Expectation& expectation) {
  section.read_count("at_least", expectation.at_least, event_count);
  section.read_count("at_most", expectation.at_most, event_count);
  if (expectation.at_most != 0 && expectation.at_least > expectation.at_most)
    section.refuse_at({"at_least"}, "'at_least' is more than 'at_most'");
  if (expectation.any_of.empty() && (expectation.at_least != 0 || expectation.at_most != 0))
    section.refuse_at({"at_least", "at_most"}, "only events of 'any_of' are counted");
}

// Keys that say nothing, or something else, beside others.
void check_company(const Section& section) {
  const auto apart = [&](const char* key, std::initializer_list<const char*> others) {
    for (const char* const other : others) {
      if (section.has(key) && section.has(other))
        section.refuse_at({other}, "'" + std::string{other} + "' has no meaning beside '" + key + "'");
    }
  };
  apart("never", {"each", "at_least", "at_most", "not_before", "extended_by", "warn_at"});
  apart("each", {"at_least", "at_most", "all_of"});
  if (section.has("until") && !section.has("never"))
    section.refuse_at({"until"}, "'until' belongs to 'never'");
}

void read_after(Section& section, const Loading& loading, ReadExpectation& to) {
  Expectation& expectation = to.expectation;
  if (const auto after = section.need("after")) {
    to.after = read_seen_topic(*after, loading);
    if (to.after) expectation.after = to.after->topic;
  }
  if (const auto when = section.find("when"))
    expectation.when = read_pattern(*when, type_of(expectation.after, loading)).value_or("");
  read_expected(section, expectation, loading);
  if (const auto until = section.find("until")) expectation.until = read_some_topics(*until, loading);
  read_where(section, expectation, loading);
  read_each(section, expectation, loading);
  read_counts(section, expectation);
  read_time(section, expectation, loading);
  check_company(section);
  const auto& expected = expectation.expected();
  const bool is_part = std::any_of(expected.begin(), expected.end(), is_subflow_name);
  for (const char* const key : {"where", "each"}) {
    if (is_part && section.has(key)) section.refuse_at({key}, "a sub-flow has no content to be compared");
  }
}

// "price.tick every 10s for each symbol": no event begins it.
void read_every(const Value& every, Section& section, Expectation& expectation, const Loading& loading) {
  expectation.every = every.duration(expectation_span).value_or(expectation.every);
  if (const auto any_of = section.need("any_of")) expectation.any_of = read_some_topics(*any_of, loading);
  if (const auto per = section.find("per"))
    expectation.per = read_field(*per, first_expected(expectation), loading);
}

}  // namespace

std::string read_field(const Value& value, const std::string& topic, const Loading& loading) {
  const auto text = value.text();
  if (!text) return "";
  const auto [path, error] = FieldPath::compile(*text, type_of(topic, loading));
  if (!path) value.refuse("'" + shown(*text) + "' is no field: " + error);
  return path ? *text : "";
}

Concern read_concern(Section& section) {
  Concern concern;
  section.read_share("warn_at", concern.warn_at);
  if (const auto severity = section.find("severity")) {
    const auto word = severity->text();
    const auto found = std::find_if(severities.begin(), severities.end(),
                                    [&](const auto& one) { return word && *word == one.first; });
    if (found != severities.end()) concern.severity = found->second;
    if (word && found == severities.end()) severity->refuse_value("must be info, warning or critical");
  }
  if (const auto owner = section.find("owner")) {
    concern.owner = owner->text().value_or("");
    const auto wrong = concern.owner.empty() ? std::nullopt : check_service_name(concern.owner);
    if (wrong) owner->refuse("service name '" + shown(concern.owner) + "' is not valid: " + *wrong);
  }
  if (const auto runbook = section.find("runbook")) {
    concern.runbook = runbook->text().value_or("");
    if (concern.runbook.size() > runbook_bytes_max)
      runbook->refuse("a runbook is a line or a link of at most " + std::to_string(runbook_bytes_max) +
                      " bytes");
  }
  return concern;
}

ReadExpectation read_expectation(const Value& item, const Loading& loading) {
  ReadExpectation read;
  Expectation& expectation = read.expectation;
  expectation.place = item.place();
  auto section = item.section();
  if (const auto every = section.find("every")) {
    read_every(*every, section, expectation, loading);
  } else {
    read_after(section, loading, read);
  }
  auto concern = read_concern(section);
  expectation.warn_at = concern.warn_at;
  expectation.severity = concern.severity;
  expectation.owner = std::move(concern.owner);
  expectation.runbook = std::move(concern.runbook);
  return read;
}

}  // namespace reel::config
