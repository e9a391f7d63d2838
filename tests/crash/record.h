// What there is to be judged after the blows: what the publisher was told, what the worker did, what stands
// in the log, and what the tracker says.
#pragma once

#include <cstdint>
#include <fstream>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <unordered_set>
#include <vector>

#include "load.h"
#include "process.h"
#include "reel/query.h"
#include "reel/stream.h"

namespace reel::test {

/// The mesh that the load is for, as YAML: its services must answer within `ack_timeout`.
[[nodiscard]] std::string mesh_of_orders(const std::string& ack_timeout);

/// Gives each line to take(std::istringstream&); a last one that a kill cut short is left out.
template <class Take>
void each_whole_line(const std::string& path, Take take) {
  std::ifstream file{path};
  for (std::string line; std::getline(file, line) && !file.eof();) {
    std::istringstream words{line};
    take(words);
  }
}

struct Accepted {
  std::uint64_t offset = 0;
  std::string id;
  Order order;
};
/// Lines of the publisher's file.
[[nodiscard]] std::vector<Accepted> read_accepted(const std::string& path);

struct Handled {
  Order order;
  std::string id;
  std::uint32_t attempt = 0;
  std::string instance;
  milliseconds at{0};  ///< by the machine's steady clock
};
[[nodiscard]] std::vector<Handled> read_handled(const std::string& path);

struct Logged {
  std::uint64_t offset = 0;
  std::uint64_t log_time = 0;
  std::string topic;
  std::string id;
  std::string correlationid;
  std::string causationid;
};

/// The whole log, topics of orders and verdicts. A service like any other: what it has not read is kept, so
/// it sees everything although retention deletes what all have read.
class Log {
 public:
  /// Returns once it is subscribed.
  explicit Log(const std::string& broker);
  /// Reads what has come.
  void read();
  /// Reads on to what is the log's end now. False where that does not come.
  [[nodiscard]] bool read_on();
  [[nodiscard]] const std::vector<Logged>& events() const { return events_; }

 private:
  void take(const StreamBatch& batch);

  QueryClient broker_;
  Stream stream_;
  std::vector<Logged> events_;
  std::unordered_set<std::uint64_t> seen_;  // after a lost connection some come again, not always in order
};

/// Dead letters of all services, a line each.
[[nodiscard]] std::vector<std::string> read_dead(const std::string& broker);

struct TrackedFlow {
  v1::FlowState state = v1::FLOW_STATE_UNKNOWN;
  std::uint32_t events = 0;
};
struct Tracked {
  v1::SummaryReply summary;
  std::map<std::string, TrackedFlow> flows;  ///< by correlation id
};
[[nodiscard]] Tracked ask_tracker(const std::string& tracker);

}  // namespace reel::test
