#include "cli/operator_command.h"

#include <pwd.h>
#include <spdlog/fmt/fmt.h>
#include <unistd.h>
#include <CLI/CLI.hpp>

#include <cstdlib>
#include <utility>
#include <vector>

#include "cli/duration_text.h"
#include "cli/inquiry.h"
#include "cli/terminal.h"
#include "config/units.h"
#include "event/nearest_name.h"
#include "event/quoted_text.h"

namespace reel::cli {
namespace {

std::string user_name() {
  if (const char* user = std::getenv("USER"); user != nullptr && *user != '\0') return user;
  const passwd* entry = getpwuid(geteuid());
  return entry != nullptr ? entry->pw_name : std::to_string(geteuid());
}

}  // namespace

void add_signature(CLI::App& command, Signature& signature) {
  command.add_option("--by", signature.by, "Who wants it, for the journal [you@this-machine]")
      ->type_name("NAME");
  command.add_option("--note", signature.note, "Why, for the journal")->type_name("TEXT");
}

CLI::Option* add_lasting(CLI::App& command, std::optional<std::chrono::nanoseconds>& lasting,
                         const std::string& help) {
  return command
      .add_option_function<std::string>(
          "--for",
          [&lasting](const std::string& text) {
            lasting = parse_duration(text);
            if (!lasting || *lasting <= nanoseconds{0}) {
              throw CLI::ValidationError{
                  "--for", fmt::format("'{}' is not {}", shown(text), config::durations.wanted)};
            }
          },
          help)
      ->type_name("DURATION");
}

std::string user_at_host() {
  char host[256] = "";
  if (gethostname(host, sizeof host - 1) != 0 || host[0] == '\0') return user_name();
  return user_name() + "@" + host;
}

v1::Command command_for(const std::string& service, const Signature& signature) {
  v1::Command command;
  command.set_service(service);
  command.set_by(signature.by.empty() ? user_at_host() : signature.by);
  command.set_note(signature.note);
  return command;
}

v1::CommandReply tell_broker(const Globals& globals, v1::Command command) {
  v1::Request request;
  *request.mutable_command()->mutable_command() = std::move(command);
  return ask_broker(globals, request).command();
}

v1::CommandReply tell_broker_once(const Globals& globals, v1::Command command) {
  v1::CommandReply reply = tell_broker(globals, std::move(command));
  if (!reply.left_out().empty()) throw Failure{exit_code::refused, shown(reply.left_out(0))};
  if (reply.count() == 0) throw Failure{exit_code::refused, "the broker found nothing to change"};
  return reply;
}

KnownService known_service(const Globals& globals, const std::string& name) {
  v1::Request request;
  request.mutable_services();
  v1::Reply reply = ask_broker(globals, request);
  auto& services = *reply.mutable_services();
  std::vector<std::string> names;
  for (auto& service : *services.mutable_services()) {
    if (service.service() == name) return {std::move(service), services.now(), services.end_offset()};
    names.push_back(service.service());
  }
  throw Failure{exit_code::refused,
                fmt::format("unknown service {}{}", in_quotes(name), did_you_mean(name, names))};
}

}  // namespace reel::cli
