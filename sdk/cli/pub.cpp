// `reel pub TOPIC JSON`: one event, and what became of it.
#include <spdlog/fmt/fmt.h>
#include <CLI/CLI.hpp>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>
#include <memory>
#include <optional>

#include "cli/catalog.h"
#include "cli/duration_text.h"
#include "cli/inquiry.h"
#include "cli/pub_lines.h"
#include "cli/wait.h"
#include "event/rfc3339.h"
#include "reel/publisher.h"
#include "story/flow_json.h"

namespace reel::cli {

using namespace story;

namespace {

/// Largest JSON that is read from a file or standard input. Far beyond any event a broker takes, so that the
/// broker's limit is what people meet.
constexpr std::size_t input_bytes_max = 64u << 20;

/// How long `--wait` waits where nobody says.
constexpr std::chrono::seconds wait_default{10};

struct PubOptions {
  std::string topic;
  std::string data;
  std::string type;
  std::optional<std::string> id;
  std::optional<std::string> correlation;
  std::string causation;
  std::string key;
  std::string subject;
  std::string source = "reel";
  std::string after;
  std::string at;
  std::string expires;
  std::vector<std::string> attributes;
  bool lines = false;
  std::string wait;
  std::string timeout;
};

std::string read_all(std::istream& in, const std::string& name) {
  std::string text;
  char bytes[64 * 1024];
  while (in.read(bytes, sizeof bytes) || in.gcount() > 0) {
    text.append(bytes, static_cast<std::size_t>(in.gcount()));
    if (text.size() > input_bytes_max) {
      throw Failure{exit_code::refused, fmt::format("{} is larger than 64 MiB", name)};
    }
  }
  return text;
}

/// The argument itself, the file it names, or standard input.
std::string json_of(const std::string& argument) {
  if (argument == "-") return read_all(std::cin, "standard input");
  if (!argument.starts_with("@")) return argument;
  const std::string path = argument.substr(1);
  std::ifstream file{path, std::ios::binary};
  if (!file)
    throw Failure{exit_code::refused, fmt::format("cannot read '{}': {}", shown(path), std::strerror(errno))};
  return read_all(file, path);
}

Attributes attributes_of(const std::vector<std::string>& arguments) {
  Attributes attributes;
  for (const std::string& argument : arguments) {
    const std::size_t equals = argument.find('=');
    if (equals == std::string::npos || equals == 0) {
      throw Failure{exit_code::usage, fmt::format("--attr '{}' is not NAME=VALUE", shown(argument))};
    }
    attributes.emplace_back(argument.substr(0, equals), argument.substr(equals + 1));
  }
  return attributes;
}

nanoseconds duration_of(const std::string& option, const std::string& text) {
  const auto duration = parse_duration(text);
  if (!duration || duration->count() <= 0) {
    throw Failure{exit_code::usage,
                  fmt::format("{} '{}' is not a duration such as 30s, 10m or 7d", option, shown(text))};
  }
  return *duration;
}

std::uint64_t time_of(const std::string& option, const std::string& text) {
  const auto time = parse_time(text);
  if (!time || *time == 0) {
    throw Failure{exit_code::usage,
                  fmt::format("{} '{}' is not a time such as 2026-12-01T09:00:00Z", option, shown(text))};
  }
  return *time;
}

/// When it is to be handed over; 0: at once.
std::uint64_t delivertime_of(const PubOptions& options) {
  if (!options.at.empty()) return time_of("--at", options.at);
  if (options.after.empty()) return 0;
  return unix_now() + static_cast<std::uint64_t>(duration_of("--after", options.after).count());
}

/// A duration counts from when it is handed over.
std::uint64_t expirytime_of(const PubOptions& options, std::uint64_t delivertime) {
  if (options.expires.empty()) return 0;
  if (const auto time = parse_time(options.expires)) return *time;
  const auto from = delivertime != 0 ? delivertime : unix_now();
  return from + static_cast<std::uint64_t>(duration_of("--expires", options.expires).count());
}

std::string matched_text(const Terminal& terminal, std::uint32_t matched) {
  if (matched == 0) return terminal.paint(Ink::yellow, "matched no service");
  return fmt::format("matched {} service{}", matched, matched == 1 ? "" : "s");
}

std::string text_of(const Terminal& terminal, const PublishResult& result, std::uint64_t delivertime) {
  // The flow is that of the first event, which only the broker knows; ours may have been made up just now.
  if (result.outcome == PublishOutcome::duplicate) {
    return fmt::format("{} of offset {}", terminal.paint(Ink::yellow, "duplicate"), result.offset);
  }
  std::string place = result.offset != 0 ? fmt::format("offset {}", result.offset) : "live only";
  if (result.delayed) place += fmt::format(", delayed until {}", date_text(delivertime));
  return fmt::format("{} {}, {}, flow {}", terminal.paint(Ink::green, "accepted"), place,
                     matched_text(terminal, result.matched), shown(result.correlationid));
}

Json json_of(const PublishResult& result, std::uint64_t delivertime) {
  Json json{{"outcome", to_string(result.outcome)}, {"reeloffset", result.offset}};
  if (result.outcome == PublishOutcome::accepted) json["matched"] = result.matched;
  json["id"] = result.id;
  if (result.delayed) json["delivertime"] = rfc3339(delivertime);
  // Of a duplicate only the broker knows the flow; ours may have been made up just now.
  if (result.outcome == PublishOutcome::accepted) json["correlationid"] = result.correlationid;
  return json;
}

int publish_one(Invocation& invocation, const PubOptions& options) {
  const Catalog catalog = Catalog::fetch(invocation.globals);
  const EventDraft draft = catalog.draft(options.topic, json_of(options.data));
  const Attributes attributes = attributes_of(options.attributes);

  const auto delivertime = delivertime_of(options);
  const auto expirytime = expirytime_of(options, delivertime);
  Publisher publisher{"reel", publisher_options(invocation.globals)};
  const PublishResult result =
      publisher.publish(Outgoing{.topic = options.topic,
                                 .type = options.type.empty() ? draft.dataschema : options.type,
                                 .data = draft.data,
                                 .id = options.id,
                                 .correlationid = options.correlation,
                                 .causationid = options.causation,
                                 .partitionkey = options.key,
                                 .subject = options.subject,
                                 .deliver_at = delivertime,
                                 .expires_at = expirytime,
                                 .attributes = attributes,
                                 .source = options.source});
  if (result.outcome == PublishOutcome::rejected || result.outcome == PublishOutcome::unavailable)
    throw Refused{result.reason, shown(result.text)};
  if (!result.ok()) throw failure_of(invocation.globals, result);
  if (!options.wait.empty())
    return wait_for_flow(
        invocation, result, options.wait == "completed",
        options.timeout.empty() ? nanoseconds{wait_default} : duration_of("--timeout", options.timeout));
  invocation.out.line(invocation.globals.json ? line_of(json_of(result, delivertime))
                                              : text_of(invocation.out.terminal(), result, delivertime));
  return exit_code::ok;
}

int run_pub(Invocation& invocation, const PubOptions& options) {
  if (options.wait.empty() && !options.timeout.empty()) {
    invocation.globals.timeout =
        std::chrono::ceil<std::chrono::milliseconds>(duration_of("--timeout", options.timeout));
  }
  const bool whole = !options.topic.empty() && !options.data.empty();
  if (options.lines && !options.topic.empty()) {
    throw Failure{exit_code::usage,
                  "--lines reads topics and payloads from standard input: leave out TOPIC and JSON"};
  }
  if (options.lines && !(options.after.empty() && options.at.empty() && options.expires.empty())) {
    throw Failure{exit_code::usage,
                  "--after, --at and --expires are for one event: give lines a delivertime or an expirytime"};
  }
  if (options.lines && !options.wait.empty())
    throw Failure{exit_code::usage, "--wait is for one event: lines may be of many flows"};
  if (options.lines) return publish_lines(invocation, options.source);
  if (!whole) throw Failure{exit_code::usage, "TOPIC and JSON are required\nsee 'reel pub --help'"};
  try {
    return publish_one(invocation, options);
  } catch (const Refused& refused) {
    if (invocation.globals.json) invocation.out.line(line_of(refusal_json(refused.reason, refused.what())));
    throw;
  }
}

}  // namespace

reel::Options publisher_options(const Globals& globals) {
  reel::Options options;
  options.brokers = endpoints_of(globals.broker);
  options.connect_timeout = globals.timeout;
  options.publish_timeout = globals.timeout;
  options.drain_timeout = globals.timeout;
  options.log = {};
  return options;
}

Failure failure_of(const Globals& globals, const PublishResult& result) {
  switch (result.outcome) {
    case PublishOutcome::not_connected: return broker_not_reachable(globals);
    case PublishOutcome::unconfirmed:
      return {exit_code::not_reachable,
              fmt::format("the broker at {} did not confirm the event: it may or may not have it",
                          shown(globals.broker))};
    default: return {exit_code::refused, shown(result.text)};
  }
}

Json refusal_json(v1::RefusalReason reason, const std::string& text) {
  std::string name = v1::RefusalReason_Name(reason);  // REFUSAL_UNKNOWN_TOPIC; empty for a newer broker's
  name.erase(0, std::string_view{"REFUSAL_"}.size());
  for (char& byte : name) {
    if (byte >= 'A' && byte <= 'Z') byte = static_cast<char>(byte - 'A' + 'a');
  }
  const bool for_now = reason == v1::REFUSAL_JOURNAL_UNAVAILABLE;
  return {{"outcome", to_string(for_now ? PublishOutcome::unavailable : PublishOutcome::rejected)},
          {"reason", name.empty() ? "unknown" : name},
          {"text", text}};
}

void add_pub(CLI::App& app, Invocation& invocation) {
  auto options = std::make_shared<PubOptions>();
  auto* command =
      app.add_subcommand("pub", "Publish an event from JSON, or many from JSON lines")->group("Events");
  command->add_option("topic", options->topic, "Its topic, such as order.placed")->type_name("TOPIC");
  command->add_option("json", options->data, "Its payload: JSON, @FILE, or - for standard input")
      ->type_name("JSON");
  command->add_option("--correlation", options->correlation, "The flow it belongs to; a new one if not given")
      ->type_name("ID");
  command->add_option("--causation", options->causation, "The event that made it happen")->type_name("ID");
  command->add_option("--id", options->id, "Its id: a second event with the same one is a duplicate")
      ->type_name("ID");
  command->add_option("--key", options->key, "Events of one key are handled in order [the flow]")
      ->type_name("KEY");
  command->add_option("--subject", options->subject, "What it is about")->type_name("TEXT");
  command->add_option("--source", options->source, "Who made it")->type_name("NAME")->capture_default_str();
  command->add_option("--type", options->type, "The payload's protobuf type [the topic's]")
      ->type_name("TYPE");
  auto* after = command->add_option("--after", options->after, "Hand it over so long from now: 10m, 7d")
                    ->type_name("DURATION");
  command->add_option("--at", options->at, "Hand it over at this time: 2026-12-01T09:00:00Z")
      ->type_name("TIME")
      ->excludes(after);
  command
      ->add_option("--expires", options->expires,
                   "Not to be handled from this time on, or so long after it was handed over")
      ->type_name("TIME|DURATION");
  command->add_option("--attr", options->attributes, "A further attribute, NAME=VALUE; may be repeated")
      ->type_name("NAME=VALUE")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  command
      ->add_option(
          "--wait", options->wait,
          "Wait until its flow is settled (nothing of it is on its way any more) or completed, and show it")
      ->check(CLI::IsMember({"settled", "completed"}));
  command
      ->add_option("--timeout", options->timeout,
                   "How long to wait for that [10s]; without --wait, for the broker's answer [3s]")
      ->type_name("DURATION");
  command->add_flag("--lines", options->lines,
                    "Read JSON lines from standard input: CloudEvents, or {\"type\":TOPIC,\"data\":{…}}");
  command->callback([&invocation, options] {
    invocation.run = [options](Invocation& given) { return run_pub(given, *options); };
  });
}

}  // namespace reel::cli
