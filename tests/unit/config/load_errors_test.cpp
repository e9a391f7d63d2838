// Every sentence the reader of reel.yaml can say, whole: changing a message changes a line here.
#include <doctest/doctest.h>

#include "config_bench.h"
#include "reel/v1/flow.pb.h"

using namespace reel;
using namespace reel::config;

namespace {

struct Case {
  const char* name;
  std::string text;
  const char* report;
};

void check_all(const std::vector<Case>& cases, const SchemaLoader& schemas = {}) {
  for (const auto& [name, text, report] : cases) {
    CAPTURE(name);
    CHECK(problem_of(text, schemas) == report);
  }
}

// Topics that the cases below speak of, in one line so that the line numbers stay small.
const std::string topics =
    "topics: {a: {type: A}, b: {type: A}, c: {type: A}, other: {type: B}, overdue: {type: "
    "reel.v1.FlowOverdue}, "
    "tick: {type: A, durable: false}}\n";

}  // namespace

TEST_CASE("a file with ten mistakes shows all ten") {
  const auto* text = R"(topics:
  order.placed: {type: shop.v1.OrderPlaced}
  order.copied: {type: shop.v1.OrderPlaced}
  order.copied: {type: shop.v1.OrderPlaced}
  payment.captured: {type: shop.v1.PaymentCapturd}
  shipment.sent: {type: shop.v1.ShipmentSent}
routes:
  - {from: order.placed, to: order.copied}
  - {from: order.copied, to: order.placed}
services:
  payments:
    ack_timout: 30s
    retry: {backoff: [1s, soon]}
  shipping:
    ack_timeout: 30
    topics: ["order.>.placed"]
flows:
  order:
    start: order.placed
    expect:
      - {after: order.placed, any_of: [payment.captued], within: 5s}
    end: [shipment.snt]
broker: [tcp://127.0.0.1:5555]
)";
  CHECK(
      problems_of(text, knows({"shop.v1.OrderPlaced", "shop.v1.PaymentCaptured", "shop.v1.ShipmentSent"})) ==
      R"(reel.yaml:4:3: duplicate key 'order.copied' in 'topics', first given in line 3
    order.copied: {type: shop.v1.OrderPlaced}
    ^
reel.yaml:5:28: unknown type 'shop.v1.PaymentCapturd' of 'topics.payment.captured.type'
    payment.captured: {type: shop.v1.PaymentCapturd}
                             ^ did you mean 'shop.v1.PaymentCaptured'?
reel.yaml:9:30: route cycle: order.placed -> order.copied -> order.placed
    - {from: order.copied, to: order.placed}
                               ^
reel.yaml:12:5: unknown key 'ack_timout' in 'services.payments'
      ack_timout: 30s
      ^ did you mean 'ack_timeout'?
reel.yaml:13:27: 'services.payments.retry.backoff[1]' must be a duration such as 500ms, 30s, 5m, 1h or 7d, is soon
      retry: {backoff: [1s, soon]}
                            ^
reel.yaml:15:18: 'services.shipping.ack_timeout' is 30, needs a unit: ms, s, m, h or d
      ack_timeout: 30
                   ^
reel.yaml:16:14: pattern 'order.>.placed' is not valid: '>' before the last token at position 7
      topics: ["order.>.placed"]
               ^
reel.yaml:21:40: unknown topic 'payment.captued' in 'flows.order.expect[0].any_of[0]'
        - {after: order.placed, any_of: [payment.captued], within: 5s}
                                         ^ did you mean 'payment.captured'?
reel.yaml:22:11: unknown topic 'shipment.snt' in 'flows.order.end[0]'
      end: [shipment.snt]
            ^ did you mean 'shipment.sent'?
reel.yaml:23:9: 'broker' must be a map, is a list
  broker: [tcp://127.0.0.1:5555]
          ^
reel.yaml: 10 problems)");
}

TEST_CASE("the file as a whole") {
  check_all({
      {"empty", "", "reel.yaml: the file is empty\n"},
      {"only comments", "# nothing\n", "reel.yaml: the file is empty\n"},
      {"a list", "- a\n",
       "reel.yaml:1:1: the file must be a map, is a list\n"
       "  - a\n"
       "  ^\n"},
      {"a sentence", "hello\n",
       "reel.yaml:1:1: the file must be a map, is a single value\n"
       "  hello\n"
       "  ^\n"},
      {"an unknown section", "brokr: {}\n",
       "reel.yaml:1:1: unknown key 'brokr'\n"
       "  brokr: {}\n"
       "  ^ did you mean 'broker'?\n"},
      {"a section of the wrong type, without a word on each topic",
       "topics: [a]\nroutes: [{from: a, to: b}]\n",
       "reel.yaml:1:9: 'topics' must be a map, is a list\n"
       "  topics: [a]\n"
       "          ^\n"},
      {"routes without topics", "routes: [{from: a, to: b}]\n",
       "reel.yaml:1:1: the file needs 'topics'\n"
       "  routes: [{from: a, to: b}]\n"
       "  ^\n"},
  });
}

TEST_CASE("schemas") {
  check_all({{"a path that is not there", "schemas: [/nowhere/at/all]\n",
              "reel.yaml:1:11: 'schemas[0]' is /nowhere/at/all, no such file or folder: /nowhere/at/all\n"
              "  schemas: [/nowhere/at/all]\n"
              "            ^\n"}},
            knows({}));
  check_all({{"a single path", "schemas: proto\n",
              "reel.yaml:1:10: 'schemas' must be a list, is proto\n"
              "  schemas: proto\n"
              "           ^ did you mean '[proto]'?\n"}});
}

TEST_CASE("topics") {
  check_all({
      {"no type", "topics:\n  a: {durable: true}\n",
       "reel.yaml:2:3: 'topics.a' needs 'type'\n"
       "    a: {durable: true}\n"
       "    ^\n"},
      {"nothing", "topics:\n  a:\n",
       "reel.yaml:2:3: 'topics.a' needs 'type'\n"
       "    a:\n"
       "    ^\n"},
      {"the type alone", "topics: {a: shop.v1.A}\n",
       "reel.yaml:1:13: 'topics.a' must be a map, is shop.v1.A\n"
       "  topics: {a: shop.v1.A}\n"
       "              ^ did you mean '{type: shop.v1.A}'?\n"},
      {"no flag", "topics: {a: {type: A, durable: yes}}\n",
       "reel.yaml:1:32: 'topics.a.durable' must be true or false, is yes\n"
       "  topics: {a: {type: A, durable: yes}}\n"
       "                                 ^\n"},
      {"an empty type", "topics: {a: {type: ''}}\n",
       "reel.yaml:1:20: 'topics.a.type' is empty\n"
       "  topics: {a: {type: ''}}\n"
       "                     ^\n"},
      {"a path for a type", "topics: {a: {type: shop/v1/a.proto}}\n",
       "reel.yaml:1:20: 'topics.a.type' is shop/v1/a.proto, must be a message's full name such as "
       "shop.v1.OrderPlaced\n"
       "  topics: {a: {type: shop/v1/a.proto}}\n"
       "                     ^\n"},
      {"a name that is none", "topics: {order..placed: {type: A}}\n",
       "reel.yaml:1:10: topic 'order..placed' is not valid: empty token at position 7\n"
       "  topics: {order..placed: {type: A}}\n"
       "           ^\n"},
      {"capitals", "topics: {Order.Placed: {type: A}}\n",
       "reel.yaml:1:10: topic 'Order.Placed' is not valid: character 'O' is not one of a-z 0-9 _ - at "
       "position 1\n"
       "  topics: {Order.Placed: {type: A}}\n"
       "           ^ did you mean 'order.placed'?\n"},
      {"the system's", "topics: {reel.delivery: {type: A}}\n",
       "reel.yaml:1:10: topic 'reel.delivery' is reserved, names under 'reel.' are the system's own\n"
       "  topics: {reel.delivery: {type: A}}\n"
       "           ^\n"},
  });
  check_all({{"a type without its package", "topics: {a: {type: OrderPlaced}}\n",
              "reel.yaml:1:20: unknown type 'OrderPlaced' of 'topics.a.type'\n"
              "  topics: {a: {type: OrderPlaced}}\n"
              "                     ^ did you mean 'shop.v1.OrderPlaced'?\n"}},
            knows({"shop.v1.OrderPlaced"}));
}

TEST_CASE("routes") {
  check_all({
      {"a condition that is none", topics + "routes: [{from: a, when: {data: {x: [{prefx: y}]}}, to: b}]\n",
       "reel.yaml:2:38: when: data.x[0]: unknown operator 'prefx', did you mean 'prefix'?\n"
       "  routes: [{from: a, when: {data: {x: [{prefx: y}]}}, to: b}]\n"
       "                                       ^\n"},
      {"a condition that is no map", topics + "routes: [{from: a, when: express, to: b}]\n",
       "reel.yaml:2:26: when: expected an object, got \"express\"\n"
       "  routes: [{from: a, when: express, to: b}]\n"
       "                           ^\n"},
      {"a key of a condition twice", topics + "routes: [{from: a, when: {id: [a], id: [b]}, to: b}]\n",
       "reel.yaml:2:26: when: the key 'id' stands twice in one object\n"
       "  routes: [{from: a, when: {id: [a], id: [b]}, to: b}]\n"
       "                           ^\n"},
      {"to itself", topics + "routes: [{from: a, to: a}]\n",
       "reel.yaml:2:24: route leads from 'a' to itself\n"
       "  routes: [{from: a, to: a}]\n"
       "                         ^\n"},
      {"another type", topics + "routes: [{from: a, to: other}]\n",
       "reel.yaml:2:24: route changes the type from A ('a') to B ('other'), a route keeps it\n"
       "  routes: [{from: a, to: other}]\n"
       "                         ^\n"},
      {"twice", topics + "routes: [{from: a, to: b}, {from: a, to: b}]\n",
       "reel.yaml:2:42: route from 'a' to 'b' is given twice\n"
       "  routes: [{from: a, to: b}, {from: a, to: b}]\n"
       "                                           ^\n"},
      {"a longer circle", topics + "routes: [{from: b, to: c}, {from: c, to: a}, {from: a, to: b}]\n",
       "reel.yaml:2:60: route cycle: b -> c -> a -> b\n"
       "  routes: [{from: b, to: c}, {from: c, to: a}, {from: a, to: b}]\n"
       "                                                             ^\n"},
      {"no target", topics + "routes: [{from: a}]\n",
       "reel.yaml:2:10: 'routes[0]' needs 'to'\n"
       "  routes: [{from: a}]\n"
       "           ^\n"},
      {"an unknown topic", topics + "routes: [{from: a, to: overdu}]\n",
       "reel.yaml:2:24: unknown topic 'overdu' in 'routes[0].to'\n"
       "  routes: [{from: a, to: overdu}]\n"
       "                         ^ did you mean 'overdue'?\n"},
      {"no map", topics + "routes: [a]\n",
       "reel.yaml:2:10: 'routes[0]' must be a map, is a\n"
       "  routes: [a]\n"
       "           ^\n"},
  });
  CHECK_MESSAGE(
      problems_of(topics + "routes: [{from: a, to: b}, {from: a, to: c}, {from: b, to: c}]\n") == "valid",
      "two ways to one topic are no circle");
}

TEST_CASE("a condition names fields of the topic's type") {
  const auto knows_flows = [](const auto&) {
    return Schemas{
        {"reel.v1.FlowOverdue"}, {}, [](const std::string&) { return v1::FlowOverdue::descriptor(); }};
  };
  const std::string overdue = "topics: {a: {type: reel.v1.FlowOverdue}, b: {type: reel.v1.FlowOverdue}}\n";
  check_all(
      {{"a field it lacks", overdue + "routes:\n  - {from: a, to: b, when: {data: {ownr: [me]}}}\n",
        "reel.yaml:3:36: when: data.ownr: reel.v1.FlowOverdue has no such field, did you mean 'owner'?\n"
        "    - {from: a, to: b, when: {data: {ownr: [me]}}}\n"
        "                                     ^\n"},
       {"a value it cannot have", overdue + "routes:\n  - {from: a, to: b, when: {data: {owner: [me, 7]}}}\n",
        "reel.yaml:3:48: when: data.owner[1]: is of type string, this never matches\n"
        "    - {from: a, to: b, when: {data: {owner: [me, 7]}}}\n"
        "                                                 ^\n"}},
      knows_flows);
}

TEST_CASE("a topic is of normal or of low importance") {
  check_all({{"high", "topics: {a: {type: A, importance: high}}\n",
              "reel.yaml:1:35: 'topics.a.importance' is high, must be normal or low\n"
              "  topics: {a: {type: A, importance: high}}\n"
              "                                    ^\n"}});
}

TEST_CASE("a subscriber cannot be required where there is none") {
  check_all(
      {{"a live topic", "topics: {a: {type: A, durable: false, require_subscriber: true}}\n",
        "reel.yaml:1:59: 'require_subscriber' of a topic that is not durable would refuse every event: only "
        "the live tap carries it\n"
        "  topics: {a: {type: A, durable: false, require_subscriber: true}}\n"
        "                                                            ^\n"}});
}

TEST_CASE("a long route cycle is shown by its ends") {
  std::string text = "topics:\n";
  std::string routes = "routes:\n";
  for (int i = 0; i < 20; ++i) {
    text += "  t" + std::to_string(i) + ": {type: A}\n";
    routes += "- {from: t" + std::to_string(i) + ", to: t" + std::to_string((i + 1) % 20) + "}\n";
  }
  CHECK(problem_of(text + routes) ==
        "reel.yaml:42:19: route cycle: t0 -> t1 -> t2 -> t3 -> ... -> t17 -> t18 -> t19 -> t0\n"
        "  - {from: t19, to: t0}\n"
        "                    ^\n");
}

TEST_CASE("services") {
  check_all({
      {"a name that is none", "services: {pay ments: {}}\n",
       "reel.yaml:1:12: service name 'pay ments' is not valid: the character at position 4 is not one of A-Z "
       "a-z "
       "0-9 - _ .\n"
       "  services: {pay ments: {}}\n"
       "             ^\n"},
      {"too short a time", "services: {p: {ack_timeout: 0s}}\n",
       "reel.yaml:1:29: 'services.p.ack_timeout' is 0s, must be between 10ms and 1d\n"
       "  services: {p: {ack_timeout: 0s}}\n"
       "                              ^\n"},
      {"a unit of another's", "services: {p: {ack_timeout: 5 min}}\n",
       "reel.yaml:1:29: 'services.p.ack_timeout' must be a duration such as 500ms, 30s, 5m, 1h or 7d, is 5 "
       "min\n"
       "  services: {p: {ack_timeout: 5 min}}\n"
       "                              ^ did you mean '5m'?\n"},
      {"a map for a time", "services: {p: {ack_timeout: {s: 5}}}\n",
       "reel.yaml:1:29: 'services.p.ack_timeout' must be a duration such as 500ms, 30s, 5m, 1h or 7d, is a "
       "map\n"
       "  services: {p: {ack_timeout: {s: 5}}}\n"
       "                              ^\n"},
      {"an error type that is none", "services: {p: {retry: {by_error: {\"a**\": {attempts: 1}}}}}\n",
       "reel.yaml:1:35: error type 'a**' is not valid: two '*' behind each other say no more than one\n"
       "  services: {p: {retry: {by_error: {\"a**\": {attempts: 1}}}}}\n"
       "                                    ^\n"},
      {"no attempt for an error", "services: {p: {retry: {by_error: {a: {attempts: 0}}}}}\n",
       "reel.yaml:1:49: 'services.p.retry.by_error.a.attempts' is 0, must be between 1 and 1000\n"
       "  services: {p: {retry: {by_error: {a: {attempts: 0}}}}}\n"
       "                                                  ^\n"},
      {"no attempt", "services: {p: {retry: {attempts: 0}}}\n",
       "reel.yaml:1:34: 'services.p.retry.attempts' is 0, must be between 1 and 1000\n"
       "  services: {p: {retry: {attempts: 0}}}\n"
       "                                   ^\n"},
      {"an endpoint and a program",
       "services: {p: {webhook: \"http://h/\", exec: [/bin/true], topics: [reel.x]}}\n",
       "reel.yaml:1:12: a service has 'webhook' or 'exec', not both\n"
       "  services: {p: {webhook: \"http://h/\", exec: [/bin/true], topics: [reel.x]}}\n"
       "             ^\n"},
      {"an endpoint that is no URL", "services: {p: {webhook: example.com, topics: [reel.x]}}\n",
       "reel.yaml:1:25: 'services.p.webhook' is example.com, must be http://HOST[:PORT][/PATH] or "
       "https://HOST[:PORT][/PATH]\n"
       "  services: {p: {webhook: example.com, topics: [reel.x]}}\n"
       "                          ^\n"},
      {"an adapter that hears nothing", "services: {p: {exec: [/bin/true]}}\n",
       "reel.yaml:1:12: a service with 'webhook' or 'exec' needs 'topics': what it subscribes to\n"
       "  services: {p: {exec: [/bin/true]}}\n"
       "             ^\n"},
      {"given out again while it is handled",
       "services: {p: {exec: [/bin/true], topics: [reel.x], timeout: 20s, ack_timeout: 10s}}\n",
       "reel.yaml:1:62: 'ack_timeout' must be at least 'timeout': the broker would give an event out again "
       "while "
       "it is being handled\n"
       "  services: {p: {exec: [/bin/true], topics: [reel.x], timeout: 20s, ack_timeout: 10s}}\n"
       "                                                               ^\n"},
      {"an adapter's word without one", "services: {p: {at_once: 2}}\n",
       "reel.yaml:1:16: 'at_once' is for services with 'webhook' or 'exec'\n"
       "  services: {p: {at_once: 2}}\n"
       "                 ^\n"},
      {"half an attempt", "services: {p: {retry: {attempts: 1.5}}}\n",
       "reel.yaml:1:34: 'services.p.retry.attempts' must be a whole number, is 1.5\n"
       "  services: {p: {retry: {attempts: 1.5}}}\n"
       "                                   ^\n"},
      {"jitter without its unit", "services: {p: {retry: {jitter: 0.2}}}\n",
       "reel.yaml:1:32: 'services.p.retry.jitter' is 0.2, needs a unit: %\n"
       "  services: {p: {retry: {jitter: 0.2}}}\n"
       "                                 ^\n"},
      {"too much jitter", "services: {p: {retry: {jitter: 120%}}}\n",
       "reel.yaml:1:32: 'services.p.retry.jitter' is 120%, must be between 0% and 100%\n"
       "  services: {p: {retry: {jitter: 120%}}}\n"
       "                                 ^\n"},
      {"some jitter", "services: {p: {retry: {jitter: some}}}\n",
       "reel.yaml:1:32: 'services.p.retry.jitter' must be a percentage such as 20%, is some\n"
       "  services: {p: {retry: {jitter: some}}}\n"
       "                                 ^\n"},
      {"one backoff", "services: {p: {retry: {backoff: 1s}}}\n",
       "reel.yaml:1:33: 'services.p.retry.backoff' must be a list, is 1s\n"
       "  services: {p: {retry: {backoff: 1s}}}\n"
       "                                  ^ did you mean '[1s]'?\n"},
      {"a topic nobody has", topics + "services: {p: {topics: [overdu]}}\n",
       "reel.yaml:2:25: unknown topic 'overdu' in 'services.p.topics[0]'\n"
       "  services: {p: {topics: [overdu]}}\n"
       "                          ^ did you mean 'overdue'?\n"},
      {"a pattern that matches nothing", topics + "services: {p: {topics: [order.*]}}\n",
       "reel.yaml:2:25: pattern 'order.*' matches none of the topics\n"
       "  services: {p: {topics: [order.*]}}\n"
       "                          ^\n"},
  });
}

TEST_CASE("flows") {
  const auto flow = [](const std::string& body) { return topics + "flows:\n  f: {" + body + "}\n"; };
  check_all({
      {"nothing expected", flow("start: a"),
       "reel.yaml:3:3: 'flows.f' expects nothing, it needs 'expect' or 'within'\n"
       "    f: {start: a}\n"
       "    ^\n"},
      {"a time for no flow", flow("within: 1h"),
       "reel.yaml:3:3: 'flows.f' applies to no flow, it needs 'start' or 'expect'\n"
       "    f: {within: 1h}\n"
       "    ^\n"},
      {"an unknown start", flow("start: x, within: 1h"),
       "reel.yaml:3:14: unknown topic 'x' in 'flows.f.start'\n"
       "    f: {start: x, within: 1h}\n"
       "               ^\n"},
      {"neither any nor all", flow("expect: [{after: a, within: 1s}]"),
       "reel.yaml:3:16: an expectation needs 'any_of', 'all_of' or 'never'\n"
       "    f: {expect: [{after: a, within: 1s}]}\n"
       "                 ^\n"},
      {"both any and all", flow("expect: [{after: a, any_of: [b], all_of: [c], within: 1s}]"),
       "reel.yaml:3:40: an expectation has 'any_of' or 'all_of', not both\n"
       "    f: {expect: [{after: a, any_of: [b], all_of: [c], within: 1s}]}\n"
       "                                         ^\n"},
      {"nothing of any", flow("expect: [{after: a, any_of: [], within: 1s}]"),
       "reel.yaml:3:35: 'flows.f.expect[0].any_of' is empty\n"
       "    f: {expect: [{after: a, any_of: [], within: 1s}]}\n"
       "                                    ^\n"},
      {"one twice", flow("expect: [{after: a, any_of: [b, b], within: 1s}]"),
       "reel.yaml:3:39: 'b' is given twice\n"
       "    f: {expect: [{after: a, any_of: [b, b], within: 1s}]}\n"
       "                                        ^\n"},
      {"no time", flow("expect: [{after: a, any_of: [b]}]"),
       "reel.yaml:3:16: 'flows.f.expect[0]' needs 'within'\n"
       "    f: {expect: [{after: a, any_of: [b]}]}\n"
       "                 ^\n"},
      {"no time at all", flow("expect: [{after: a, any_of: [b], within: 0s}]"),
       "reel.yaml:3:48: 'flows.f.expect[0].within' is 0s, must be between 1ms and 365d\n"
       "    f: {expect: [{after: a, any_of: [b], within: 0s}]}\n"
       "                                                 ^\n"},
      {"a condition that is none", flow("expect: [{after: a, any_of: [b], within: 1s, when: {}}]"),
       "reel.yaml:3:58: when: the object is empty\n"
       "    f: {expect: [{after: a, any_of: [b], within: 1s, when: {}}]}\n"
       "                                                           ^\n"},
      {"two kinds at once", flow("expect: [{after: a, any_of: [b], never: [c], within: 1s}]"),
       "reel.yaml:3:40: an expectation has 'never' or what is to come, not both\n"
       "    f: {expect: [{after: a, any_of: [b], never: [c], within: 1s}]}\n"
       "                                         ^\n"},
      {"counting all of them", flow("expect: [{after: a, all_of: [b], at_least: 2, within: 1s}]"),
       "reel.yaml:3:50: only events of 'any_of' are counted\n"
       "    f: {expect: [{after: a, all_of: [b], at_least: 2, within: 1s}]}\n"
       "                                                   ^\n"},
      {"fewer than more", flow("expect: [{after: a, any_of: [b], at_least: 3, at_most: 2, within: 1s}]"),
       "reel.yaml:3:50: 'at_least' is more than 'at_most'\n"
       "    f: {expect: [{after: a, any_of: [b], at_least: 3, at_most: 2, within: 1s}]}\n"
       "                                                   ^\n"},
      {"too soon and too late", flow("expect: [{after: a, any_of: [b], not_before: 2s, within: 1s}]"),
       "reel.yaml:3:52: 'not_before' is not before the deadline, so nothing can be in time\n"
       "    f: {expect: [{after: a, any_of: [b], not_before: 2s, within: 1s}]}\n"
       "                                                     ^\n"},
      {"from somewhere", flow("expect: [{after: a, any_of: [b], within: 1s, from: end}]"),
       "reel.yaml:3:58: 'flows.f.expect[0].from' is end, must be 'start'\n"
       "    f: {expect: [{after: a, any_of: [b], within: 1s, from: end}]}\n"
       "                                                           ^\n"},
      {"extended without a time", flow("expect: [{after: a, any_of: [b], by: data.due, extended_by: [c]}]"),
       "reel.yaml:3:67: 'extended_by' needs 'within'\n"
       "    f: {expect: [{after: a, any_of: [b], by: data.due, extended_by: [c]}]}\n"
       "                                                                    ^\n"},
      {"a field of nothing", flow("expect: [{after: a, any_of: [b], within: 1s, where: {data..x: data.y}}]"),
       "reel.yaml:3:60: 'data..x' is no field: has an empty name between its dots\n"
       "    f: {expect: [{after: a, any_of: [b], within: 1s, where: {data..x: data.y}}]}\n"
       "                                                             ^\n"},
      {"an attribute with fields", flow("expect: [{after: a, any_of: [b], by: subject.x}]"),
       "reel.yaml:3:44: 'subject.x' is no field: subject: an attribute of the envelope is a single value; "
       "fields of the payload stand under 'data'\n"
       "    f: {expect: [{after: a, any_of: [b], by: subject.x}]}\n"
       "                                             ^\n"},
      {"until without never", flow("expect: [{after: a, any_of: [b], within: 1s, until: [c]}]"),
       "reel.yaml:3:59: 'until' belongs to 'never'\n"
       "    f: {expect: [{after: a, any_of: [b], within: 1s, until: [c]}]}\n"
       "                                                            ^\n"},
      {"a warning of what must not come", flow("expect: [{after: a, never: [b], warn_at: 80%}]"),
       "reel.yaml:3:48: 'warn_at' has no meaning beside 'never'\n"
       "    f: {expect: [{after: a, never: [b], warn_at: 80%}]}\n"
       "                                                 ^\n"},
      {"how bad", flow("expect: [{after: a, any_of: [b], within: 1s, severity: bad}]"),
       "reel.yaml:3:62: 'flows.f.expect[0].severity' is bad, must be info, warning or critical\n"
       "    f: {expect: [{after: a, any_of: [b], within: 1s, severity: bad}]}\n"
       "                                                               ^\n"},
      {"half an each", flow("expect: [{after: a, any_of: [b], within: 1s, each: {item: data.x}}]"),
       "reel.yaml:3:52: 'flows.f.expect[0].each' needs 'matches'\n"
       "    f: {expect: [{after: a, any_of: [b], within: 1s, each: {item: data.x}}]}\n"
       "                                                     ^\n"},
      {"a part that no flow is called", flow("expect: [{after: a, any_of: [{flow: g}], within: 1s}]"),
       "reel.yaml:3:43: no flow is called 'g'\n"
       "    f: {expect: [{after: a, any_of: [{flow: g}], within: 1s}]}\n"
       "                                            ^\n"},
      {"a part by another word", flow("expect: [{after: a, all_of: [b, {flo: f}], within: 1s}]"),
       "reel.yaml:3:40: unknown key 'flo' in 'flows.f.expect[0].all_of[1]'\n"
       "    f: {expect: [{after: a, all_of: [b, {flo: f}], within: 1s}]}\n"
       "                                         ^ did you mean 'flow'?\n"},
      {"a comparison with a part",
       flow("expect: [{after: a, any_of: [{flow: f}], within: 1s, where: {data.x: data.y}}]"),
       "reel.yaml:3:67: a sub-flow has no content to be compared\n"
       "    f: {expect: [{after: a, any_of: [{flow: f}], within: 1s, where: {data.x: data.y}}]}\n"
       "                                                                    ^\n"},
      {"what must not come as a part", flow("expect: [{after: a, never: [{flow: f}]}]"),
       "reel.yaml:3:35: 'flows.f.expect[0].never[0]' must be text, is a map\n"
       "    f: {expect: [{after: a, never: [{flow: f}]}]}\n"
       "                                    ^\n"},
      {"a comparison nobody knows",
       flow("expect: [{after: a, any_of: [b], within: 1s, where: {data.x: {'=>': data.y}}}]"),
       "reel.yaml:3:69: unknown key '=>' in 'flows.f.expect[0].where.data.x'\n"
       "    f: {expect: [{after: a, any_of: [b], within: 1s, where: {data.x: {'=>': data.y}}}]}\n"
       "                                                                      ^\n"},
      {"every and more",
       flow("expect: [{every: 1s, any_of: [a]}, {after: a, any_of: [b], within: 1s}], end: [b]"),
       "reel.yaml:3:3: an expectation with 'every' is the only one of its definition\n"
       "    f: {expect: [{every: 1s, any_of: [a]}, {after: a, any_of: [b], within: 1s}], end: [b]}\n"
       "    ^\n"
       "reel.yaml:3:80: 'end' has no meaning where 'every' is expected\n"
       "    f: {expect: [{every: 1s, any_of: [a]}, {after: a, any_of: [b], within: 1s}], end: [b]}\n"
       "                                                                                 ^\n"
       "reel.yaml: 2 problems"},
      {"a condition of no start", flow("when: {subject: [x]}, expect: [{after: a, any_of: [b], within: 1s}]"),
       "reel.yaml:3:7: 'when' is about the start event, it needs 'start'\n"
       "    f: {when: {subject: [x]}, expect: [{after: a, any_of: [b], within: 1s}]}\n"
       "        ^\n"},
      {"an owner that cannot be", flow("expect: [{after: a, any_of: [b], within: 1s, owner: b b}]"),
       "reel.yaml:3:59: service name 'b b' is not valid: the character at position 2 is not one of A-Z a-z "
       "0-9 - _ .\n"
       "    f: {expect: [{after: a, any_of: [b], within: 1s, owner: b b}]}\n"
       "                                                            ^\n"},
      {"a topic the tracker does not see", flow("start: tick, within: 1h"),
       "reel.yaml:3:14: topic 'tick' is not durable, so the tracker never sees it\n"
       "    f: {start: tick, within: 1h}\n"
       "               ^\n"},
      {"an overdue topic of another type", flow("start: a, within: 1h, on_overdue: {publish: b}"),
       "reel.yaml:3:51: topic 'b' has type A, on_overdue publishes a reel.v1.FlowOverdue\n"
       "    f: {start: a, within: 1h, on_overdue: {publish: b}}\n"
       "                                                    ^\n"},
      {"nothing to publish", flow("start: a, within: 1h, on_overdue: {}"),
       "reel.yaml:3:29: 'flows.f.on_overdue' needs 'publish'\n"
       "    f: {start: a, within: 1h, on_overdue: {}}\n"
       "                              ^\n"},
      {"one topic, two fields that name the flow",
       topics + "flows:\n  f: {start: a, within: 1h, correlate_by: {a: subject}}\n"
                "  g: {start: a, within: 1h, correlate_by: {a: source}}\n",
       "reel.yaml:4:47: 'flows.g.correlate_by.a' names another field than 'flows.f.correlate_by' does, "
       "subject: "
       "an event is of one flow\n"
       "    g: {start: a, within: 1h, correlate_by: {a: source}}\n"
       "                                                ^\n"},
      {"a name that is none", topics + "flows: {a b: {start: a, within: 1h}}\n",
       "reel.yaml:2:9: flow name 'a b' is not valid: the character at position 2 is not one of A-Z a-z 0-9 - "
       "_ .\n"
       "  flows: {a b: {start: a, within: 1h}}\n"
       "          ^\n"},
  });
}

TEST_CASE("what no chain leads to, or what waits longer than its flow, is a warning") {
  const auto warning_of = [](const std::string& body) {
    const auto warnings = config::parse(topics + "flows: {f: {" + body + "}}\n").warnings;
    return warnings.empty() ? std::string{"none"} : warnings.front();
  };
  CHECK(warning_of("start: a, expect: [{after: a, any_of: [b], within: 1s}], end: [b, c]") ==
        "reel.yaml:2:79: warning: end 'c': no chain of expectations that begins at 'a' leads to it\n"
        "  flows: {f: {start: a, expect: [{after: a, any_of: [b], within: 1s}], end: [b, c]}}\n"
        "                                                                                ^");
  CHECK(warning_of("expect: [{after: a, any_of: [b], within: 1s}], end: [c]") ==
        "reel.yaml:2:66: warning: end 'c': no chain of expectations leads to it\n"
        "  flows: {f: {expect: [{after: a, any_of: [b], within: 1s}], end: [c]}}\n"
        "                                                                   ^");
  CHECK(warning_of("start: a, expect: [{after: b, any_of: [c], within: 1s}]") ==
        "reel.yaml:2:40: warning: after 'b': no chain of expectations that begins at 'a' leads to it\n"
        "  flows: {f: {start: a, expect: [{after: b, any_of: [c], within: 1s}]}}\n"
        "                                         ^");
  CHECK(warning_of("start: a, expect: [{after: a, any_of: [b], within: 2h}], within: 1h") ==
        "reel.yaml:2:32: warning: within 2h is longer than the whole flow's 1h\n"
        "  flows: {f: {start: a, expect: [{after: a, any_of: [b], within: 2h}], within: 1h}}\n"
        "                                 ^");
  CHECK(warning_of("start: a, expect: [{after: a, any_of: [b], within: 1h}], within: 1h") == "none");
}

TEST_CASE(
    "a flow that never completes, or is open for longer than the journal keeps its events, is a warning") {
  const auto warning_of = [](const std::string& body, const std::string& more = "") {
    const auto warnings = config::parse(topics + "flows: {f: {" + body + "}}\n" + more).warnings;
    return warnings.empty() ? std::string{"none"} : warnings.front().substr(0, warnings.front().find('\n'));
  };
  const std::string never =
      "reel.yaml:2:9: warning: no terminal: every follow-up is to be followed by another, so that without "
      "'end' a "
      "flow is never complete";
  const std::string round =
      "expect: [{after: a, any_of: [b], within: 1s}, {after: b, all_of: [a], within: 1s}]";
  CHECK(warning_of(round) == never);
  CHECK(warning_of("expect: [{after: a, any_of: [a], within: 1s}]") == never);
  CHECK(warning_of(round + ", end: [c]").find("no terminal") == std::string::npos);
  CHECK(warning_of("expect: [{after: a, any_of: [b, c], within: 1s}, {after: b, any_of: [a], within: 1s}]") ==
        "none");
  CHECK(warning_of("expect: [{after: a, any_of: [b], within: 1s}, {after: b, any_of: [a], within: 1s, when: "
                   "{subject: [s]}}]") == "none");
  CHECK(warning_of("expect: [{after: a, any_of: [b], within: 1s}, {after: b, never: [a]}]") == "none");
  CHECK(warning_of("expect: [{every: 1s, any_of: [a]}]") == "none");
  CHECK(warning_of("start: a, within: 1h") ==
        "reel.yaml:2:9: warning: no terminal: without 'expect' and 'end' a flow is complete as it begins");

  const std::string long_one = "expect: [{after: a, any_of: [b], within: 8d}]";
  CHECK(warning_of(long_one) ==
        "reel.yaml:2:9: warning: a flow may be open for 8d, and the journal keeps events for 7d "
        "(broker.journal.retain)");
  CHECK(warning_of(long_one, "broker: {journal: {retain: 8d}}\n") == "none");
  CHECK(warning_of("start: a, expect: [{after: a, any_of: [b], within: 1s}], end: [b], within: 2h",
                   "broker: {journal: {retain: 1h}}\n") ==
        "reel.yaml:2:9: warning: a flow may be open for 2h, and the journal keeps events for 1h "
        "(broker.journal.retain)");
}

TEST_CASE("what a chain or a route leads to is reachable") {
  const auto valid = [](const std::string& body) { return problems_of(topics + body); };
  CHECK(valid("flows: {f: {start: a, expect: [{after: b, any_of: [c], within: 1s}, {after: a, any_of: [b], "
              "within: "
              "1s}], end: [c]}}\n") == "valid");
  CHECK(valid("routes: [{from: a, to: b}]\nflows: {f: {start: a, expect: [{after: b, any_of: [c], within: "
              "1s}], end: "
              "[c]}}\n") == "valid");
  CHECK(valid("flows: {f: {expect: [{after: a, any_of: [b], within: 1s}, {after: c, any_of: [a], within: "
              "1s}], end: "
              "[b]}}\n") == "valid");
  CHECK(valid("flows: {f: {start: a, expect: [{after: a, any_of: [b], within: 1s}], end: [a]}}\n") ==
        "valid");
  CHECK_MESSAGE(valid("flows: {f: {start: a, end: [c], within: 1h}}\n") == "valid",
                "nothing is said about what leads where");
}

TEST_CASE("broker, tracker and gateway") {
  check_all({
      {"no endpoint", "broker: {listen: 127.0.0.1:5555}\n",
       "reel.yaml:1:18: 'broker.listen' is 127.0.0.1:5555, must be tcp://HOST:PORT or ipc://PATH\n"
       "  broker: {listen: 127.0.0.1:5555}\n"
       "                   ^\n"},
      {"no port", "broker: {live: \"tcp://127.0.0.1\"}\n",
       "reel.yaml:1:16: 'broker.live' is \"tcp://127.0.0.1\", must end in a port, as in "
       "tcp://127.0.0.1:5555\n"
       "  broker: {live: \"tcp://127.0.0.1\"}\n"
       "                 ^\n"},
      {"two on one endpoint", "tracker: {listen: tcp://127.0.0.1:5555}\n",
       "reel.yaml:1:19: 'broker.listen' and 'tracker.listen' are both tcp://127.0.0.1:5555\n"
       "  tracker: {listen: tcp://127.0.0.1:5555}\n"
       "                    ^\n"},
      {"a URL", "gateway: {listen: \"http://localhost\"}\n",
       "reel.yaml:1:19: 'gateway.listen' is \"http://localhost\", must be HOST:PORT, as in 127.0.0.1:8080\n"
       "  gateway: {listen: \"http://localhost\"}\n"
       "                    ^\n"},
      {"another sync", "broker: {journal: {sync: never}}\n",
       "reel.yaml:1:26: 'broker.journal.sync' is never, must be always, interval or os\n"
       "  broker: {journal: {sync: never}}\n"
       "                           ^\n"},
      {"a small segment", "broker: {journal: {segment_bytes: 512KiB}}\n",
       "reel.yaml:1:35: 'broker.journal.segment_bytes' is 512KiB, must be between 1MiB and 4GiB\n"
       "  broker: {journal: {segment_bytes: 512KiB}}\n"
       "                                    ^\n"},
      {"the other megabytes", "broker: {journal: {segment_bytes: 64MB}}\n",
       "reel.yaml:1:35: 'broker.journal.segment_bytes' must be a size such as 512B, 64KiB, 16MiB or 1GiB, is "
       "64MB\n"
       "  broker: {journal: {segment_bytes: 64MB}}\n"
       "                                    ^ did you mean '64MiB'?\n"},
      {"a bare size", "broker: {event_bytes_max: 1048576}\n",
       "reel.yaml:1:27: 'broker.event_bytes_max' is 1048576, needs a unit: B, KiB, MiB or GiB\n"
       "  broker: {event_bytes_max: 1048576}\n"
       "                            ^\n"},
      {"a size beyond numbers", "broker: {event_bytes_max: 99999999999999999999GiB}\n",
       "reel.yaml:1:27: 'broker.event_bytes_max' is 99999999999999999999GiB, must be between 1KiB and 64MiB\n"
       "  broker: {event_bytes_max: 99999999999999999999GiB}\n"
       "                            ^\n"},
      {"less than two segments", "broker: {journal: {retain_bytes: 256MiB}}\n",
       "reel.yaml:1:34: 'broker.journal.retain_bytes' is 256MiB, must hold two segments of 256MiB\n"
       "  broker: {journal: {retain_bytes: 256MiB}}\n"
       "                                   ^\n"},
      {"a batch less than an event", "broker: {batch_bytes_max: 512KiB}\n",
       "reel.yaml:1:27: 'broker.batch_bytes_max' is 512KiB, must hold one event of 1MiB\n"
       "  broker: {batch_bytes_max: 512KiB}\n"
       "                            ^\n"},
      {"a window less than a batch", "broker: {batch_bytes_max: 16MiB}\n",
       "reel.yaml:1:27: 'broker.publish_window_bytes' is 8MiB, must hold one batch of 16MiB\n"
       "  broker: {batch_bytes_max: 16MiB}\n"
       "                            ^\n"},
      {"beats too rare", "broker: {service_timeout: 1s}\n",
       "reel.yaml:1:27: 'broker.beat_interval' is 1s, must be at most half of 'broker.service_timeout', "
       "which is 1s, "
       "or one late beat is taken for a death\n"
       "  broker: {service_timeout: 1s}\n"
       "                            ^\n"},
      {"an unknown limit", "broker: {service_max: 5}\n",
       "reel.yaml:1:10: unknown key 'service_max' in 'broker'\n"
       "  broker: {service_max: 5}\n"
       "           ^ did you mean 'services_max'?\n"},
  });
  CHECK(problems_of("broker: {listen: 'tcp://127.0.0.1:*', live: 'tcp://127.0.0.1:*'}\n") == "valid");
}

TEST_CASE("a file that is wrong everywhere is cut short, in time") {
  std::string text = "topics:\n";
  for (int i = 0; i < 3'000; ++i) text += "  topic-" + std::to_string(i) + ": {typ: A}\n";
  text += "flows: {f: {start: topic-0, within: 1h, end: [";
  for (int i = 0; i < 3'000; ++i) text += "topik-" + std::to_string(i) + ", ";
  text += "]}}\n";
  CHECK(problems_of(text).ends_with("reel.yaml: 6000 problems, the first 100 are shown"));
}
