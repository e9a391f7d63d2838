// configs/shop.yaml, as the broker would load it.
#include <doctest/doctest.h>

#include <string>

#include "config/load.h"
#include "event/schema_set.h"

namespace {

namespace config = reel::config;

const std::string path = REEL_SOURCE_DIR "/configs/shop.yaml";

config::Schemas compile(const std::vector<std::string>& paths) {
  config::Schemas compiled;
  const auto loaded = reel::load_schemas(paths);
  for (const auto& name : loaded.schemas.type_names()) compiled.types.insert(name);
  compiled.types.insert("reel.v1.FlowOverdue");
  for (const auto& problem : loaded.problems) compiled.problems.push_back(problem.text());
  return compiled;
}

}  // namespace

TEST_CASE("the demo's configuration is valid, down to the types of its topics") {
  const config::Model model = config::load(path, compile);
  CHECK(model.topics.size() == 14);
  CHECK(model.topics.at("order.placed").type == "shop.v1.OrderPlaced");
  CHECK_FALSE(model.topics.at("price.tick").durable);
  CHECK(model.flows.at("order-fulfilment").expect.size() == 6);
  CHECK(model.flows.at("order-fulfilment").end.empty());
  CHECK(model.flows.at("refund").start.empty());
}

TEST_CASE("whoever owes an event in the demo's flows is one of its services") {
  const config::Model model = config::load(path, compile);
  for (const auto& [name, flow] : model.flows) {
    for (const auto& expectation : flow.expect) {
      CAPTURE(name + ": after " + expectation.after);
      CHECK(model.services.contains(expectation.owner));
      CHECK(flow.on_overdue_publish == "order.attention_needed");
    }
  }
}
