// A part of the load: what crash_load does under one of its subcommands, until SIGTERM or its death.
#pragma once

#include <cstdint>
#include <string>

namespace reel::test {

struct Part {
  std::string file;       ///< its lines
  std::string reminders;  ///< of the publisher: lines about what is delivered later
  std::string instance;
  std::uint32_t keys = 24;
  std::uint64_t window = 64;  ///< of the publisher: events unanswered at a time
  unsigned per_second = 1'000;
  std::uint64_t seed = 1;  ///< of the operator's choices
};

int publish(const Part& part);
int work(const Part& part);
int bill(const Part& part);
int operate(const Part& part);

/// A file of lines, each one appended write. Aborts where that fails.
class Lines {
 public:
  explicit Lines(const std::string& path);
  void add(const std::string& line) const;

 private:
  int file_;
};

/// The machine's steady clock in ms, which all processes share.
[[nodiscard]] std::string now();

}  // namespace reel::test
