// Publishing: what is accepted, and the one sentence that everything else is answered with.
#include <doctest/doctest.h>

#include <numeric>
#include <set>
#include <sstream>

#include "mesh.h"

using namespace reel::test;

namespace {

const std::string long_id(10'240, 'x');
const std::string large_note(1'500'000, 'n');

/// What `reel pub` says, its exit code behind it.
std::string refusal(Mesh& mesh, std::vector<std::string> arguments, const std::string& input = {}) {
  arguments.insert(arguments.begin(), "pub");
  const auto ran = mesh.reel(std::move(arguments), input);
  CHECK(ran.out == "");
  return ran.err + "exit " + std::to_string(ran.exit_code);
}

std::string sorted_lines(const std::string& text) {
  std::multiset<std::string> lines;
  std::istringstream said{text};
  for (std::string line; std::getline(said, line);) lines.insert(line + "\n");
  return std::accumulate(lines.begin(), lines.end(), std::string{});
}

}  // namespace

TEST_CASE("an accepted event is answered with its offset, its takers and its flow") {
  Mesh mesh;
  mesh.start_broker();
  const auto unheard = mesh.reel({"pub", "order.shipped", R"({"orderId":"1"})", "--correlation", "flow-1"});
  CHECK(unheard.out == "accepted offset 1, matched no service, flow flow-1\n");
  CHECK(unheard.err == "");
  CHECK(unheard.exit_code == 0);

  const auto payments = mesh.actor("payments", {"--on", "order.*"});
  const auto heard =
      mesh.reel({"pub", "order.shipped", "-", "--correlation", "flow-2"}, R"({"orderId":"2"})");
  CHECK(line_with(heard.out, "matched") == "matched 1 service, flow flow-2");

  const auto json = mesh.rows({"pub", "price.tick", "{}", "--correlation", "flow-3", "--id", "tick-1"});
  REQUIRE(json.size() == 1);
  CHECK(json[0].dump() ==
        R"({"correlationid":"flow-3","id":"tick-1","matched":0,"outcome":"accepted","reeloffset":0})");
}

TEST_CASE(
    "what cannot be published is answered with one sentence and exit code 1, and nothing is kept of it") {
  Mesh mesh;
  mesh.start_broker();
  CHECK(refusal(mesh, {"order.plced", "{}"}) ==
        "unknown topic 'order.plced', did you mean 'order.placed'?\nexit 1");
  CHECK(refusal(mesh, {"order.placed", "{}", "--type", "test.v1.Captured"}) ==
        "topic order.placed carries test.v1.Placed, not test.v1.Captured\nexit 1");
  CHECK(refusal(mesh, {"order.placed", R"({"orderId":)"}) ==
        "bad JSON at line 1, column 12: unexpected end of input; expected '[', '{', or a literal\nexit 1");
  CHECK(refusal(mesh, {"order.placed", R"({"orderIdd":"1"})"}) ==
        "data: unknown field 'orderIdd' of test.v1.Placed, did you mean 'orderId'?\nexit 1");
  CHECK(refusal(mesh, {"order.placed", "-", "--correlation", "flow-1", "--id", "event-1"},
                R"({"note":")" + large_note + "\"}") ==
        "the event is 1500034 bytes long, at most 1048576 are allowed\nexit 1");
  CHECK(refusal(mesh, {"order.placed", "{}", "--correlation", ""}) == "correlation id is empty\nexit 1");
  CHECK(refusal(mesh, {"order.placed", "{}", "--correlation", long_id}) ==
        "correlation id is 10240 bytes long, at most 256 are allowed\nexit 1");
  CHECK(refusal(mesh, {"order.*", "{}"}) == "topic 'order.*': wildcard '*' at position 7\nexit 1");
  CHECK(refusal(mesh, {"order.>", "{}"}) == "topic 'order.>': wildcard '>' at position 7\nexit 1");
  CHECK(refusal(mesh, {"order..placed", "{}"}) == "topic 'order..placed': empty token at position 7\nexit 1");

  mesh.place("flow-1");
  CHECK(mesh.events(">", 1)[0]["reeloffset"] == 1);
}

TEST_CASE("in a batch of lines the good ones are accepted, and each bad one is named") {
  Mesh mesh;
  mesh.start_broker();
  const std::string lines =
      R"({"type":"order.placed","correlationid":"flow-1","data":{"orderId":"first"}})"
      "\n"
      R"({"type":"order.plced","data":{}})"
      "\n"
      R"({"specversion":"1.0","type":"order.placed","dataschema":"test.v1.Captured","data":{}})"
      "\n"
      R"({"type":"order.placed","data":{"orderId":"1"})"
      "\n"
      R"({"type":"order.placed","data":{"orderIdd":"1"}})"
      "\n"
      R"({"type":"order.placed","id":"event-6","correlationid":"flow-6","data":{"note":")" +
      large_note +
      "\"}}\n"
      R"({"type":"order.placed","correlationid":"","data":{}})"
      "\n"
      R"({"type":"order.placed","correlationid":")" +
      long_id +
      "\",\"data\":{}}\n"
      R"({"type":"order.*","data":{}})"
      "\n"
      R"({"type":"order..placed","data":{}})"
      "\n"
      R"({"specversion":"1.0","id":"last","source":"shop","type":"order.placed","correlationid":"flow-2","data":{"orderId":"last"}})"
      "\n";
  const auto ran = mesh.reel({"pub", "--lines"}, lines);
  CHECK(ran.exit_code == 1);
  CHECK(ran.out.substr(0, ran.out.find(" in ")) == "2 accepted, 9 refused");
  // Complaints come when they are known: at once, or when the broker has answered.
  CHECK(sorted_lines(ran.err) ==
        "line 10: topic 'order..placed': empty token at position 7\n"
        "line 2: unknown topic 'order.plced', did you mean 'order.placed'?\n"
        "line 3: topic order.placed carries test.v1.Placed, not test.v1.Captured\n"
        "line 4: bad JSON at column 46: unexpected end of input; expected '}'\n"
        "line 5: data: unknown field 'orderIdd' of test.v1.Placed, did you mean 'orderId'?\n"
        "line 6: the event is 1500034 bytes long, at most 1048576 are allowed\n"
        "line 7: correlationid is empty; leave it out where there is none\n"
        "line 8: correlation id is 10240 bytes long, at most 256 are allowed\n"
        "line 9: topic 'order.*': wildcard '*' at position 7\n");
  const auto kept = mesh.events("order.placed", 2);
  CHECK(kept[0]["data"]["orderId"] == "first");
  CHECK(kept[1]["data"]["orderId"] == "last");
}

TEST_CASE("an event with an id of its own is accepted once from each source") {
  Mesh mesh;
  mesh.start_broker();
  const auto publish = [&](const std::string& source) {
    return mesh
        .rows({"pub", "order.shipped", "{}", "--id", "event-1", "--source", source, "--correlation", "f"})
        .at(0);
  };
  CHECK(publish("shop")["outcome"] == "accepted");
  const auto again = publish("shop");
  CHECK(again["outcome"] == "duplicate");
  CHECK(again["id"] == "event-1");
  CHECK(again["reeloffset"] == 1);
  CHECK(publish("web")["outcome"] == "accepted");

  // Which flow the first one is in is not known here, and the one made up for the second is not there.
  CHECK(mesh.reel({"pub", "order.shipped", "{}", "--id", "event-1", "--source", "shop"}).out ==
        "duplicate of offset 1\n");
  CHECK(again.dump() == R"({"id":"event-1","outcome":"duplicate","reeloffset":1})");

  mesh.broker().kill();
  mesh.start_broker();
  CHECK(publish("shop")["outcome"] == "duplicate");
  CHECK(mesh.events(">", 2)[1]["source"] == "web");
}

TEST_CASE("a broker that is not there is exit code 3, and a wrong command line exit code 2") {
  Mesh mesh;
  CHECK(refusal(mesh, {"order.placed", "{}", "--timeout", "200ms"}) ==
        "no broker answers at " + mesh.endpoint() + " within 200ms (is reel up running?)\nexit 3");
  CHECK(refusal(mesh, {"--lines", "--timeout", "200ms"}, "{}\n") ==
        "no broker answers at " + mesh.endpoint() + " within 200ms (is reel up running?)\nexit 3");
  CHECK(refusal(mesh, {"order.placed"}) == "TOPIC and JSON are required\nsee 'reel pub --help'\nexit 2");
  CHECK(refusal(mesh, {"order.placed", "{}", "--corelation", "1"}) ==
        "'--corelation' is not expected here\nsee 'reel pub --help'\nexit 2");
}
