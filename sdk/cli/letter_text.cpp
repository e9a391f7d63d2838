#include "cli/letter_text.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <string_view>

#include "cli/duration_text.h"

namespace reel::cli {
namespace {

constexpr std::size_t label_columns = 14;

std::vector<std::string> lines_in(std::string_view text) {
  std::vector<std::string> lines;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    lines.push_back(shown(text.substr(begin, end - begin)));
    begin = end + 1;
  }
  return lines;
}

std::string indented_json(const Content& content) {
  const Json event = Json::parse(content.event_json, nullptr, false);
  if (event.is_discarded() || event.is_null()) return content.payload_text;
  return event.dump(2, ' ', false, Json::error_handler_t::replace);
}

class Facts {
 public:
  explicit Facts(const Terminal& terminal) : terminal_{terminal} {}

  /// "label         first line" and the others below it.
  void add(std::string_view label, std::string_view text, Ink ink = Ink::plain) {
    std::string head = fmt::format("  {:<{}}", label, label_columns);
    for (const std::string& line : lines_in(text)) {
      lines_.push_back(head + terminal_.paint(ink, line));
      head.assign(2 + label_columns, ' ');
    }
  }
  void add_some(std::string_view label, std::string_view text, Ink ink = Ink::plain) {
    if (!text.empty()) add(label, text, ink);
  }
  void title(std::string text) { lines_.push_back(std::move(text)); }
  [[nodiscard]] std::vector<std::string> lines() { return std::move(lines_); }

 private:
  const Terminal& terminal_;
  std::vector<std::string> lines_;
};

}  // namespace

std::vector<std::string> letter_text(const Letter& letter, const Content& content, const Terminal& terminal) {
  const v1::Failure& failure = letter.failure();
  Facts facts{terminal};
  facts.title(
      fmt::format("{}, offset {}", terminal.paint(Ink::bold, shown(letter.service())), stands_at(failure)));
  facts.add_some("topic", letter.topic(), Ink::cyan);
  facts.add_some("id", letter.id());
  facts.add_some("flow", letter.correlationid());
  facts.add_some("source", letter.source());
  facts.add("attempts", std::to_string(failure.attempt()));
  if (failure.losses() > 0)
    facts.add("lost", fmt::format("{} instances while handling it", failure.losses()));
  if (failure.origin() != 0) facts.add("redriven", fmt::format("as offset {}", failure.offset()));
  facts.add("first failed", date_text(failure.first_failed_at()));
  facts.add("last failed", date_text(letter.failed_at()));
  facts.add_some("error type", failure.error_type(), Ink::red);
  facts.add_some("error", failure.error(), Ink::red);
  facts.add("event", indented_json(content));
  return facts.lines();
}

std::string next_try_text(const Letter& retry, const v1::ServicesReply& services) {
  const auto& all = services.services();
  const auto service = std::find_if(all.begin(), all.end(),
                                    [&](const auto& each) { return each.service() == retry.service(); });
  if (service != all.end() && service->paused_until() > services.now()) return "when resumed";
  if (service == all.end() || service->instances().empty()) return "when an instance comes";
  const std::uint64_t at = retry.failure().retry_at();
  if (at <= services.now()) return "being tried";
  return "in " + elapsed_text(nanoseconds{static_cast<std::int64_t>(at - services.now())});
}

}  // namespace reel::cli
