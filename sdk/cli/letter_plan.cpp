#include "cli/letter_plan.h"

#include <spdlog/fmt/fmt.h>

#include "cli/progress.h"
#include "cli/terminal.h"

namespace reel::cli {
namespace {

/// More services than these are not named in one question.
constexpr std::size_t named_services_max = 3;

}  // namespace

void LetterPlan::add(const Letter& letter) {
  const v1::Failure& failure = letter.failure();
  const auto offset = named_by_ == NamedBy::event ? stands_at(failure) : failure.offset();
  if (!offsets_[letter.service()].insert(offset).second) return;
  groups_.add(letter);
  ++count_;
}

std::string counted(std::uint64_t count, const Noun& noun) {
  return fmt::format("{} {}", count_text(count), count == 1 ? noun.one : noun.many);
}

std::string letters_text(const LetterPlan& plan, const Noun& noun) {
  const auto& offsets = plan.offsets();
  if (offsets.size() > named_services_max)
    return fmt::format("{} of {} services", counted(plan.count(), noun), offsets.size());
  std::string text;
  std::size_t left = offsets.size();
  for (const auto& [service, its] : offsets) {
    const bool first = text.empty();
    if (!first) text += left == 1 ? " and " : ", ";
    text += first ? counted(its.size(), noun) : count_text(its.size());
    text += " of " + shown(service);
    --left;
  }
  return text;
}

std::string told_text(const std::string& service, const char* done, const Told& told) {
  std::string text = fmt::format("{}: {} {}", shown(service), count_text(told.done), done);
  if (told.resumed > 0) text += fmt::format(", {} behind them resumed", count_text(told.resumed));
  if (told.left_out > 0) text += fmt::format(", {} left out", count_text(told.left_out));
  if (told.not_reached > 0) text += fmt::format(", {} not reached", count_text(told.not_reached));
  return text;
}

Json told_json(const std::string& service, const char* command, const Told& told) {
  return {{"service", service},
          {"command", command},
          {"asked", told.asked},
          {"done", told.done},
          {"resumed", told.resumed},
          {"left_out", told.left_out},
          {"not_reached", told.not_reached}};
}

}  // namespace reel::cli
