// The question that a request is to broker or tracker: one function for each endpoint that is no more than
// that. Each says in one sentence where what was given makes no question. Pure.
#pragma once

#include <google/protobuf/message.h>

#include <string>

#include "gateway/api/parameters.h"
#include "reel/v1/query.pb.h"

namespace reel::gateway {

/// A worker of the HTTP server is held while it waits; who wants to wait longer asks again.
inline constexpr std::uint64_t wait_timeout_ms_max = 60'000;

/// A question without details: `ask_for<&v1::Request::mutable_status>`.
template <auto Mutable>
std::string ask_for(const Arguments&, const google::protobuf::Message*, v1::Request& question) {
  (question.*Mutable)();
  return {};
}

std::string ask_dead(const Arguments& given, const google::protobuf::Message* body, v1::Request& question);
std::string ask_retries(const Arguments& given, const google::protobuf::Message* body, v1::Request& question);
std::string ask_delayed(const Arguments& given, const google::protobuf::Message* body, v1::Request& question);
std::string ask_command(const Arguments& given, const google::protobuf::Message* body, v1::Request& question);
std::string ask_flows(const Arguments& given, const google::protobuf::Message* body, v1::Request& question);
std::string ask_flow(const Arguments& given, const google::protobuf::Message* body, v1::Request& question);
std::string ask_why(const Arguments& given, const google::protobuf::Message* body, v1::Request& question);
std::string ask_wait(const Arguments& given, const google::protobuf::Message* body, v1::Request& question);
std::string ask_incidents(const Arguments& given, const google::protobuf::Message* body,
                          v1::Request& question);
std::string ask_orphans(const Arguments& given, const google::protobuf::Message* body, v1::Request& question);
std::string ask_care(const Arguments& given, const google::protobuf::Message* body, v1::Request& question);

/// A condition as people write it. A sentence where it is none, or asks for payloads.
[[nodiscard]] std::string read_where(const std::string& text, v1::FlowWhere& where);

}  // namespace reel::gateway
