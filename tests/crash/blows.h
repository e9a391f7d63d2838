// A mesh under load that is dealt blows: a broker, a tracker, a publisher, two instances of a worker, two of
// a biller, and an operator.
//
//   Victims victims{seed, {.sync = "always"}};
//   victims.blow();                      // somebody is killed, stalled or stopped, and goes on
//   victims.drain();                     // no more load; all that was accepted is handled
//
// What was done is in story(), for the report of a failure.
#pragma once

#include <memory>
#include <random>
#include <string>
#include <vector>

#include "mesh.h"

namespace reel::test {

/// How long a follow-up may take before its flow is overdue. Shorter than a lost instance takes to be
/// noticed, so that blows make some flows late.
inline constexpr milliseconds follow_up_within{800};

/// The circumstances of a run.
struct Setting {
  std::string sync;  ///< journal.sync
  Transport transport = Transport::ipc;
  /// Small segments, so that blows meet their change too; with `retains` retention deletes all but the newest
  /// of those that everybody has read.
  bool retains = false;
  /// Of the broker: about how many events come between two snapshots.
  std::uint64_t snapshot_events = 500'000;
  unsigned orders_per_second = 1'000;
};

class Victims {
 public:
  Victims(std::uint64_t seed, const Setting& setting);

  void blow();
  /// Ends the load and waits until everything accepted is handled. False where that does not come about.
  [[nodiscard]] bool drain();

  [[nodiscard]] Mesh& mesh() { return mesh_; }
  [[nodiscard]] std::string accepted_file() const { return (mesh_.dir() / "accepted").string(); }
  [[nodiscard]] std::string reminders_file() const { return (mesh_.dir() / "reminders").string(); }
  [[nodiscard]] std::string handled_file() const { return (mesh_.dir() / "handled").string(); }
  [[nodiscard]] std::string billed_file() const { return (mesh_.dir() / "billed").string(); }
  /// A line per blow.
  [[nodiscard]] const std::string& story() const { return story_; }
  [[nodiscard]] std::size_t blows() const { return blows_; }
  /// Ends all processes and moves their folder to where it stays; says where.
  [[nodiscard]] std::string keep_folder();

 private:
  enum class Blow : int {
    kill_broker,
    kill_broker_twice,
    kill_broker_and_worker,
    kill_broker_and_publisher,
    kill_broker_and_tracker,
    kill_worker,
    kill_biller,
    kill_operator,
    kill_publisher,
    kill_tracker,
    kill_tracker_while_broker_stalls,
    stall_broker,
    stall_worker,
    stall_tracker,
    stop_broker,
  };
  static constexpr int blow_kinds = 15;

  [[nodiscard]] int up_to(int most) { return std::uniform_int_distribution{0, most}(chance_); }
  void pause(int most_ms);
  void stall(Process& process);
  void start_worker(std::size_t index);
  void start_biller(std::size_t index);
  void start_operator();
  void start_publisher();
  void check_alive();
  [[nodiscard]] bool is_all_done();

  std::mt19937_64 chance_;
  Mesh mesh_;
  unsigned orders_per_second_;
  std::unique_ptr<Process> workers_[2];
  std::unique_ptr<Process> billers_[2];
  std::unique_ptr<Process> operator_;
  std::unique_ptr<Process> publisher_;
  std::vector<Blow> bag_;  // every kind comes before one comes again
  std::string story_;
  std::size_t blows_ = 0;
  int started_ = 0;
};

}  // namespace reel::test
