// The bench of the path tests: real binaries over real sockets and a real disk, in a folder of their own.
//
//   Mesh mesh{shop_yaml};
//   mesh.start_broker();
//   CHECK(mesh.reel({"pub", "order.placed", R"({"orderId":"order-1"})"}).exit_code == 0);
//   mesh.broker().kill();
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "process.h"

namespace reel::test {

class Mesh {
 public:
  /// `yaml` is the configuration without broker and tracker sections; `broker_options` go into the broker's.
  explicit Mesh(std::string yaml = small_mesh(), std::string broker_options = "journal: {sync: os}");

  /// A few topics with a small schema and one flow; see mesh.cpp.
  [[nodiscard]] static std::string small_mesh();

  void start_broker();
  void start_tracker();
  [[nodiscard]] Process& broker() { return *broker_; }
  [[nodiscard]] Process& tracker() { return *tracker_; }
  void stop_tracker() { tracker_->stop(); }

  /// Runs `reel` to its end.
  Ran reel(std::vector<std::string> arguments, const std::string& input = {});
  /// Starts one of our programs and leaves it running.
  [[nodiscard]] std::unique_ptr<Process> start(const std::string& program, std::vector<std::string> arguments,
                                               const std::string& name);

  /// Starts an actor (actor.cpp) and waits until it is subscribed.
  [[nodiscard]] std::unique_ptr<Process> actor(const std::string& name, std::vector<std::string> arguments);
  /// What actors wrote to the file that `log_file()` names, line by line, split at spaces.
  [[nodiscard]] std::string log_file() const { return (dir_.path() / "actors.log").string(); }
  [[nodiscard]] std::vector<std::vector<std::string>> log_lines() const;
  /// How many lines of the log begin with `what`.
  [[nodiscard]] std::size_t logged(const std::string& what) const;

  [[nodiscard]] std::filesystem::path dir() const { return dir_.path(); }
  [[nodiscard]] std::string config_path() const { return (dir_.path() / "reel.yaml").string(); }
  [[nodiscard]] std::string endpoint() const { return ipc("broker"); }
  [[nodiscard]] std::string live_endpoint() const { return ipc("live"); }
  [[nodiscard]] std::string tracker_endpoint() const { return ipc("tracker"); }
  [[nodiscard]] std::filesystem::path data() const { return dir_.path() / "data"; }
  /// The journal's newest segment file.
  [[nodiscard]] std::filesystem::path last_segment() const;

 private:
  [[nodiscard]] std::string ipc(const std::string& name) const {
    return "ipc://" + (dir_.path() / name).string();
  }

  TempDir dir_;
  std::unique_ptr<Process> broker_;
  std::unique_ptr<Process> tracker_;
  int runs_ = 0;
};

/// The program of that name in this build.
[[nodiscard]] std::string program_path(const std::string& name);

}  // namespace reel::test
