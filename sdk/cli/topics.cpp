// `reel topics`: what may be published, with which type, and who takes it.
#include <spdlog/fmt/fmt.h>
#include <CLI/CLI.hpp>

#include <memory>
#include <vector>

#include "cli/inquiry.h"
#include "cli/table.h"
#include "story/flow_json.h"

namespace reel::cli {

using namespace story;

namespace {

Json topic_json(const v1::TopicsReply::Topic& topic) {
  Json services = Json::array();
  for (const std::string& service : topic.services()) services.push_back(service);
  Json json{{"topic", topic.topic()},         {"type", topic.type()},         {"durable", topic.durable()},
            {"published", topic.published()}, {"unrouted", topic.unrouted()}, {"refused", topic.refused()},
            {"services", std::move(services)}};
  if (topic.low_importance()) json["low_importance"] = true;
  return json;
}

std::vector<Cell> topic_row(const v1::TopicsReply::Topic& topic) {
  std::string services;
  for (const std::string& service : topic.services()) services += (services.empty() ? "" : ", ") + service;
  const auto problem = [](std::uint64_t count) {
    return Cell{std::to_string(count), count > 0 ? Ink::yellow : Ink::plain};
  };
  return {{topic.topic()},
          {topic.type()},
          {topic.durable() ? "journal" : "live only"},
          {std::to_string(topic.published())},
          problem(topic.unrouted()),
          problem(topic.refused()),
          {services}};
}

int run_topics(Invocation& invocation, bool unrouted_only) {
  v1::Request request;
  request.mutable_topics();
  const v1::Reply reply = ask_broker(invocation.globals, request);
  std::vector<v1::TopicsReply::Topic> topics{reply.topics().topics().begin(), reply.topics().topics().end()};
  if (unrouted_only)
    std::erase_if(topics, [](const v1::TopicsReply::Topic& topic) { return topic.unrouted() == 0; });
  if (invocation.globals.json) {
    for (const auto& topic : topics) invocation.out.line(line_of(topic_json(topic)));
    return exit_code::ok;
  }
  if (unrouted_only && topics.empty()) {
    invocation.err.line("every event since the broker started was for some service");
    return exit_code::ok;
  }
  Table table{{"TOPIC"},
              {"TYPE"},
              {"KEPT"},
              {"PUBLISHED", Align::right},
              {"UNROUTED", Align::right},
              {"REFUSED", Align::right},
              {"SERVICES"}};
  for (const auto& topic : topics) table.add(topic_row(topic));
  invocation.out.lines(table.lines(invocation.out.terminal()));
  return exit_code::ok;
}

}  // namespace

void add_topics(CLI::App& app, Invocation& invocation) {
  auto* command = app.add_subcommand("topics", "List topics, their types and who takes them")->group("Look");
  auto unrouted = std::make_shared<bool>(false);
  command->add_flag("--unrouted", *unrouted,
                    "Only those with events that no service was subscribed to, since the broker started "
                    "('reel pub' says `matched` of each event)");
  command->callback([&invocation, unrouted] {
    invocation.run = [unrouted](Invocation& given) { return run_topics(given, *unrouted); };
  });
}

}  // namespace reel::cli
