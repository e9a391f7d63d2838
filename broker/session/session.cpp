#include "session/session.h"

#include <algorithm>
#include <cassert>

#include "event/utf8.h"

namespace reel::broker {
namespace {

constexpr std::uint32_t protocol_version = 1;
constexpr std::size_t name_bytes_max = 128;
constexpr std::string_view own_prefix = "reel.";

bool is_name(std::string_view name) {
  return !name.empty() && name.size() <= name_bytes_max && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  });
}

}  // namespace

Sessions::Opened Sessions::open(const RoutingId& routing_id, const v1::Hello& hello, LogTime now,
                                std::uint64_t steady_ns) {
  if (hello.protocol() != protocol_version) {
    return {nullptr, v1::REFUSED_PROTOCOL,
            "protocol version " + std::to_string(hello.protocol()) + " is not spoken here, version " +
                std::to_string(protocol_version) + " is"};
  }
  if (!is_name(hello.service()) || !is_name(hello.instance())) {
    return {nullptr, v1::REFUSED_BAD_NAME, "service and instance names have 1 to 128 of A-Z a-z 0-9 - _ ."};
  }
  const auto reserve = hello.service().starts_with(own_prefix) ? own_sessions_reserve : 0;
  if (by_id_.size() >= sessions_max_ + reserve) {
    return {nullptr, v1::REFUSED_LIMIT,
            "sessions_max (" + std::to_string(sessions_max_) + ") sessions are open"};
  }
  assert(!by_routing_id_.contains(routing_id) && "the connection's former session was closed");
  auto session = std::make_unique<Session>();
  session->id = InstanceId{next_id_++};
  session->routing_id = routing_id;
  session->service = hello.service();
  session->instance = hello.instance();
  session->host = beginning_of(hello.host(), name_bytes_max);
  session->pid = hello.pid();
  session->last_heard = now;
  session->heard_at = steady_ns;
  auto* const opened = session.get();
  by_routing_id_.emplace(routing_id, opened->id);
  by_id_.emplace(opened->id, std::move(session));
  return {opened, {}, {}};
}

void Sessions::close(InstanceId id) {
  const auto found = by_id_.find(id);
  if (found == by_id_.end()) return;
  by_routing_id_.erase(found->second->routing_id);
  take_out(*found->second);
  by_id_.erase(found);
}

std::uint64_t Sessions::keep_checks(Session& session, const v1::SelfChecks& said, LogTime now) {
  take_out(session);
  const auto who_bytes = session.service.size() + session.instance.size() + session.host.size();
  auto kept = kept_of(said, session.said, now, who_bytes, checks_bytes_max - checks_bytes_);
  put_in(std::move(kept.now), session);
  return kept.cut;
}

void Sessions::put_in(InstanceChecks checks, Session& session) {
  session.said = std::move(checks);
  checks_bytes_ += session.said.bytes;
  for (const auto& check : session.said.checks) {
    if (check.failed) ++failed_[{session.service, check.name}];
  }
}

void Sessions::take_out(const Session& session) {
  checks_bytes_ -= session.said.bytes;
  for (const auto& check : session.said.checks) {
    if (!check.failed) continue;
    const auto failed = failed_.find({session.service, check.name});
    if (--failed->second == 0) failed_.erase(failed);
  }
}

Session* Sessions::find(const RoutingId& routing_id) {
  const auto found = by_routing_id_.find(routing_id);
  return found == by_routing_id_.end() ? nullptr : find(found->second);
}

Session* Sessions::find(InstanceId id) {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : found->second.get();
}

std::vector<InstanceId> Sessions::silent(std::uint64_t steady_ns) const {
  std::vector<InstanceId> ids;
  for (const auto& [id, session] : by_id_) {
    if (session->heard_at + timeout_ns_ < steady_ns) ids.push_back(id);
  }
  return ids;
}

void Sessions::each(const std::function<void(Session&)>& visit) {
  for (const auto& [id, session] : by_id_) visit(*session);
}

}  // namespace reel::broker
