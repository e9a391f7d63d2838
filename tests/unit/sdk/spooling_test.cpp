// From the spool to the broker: a chunk at a time, in order, and again where the broker cannot keep it now.
#include "spooling.h"

#include <doctest/doctest.h>
#include "../temp_folder.h"

using namespace reel;
using namespace reel::sdk;

namespace {

class SpoolingBench {
 public:
  SpoolingBench() {
    options_.spool = folder_.path();
    spooling = Spooling::make(options_);
    welcomes();
  }
  void welcomes() {
    v1::Welcome welcome;
    welcome.set_event_bytes_max(10'000);
    welcome.set_batch_bytes_max(1u << 20);
    welcome.set_publish_window_bytes(8u << 20);
    welcome.set_publish_window_batches(256);
    window.welcomed(welcome);
  }

  void keeps(const std::string& id, std::size_t bytes = 0) {
    std::string event;
    append_event(event, {.id = id, .correlationid = "c", .data = std::string(bytes, 'x')});
    REQUIRE_FALSE(spooling->keep({.source = "s/1", .topic = "t", .dataschema = "T"}, event));
  }
  /// What goes to the broker next, "e1 e2".
  std::string sends() {
    std::vector<Completion> refused;
    const auto told = [this](std::size_t index, const PublishResult& result) {
      outcomes += result.id + " " + std::string{to_string(result.outcome)} + "\n";
      chunk_done = spooling->answered(index, result.outcome);
    };
    spooling->refill(window, told, refused);
    for (auto& [callback, result] : refused) callback(result);
    std::string text;
    while (const auto frame = window.take(refused)) {
      BatchReader batch{frame->body.bytes};
      while (auto run = batch.next_run()) {
        CHECK(run->head.chosen_ids);
        CHECK(run->head.source == "s/1");
        while (const auto event = run->next_event())
          text += (text.empty() ? "" : " ") + std::string{event->id};
      }
    }
    return text;
  }
  /// The broker's answer to the batch with that number; `unavailable` are the indices of what it cannot keep.
  void answers(std::uint64_t sequence, const std::vector<std::uint32_t>& unavailable = {}) {
    v1::Accepted accepted;
    accepted.set_sequence(sequence);
    accepted.set_first_offset(1);
    for (const auto index : unavailable) {
      auto& refusal = *accepted.add_refusals();
      refusal.set_index(index);
      refusal.set_reason(v1::REFUSAL_JOURNAL_UNAVAILABLE);
    }
    for (auto& [callback, result] : window.accepted(accepted)) callback(result);
  }

  test::TempFolder folder_;
  std::unique_ptr<Spooling> spooling;
  PublishWindow window{7, 20'000};
  std::string outcomes;
  bool chunk_done = false;

 private:
  Options options_;
};

}  // namespace

TEST_CASE("the next chunk goes out when all of the last one is answered") {
  SpoolingBench bench;
  for (const auto* id : {"e1", "e2", "e3"}) bench.keeps(id);
  CHECK(bench.sends() == "e1 e2 e3");
  bench.keeps("e4");
  CHECK(bench.sends() == "");
  bench.answers(1);
  CHECK(bench.chunk_done);
  CHECK(bench.spooling->events() == 1);
  CHECK(bench.sends() == "e4");
  bench.answers(2);
  CHECK_FALSE(bench.spooling->has_events());
  CHECK(bench.outcomes == "e1 accepted\ne2 accepted\ne3 accepted\ne4 accepted\n");
}

TEST_CASE("what the broker cannot keep now is offered again after a while, with all that is behind it") {
  SpoolingBench bench;
  for (const auto* id : {"e1", "e2", "e3"}) bench.keeps(id);
  CHECK(bench.sends() == "e1 e2 e3");
  bench.answers(1, {1});
  CHECK(bench.spooling->events() == 2);
  CHECK(bench.sends() == "");
  bench.spooling->beat();
  CHECK(bench.sends() == "e2 e3");
}

TEST_CASE("an event that no broker takes is refused, and does not hold up the rest") {
  SpoolingBench bench;
  bench.keeps("e1", 20'000);
  bench.keeps("e2");
  CHECK(bench.sends() == "e2");
  bench.answers(1);
  CHECK(bench.outcomes == "e1 rejected\ne2 accepted\n");
  CHECK(bench.window.counts().rejected == 1);
  CHECK_FALSE(bench.spooling->has_events());
}

TEST_CASE("a small buffer makes small chunks, and order is kept") {
  SpoolingBench bench;
  bench.keeps("e1", 9'000);
  bench.keeps("e2", 9'000);
  bench.keeps("e3", 9'000);
  bench.keeps("e4", 10);
  CHECK(bench.sends() == "e1 e2");
  CHECK(bench.spooling->events_on_disk_only() == 2);
  bench.answers(1);
  CHECK(bench.sends() == "e3 e4");
}

TEST_CASE("at the end what the window holds is put in front, unless it came from the spool") {
  SpoolingBench bench;
  std::string event;
  append_event(event, {.id = "e0", .correlationid = "c"});
  PublishCallback none;
  SUBCASE("its own") {
    CHECK(bench.window.append({.source = "s/1", .topic = "t", .dataschema = "T"}, event, none) ==
          PublishWindow::Appended::queued_wake);
    bench.window.lost();
    bench.keeps("e1");
    CHECK_FALSE(bench.spooling->take_over(bench.window));
    CHECK(bench.spooling->events() == 2);
    for (auto& [callback, result] : bench.window.abandon(true))
      if (callback) callback(result);
    bench.welcomes();
    CHECK(bench.sends() == "e0 e1");
  }
  SUBCASE("a chunk") {
    bench.keeps("e1");
    CHECK(bench.sends() == "e1");
    CHECK_FALSE(bench.spooling->take_over(bench.window));
    CHECK(bench.spooling->events() == 1);
    for (auto& [callback, result] : bench.window.abandon(true)) callback(result);
    CHECK(bench.outcomes == "e1 spooled\n");
    CHECK(bench.spooling->events() == 1);
  }
}
