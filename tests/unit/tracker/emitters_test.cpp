#include "tracker/emitters.h"

#include <doctest/doctest.h>

using namespace reel::tracker;

namespace {

class EmittersBench {
 public:
  void sees(const std::string& source, std::uint64_t at) {
    emitters.see(topic, names.intern_source(source), at);
  }
  [[nodiscard]] std::string known() const {
    std::string text;
    for (const auto& service : emitters.of(topic)) text += (text.empty() ? "" : " ") + service;
    return text;
  }

  Names names;
  Name topic = names.intern("payment.captured");
  Emitters emitters{names};
};

}  // namespace

TEST_CASE("who emits a topic is known by service, whichever instance it was") {
  EmittersBench bench;
  bench.sees("payments/1", 1);
  bench.sees("payments/2", 2);
  bench.sees("https://shop.example/web", 3);
  bench.sees("", 4);
  CHECK(bench.known() == "payments https://shop.example/web");
}

TEST_CASE("an event without a source says nothing of who emits its topic") {
  EmittersBench bench;
  bench.sees("", 1);
  CHECK(bench.known() == "");
}

TEST_CASE("of more than eight emitters of a topic those are known that were seen last") {
  EmittersBench bench;
  for (std::uint64_t i = 1; i <= 8; ++i) bench.sees("s" + std::to_string(i), i);
  bench.sees("s1", 9);
  bench.sees("payments", 10);
  CHECK(bench.known() == "s1 payments s3 s4 s5 s6 s7 s8");
}

TEST_CASE("who has not been seen for long is no emitter any more, until it is seen again") {
  EmittersBench bench;
  bench.sees("payments", 1);
  bench.sees("somebody", 2);  // once, by hand
  bench.sees("payments", 100);
  bench.emitters.forget_before(50);
  CHECK(bench.known() == "payments");
  bench.sees("somebody", 101);
  CHECK(bench.known() == "payments somebody");
}

TEST_CASE("what is saved of emitters is no older than an hour") {
  constexpr std::uint64_t minute = 60'000'000'000;
  EmittersBench bench;
  const auto saves = [&] { return bench.emitters.take_changed().size(); };
  bench.sees("payments", 1);
  CHECK(saves() == 1);
  bench.sees("payments", 59 * minute);
  CHECK(saves() == 0);
  bench.sees("payments", 61 * minute);
  CHECK(saves() == 1);

  EmittersBench next;
  next.emitters.load(next.topic, bench.emitters.to_store(bench.topic), 0);
  next.emitters.forget_before(60 * minute);
  CHECK(next.known() == "payments");

  SUBCASE("and those of a release that saved no times were seen just now") {
    stored::Emitters old;
    old.add_services("shop");
    EmittersBench after_it;
    after_it.emitters.load(after_it.topic, old, 60 * minute);
    after_it.emitters.forget_before(60 * minute);
    CHECK(after_it.known() == "shop");
  }
}
