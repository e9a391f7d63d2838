// How a program joins the bus: which brokers, how patient, how much it may hold in memory.
//
//   reel::Options options;                               // REEL_BROKER or tcp://127.0.0.1:5555
//   options.brokers = {"tcp://bus-a:5555", "tcp://bus-b:5555"};
//   options.workers = 8;
//   reel::Service payments{"payments", options};
//
// A plain value; read once, when what it is given to starts.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace reel {

enum class LogLevel : std::uint8_t { debug, info, warn, error };

/// Takes one line, `event key=value …`, without level, time or line end. Called from any thread of the SDK,
/// one at a time per object; must not call back into it.
using LogSink = std::function<void(LogLevel level, std::string_view line)>;

/// Writes `level sdk event key=value …` to stderr, from info upwards.
void log_to_stderr(LogLevel level, std::string_view line);

/// REEL_BROKER, a comma-separated list of ZeroMQ endpoints; tcp://127.0.0.1:5555 where it is not set.
[[nodiscard]] std::vector<std::string> default_brokers();
/// REEL_TRACKER; tcp://127.0.0.1:5557 where it is not set.
[[nodiscard]] std::string default_tracker();

struct Options {
  /// Tried in turn, from the first; the next one when one falls silent.
  std::vector<std::string> brokers = default_brokers();

  /// How long one broker may take to answer HELLO before the next one is tried.
  std::chrono::milliseconds connect_timeout{3'000};
  /// Wait between rounds through all brokers: doubled from the first to the last, varied by a fifth so that
  /// services that lost a broker together do not come back together.
  std::chrono::milliseconds reconnect_wait_min{100};
  std::chrono::milliseconds reconnect_wait_max{2'000};

  /// How long a blocking publish() waits for the broker's answer, connecting included.
  std::chrono::milliseconds publish_timeout{5'000};
  /// Encoded events that wait to be sent or answered. Beyond it publishing is back_pressured. 16 MiB holds a
  /// tenth of a second of the fastest publisher; raise it to ride out longer stops of the broker.
  std::size_t publish_buffer_bytes = 16u << 20;

  /// A folder in which a publisher keeps events while no broker answers; it publishes them, in order and
  /// before any newer one, once one does, also when the program was started again (publisher.h). Each
  /// publisher needs one of its own. Empty: nothing is kept on disk.
  std::string spool;
  /// The most it takes there. Beyond it publishing is back_pressured.
  std::uint64_t spool_bytes_max = 1u << 30;

  /// Handlers that run at a time, and a thread besides for each on_batch(); 0: as many as the machine has
  /// cores. Raise it where handlers wait for others.
  unsigned workers = 0;
  /// Events and bytes a service takes before it has settled what it holds. More keeps workers busy across the
  /// round trip; less shares better between instances. What waits here for a worker does not time out.
  std::uint32_t credit_events = 4'096;
  std::uint32_t credit_bytes = 16u << 20;
  /// Events published in handlers that wait to be sent. Beyond it workers pause.
  std::size_t settle_buffer_bytes = 16u << 20;
  /// How long handlers may run on after a stop before their events are given back to the broker.
  std::chrono::milliseconds drain_timeout{10'000};

  /// Names this process among the service's instances, unique for ever; empty: a UUID.
  std::string instance;

  /// Where the SDK says what happened to its connection and deliveries. Empty: nowhere.
  LogSink log = log_to_stderr;
};

}  // namespace reel
