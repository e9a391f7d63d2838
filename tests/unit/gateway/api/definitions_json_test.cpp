#include "gateway/api/definitions_json.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "config/model.h"

using namespace reel;
using Json = nlohmann::ordered_json;
using namespace std::chrono_literals;

TEST_CASE("a definition is told in full") {
  config::Model model;
  model.digest = "3f9a2c";
  config::Flow& goods = model.flows["goods"];
  goods.start = "order.placed";
  goods.end = {"order.closed"};
  goods.within = 24h;
  goods.severity = config::Severity::critical;
  goods.correlate_by = {{"parcel.sent", "data.orderId"}};
  config::Expectation& paid = goods.expect.emplace_back();
  paid.after = "order.placed";
  paid.any_of = {"payment.captured", "flow refunds"};
  paid.when = R"({"data":{"total":[{"numeric":[">",0]}]}})";
  paid.where = {{"data.amount", config::Comparison::less_or_equal, "data.total"}};
  paid.each = config::Each{"data.items.sku", "data.sku"};
  paid.at_least = 2;
  paid.not_before = 5s;
  paid.within = 30s;
  paid.owner = "payments";
  const Json told = Json::parse(gateway::definitions_json(model));
  CHECK(told["digest"] == "3f9a2c");
  const Json& flow = told["definitions"][0];
  CHECK(flow["name"] == "goods");
  CHECK(flow["within_ms"] == 86'400'000);
  CHECK(flow["severity"] == "critical");
  CHECK(flow["when"] == nullptr);
  CHECK(flow["correlate_by"]["parcel.sent"] == "data.orderId");
  const Json& expected = flow["expectations"][0];
  CHECK(expected["any_of"] == Json{"payment.captured", "flow refunds"});
  CHECK(expected["never"] == Json::array());
  CHECK(expected["when"]["data"]["total"][0]["numeric"][0] == ">");
  CHECK(expected["where"][0] ==
        Json{{"field", "data.amount"}, {"comparison", "<="}, {"after_field", "data.total"}});
  CHECK(expected["each"]["matches"] == "data.sku");
  CHECK(expected["not_before_ms"] == 5'000);
  CHECK(expected["every_ms"] == nullptr);
  CHECK(expected["severity"] == "");
}

TEST_CASE("no definitions are an empty list") {
  CHECK(gateway::definitions_json({}) == R"({"digest":"","definitions":[]})");
}
