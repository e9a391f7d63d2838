// Instances of one service that join and leave all the time, some with a goodbye, some by kill -9.
//
//   Crowd crowd{mesh, seed, handled_file};
//   crowd.turn();             // one joins, or one leaves
//   crowd.settle();           // no more of that: those who are there stay until the crowd is gone
//   for (const auto& stay : crowd.stays()) …
#pragma once

#include <memory>
#include <random>
#include <string>
#include <vector>

#include "mesh.h"

namespace reel::test {

/// How long one instance was there, from the start of its process to its goodbye or death.
struct Stay {
  std::string instance;
  milliseconds time{0};
  bool killed = false;
};

class Crowd {
 public:
  /// `handled_file` is where the instances write what they handle (load.h).
  Crowd(Mesh& mesh, std::uint64_t seed, std::string handled_file);

  void turn();
  /// Waits for those who said goodbye; throws where one did not end well.
  void settle();
  /// Of those who have left.
  [[nodiscard]] const std::vector<Stay>& stays() const { return stays_; }

 private:
  // There is always somebody, and never more than two cores can feed.
  static constexpr std::size_t size_min = 2;
  static constexpr std::size_t size_max = 8;

  struct Member {
    std::string instance;
    std::unique_ptr<Process> process;
    std::chrono::steady_clock::time_point since;
  };
  void join();
  void leave();
  [[nodiscard]] std::size_t below(std::size_t limit) {
    return std::uniform_int_distribution<std::size_t>{0, limit - 1}(chance_);
  }

  Mesh& mesh_;
  std::mt19937_64 chance_;
  std::string handled_file_;
  std::vector<Member> members_;
  std::vector<Member> leaving_;  // said goodbye, not yet ended
  std::vector<Stay> stays_;
  int joined_ = 0;
};

}  // namespace reel::test
