// Events for later, as `reel pub` and `reel delayed` speak of them to a bus of cardboard.
#include <doctest/doctest.h>

#include "fake_bus.h"

namespace v1 = reel::v1;

TEST_CASE("an event for later is answered with when it comes") {
  FakeBus bus;
  const auto pub = [&](std::vector<std::string> more) {
    more.insert(more.begin(), {"pub", "order.placed", "{}", "--correlation", "order-7", "--id", "e"});
    return bus.reel(more);
  };
  CHECK(pub({"--at", "2100-12-01T09:00:00Z"}).out ==
        "accepted offset 42, delayed until 2100-12-01 09:00:00, matched 2 services, flow order-7\n");
  CHECK(pub({"--at", "2100-12-01T09:00:00Z", "-o", "json"}).out ==
        R"({"outcome":"accepted","reeloffset":42,"matched":2,"id":"e","delivertime":"2100-12-01T09:00:00Z",)"
        R"("correlationid":"order-7"})"
        "\n");
  CHECK(pub({"--after", "10m"}).out.starts_with("accepted offset 42, delayed until 20"));
  CHECK(pub({"--expires", "10m"}).out == "accepted offset 42, matched 2 services, flow order-7\n");
  CHECK(pub({"--after", "soon"}).err == "--after 'soon' is not a duration such as 30s, 10m or 7d\n");
  CHECK(pub({"--after", "soon"}).code == 2);
  CHECK(pub({"--at", "10m"}).err == "--at '10m' is not a time such as 2026-12-01T09:00:00Z\n");
  CHECK(pub({"--after", "10m", "--at", "2100-12-01T09:00:00Z"}).code == 2);
  CHECK(bus.reel({"pub", "--lines", "--after", "10m"}).err ==
        "--after, --at and --expires are for one event: give lines a delivertime or an expirytime\n");
}

TEST_CASE("delayed events are listed, the earliest first, and cancelled by offset or id") {
  FakeBus bus;
  std::vector<std::uint64_t> cancelled;
  bus.answers([&](const v1::Request& ask, v1::Reply& tell) {
    if (ask.has_command()) {
      const auto& command = ask.command().command();
      CHECK(command.by().find('@') != std::string::npos);
      cancelled.push_back(command.cancel_delayed());
      if (command.cancel_delayed() == 42) {
        tell.mutable_command()->set_count(1);
        tell.mutable_command()->set_offset(50);
      } else {
        tell.mutable_command()->add_left_out("no event waits at offset 7: it was published");
      }
      return;
    }
    tell.mutable_delayed()->set_total(3);
    for (const std::uint64_t offset : {42, 43}) {  // a page for each
      if (ask.delayed().after_offset() >= offset) continue;
      auto& row = *tell.mutable_delayed()->add_events();
      row.set_offset(offset);
      row.set_due(4'131'766'800'000'000'000);  // 2100-12-06 09:00:00
      row.set_topic("order.placed");
      row.set_id("e" + std::to_string(offset));
      row.set_correlationid("order-7");
      row.set_source("shop/1");
      row.set_dataschema("reel.v1.FlowCompleted");
      reel::append_event(*row.mutable_event(), {.id = row.id(), .correlationid = "order-7"});
      tell.mutable_delayed()->set_more(true);
      return;
    }
  });
  const Ran ran = bus.reel({"delayed", "--limit", "1", "-o", "json"});
  CHECK(ran.err == "");
  CHECK(ran.out ==
        R"({"reeloffset":42,"delivertime":"2100-12-06T09:00:00Z","type":"order.placed","id":"e42",)"
        R"("correlationid":"order-7","event":{"specversion":"1.0","id":"e42","source":"shop/1",)"
        R"("type":"order.placed","dataschema":"reel.v1.FlowCompleted","correlationid":"order-7","data":{}}})"
        "\n");
  const Ran table = bus.reel({"delayed"});
  CHECK(table.out.starts_with("OFFSET  DUE                  IN"));
  CHECK(table.out.find("    43  2100-12-06 09:00:00  ") != std::string::npos);
  CHECK(table.err == "these are 2 of 3 (see --limit)\n");

  CHECK(bus.reel({"delayed", "cancel", "42"}).out == "cancelled the event that waited at offset 42\n");
  CHECK(bus.reel({"delayed", "cancel", "e42", "-o", "json"}).out == "{\"cancelled\":42,\"command\":50}\n");
  const Ran gone = bus.reel({"delayed", "cancel", "7"});
  CHECK(gone.err == "no event waits at offset 7: it was published\n");
  CHECK(gone.code == 1);
  CHECK(bus.reel({"delayed", "cancel", "e99"}).err == "no event with the id 'e99' waits\n");
  CHECK(cancelled == std::vector<std::uint64_t>{42, 42, 7});
}

TEST_CASE("a number that is one delayed event's id and another's offset cancels neither") {
  FakeBus bus;
  std::vector<std::uint64_t> cancelled;
  bus.answers([&](const v1::Request& ask, v1::Reply& tell) {
    if (ask.has_command()) {
      cancelled.push_back(ask.command().command().cancel_delayed());
      tell.mutable_command()->set_count(1);
      return;
    }
    for (const std::uint64_t offset : {5, 6}) {
      auto& row = *tell.mutable_delayed()->add_events();
      row.set_offset(offset);
      row.set_id(std::to_string(offset + 1));
    }
  });
  const Ran ran = bus.reel({"delayed", "cancel", "6"});
  CHECK(ran.err ==
        "'6' is the id of the event at offset 5, and the offset of the event with the id '7': say which by "
        "the other "
        "name\n");
  CHECK(ran.code == 1);
  CHECK(cancelled.empty());
  CHECK(bus.reel({"delayed", "cancel", "7", "--by", "ada"}).code == 0);
  CHECK(cancelled == std::vector<std::uint64_t>{6});
}
