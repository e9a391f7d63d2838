#include "batch_run.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <thread>

#include "bench.pb.h"

using namespace reel;
using namespace reel::sdk;
using namespace std::chrono_literals;

namespace {

// Items "a1 a2 b1" of keys a and b; the script is what the handler does with each call.
class RunBench final : public BatchRun::Owner {
 public:
  using Script = std::function<void(Batch<bench::v1::OrderPlaced>&)>;

  // Those named in `failed_before` come in their second attempt.
  RunBench(const std::string& names, Script script, bool bisect = true, std::string failed_before = "")
      : script_{std::move(script)}, failed_before_{std::move(failed_before)} {
    handler_.type = &bench::v1::OrderPlaced::default_instance();
    handler_.options.bisect = bisect;
    handler_.handler = [this](BatchCall& call) {
      Batch<bench::v1::OrderPlaced> batch{call};
      calls += calls.empty() ? "" : " | ";
      for (auto& item : batch) calls += (item.index() == 0 ? "" : " ") + item->order_id();
      script_(batch);
    };
    for (std::size_t at = 0; at < names.size(); at += 3) names_.push_back(names.substr(at, 2));
    for (const auto& name : names_) add(name);
  }

  // "done a1 b1, failed b2 (disk full)": how the items end; what is in neither list is handed back.
  std::string ends() {
    const auto failures = run_.run();
    std::string text = "done" + done_;
    for (const auto& failure : failures) {
      text += ", " + std::string{failure.failed.reject ? "rejected " : "failed "} + names_[failure.item] +
              " (" + failure.failed.error + ")";
      if (failure.failed.delay_ms != 0) text += " in " + std::to_string(failure.failed.delay_ms);
      error_type = failure.failed.error_type;
    }
    return text;
  }

  std::string published;   // by those that are done, in order
  std::string calls;       // what was in each
  std::string unwanted;    // names
  std::string error_type;  // of the last failure
  int in_progress_count = 0;

 private:
  void add(const std::string& name) {
    bench::v1::OrderPlaced order;
    order.set_order_id(name);
    // "x…" carries another type, "z…" bytes that are none.
    const auto data = name[0] == 'z' ? std::string{"\xff"} : order.SerializeAsString();
    auto& event = events_.emplace_back();
    append_event(event, {.id = name, .correlationid = name, .data = data});
    auto& context = contexts_.emplace_back("store", "store/1");
    context.begin({.source = "shop/1",
                   .topic = "order.placed",
                   .dataschema = name[0] == 'x' ? "bench.v1.PaymentCaptured" : "bench.v1.OrderPlaced"},
                  *read_event(event), 1, 1, failed_before_.find(name) == std::string::npos ? 1 : 2,
                  {.together = &run_.together(), .together_bytes_max = Options{}.settle_buffer_bytes});
    run_.add(context, static_cast<std::uint64_t>(name[0]));
  }

  bool still_wanted(std::size_t item) override { return unwanted.find(names_[item]) == std::string::npos; }
  void done(std::size_t item) override {
    done_ += " " + names_[item];
    for (const auto& emit : contexts_[item].emits()) {
      published +=
          std::string{emit.head.topic} + "<" + std::string{read_event(emit.event_bytes)->causationid} + " ";
    }
  }
  void in_progress() override { ++in_progress_count; }

  Script script_;
  std::string failed_before_;
  BatchHandler handler_;
  BatchRun run_{handler_, *this};
  std::vector<std::string> names_;
  std::deque<std::string> events_;
  std::deque<Context::Impl> contexts_;
  std::string done_;
};

// A handler that publishes for each item, and then throws where one of these is in the call.
RunBench::Script throws_at(const std::string& poison) {
  return [poison](Batch<bench::v1::OrderPlaced>& batch) {
    for (auto& item : batch) item.flow().publish("order.stored", *item);
    for (auto& item : batch) {
      if (poison.find(item->order_id()) != std::string::npos) throw std::runtime_error{"disk full"};
    }
  };
}

}  // namespace

TEST_CASE("what a batch handler does not name is done, each with what was published for it") {
  RunBench bench{"a1 b1 c1", [](auto& batch) {
                   for (auto& item : batch) item.flow().publish("order.stored", *item);
                   batch.fail(1, "disk full");
                 }};
  CHECK(bench.ends() == "done a1 c1, failed b1 (disk full)");
  CHECK(bench.published == "order.stored<a1 order.stored<c1 ");
  CHECK(bench.error_type == "reel::ItemFailed");
  CHECK(bench.in_progress_count == 0);
}

TEST_CASE("an item may be rejected or put off, and the last verdict counts") {
  RunBench bench{"a1 b1 c1", [](auto& batch) {
                   batch[0].fail("at first");
                   batch[0].reject("negative total");
                   batch[2].retry_after(5s, "bank not reachable");
                   CHECK(batch[2].failed());
                   CHECK_FALSE(batch[1].failed());
                 }};
  CHECK(bench.ends() == "done b1, rejected a1 (negative total), failed c1 (bank not reachable) in 5000");
}

TEST_CASE("behind a failed item the others of its key are handed back, with what was published for them") {
  RunBench bench{"a1 a2 b1 a3 b2", [](auto& batch) {
                   for (auto& item : batch) item.flow().publish("order.stored", *item);
                   batch.fail(1, "disk full");
                   batch.reject(3, "is not heard");
                 }};
  CHECK(bench.ends() == "done a1 b1 b2, failed a2 (disk full)");
  CHECK(bench.published == "order.stored<a1 order.stored<b1 order.stored<b2 ");
}

TEST_CASE("a poison item is found by halves, and harms no other") {
  RunBench bench{"a1 b1 c1 d1 e1", throws_at("d1")};
  CHECK(bench.ends() == "done a1 b1 c1 e1, failed d1 (disk full)");
  CHECK(bench.calls == "a1 b1 c1 d1 e1 | a1 b1 c1 | d1 e1 | d1 | e1");
  CHECK(bench.published == "order.stored<a1 order.stored<b1 order.stored<c1 order.stored<e1 ");
  CHECK(bench.in_progress_count == 4);  // before each further call: the others' time has been running
}

TEST_CASE("the halves keep the order of a key: what is behind the poison is not handed over again") {
  RunBench bench{"a1 a2 b1 a3", throws_at("a2")};
  CHECK(bench.ends() == "done a1 b1, failed a2 (disk full)");
  CHECK(bench.calls == "a1 a2 b1 a3 | a1 a2 | a1 | a2 | b1");
}

TEST_CASE("what is thrown for an item that stands alone is what a plain handler's would be") {
  SUBCASE("a reject") {
    RunBench bench{"a1 b1", [](auto& batch) {
                     for (auto& item : batch)
                       if (item->order_id() == "b1") throw Reject{"negative total"};
                   }};
    CHECK(bench.ends() == "done a1, rejected b1 (negative total)");
  }
  SUBCASE("a delay") {
    RunBench bench{"a1 b1", [](auto& batch) {
                     for (auto& item : batch)
                       if (item->order_id() == "b1") throw RetryAfter{5s, "bank not reachable"};
                   }};
    CHECK(bench.ends() == "done a1, failed b1 (bank not reachable) in 5000");
  }
}

TEST_CASE("what was named in a call that threw is forgotten") {
  int nth = 0;
  RunBench bench{"a1 b1", [&](auto& batch) {
                   batch.fail(0, "before the throw");
                   if (++nth == 1) throw std::runtime_error{"disk full"};
                   if (nth == 2) return;
                   throw std::runtime_error{"disk full again"};
                 }};
  CHECK(bench.ends() == "done, failed a1 (before the throw), failed b1 (disk full again)");
}

TEST_CASE("without bisecting all get the error, the first of each key") {
  RunBench bench{"a1 b1 a2", throws_at("b1"), false};
  CHECK(bench.ends() == "done, failed a1 (disk full), failed b1 (disk full)");
  CHECK(bench.calls == "a1 b1 a2");
}

TEST_CASE("when eight stood alone and failed and nothing has returned, the rest is not handed over again") {
  const std::string all = "a1 b1 c1 d1 e1 f1 g1 h1 i1 j1 k1 l1 m1 n1 o1 p1";
  RunBench bench{all, throws_at(all)};
  const auto ends = bench.ends();
  CHECK(ends.starts_with("done, failed a1 (disk full), failed b1 (disk full)"));
  CHECK(ends.ends_with("failed p1 (disk full)"));
  CHECK(bench.calls.ends_with("| g1 h1 | g1 | h1"));

  SUBCASE("but where they were rejected, which is about them") {
    RunBench rejecting{all, [](auto& batch) {
                         for (auto& item : batch)
                           if (item->order_id() != "p1") throw Reject{"negative total"};
                       }};
    CHECK(rejecting.ends().starts_with("done p1, rejected a1 (negative total)"));
  }
  SUBCASE("nor where one has returned") {
    RunBench most{all, throws_at("b1c1d1e1f1g1h1i1j1k1l1m1n1o1")};
    CHECK(most.ends().starts_with("done a1 p1, failed b1 (disk full)"));
  }
}

TEST_CASE("what failed before is handed over first and apart, so that a poison is looked for once") {
  RunBench bench{"a1 p1 b1 p2 c1", throws_at("p1"), true, "p1p2"};
  CHECK(bench.ends() == "done a1 b1 c1, failed p1 (disk full)");
  CHECK(bench.calls == "p1 p2 | p1 | a1 b1 c1");

  SUBCASE("but behind one of its key that has not") {
    RunBench behind{"a1 a2 b1", throws_at(""), true, "a2"};
    CHECK(behind.ends() == "done a1 a2 b1");
    CHECK(behind.calls == "a1 a2 b1");
  }
}

TEST_CASE("among what failed before nothing is given up on unseen, however many poisons come first") {
  const std::string poisons = "a1 b1 c1 d1 e1 f1 g1 h1 i1 j1";
  RunBench bench{poisons + " k1", throws_at(poisons), true, poisons + " k1"};
  CHECK(bench.ends().starts_with("done k1, failed a1 (disk full)"));

  SUBCASE("so that in an outage an item is, in its first attempt only") {
    const std::string all = poisons + " k1 l1 m1 n1 o1 p1 q1 r1 s1 t1 u1 v1 w1";
    RunBench outage{all, throws_at(all), true, poisons};
    CHECK(outage.ends().starts_with("done, failed a1 (disk full)"));
    CHECK(outage.calls.find("| j1 |") != std::string::npos);
    CHECK(outage.calls.ends_with("| r1 s1 | r1"));
  }
}

TEST_CASE("what is not the handler's type is rejected by itself and never seen") {
  RunBench bench{"x1 a1 z1 b1 z2", throws_at("")};
  CHECK(bench.ends() ==
        "done a1 b1, rejected x1 (the event carries bench.v1.PaymentCaptured, its handler takes "
        "bench.v1.OrderPlaced), rejected z1 (the event's data is not a well-formed bench.v1.OrderPlaced)");
  CHECK(bench.calls == "a1 b1");
  CHECK(bench.error_type == "reel::Reject");
}

TEST_CASE("an item that was taken back is not handed over, one of its key that came again is") {
  RunBench bench{"a1 a2 b1 a3", throws_at("a3")};
  bench.unwanted = "a1a2";
  CHECK(bench.ends() == "done b1, failed a3 (disk full)");
  CHECK(bench.calls == "b1 a3 | b1 | a3");
}

TEST_CASE("one by one, an item that throws fails alone and its key's next ones are left out") {
  std::string seen;
  RunBench bench{"a1 a2 b1 a3", [&](auto& batch) {
                   batch.each([&](auto& item) {
                     seen += item->order_id() + " ";
                     if (item->order_id() == "a2") throw Reject{"negative total"};
                   });
                 }};
  CHECK(bench.ends() == "done a1 b1, rejected a2 (negative total)");
  CHECK(seen == "a1 a2 b1 ");
  CHECK(bench.calls == "a1 a2 b1 a3");
}

TEST_CASE("a handler of single events handles a batch one by one") {
  RunBench bench{"a1 b1", [](const auto& batch) {
                   batch.each([](const bench::v1::OrderPlaced& placed, Context& flow) {
                     flow.publish("order.stored", placed);
                     if (placed.order_id() == "b1") throw std::runtime_error{"disk full"};
                   });
                 }};
  CHECK(bench.ends() == "done a1, failed b1 (disk full)");
  CHECK(bench.published == "order.stored<a1 ");
  CHECK(bench.error_type == "std::runtime_error");
}

TEST_CASE("what on() and on_raw() take handles a batch one by one") {
  std::string seen;
  RunBench bench{"a1 b1", [&](const auto& batch) {
                   batch.each([&](const bench::v1::OrderPlaced& placed) { seen += placed.order_id() + " "; });
                   batch.each([&](Context& flow) { seen += std::string{flow.id()} + " "; });
                 }};
  CHECK(bench.ends() == "done a1 b1");
  CHECK(seen == "a1 b1 a1 b1 ");
}

TEST_CASE("several threads of a handler's may each be at items of their own") {
  std::string names;
  for (char key = 'A'; key <= 'w'; ++key) names += std::string{key} + "1 " + std::string{key} + "2 ";
  const auto size = names.size() / 3;
  for (int round = 0; round < 20; ++round) {
    RunBench bench{names, [](auto& batch) {
                     const auto every_other = [&](std::size_t key) {
                       for (; 2 * key < batch.size(); key += 2) {
                         batch[2 * key].attempt([] { throw Reject{"negative total"}; });
                         batch[2 * key + 1].attempt([] { FAIL_CHECK("its key has failed"); });
                       }
                     };
                     std::thread other{every_other, 1};
                     every_other(0);
                     other.join();
                   }};
    const auto ends = bench.ends();
    CHECK(static_cast<std::size_t>(std::count(ends.begin(), ends.end(), '(')) == size / 2);
  }
}

TEST_CASE("an item that there is not fails the call, and so in the end every item") {
  RunBench bench{"a1", [](auto& batch) { batch.fail(1, "which?"); }};
  CHECK(bench.ends().starts_with("done, failed a1 ("));
  CHECK(bench.error_type == "std::out_of_range");
}

TEST_CASE("what a batch publishes in one call is bounded, and halves publish half") {
  RunBench bench{"a1 b1 c1 d1 e1 f1", [](auto& batch) {
                   for (auto& item : batch)
                     for (int i = 0; i < 3; ++i)
                       item.flow().publish("order.stored", "T", std::string(1'000'000, 'x'));
                 }};
  CHECK(bench.ends() == "done a1 b1 c1 d1 e1 f1");
  CHECK(bench.calls == "a1 b1 c1 d1 e1 f1 | a1 b1 c1 | d1 e1 f1");
}
