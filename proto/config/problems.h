// What is wrong with a file: every problem with its place, shown under the line it is about.
//
//   Problems problems{"reel.yaml", text};
//   problems.add({4, 3}, "unknown key 'ack_timout' in 'services.payments'", "did you mean 'ack_timeout'?");
//   if (!problems.empty()) throw ConfigError{problems.report()};
//
//   reel.yaml:4:3: unknown key 'ack_timout' in 'services.payments'
//       ack_timout: 5s
//       ^ did you mean 'ack_timeout'?
//   reel.yaml: 1 problem
//
// Not for sharing between threads while it is filled.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "config/model.h"

namespace reel::config {

/// Problems shown in one report; further ones are counted. A file with more has one cause, not a hundred.
inline constexpr std::size_t problems_max = 100;
/// Characters of a source line that are shown; of a longer one, the part around the caret.
inline constexpr std::size_t shown_line_max = 100;

/// "did you mean 'name'?", or nothing where `name` is empty.
[[nodiscard]] std::string did_you_mean(const std::string& name);

class Problems {
 public:
  /// `text` must outlive this.
  Problems(std::string path, std::string_view text);

  /// `hint` stands behind the caret. A place of 0:0 is the file as a whole and shows no line.
  void add(Place place, std::string what, std::string hint = {});
  /// What may be used and is probably not what was meant: no problem, and not counted as one.
  void warn(Place place, std::string what, std::string hint = {});
  /// A problem in another file, already with its place: shown as it is, behind ours.
  void add_foreign(std::string text);

  /// Whether a further problem will be shown: if not, there is no need to find a hint for it.
  [[nodiscard]] bool room() const { return shown_.size() < problems_max; }
  [[nodiscard]] bool empty() const { return count_ == 0; }
  [[nodiscard]] std::size_t count() const { return count_; }

  /// All of it, in the order of the file, without a newline at the end.
  [[nodiscard]] std::string report() const;
  /// Each warning as it would stand in a report, in the order of the file.
  [[nodiscard]] std::vector<std::string> warnings() const;

 private:
  struct Problem {
    Place place;
    std::string what;
    std::string hint;
  };
  [[nodiscard]] static std::vector<Problem> in_file_order(std::vector<Problem> problems);
  [[nodiscard]] std::string shown_with_line(const Problem& problem, std::string_view kind) const;
  [[nodiscard]] std::string excerpt(const Problem& problem) const;
  [[nodiscard]] std::string_view line(int number) const;

  std::string path_;
  std::string_view text_;
  std::vector<Problem> shown_;
  std::vector<Problem> warnings_;
  std::vector<std::string> foreign_;
  std::size_t count_ = 0;
};

}  // namespace reel::config
