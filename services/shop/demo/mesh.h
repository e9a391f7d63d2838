// The demo's processes: `reel up` (broker and tracker) and the six services, with the faults that make it
// worth watching.
//
//   Mesh mesh{plan};
//   mesh.start_bus();
//   mesh.start_services();
//   while (mesh.wait(250ms) == Mesh::News::none) show(mesh.drops(), mesh.news());
//   mesh.stop();
//
// A service that dies is started again, since dying is one of the faults; the bus is not, and its end is the
// end of the demo. For use on one thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/children.h"
#include "shop/demo/judgement.h"

namespace shop::demo {

/// What is started, and where.
struct Plan {
  /// The folder of reel, reel-broker, reel-tracker and the shop's programs.
  std::string programs;
  std::string config;
  /// Journal and state; also the sockets of a private bus.
  std::string data;
  std::string broker;
  std::string live;
  std::string tracker;
  /// Where HTTP and the console are served; empty: nowhere.
  std::string gateway;
  /// Flags of each service, by its name, in the order in which they start.
  std::vector<std::pair<std::string, std::vector<std::string>>> services;
};

class Mesh {
 public:
  enum class News {
    none,
    stop_requested,  ///< Ctrl-C
    failed,          ///< failure() says what
  };

  /// A service that was started again so often does not crash on purpose.
  static constexpr int restarts_max = 5;
  /// Lines kept of each process, for when it fails.
  static constexpr std::size_t last_lines_max = 20;

  explicit Mesh(Plan plan);

  void start_bus();
  void start_services();
  [[nodiscard]] News wait(std::chrono::milliseconds time);
  /// The services first, then the bus.
  void stop();

  /// The follow-ups that services said they dropped.
  [[nodiscard]] const Drops& drops() const { return drops_; }
  /// What happened to processes, newest last: for the board.
  [[nodiscard]] const std::deque<std::string>& news() const { return news_; }
  /// Where the console is, once the bus says so; empty where there is none.
  [[nodiscard]] const std::string& console() const { return console_; }
  /// The process that ended the demo, how, and its last lines.
  [[nodiscard]] const std::string& failure() const { return failure_; }
  /// Every line of every process goes to standard error as well.
  void be_verbose() { verbose_ = true; }

 private:
  void start_service(const std::string& name, const std::vector<std::string>& flags);
  [[nodiscard]] bool restart(const reel::cli::Child& ended);
  void hear(const reel::cli::Child& child, std::string_view line);
  void tell(std::string line);

  Plan plan_;
  Drops drops_;
  std::deque<std::string> news_;
  std::map<std::string, std::deque<std::string>> last_lines_;
  std::map<std::string, int> restarts_;
  std::string failure_;
  std::string console_;
  bool verbose_ = false;
  reel::cli::Children children_{
      [this](const reel::cli::Child& child, std::string_view line) { hear(child, line); }};
};

/// `flags` without the crash, which strikes once.
[[nodiscard]] std::vector<std::string> without_crash(const std::vector<std::string>& flags);

}  // namespace shop::demo
