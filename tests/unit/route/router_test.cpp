#include "route/router.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <set>

#include "event/uuid.h"

using namespace reel;
using namespace reel::broker;

namespace {

// Routes as text: {"order.placed -> order.large"}; topics that begin with "live." are not durable.
config::Model routes(const std::vector<std::pair<std::string, std::string>>& pairs) {
  config::Model model;
  for (const auto& [from, to] : pairs) {
    model.routes.push_back({from, to, {}, {}});
    for (const auto& topic : {from, to}) {
      model.topics[topic] = {.type = "shop.v1.Order", .durable = !topic.starts_with("live.")};
    }
  }
  return model;
}

std::string services(Router& router, std::string_view topic) {
  std::string text;
  for (const auto service : router.route(topic).services) text += std::to_string(service) + " ";
  return text;
}

struct Halves {
  StoredBatch journal;
  StoredBatch live;

  void publish(const std::string& topic, const std::vector<EventFields>& events,
               const std::vector<Attribute>& attributes = {}) {
    BatchWriter writer;
    writer.begin_run({.source = "orders/1", .topic = topic, .dataschema = "shop.v1.Order"});
    for (const auto& event : events) writer.add(event, attributes);
    (topic.starts_with("live.") ? live : journal).append_own(writer.take());
  }
};

// What is in a batch: topic(correlation<-cause …), a run each.
std::string seen(const StoredBatch& batch) {
  std::string text;
  for (const auto& run : batch.runs) {
    text += std::string{run.topic} + "(";
    for (auto i = run.first_event; i < run.first_event + run.event_count; ++i) {
      const auto event = read_event(batch.events[i].bytes);
      REQUIRE(event);
      text += std::string{event->correlationid} + "<-" + std::string{event->causationid} + " ";
    }
    text += ")";
  }
  return text;
}

EventView event_of(const StoredBatch& batch, std::uint32_t index) {
  const auto event = read_event(batch.events.at(index).bytes);
  REQUIRE(event);
  return *event;
}

}  // namespace

TEST_CASE("an event goes to the services whose patterns match, until they change them") {
  Router router{config::Model{}};
  CHECK(services(router, "order.placed") == "");
  const std::vector<std::string> orders{"order.*", "order.placed"};
  const std::vector<std::string> all{">"};
  router.subscribe(3, orders);
  router.subscribe(1, all);
  CHECK(services(router, "order.placed") == "1 3 ");
  CHECK(services(router, "payment.captured") == "1 ");
  CHECK(services(router, "reel.flow.overdue") == "");
  router.subscribe(3, std::vector<std::string>{"payment.>"});
  CHECK(services(router, "order.placed") == "1 ");
  CHECK(services(router, "payment.captured") == "1 3 ");
  router.unsubscribe(1);
  router.unsubscribe(7);
  CHECK(services(router, "order.placed") == "");
}

TEST_CASE("a route derives the same event on another topic, in the same flow and caused by it") {
  const Router router{routes({{"order.placed", "order.large"}})};
  Halves batch;
  batch.publish("order.placed",
                {{.id = "e1",
                  .correlationid = "c1",
                  .partitionkey = "k",
                  .subject = "s",
                  .time = 7,
                  .datacontenttype = "application/protobuf",
                  .traceparent = "tp",
                  .tracestate = "ts",
                  .data = "payload"}},
                {{"region", "eu"}});
  batch.publish("other", {{.id = "e2", .correlationid = "c2"}});
  router.derive(batch.journal, batch.live);
  CHECK(seen(batch.journal) == "order.placed(c1<- )other(c2<- )order.large(c1<-e1 )");
  CHECK(seen(batch.live) == "");

  const auto& run = batch.journal.run_of(2);
  CHECK(run.source == "reel-broker");
  CHECK(run.dataschema == "shop.v1.Order");
  const auto derived = event_of(batch.journal, 2);
  CHECK(derived.id == uuid_v8(hash_128({"e1", "orders/1", "route", "order.large"})));
  CHECK(derived.partitionkey == "k");
  CHECK(derived.subject == "s");
  CHECK(derived.time == 7);
  CHECK(derived.datacontenttype == "application/protobuf");
  CHECK(derived.traceparent == "tp");
  CHECK(derived.tracestate == "ts");
  CHECK(derived.data == "payload");
  const auto attributes = attributes_of(derived.bytes);
  REQUIRE(attributes.size() == 1);
  CHECK(attributes[0].value == "eu");
}

TEST_CASE("routes follow each other, each event caused by the one before") {
  const Router router{routes({{"a", "b"}, {"b", "c"}, {"a", "d"}})};
  Halves batch;
  batch.publish("a", {{.id = "e1", .correlationid = "c1"}, {.id = "e2", .correlationid = "c2"}});
  router.derive(batch.journal, batch.live);
  const std::string b1 = uuid_v8(hash_128({"e1", "orders/1", "route", "b"}));
  const std::string b2 = uuid_v8(hash_128({"e2", "orders/1", "route", "b"}));
  CHECK(seen(batch.journal) ==
        "a(c1<- c2<- )b(c1<-e1 c2<-e2 )c(c1<-" + b1 + " c2<-" + b2 + " )d(c1<-e1 c2<-e2 )");
  CHECK(event_of(batch.journal, 4).id == uuid_v8(hash_128({b1, "reel-broker", "route", "c"})));
}

TEST_CASE("deriving twice makes the same events") {
  const Router router{routes({{"a", "b"}, {"b", "c"}})};
  std::string first;
  for (int i = 0; i < 2; ++i) {
    Halves batch;
    batch.publish("a", {{.id = "e1", .correlationid = "c1", .data = "x"}});
    router.derive(batch.journal, batch.live);
    std::string bytes;
    for (const auto piece : batch.journal.pieces) bytes += piece;
    CHECK((i == 0 || bytes == first));
    first = bytes;
  }
}

TEST_CASE("what is derived travels as its own topic does") {
  const Router router{routes({{"live.tick", "price.alert"}, {"order.placed", "live.board"}})};
  Halves batch;
  batch.publish("live.tick", {{.id = "t", .correlationid = "c1"}});
  batch.publish("order.placed", {{.id = "e", .correlationid = "c2"}});
  router.derive(batch.journal, batch.live);
  CHECK(seen(batch.journal) == "order.placed(c2<- )price.alert(c1<-t )");
  CHECK(seen(batch.live) == "live.tick(c1<- )live.board(c2<-e )");
}

TEST_CASE("circles and avalanches of routes are refused") {
  CHECK_THROWS_AS(Router{routes({{"a", "b"}, {"b", "a"}})}, std::invalid_argument);
  std::vector<std::pair<std::string, std::string>>
      pairs;  // each topic leads to two of the next level, doubled
  for (int level = 0; level < 10; ++level) {
    for (const std::string side : {"x", "y"}) {
      for (const std::string from : {"x", "y"}) {
        pairs.emplace_back(from + std::to_string(level), side + std::to_string(level + 1));
      }
    }
  }
  CHECK_THROWS_AS(Router{routes(pairs)}, std::invalid_argument);
}

TEST_CASE("a route with a when derives only from the events that it says yes to") {
  auto model = routes({{"order.placed", "order.large"}, {"order.placed", "order.all"}});
  model.routes[0].when = R"({"subject": [{"prefix": "large"}]})";
  const Router router{model};
  Halves batch;
  batch.publish("order.placed", {{.id = "e1", .correlationid = "c1", .subject = "large-1"},
                                 {.id = "e2", .correlationid = "c2", .subject = "small-1"}});
  router.derive(batch.journal, batch.live);
  CHECK(seen(batch.journal) == "order.placed(c1<- c2<- )order.large(c1<-e1 )order.all(c1<-e1 c2<-e2 )");

  model.routes[0].when = R"({"subject": "large"})";
  CHECK_THROWS_WITH(
      Router{model},
      "the route from order.placed to order.large has a bad when: subject: expected a list such "
      "as [\"large\"], or an object of fields");
}

TEST_CASE("who has a when is asked about each event, and only where no pattern without one takes them all") {
  Router router{config::Model{}};
  const auto pattern = [](const std::string& topics, const std::string& when, Offset from = 0) {
    v1::Pattern one;
    one.set_pattern(topics);
    one.set_when(when);
    one.set_from_offset(from);
    return one;
  };
  const std::string large = R"({"subject": [{"prefix": "large"}]})";
  const std::string shop = R"({"source": ["shop"]})";
  router.subscribe(1, std::vector{pattern("order.*", large), pattern("order.placed", shop, 10)});
  router.subscribe(2, std::vector{pattern("order.*", large), pattern("order.placed", "")});
  router.subscribe(3, std::vector{pattern("order.*", large), pattern("order.placed", "", 10)});

  const auto wanting = [&](const std::string& topic, const std::string& source, const std::string& subject,
                           Offset offset) {
    BatchWriter writer;
    writer.begin_run({.source = source, .topic = topic, .dataschema = "shop.v1.Order"});
    writer.add({.id = "e1", .correlationid = "c1", .subject = subject}, {});
    StoredBatch batch;
    batch.append_own(writer.take());
    const auto event = event_of(batch, 0);
    const RunHead head{.source = source, .topic = topic, .dataschema = "shop.v1.Order"};
    std::string text;
    for (const auto service : router.route(topic).services) {
      JudgedEvent judged{head, event, router.parser()};
      const auto* const choosy = router.choosy(service, topic);
      if (choosy == nullptr) text += "all:";
      if (choosy == nullptr || choosy->wants(judged, offset)) text += std::to_string(service) + " ";
    }
    // Asked all at once, they say the same.
    JudgedEvent judged{head, event, router.parser()};
    std::set<ServiceIndex> together;
    router.route(topic).choosy_index.each_wanting(judged, offset,
                                                  [&](ServiceIndex service) { together.insert(service); });
    for (const auto& choosy : router.route(topic).choosy)
      CHECK(choosy.wants(judged, offset) == together.contains(choosy.service));
    return text;
  };
  CHECK(wanting("order.placed", "app", "small", 20) == "all:2 3 ");
  CHECK(wanting("order.placed", "app", "large", 5) == "1 all:2 3 ");
  CHECK(wanting("order.placed", "shop", "small", 5) == "all:2 ");
  CHECK(wanting("order.placed", "shop", "small", 10) == "1 all:2 3 ");
  CHECK(wanting("order.shipped", "shop", "small", 10) == "");
  CHECK(wanting("order.shipped", "shop", "large", 10) == "1 2 3 ");
}

TEST_CASE("routing agrees with asking every pattern, whatever came and went") {
  CHECK(rc::check([] {
    Router router{config::Model{}};
    std::map<ServiceIndex, std::vector<std::string>> wanted;
    const auto some_patterns = rc::gen::container<std::vector<std::string>>(
        rc::gen::element<std::string>("a", "a.b", "*", ">", "a.*", "a.>", "*.b", "reel.>", "a.b.c"));
    for (int step = *rc::gen::inRange(1, 12); step > 0; --step) {
      const auto service = *rc::gen::inRange<ServiceIndex>(0, 4);
      if (*rc::gen::arbitrary<bool>()) {
        wanted[service] = *some_patterns;
        router.subscribe(service, wanted[service]);
      } else {
        wanted.erase(service);
        router.unsubscribe(service);
      }
      for (const std::string topic : {"a", "b", "a.b", "a.b.c", "reel.flow.overdue"}) {
        std::vector<ServiceIndex> expected;
        for (const auto& [index, patterns] : wanted) {
          if (std::any_of(patterns.begin(), patterns.end(),
                          [&](const auto& p) { return matches(p, topic); })) {
            expected.push_back(index);
          }
        }
        RC_ASSERT(router.route(topic).services == expected);
      }
    }
  }));
}
