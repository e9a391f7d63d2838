// Telling the broker to do something: as an inquiry is asked, but signed, and kept in the journal.
//
//   v1::Command command = command_for("payments", signature);
//   command.mutable_resume();
//   const v1::CommandReply reply = tell_broker(globals, std::move(command));
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "cli/invocation.h"
#include "reel/v1/query.pb.h"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace reel::cli {

/// Who wants it, and why.
struct Signature {
  std::string by;  ///< empty: user_at_host()
  std::string note;
};

/// --by and --note. `signature` must outlive the parsing.
void add_signature(CLI::App& command, Signature& signature);

/// --for. `lasting` must outlive the parsing.
CLI::Option* add_lasting(CLI::App& command, std::optional<std::chrono::nanoseconds>& lasting,
                         const std::string& help);

/// "ada@shop-1": of this process.
[[nodiscard]] std::string user_at_host();

[[nodiscard]] v1::Command command_for(const std::string& service, const Signature& signature);

/// Throws Failure: not reachable, or refused as a whole. What was left out stands in the reply.
[[nodiscard]] v1::CommandReply tell_broker(const Globals& globals, v1::Command command);

/// As tell_broker, for a command about one thing: throws Failure where that was left out.
v1::CommandReply tell_broker_once(const Globals& globals, v1::Command command);

/// What the broker knows of a service. Throws Failure where it knows none of that name.
struct KnownService {
  v1::ServicesReply::Service service;
  std::uint64_t now = 0;         ///< log time
  std::uint64_t end_offset = 0;  ///< of the journal
};
[[nodiscard]] KnownService known_service(const Globals& globals, const std::string& name);

}  // namespace reel::cli
