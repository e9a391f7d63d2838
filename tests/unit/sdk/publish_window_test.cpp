#include "publish_window.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <map>
#include <set>

#include "reel/v1/event.pb.h"

using namespace reel;
using namespace reel::sdk;

namespace {

// A window, and a broker of a few lines on its other side.
class WindowBench {
 public:
  explicit WindowBench(std::size_t buffer = 1u << 20) : window{7, buffer} {}

  PublishWindow::Appended publish(const std::string& id, std::size_t data_bytes = 0,
                                  const std::string& topic = "order.placed", bool chosen = false) {
    std::string bytes;
    const std::string data(data_bytes, 'x');
    append_event(bytes, {.id = id, .correlationid = "flow-" + id, .data = data});
    PublishCallback callback = [this](const PublishResult& result) {
      auto line = result.id + " " + std::string{to_string(result.outcome)};
      if (result.offset != 0) line += " at " + std::to_string(result.offset);
      if (result.delayed) line += " delayed";
      if (result.matched != 0) line += " for " + std::to_string(result.matched);
      if (!result.text.empty()) line += ": " + result.text;
      told += (told.empty() ? "" : "; ") + line;
    };
    return window.append({.source = "shop/1", .topic = topic, .dataschema = "T", .chosen_ids = chosen}, bytes,
                         callback);
  }

  void join(std::uint32_t window_bytes = 1u << 20, std::uint32_t batches = 256,
            std::uint32_t event_bytes_max = 1u << 20, std::uint32_t batch_bytes_max = 4u << 20) {
    v1::Welcome welcome;
    welcome.set_publish_window_bytes(window_bytes);
    welcome.set_publish_window_batches(batches);
    welcome.set_event_bytes_max(event_bytes_max);
    welcome.set_batch_bytes_max(batch_bytes_max);
    window.welcomed(welcome);
  }

  // What the connection would send now: "1[e1 e2]" is batch 1 with two events.
  std::string sent() {
    std::string text;
    std::vector<Completion> refused;
    while (auto frame = window.take(refused)) {
      v1::ToBroker message;
      REQUIRE(message.ParseFromString(frame->header));
      CHECK(message.publish().producer() == 7);
      v1::Batch batch;
      REQUIRE(batch.ParseFromArray(frame->body.bytes.data(), static_cast<int>(frame->body.bytes.size())));
      std::string events;
      for (const auto& run : batch.runs()) {
        for (const auto& event : run.events())
          events += (events.empty() ? "" : " ") + event.id() + (run.chosen_ids() ? "!" : "");
      }
      text += (text.empty() ? "" : " ") + std::to_string(message.publish().sequence()) + "[" + events + "]";
      last_bytes = frame->body.bytes;
    }
    complete(refused);
    return text;
  }

  void accept(std::uint64_t sequence, const std::function<void(v1::Accepted&)>& fill = {}) {
    v1::Accepted accepted;
    accepted.set_sequence(sequence);
    if (fill) fill(accepted);
    auto completions = window.accepted(accepted);
    complete(completions);
  }

  std::string news() { return std::exchange(told, {}); }

  static void complete(std::vector<Completion>& completions) {
    for (auto& [callback, result] : completions) callback(result);
  }

  PublishWindow window;
  std::string told;
  std::string last_bytes;
};

}  // namespace

TEST_CASE("what is queued goes out as one batch, an event on an idle connection at once") {
  WindowBench bench;
  bench.join();
  CHECK(bench.publish("e1") == PublishWindow::Appended::queued_wake);
  CHECK(bench.sent() == "1[e1]");
  bench.publish("e2");
  CHECK(bench.publish("e3") == PublishWindow::Appended::queued);  // told once is enough
  CHECK(bench.sent() == "2[e2 e3]");
}

TEST_CASE("events keep their order over topics and chosen ids") {
  WindowBench bench;
  bench.join();
  bench.publish("e1");
  bench.publish("e2", 0, "order.paid");
  bench.publish("e3", 0, "order.paid", true);
  bench.publish("e4");
  CHECK(bench.sent() == "1[e1 e2 e3! e4]");
}

TEST_CASE("while batches are unanswered small ones wait and grow") {
  WindowBench bench;
  bench.join();
  for (const auto* id : {"e1", "e2", "e3", "e4"}) {
    bench.publish(id, 2 << 10);
    CHECK(bench.sent() != "");
  }
  bench.publish("e5");
  CHECK(bench.sent() == "");
  bench.publish("e6");
  CHECK(bench.sent() == "");
  bench.accept(1);
  CHECK(bench.sent() == "5[e5 e6]");

  SUBCASE("until they have grown, and the connection is told of that once") {
    CHECK(bench.publish("e7") == PublishWindow::Appended::queued_wake);
    CHECK(bench.sent() == "");
    CHECK(bench.publish("e8", 16 << 10) == PublishWindow::Appended::queued);
    CHECK(bench.publish("e9", 16 << 10) == PublishWindow::Appended::queued_wake);
    CHECK(bench.publish("e10") == PublishWindow::Appended::queued);
    CHECK(bench.sent() == "6[e7 e8 e9 e10]");
  }
}

TEST_CASE("single events do not wait for each other's answers, until they are many") {
  WindowBench bench;
  bench.join();
  std::size_t sent = 0;
  for (; sent < 1'000 && bench.publish("e") == PublishWindow::Appended::queued_wake; ++sent) {
    if (bench.sent().empty()) break;
  }
  CHECK(sent > 2 * eager_batches_max);
  CHECK(sent < eager_bytes_max / 10);
  bench.publish("e1");
  CHECK(bench.sent() == "");
}

TEST_CASE("no batch is larger than its target, single events excepted") {
  WindowBench bench{16u << 20};
  bench.join(16u << 20);
  bench.publish("e1", 200 << 10);
  bench.publish("e2", 200 << 10);
  bench.publish("e3", 500 << 10);
  CHECK(bench.sent() == "1[e1] 2[e2] 3[e3]");
}

TEST_CASE("the broker's window bounds what is unanswered, in batches and in bytes") {
  SUBCASE("batches") {
    WindowBench bench;
    bench.join(1u << 20, 2);
    bench.publish("e1");
    CHECK(bench.sent() == "1[e1]");
    bench.publish("e2");
    CHECK(bench.sent() == "2[e2]");
    bench.publish("e3");
    CHECK(bench.sent() == "");
    bench.accept(1);
    CHECK(bench.sent() == "3[e3]");
  }
  SUBCASE("bytes; one batch may always be under way") {
    WindowBench bench;
    bench.join(1'000);
    bench.publish("e1", 2'000);
    CHECK(bench.sent() == "1[e1]");
    bench.publish("e2");
    CHECK(bench.sent() == "");
    bench.accept(1);
    CHECK(bench.sent() == "2[e2]");
  }
}

TEST_CASE("beyond the local buffer nothing is taken until answers make room") {
  WindowBench bench{1'000};
  bench.join();
  CHECK(bench.publish("e1", 900) == PublishWindow::Appended::queued_wake);
  CHECK(bench.publish("e2", 900) == PublishWindow::Appended::back_pressured);
  CHECK(bench.sent() == "1[e1]");
  CHECK(bench.publish("e2", 900) == PublishWindow::Appended::back_pressured);
  bench.accept(1);
  CHECK(bench.publish("e2", 900) == PublishWindow::Appended::queued_wake);
  CHECK(bench.sent() == "2[e2]");
}

TEST_CASE("after a lost connection the same batches go out again, same numbers, same bytes, first") {
  WindowBench bench;
  bench.join();
  bench.publish("e1");
  CHECK(bench.sent() == "1[e1]");
  const auto bytes = bench.last_bytes;
  bench.window.lost();
  bench.publish("e2");
  CHECK(bench.sent() == "");
  bench.join();
  CHECK(bench.sent() == "1[e1] 2[e2]");
  bench.window.lost();
  bench.accept(1);  // an answer of the lost session is none
  CHECK(bench.news() == "");
  bench.join();
  CHECK(bench.sent() == "1[e1] 2[e2]");
  bench.accept(2, [](auto& accepted) { accepted.set_first_offset(9); });
  bench.accept(1, [](auto& accepted) { accepted.set_first_offset(8); });
  CHECK(bench.news() == "e2 accepted at 9; e1 accepted at 8");
  (void)bytes;
}

TEST_CASE("what is queued before a broker answers goes out when it does") {
  WindowBench bench;
  CHECK(bench.publish("e1") == PublishWindow::Appended::queued);
  CHECK(bench.sent() == "");
  bench.join();
  CHECK(bench.sent() == "1[e1]");
}

TEST_CASE("each event hears what became of it") {
  WindowBench bench;
  bench.join();
  for (const auto* id : {"e0", "e1", "e2", "e3", "e4"}) bench.publish(id);
  CHECK(bench.sent() == "1[e0 e1 e2 e3 e4]");
  bench.accept(1, [](v1::Accepted& accepted) {
    accepted.set_first_offset(100);
    accepted.set_accepted(3);
    auto& refusal = *accepted.add_refusals();
    refusal.set_index(1);
    refusal.set_reason(v1::REFUSAL_UNKNOWN_TOPIC);
    refusal.set_text("unknown topic 'order.plced'");
    auto& duplicate = *accepted.add_duplicates();
    duplicate.set_index(3);
    duplicate.set_offset(42);
    for (const auto value : {1u, 2u, 1u, 0u, 3u, 1u}) accepted.add_matched(value);
  });
  CHECK(bench.news() ==
        "e0 accepted at 100 for 2; e1 rejected: unknown topic 'order.plced'; e2 accepted at 101 for 1; "
        "e3 duplicate at 42 for 1; e4 accepted at 102 for 1");
  CHECK(bench.window.counts().accepted == 3);
  CHECK(bench.window.counts().rejected == 1);
  CHECK(bench.window.counts().duplicate == 1);
  CHECK(bench.window.counts().unanswered == 0);
}

TEST_CASE("an event refused because the journal cannot be written may be tried again") {
  WindowBench bench;
  bench.join();
  for (const auto* id : {"e0", "e1"}) bench.publish(id);
  CHECK(bench.sent() == "1[e0 e1]");
  bench.accept(1, [](v1::Accepted& accepted) {
    for (const auto index : {0u, 1u}) {
      auto& refusal = *accepted.add_refusals();
      refusal.set_index(index);
      refusal.set_reason(v1::REFUSAL_JOURNAL_UNAVAILABLE);
      refusal.set_text("the journal cannot be written: no space left");
    }
  });
  CHECK(bench.news() ==
        "e0 unavailable: the journal cannot be written: no space left; e1 unavailable: the journal cannot be "
        "written: no space left");
  CHECK(bench.window.counts().unavailable == 2);
  CHECK(bench.window.counts().rejected == 0);
  CHECK(bench.window.counts().unanswered == 0);
}

TEST_CASE("an event on a topic that is not journaled has no offset, and takes none from the others") {
  WindowBench bench;
  bench.join();
  for (const auto* id : {"e0", "e1", "e2"}) bench.publish(id);
  CHECK(bench.sent() != "");
  bench.accept(1, [](v1::Accepted& accepted) {
    accepted.set_first_offset(100);
    for (const auto value : {1u, 0u, 1u, 1u, 1u, 0u}) accepted.add_live_only(value);
  });
  CHECK(bench.news() == "e0 accepted at 100; e1 accepted; e2 accepted at 101");
}

TEST_CASE("delayed events have the offsets behind those of the others") {
  WindowBench bench;
  bench.join();
  for (const auto* id : {"e0", "e1", "e2", "e3", "e4", "e5"}) bench.publish(id);
  CHECK(bench.sent() != "");
  bench.accept(1, [](v1::Accepted& accepted) {
    accepted.set_first_offset(100);
    for (const auto value : {3u, 0u, 1u, 1u, 2u, 0u}) accepted.add_live_only(value);
    for (const auto value : {1u, 1u, 1u, 0u, 1u, 1u, 3u, 0u}) accepted.add_delayed(value);
    accepted.add_refusals()->set_index(4);
  });
  CHECK(
      bench.news() ==
      "e0 accepted at 102 delayed; e1 accepted at 100; e2 accepted at 103 delayed; e3 accepted; e4 rejected; "
      "e5 accepted at 101");
}

TEST_CASE("an event larger than the broker takes is refused here, and costs no connection") {
  SUBCASE("when the broker has said what it takes") {
    WindowBench bench;
    bench.join(1u << 20, 256, 1'000);
    CHECK(bench.publish("e1", 2'000) == PublishWindow::Appended::too_large);
  }
  SUBCASE("and when it was queued before") {
    WindowBench bench;
    bench.publish("e1");
    bench.publish("e2", 2'000);
    bench.publish("e3");
    bench.join(1u << 20, 256, 1'000);
    CHECK(bench.sent() == "1[e1] 2[e3]");
    CHECK(bench.news() == "e2 rejected: the event is 2016 bytes long, at most 1000 are allowed");
    CHECK(bench.window.counts().rejected == 1);
  }
}

TEST_CASE("a broker that comes back with smaller limits gets nothing twice: what was sent is never split") {
  WindowBench bench;
  bench.join();
  bench.publish("e1", 500);
  bench.publish("e2", 500);
  CHECK(bench.sent() == "1[e1 e2]");
  bench.window.lost();
  bench.publish("e3", 500);
  bench.publish("e4", 500);
  SUBCASE("batches: what was never sent is split") {
    bench.join(1u << 20, 256, 1u << 20, 800);
    CHECK(bench.sent() == "2[e3] 3[e4]");
    const std::string text =
        " unconfirmed: sent before, and the broker that came back cannot be asked about it: the batch has "
        "1069 "
        "bytes, its largest event 516; batch_bytes_max is 800, event_bytes_max 1048576";
    CHECK(bench.news() == "e1" + text + "; e2" + text);
    CHECK(bench.window.counts().unanswered == 2);
  }
  SUBCASE("events: what was never sent is refused") {
    bench.join(1u << 20, 256, 400);
    CHECK(bench.sent() == "");
    const std::string text =
        " unconfirmed: sent before, and the broker that came back cannot be asked about it: the batch has "
        "1069 "
        "bytes, its largest event 516; batch_bytes_max is 4194304, event_bytes_max 400";
    CHECK(bench.news() == "e1" + text + "; e2" + text +
                              "; e3 rejected: the event is 516 bytes long, at most 400 are allowed; "
                              "e4 rejected: the event is 516 bytes long, at most 400 are allowed");
    CHECK(bench.window.counts().unanswered == 0);
  }
  CHECK(bench.window.counts().unconfirmed == 2);
}

TEST_CASE("what is given up says whether it may have arrived") {
  WindowBench bench;
  bench.join();
  bench.publish("e1");
  CHECK(bench.sent() == "1[e1]");
  bench.publish("e2");
  auto completions = bench.window.abandon();
  WindowBench::complete(completions);
  CHECK(bench.news() ==
        "e1 unconfirmed: the publisher was closed before the broker answered; "
        "e2 not_connected: the publisher was closed before a broker answered");
}

TEST_CASE("over a network that loses connections every event is answered once, and none is accepted twice") {
  CHECK(rc::check([] {
    WindowBench bench;
    std::map<std::uint64_t, std::string> taken;  // the broker's: bytes by sequence
    std::deque<std::uint64_t> answers;
    std::vector<std::string> journal;
    std::set<std::string> published;
    bool joined = false;
    const auto deliver = [&] {
      std::vector<Completion> refused;
      while (auto frame = bench.window.take(refused)) {
        v1::ToBroker message;
        RC_ASSERT(message.ParseFromString(frame->header));
        const auto sequence = message.publish().sequence();
        const std::string bytes{frame->body.bytes};
        if (taken.contains(sequence)) {
          RC_ASSERT(taken.at(sequence) == bytes);
        } else {
          taken[sequence] = bytes;
          BatchReader reader{bytes};
          while (auto run = reader.next_run()) {
            while (auto event = run->next_event()) journal.emplace_back(event->id);
          }
        }
        answers.push_back(sequence);
      }
    };
    const auto answer = [&] {
      if (answers.empty()) return;
      bench.accept(answers.front(), [](auto& accepted) { accepted.set_first_offset(1); });
      answers.pop_front();
    };
    const auto steps = *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 8));
    for (const auto step : steps) {
      if (step < 4) {
        const auto id = "e" + std::to_string(published.size());
        if (bench.publish(id, 10) != PublishWindow::Appended::back_pressured) published.insert(id);
      } else if (step == 4 && !joined) {
        bench.join(500, 3);
        joined = true;
      } else if (step == 5 && joined) {
        bench.window.lost();
        answers.clear();
        joined = false;
      } else if (step == 6) {
        deliver();
      } else {
        answer();
      }
    }
    if (!joined) bench.join();
    for (std::size_t i = 0; i < 2 * steps.size() + 10; ++i) {
      deliver();
      answer();
    }
    RC_ASSERT((std::set<std::string>{journal.begin(), journal.end()}) == published);
    RC_ASSERT(journal.size() == published.size());
    RC_ASSERT(bench.window.counts().accepted == published.size());
    RC_ASSERT(bench.window.answered_up_to() == published.size());
  }));
}
