// The bench of the path tests: real binaries over real sockets and a real disk, in a folder of their own.
//
//   Mesh mesh{shop_yaml};
//   mesh.start_broker();
//   CHECK(mesh.reel({"pub", "order.placed", R"({"orderId":"order-1"})"}).exit_code == 0);
//   mesh.broker().kill();
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "process.h"

namespace reel::test {

enum class Transport { ipc, tcp };

class Mesh {
 public:
  /// `yaml` is the configuration without broker and tracker sections; `broker_options` go into the broker's.
  explicit Mesh(const std::string& yaml = small_mesh(),
                const std::string& broker_options = "journal: {sync: os, segment_bytes: 4MiB}",
                Transport transport = Transport::ipc);

  /// A few topics with a small schema and one flow; see mesh.cpp.
  [[nodiscard]] static std::string small_mesh();

  void start_broker();
  void start_tracker();
  [[nodiscard]] Process& broker() { return *broker_; }
  [[nodiscard]] Process& tracker() { return *tracker_; }

  /// Runs `reel` to its end.
  Ran reel(std::vector<std::string> arguments, const std::string& input = {});
  /// Runs one of our programs to its end, which is expected to come soon.
  Ran run(const std::string& program, std::vector<std::string> arguments, const std::string& input = {});
  /// What a command run with `-o json` printed, a value for each line.
  [[nodiscard]] std::vector<nlohmann::json> rows(std::vector<std::string> arguments);
  /// The first `count` events that `pattern` matches, from the journal's begin.
  [[nodiscard]] std::vector<nlohmann::json> events(const std::string& pattern, std::size_t count);
  /// Where `service` stands by `reel services`; null where the broker does not know it.
  [[nodiscard]] nlohmann::json service(const std::string& name);
  /// Waits until `service` has settled so many events (acked since the broker started).
  [[nodiscard]] bool has_acked(const std::string& name, std::size_t count);

  /// Publishes order.placed in the flow `flow`; throws where it is not accepted.
  void place(const std::string& flow);
  /// Publishes `count` orders "order-N", round and round over the flows "flow-0" … "flow-(flows - 1)".
  void place_many(std::size_t count, std::size_t flows, std::size_t first = 0);

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
  [[nodiscard]] const std::string& endpoint() const { return endpoint_; }
  [[nodiscard]] const std::string& live_endpoint() const { return live_endpoint_; }
  [[nodiscard]] const std::string& tracker_endpoint() const { return tracker_endpoint_; }
  [[nodiscard]] std::filesystem::path data() const { return dir_.path() / "data"; }
  /// The journal's oldest and newest segment file.
  [[nodiscard]] std::filesystem::path first_segment() const;
  [[nodiscard]] std::filesystem::path last_segment() const;

 private:
  TempDir dir_;
  std::string endpoint_;
  std::string live_endpoint_;
  std::string tracker_endpoint_;
  std::unique_ptr<Process> broker_;
  std::unique_ptr<Process> tracker_;
  int runs_ = 0;
};

/// One JSON value for each line of `text`.
[[nodiscard]] std::vector<nlohmann::json> json_lines(const std::string& text);

/// The first line of `text` that has `part` in it, from `part` on; empty where there is none.
[[nodiscard]] std::string line_with(const std::string& text, const std::string& part);

/// The program of that name in this build.
[[nodiscard]] std::string program_path(const std::string& name);

}  // namespace reel::test
