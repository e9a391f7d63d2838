// Runs a service's checks, each on a thread of its own, and tells with the connection's beats what came of
// them.
//
// Whatever a check does, it stops nothing but itself: its thread shares with others only what it was given,
// so one that never returns can be left behind.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "connection.h"
#include "reel/check.h"

namespace reel::sdk {

class SelfChecks final : public Side {
 public:
  /// Has a function run on a thread of its own, or throws where there is none.
  using StartThread = std::function<void(std::function<void()>)>;

  explicit SelfChecks(StartThread start_thread = detached);
  ~SelfChecks() override;
  SelfChecks(const SelfChecks&) = delete;
  SelfChecks& operator=(const SelfChecks&) = delete;

  /// Before start(). Throws std::invalid_argument, as Service::check() does.
  void add(std::string_view name, CheckOptions options, std::function<void()> passes);
  [[nodiscard]] bool empty() const;

  /// Throws where there is no thread for one of them, when the others have stopped and had `patience` to end.
  void start(milliseconds patience, Log& log);
  /// No run begins any more.
  void stop();
  /// Until those under way have ended, at most `patience`. Logs which are left behind.
  void wait(milliseconds patience, Log& log);

  /// Runs it here, for TestBus: why it fails.
  [[nodiscard]] std::optional<std::string> run(std::string_view name) const;

 private:
  struct Shared;

  static void detached(std::function<void()> body);
  void start(std::size_t number);
  static void keep_running(Shared& shared, std::size_t number);

  void welcomed(const v1::Welcome& welcome) override;
  void add_beat(v1::ClientBeat& beat) override;

  StartThread start_thread_;
  std::shared_ptr<Shared> shared_;
};

}  // namespace reel::sdk
