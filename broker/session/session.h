// Who is connected: one Session for each client that said HELLO and has been heard from since.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "dispatch/dispatch.h"
#include "session/incoming.h"
#include "session/instance_checks.h"

namespace reel::broker {

struct Session {
  InstanceId id{};
  RoutingId routing_id;
  std::string service;
  std::string instance;
  std::string host;
  std::uint32_t pid = 0;
  LogTime last_heard = 0;      ///< for people: log time, as everything they are shown
  std::uint64_t heard_at = 0;  ///< for silence: by a clock that nobody sets
  std::uint64_t handled = 0;
  /// Of its service, by whatever queue it takes: an ephemeral one is the same program.
  InstanceChecks said;

  // What it subscribed to; empty patterns: it only publishes.
  std::vector<std::string> patterns;
  bool ephemeral = false;
  /// Which queue it takes from: its service's, or for an ephemeral subscription one of its own.
  std::string queue;
  /// It said GOODBYE and waits for the answer.
  bool leaving = false;
  /// It does not read what it is sent: nothing more is sent, and it ends at the next tick.
  bool unreachable = false;
  std::uint64_t watermark_interval_ns = 0;
  LogTime next_watermark = 0;
};

/// Sans-IO: fed with frames' contents and a time.
class Sessions {
 public:
  /// Beyond sessions_max, for Reel's own services: whoever filled it must not keep the tracker out.
  static constexpr std::size_t own_sessions_reserve = 16;

  Sessions(std::size_t sessions_max, std::uint64_t timeout_ns)
      : sessions_max_{sessions_max}, timeout_ns_{timeout_ns} {}

  /// A new session for this connection, or why not. One that the connection had before is given by
  /// `replaced`: the caller ends it first.
  struct Opened {
    Session* session = nullptr;
    v1::RefusedReason reason = v1::REFUSED_UNKNOWN;
    std::string text;
  };
  [[nodiscard]] Opened open(const RoutingId& routing_id, const v1::Hello& hello, LogTime now,
                            std::uint64_t steady_ns);
  void close(InstanceId id);
  /// What it says of itself now, in the place of what it said before. How many checks were not kept as they
  /// were said.
  [[nodiscard]] std::uint64_t keep_checks(Session& session, const v1::SelfChecks& said, LogTime now);
  /// Of services, that fail on some instance.
  [[nodiscard]] std::size_t failed_checks() const { return failed_.size(); }

  [[nodiscard]] Session* find(const RoutingId& routing_id);
  [[nodiscard]] Session* find(InstanceId id);
  /// Those not heard from for the timeout.
  [[nodiscard]] std::vector<InstanceId> silent(std::uint64_t steady_ns) const;

  void each(const std::function<void(Session&)>& visit);
  /// Those beyond it stay.
  void set_sessions_max(std::size_t sessions_max) { sessions_max_ = sessions_max; }
  [[nodiscard]] std::size_t size() const { return by_id_.size(); }

 private:
  void put_in(InstanceChecks checks, Session& session);
  void take_out(const Session& session);

  std::size_t sessions_max_;
  std::uint64_t timeout_ns_;
  std::uint32_t next_id_ = 1;
  std::size_t checks_bytes_ = 0;  // of all sessions
  /// On how many instances it fails, by the service and the check.
  std::map<std::pair<std::string, std::string>, std::uint32_t> failed_;
  std::unordered_map<InstanceId, std::unique_ptr<Session>> by_id_;
  std::unordered_map<RoutingId, InstanceId> by_routing_id_;
};

}  // namespace reel::broker
