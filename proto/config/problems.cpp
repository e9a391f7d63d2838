// Rendering: the place, the words, the line, the caret.
#include "config/problems.h"

#include <algorithm>

#include "config/characters.h"

namespace reel::config {
namespace {

// A line as a terminal may see it, a string per character: tabs are one space, so that the caret stands where
// it should; bytes that are no text are question marks.
std::vector<std::string> printable(std::string_view line) {
  std::vector<std::string> characters;
  while (!line.empty()) {
    const auto [code, bytes, valid] = first_character(line);
    if (code == '\t') {
      characters.emplace_back(" ");
    } else if (!valid || is_control(code)) {
      characters.emplace_back("?");
    } else if (code != '\r') {
      characters.emplace_back(line.substr(0, bytes));
    }
    line.remove_prefix(bytes);
  }
  return characters;
}

std::string joined(const std::vector<std::string>& characters, std::size_t begin, std::size_t end) {
  std::string text;
  for (auto i = begin; i < end; ++i) text += characters[i];
  return text;
}

}  // namespace

std::string did_you_mean(const std::string& name) {
  return name.empty() ? std::string{} : "did you mean '" + name + "'?";
}

Problems::Problems(std::string path, std::string_view text) : path_{std::move(path)}, text_{text} {}

void Problems::add(Place place, std::string what, std::string hint) {
  if (room()) shown_.push_back({place, std::move(what), std::move(hint)});
  ++count_;
}

void Problems::warn(Place place, std::string what, std::string hint) {
  if (warnings_.size() < problems_max) warnings_.push_back({place, std::move(what), std::move(hint)});
}

void Problems::add_foreign(std::string text) {
  if (foreign_.size() < problems_max) foreign_.push_back(std::move(text));
  ++count_;
}

std::string_view Problems::line(int number) const {
  auto rest = text_;
  for (int i = 1; i < number; ++i) {
    const auto newline = rest.find('\n');
    if (newline == std::string_view::npos) return {};
    rest.remove_prefix(newline + 1);
  }
  return rest.substr(0, rest.find('\n'));
}

std::string Problems::excerpt(const Problem& problem) const {
  const auto characters = printable(line(problem.place.line));
  const auto caret =
      std::min(static_cast<std::size_t>(std::max(problem.place.column, 1)) - 1, characters.size());
  std::size_t begin = 0;
  std::size_t end = characters.size();
  if (end > shown_line_max) {
    // Two thirds of what is shown stand behind the caret: the value is there, and its key just before it.
    begin = caret > shown_line_max / 3 ? caret - shown_line_max / 3 : 0;
    begin = std::min(begin, end - shown_line_max);
    end = begin + shown_line_max;
  }
  const std::string cut_before = begin > 0 ? "..." : "";
  const std::string cut_behind = end < characters.size() ? "..." : "";
  const auto indent = std::string(2 + cut_before.size() + caret - begin, ' ');
  return "  " + cut_before + joined(characters, begin, end) + cut_behind + '\n' + indent + '^' +
         (problem.hint.empty() ? "" : " " + problem.hint) + '\n';
}

std::vector<Problems::Problem> Problems::in_file_order(std::vector<Problem> problems) {
  std::stable_sort(problems.begin(), problems.end(), [](const Problem& a, const Problem& b) {
    return std::pair{a.place.line, a.place.column} < std::pair{b.place.line, b.place.column};
  });
  return problems;
}

std::string Problems::shown_with_line(const Problem& problem, std::string_view kind) const {
  std::string text = path_ + ':';
  if (problem.place.line > 0)
    text += std::to_string(problem.place.line) + ':' + std::to_string(problem.place.column) + ':';
  text += ' ' + std::string{kind} + problem.what + '\n';
  if (problem.place.line > 0) text += excerpt(problem);
  return text;
}

std::vector<std::string> Problems::warnings() const {
  std::vector<std::string> texts;
  for (const auto& warning : in_file_order(warnings_)) {
    texts.push_back(shown_with_line(warning, "warning: "));
    texts.back().pop_back();  // the newline
  }
  return texts;
}

std::string Problems::report() const {
  std::string text;
  for (const auto& problem : in_file_order(shown_)) text += shown_with_line(problem, "");
  for (const auto& problem : foreign_) text += problem + '\n';

  text += path_ + ": " + std::to_string(count_) + (count_ == 1 ? " problem" : " problems");
  const auto shown = shown_.size() + foreign_.size();
  if (shown < count_) text += ", the first " + std::to_string(shown) + " are shown";
  return text;
}

}  // namespace reel::config
