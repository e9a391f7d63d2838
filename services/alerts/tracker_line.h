// What is asked of the tracker: how it stands, and which incidents are open.
//
// An interface, so that a desk can be tried without one. Any thread; one question at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "alerts/notice.h"
#include "reel/query.h"

namespace reel::alerts {

/// How far behind this machine's clock the tracker's judgement may be: it reads a backlog in seconds, and the
/// clocks of two machines may differ by some.
inline constexpr std::chrono::seconds tracker_lag_max{30};
/// Incidents of one page, and in all: as many as the tracker keeps open.
inline constexpr std::uint32_t incidents_page = 1'000;
inline constexpr std::size_t incidents_max = 10'000;

class Tracker {
 public:
  virtual ~Tracker() = default;
  /// Whether it can be relied on. Never throws; `silent_since` is left for who knows.
  [[nodiscard]] virtual TrackerSight look(std::uint64_t now) = 0;
  /// Throws std::runtime_error where it does not answer.
  [[nodiscard]] virtual std::vector<v1::Incident> open_incidents() = 0;
  /// Nothing where it knows of none; throws as above.
  [[nodiscard]] virtual std::optional<v1::Incident> incident(const std::string& id) = 0;
};

class TrackerLine : public Tracker {
 public:
  TrackerLine(std::string endpoint, std::chrono::milliseconds timeout);

  [[nodiscard]] TrackerSight look(std::uint64_t now) override;
  [[nodiscard]] std::vector<v1::Incident> open_incidents() override;
  [[nodiscard]] std::optional<v1::Incident> incident(const std::string& id) override;

 private:
  [[nodiscard]] v1::Reply ask(v1::Request request);

  std::mutex mutex_;
  std::string endpoint_;
  QueryClient client_;
};

/// Why a tracker that answers cannot be relied on; empty where it can.
[[nodiscard]] std::string trouble_of(const v1::SummaryReply& summary, std::uint64_t now);

}  // namespace reel::alerts
