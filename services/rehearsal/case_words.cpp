#include "rehearsal/case_words.h"

#include <algorithm>

#include "config/units.h"
#include "event/quoted_text.h"
#include "event/topic.h"

namespace reel::rehearsal {
namespace {

constexpr std::uint64_t ms = 1'000'000;
/// Longest trace: ten years, as a deadline may be a year away.
constexpr std::uint64_t trace_ms_max = 10ull * 365 * 24 * 3600 * 1000;
constexpr std::string_view whole_flow_words = " whole flow";
constexpr std::string_view never_armed = "not armed";
const std::vector<std::string> definition_words{"completed", "open", "overdue", "not begun"};

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

std::vector<std::string_view> split(std::string_view text, char at) {
  std::vector<std::string_view> parts;
  for (;;) {
    const auto end = text.find(at);
    const auto part = trimmed(text.substr(0, end));
    if (!part.empty() || at == ',') parts.push_back(part);
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::optional<std::uint64_t> span_of(std::string_view text) {
  const auto quantity = config::parse(config::durations, text);
  if (quantity.outcome != config::QuantityOutcome::ok || quantity.value > trace_ms_max) return std::nullopt;
  return quantity.value * ms;
}

std::string no_span(std::string_view text) {
  return in_quotes(text) + " is not " + std::string{config::durations.wanted};
}

std::string* option_of(TraceLine& line, std::string_view name) {
  if (name == "flow") return &line.flow;
  if (name == "id") return &line.id;
  if (name == "source") return &line.source;
  if (name == "cause") return &line.cause;
  if (name == "subject") return &line.subject;
  if (name == "parent") return &line.parent;
  return nullptr;
}

/// Whether `expectation` is what "definition/after -> b, c" means.
bool is_meant(const ExpectationOutcome& expectation, std::string_view after,
              const std::vector<std::string_view>& topics) {
  if (expectation.whole_flow || expectation.after != after) return false;
  return std::all_of(topics.begin(), topics.end(), [&](std::string_view topic) {
    return std::find(expectation.expected.begin(), expectation.expected.end(), topic) !=
           expectation.expected.end();
  });
}

/// The one that `meant` says yes to.
template <class Meant>
std::string choose(std::string_view text, const std::vector<ExpectationOutcome>& expectations,
                   Subject& subject, Meant meant) {
  for (std::size_t place = 0; place < expectations.size(); ++place) {
    const auto& candidate = expectations[place];
    if (!candidate.exists || !meant(candidate)) continue;
    if (!subject.definition.empty() && candidate.definition_name != subject.definition) continue;
    if (subject.expectation) {
      return in_quotes(text) + " may be " + subject_text(expectations[*subject.expectation]) + " and " +
             subject_text(candidate);
    }
    subject.expectation = place;
  }
  if (!subject.expectation) return "there is no expectation " + in_quotes(text);
  subject.definition = expectations[*subject.expectation].definition_name;
  return "";
}

bool is_verdict(std::string_view word, bool of_expectation) {
  if (!of_expectation)
    return std::find(definition_words.begin(), definition_words.end(), word) != definition_words.end();
  std::string name{word};
  std::replace(name.begin(), name.end(), ' ', '_');
  const auto& all = all_verdicts();
  return std::any_of(all.begin(), all.end(), [&](v1::Verdict each) { return verdict_name(each) == name; });
}

Words<Verdict> verdict_of(std::string_view text, bool of_expectation) {
  Words<Verdict> read;
  read.value.word = text;
  for (const std::string_view detail : {" at ", " by ", " until "}) {
    const auto at = text.rfind(detail);
    if (at == std::string_view::npos) continue;
    const auto span = span_of(trimmed(text.substr(at + detail.size())));
    if (!span) return {{}, no_span(trimmed(text.substr(at + detail.size())))};
    read.value = {std::string{trimmed(text.substr(0, at))}, std::string{trimmed(detail)}, *span};
  }
  if (!is_verdict(read.value.word, of_expectation)) {
    read.wrong = in_quotes(text) + " is no verdict of " +
                 (of_expectation ? "an expectation" : "a definition") +
                 (of_expectation ? ": met, met late, overdue, open, cancelled, broken, not armed"
                                 : ": completed, open, overdue, not begun");
  }
  return read;
}

}  // namespace

std::string Verdict::text() const {
  return detail.empty() ? word : word + " " + detail + " " + span_text(span);
}

std::string span_text(std::uint64_t ns) {
  return config::to_text(config::durations, ns / ms);
}

std::string subject_text(const ExpectationOutcome& expectation) {
  if (expectation.whole_flow) return expectation.definition_name + std::string{whole_flow_words};
  std::string text = expectation.definition_name + "/" + expectation.after + " -> ";
  for (const auto& topic : expectation.expected)
    text += (&topic == &expectation.expected.front() ? "" : ", ") + topic;
  return text;
}

Words<TraceLine> trace_line(std::string_view text) {
  Words<TraceLine> read;
  TraceLine& line = read.value;
  line.flow = default_flow;
  line.source = "test";
  const auto words = split(text, ' ');
  const auto at = words.empty() ? std::nullopt : span_of(words[0]);
  if (!at) return {{}, "a line begins with its time, " + no_span(words.empty() ? "" : words[0])};
  line.at = *at;
  if (words.size() > 1) line.topic = words[1];
  if (!line.topic.empty()) {
    if (const auto wrong = check_topic(line.topic))
      return {{}, in_quotes(line.topic) + " is no topic: " + *wrong};
  }
  for (std::size_t i = 2; i < words.size(); ++i) {
    const auto equals = words[i].find('=');
    std::string* option =
        equals == std::string_view::npos ? nullptr : option_of(line, words[i].substr(0, equals));
    if (option == nullptr || equals + 1 == words[i].size())
      return {{}, in_quotes(words[i]) + " is none of flow=…, id=…, source=…, cause=…, subject=…, parent=…"};
    *option = words[i].substr(equals + 1);
  }
  return read;
}

Words<Subject> subject_of(std::string_view text, const std::vector<ExpectationOutcome>& expectations) {
  Words<Subject> read;
  Subject& subject = read.value;
  subject.flow = default_flow;
  std::string_view rest = trimmed(text);
  if (const auto of = rest.rfind(" of "); of != std::string_view::npos) {
    subject.flow = trimmed(rest.substr(of + 4));
    rest = trimmed(rest.substr(0, of));
  }
  const auto arrow = rest.find("->");
  if (arrow != std::string_view::npos) {
    std::string_view after = trimmed(rest.substr(0, arrow));
    if (const auto slash = after.find('/'); slash != std::string_view::npos) {
      subject.definition = after.substr(0, slash);
      after.remove_prefix(slash + 1);
    }
    const auto topics = split(rest.substr(arrow + 2), ',');
    // Some of the topics are enough, where no expectation has just these.
    const auto meant = [&](const ExpectationOutcome& each) { return is_meant(each, after, topics); };
    const auto exactly = [&](const ExpectationOutcome& each) {
      return meant(each) && each.expected.size() == topics.size();
    };
    const bool any_exactly = std::any_of(expectations.begin(), expectations.end(), [&](const auto& each) {
      return exactly(each) && (subject.definition.empty() || each.definition_name == subject.definition);
    });
    read.wrong = any_exactly ? choose(rest, expectations, subject, exactly)
                             : choose(rest, expectations, subject, meant);
    return read;
  }
  const bool whole = rest.ends_with(whole_flow_words);
  if (whole) rest.remove_suffix(whole_flow_words.size());
  subject.definition = rest;
  const bool defined = std::any_of(expectations.begin(), expectations.end(),
                                   [&](const auto& each) { return each.definition_name == rest; });
  if (!defined) {
    read.wrong = "there is no definition " + in_quotes(rest);
  } else if (whole) {
    read.wrong = choose(text, expectations, subject, [](const auto& each) { return each.whole_flow; });
  }
  return read;
}

Words<std::vector<Verdict>> verdicts_of(std::string_view text, bool of_expectation) {
  Words<std::vector<Verdict>> read;
  if (of_expectation && trimmed(text) == never_armed) return read;
  for (const std::string_view part : split(text, ',')) {
    auto verdict = verdict_of(part, of_expectation);
    if (!verdict.wrong.empty()) return {{}, verdict.wrong};
    read.value.push_back(std::move(verdict.value));
  }
  return read;
}

}  // namespace reel::rehearsal
