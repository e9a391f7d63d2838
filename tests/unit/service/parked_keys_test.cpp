#include "service/parked_keys.h"

#include <doctest/doctest.h>

using namespace reel::broker;
using reel::config::OnDead;

namespace {

constexpr std::uint64_t a_key = 7;

reel::v1::Failure letter(Offset offset, std::uint64_t key_hash) {
  reel::v1::Failure failure;
  failure.set_offset(offset);
  failure.set_ending(reel::v1::ENDING_DEAD);
  failure.set_key_hash(key_hash);
  return failure;
}

}  // namespace

TEST_CASE("what follows a dead letter is kept back, other keys are not") {
  ParkedKeys keys{OnDead::park, 1'000, nullptr};
  CHECK_FALSE(keys.keeps(a_key, 10, false));
  keys.died(a_key);
  CHECK(keys.keeps(a_key, 11, false));
  CHECK_FALSE(keys.keeps(a_key + 1, 11, false));
  keys.add(a_key, 11);
  CHECK(keys.events() == 1);
  CHECK(keys.oldest(99) == 11);
  CHECK(keys.take_due().empty());
}

TEST_CASE(
    "a round may begin once its letter is gone and nothing is on its way, and not behind another letter") {
  ParkedKeys keys{OnDead::park, 1'000, nullptr};
  keys.died(a_key);
  keys.add(a_key, 11);
  CHECK_FALSE(keys.may_resume(a_key));
  keys.let_go(a_key);
  CHECK(keys.may_resume(a_key));
  keys.resume(a_key, 20, 20);
  CHECK_FALSE(keys.may_resume(a_key));
  keys.passed(a_key, 20);
  CHECK(keys.may_resume(a_key));
  keys.died(a_key);  // while the round is read
  CHECK_FALSE(keys.may_resume(a_key));
}

TEST_CASE("a service that passes dead letters keeps nothing back") {
  ParkedKeys keys{OnDead::pass, 1'000, nullptr};
  keys.died(a_key);
  CHECK_FALSE(keys.keeps(a_key, 11, false));
}

TEST_CASE("a redriven letter passes, and when it has passed a round for what was parked is due") {
  ParkedKeys keys{OnDead::park, 1'000, nullptr};
  keys.died(a_key);
  keys.add(a_key, 11);
  keys.add(a_key, 12);
  keys.resume(a_key, 20, 20);
  CHECK_FALSE(keys.keeps(a_key, 20, true));
  CHECK(keys.keeps(a_key, 21, false));
  keys.passed(a_key, 20);
  CHECK(keys.take_due() == std::vector<std::uint64_t>{a_key});
  CHECK(keys.take_due().empty());
  CHECK(keys.round(a_key, 1) == std::vector<Offset>{11});
  CHECK(keys.round(a_key, 9) == std::vector<Offset>{11, 12});

  SUBCASE("where nothing came meanwhile, the key is like any other after the round") {
    keys.remove(a_key, std::vector<Offset>{11, 12});
    keys.resume(a_key, 30, 31);
    keys.passed(a_key, 30);
    CHECK_FALSE(keys.empty());
    keys.passed(a_key, 31);
    CHECK(keys.empty());
    CHECK_FALSE(keys.keeps(a_key, 32, false));
  }
  SUBCASE("what came meanwhile has a round of its own") {
    keys.remove(a_key, std::vector<Offset>{11, 12});
    keys.resume(a_key, 30, 31);
    keys.add(a_key, 25);
    keys.passed(a_key, 31);
    CHECK(keys.take_due() == std::vector<std::uint64_t>{a_key});
    CHECK(keys.round(a_key, 9) == std::vector<Offset>{25});
  }
  SUBCASE("when an event of the round dies, the rest of it is kept back until the next redrive") {
    keys.remove(a_key, std::vector<Offset>{11, 12});
    keys.resume(a_key, 30, 31);
    keys.died(a_key);
    CHECK(keys.keeps(a_key, 31, true));
    keys.add(a_key, 25);
    keys.add(a_key, 12);
    keys.passed(a_key, 31);
    CHECK(keys.take_due().empty());
    CHECK(keys.round(a_key, 9) == std::vector<Offset>{12, 25});
    keys.resume(a_key, 40, 40);
    CHECK_FALSE(keys.keeps(a_key, 40, true));
  }
}

TEST_CASE("where a key has another letter, what follows stays kept back when one is redriven") {
  ParkedKeys keys{OnDead::park, 1'000, nullptr};
  keys.died(a_key);
  keys.add(a_key, 11);
  keys.redrive(a_key, 20, 20, false);
  CHECK_FALSE(keys.keeps(a_key, 20, true));
  keys.passed(a_key, 20);
  CHECK(keys.take_due().empty());
  CHECK_FALSE(keys.may_resume(a_key));
  keys.redrive(a_key, 30, 30, true);
  keys.passed(a_key, 30);
  CHECK(keys.take_due() == std::vector<std::uint64_t>{a_key});
}

TEST_CASE("after a restart a redriven letter passes, although another one of its key is there") {
  ServiceRecord record;
  record.dead[5] = letter(5, 1);
  record.parked[1] = {6, 7};
  record.resuming[1] = {20, 20};
  ParkedKeys keys{OnDead::park, 1'000, &record};
  CHECK_FALSE(keys.keeps(1, 20, true));
  CHECK(keys.keeps(1, 21, false));
  keys.passed(1, 20);
  CHECK(keys.take_due().empty());
}

TEST_CASE("beyond its bound a key's events are left unread, and found again in their order") {
  ParkedKeys keys{OnDead::park, 2, nullptr};
  keys.died(a_key);
  keys.add(a_key, 11);
  keys.add(a_key, 12);
  CHECK_FALSE(keys.has_room(a_key));
  keys.leave(a_key, 13);
  keys.leave(a_key, 20);
  CHECK(keys.left() == 2);
  CHECK(keys.oldest_left() == 13);
  CHECK(keys.leaves(a_key, 20));
  CHECK_FALSE(keys.leaves(a_key, 21));

  keys.let_go(a_key);
  CHECK(keys.take_due() == std::vector<std::uint64_t>{a_key});
  CHECK_FALSE(keys.to_be_found(a_key));  // first what is known
  keys.remove(a_key, keys.round(a_key, 9));
  CHECK_FALSE(keys.has_room(a_key));  // there is, but not before those that were left
  CHECK(keys.has_room(a_key + 1));
  keys.resume(a_key, 30, 31);
  keys.passed(a_key, 31);
  CHECK(keys.take_due() == std::vector<std::uint64_t>{a_key});
  REQUIRE(keys.to_be_found(a_key));
  CHECK(keys.to_be_found(a_key)->from == 13);
  CHECK(keys.to_be_found(a_key)->to == 20);

  SUBCASE("a part of them") {
    keys.found(a_key, std::vector<ParkedEvent>{{13, 13, a_key}}, 14);
    CHECK(keys.oldest_left() == 14);
    CHECK(keys.left() == 1);
    CHECK(keys.take_due() == std::vector<std::uint64_t>{a_key});
    CHECK(keys.round(a_key, 9) == std::vector<Offset>{13});
    CHECK_FALSE(keys.to_be_found(a_key));
  }
  SUBCASE("none where it was looked") {
    keys.found(a_key, {}, 18);
    CHECK(keys.take_due() == std::vector<std::uint64_t>{a_key});
    CHECK(keys.to_be_found(a_key)->from == 18);
  }
  SUBCASE("all: the key has room again") {
    keys.found(a_key, std::vector<ParkedEvent>{{13, 13, a_key}, {20, 20, a_key}}, 21);
    CHECK(keys.left() == 0);
    CHECK_FALSE(keys.oldest_left());
    CHECK(keys.round(a_key, 9) == std::vector<Offset>{13, 20});
  }
  SUBCASE("nothing is wanted any more: the key is like any other") {
    keys.found(a_key, {}, 21);
    CHECK(keys.empty());
    CHECK(keys.left() == 0);
  }
}

TEST_CASE("a discarded letter lets its a_key go at once where nothing was parked") {
  ParkedKeys keys{OnDead::park, 1'000, nullptr};
  keys.died(a_key);
  keys.let_go(a_key);
  CHECK(keys.empty());
}

TEST_CASE("after a restart, keys wait behind their letters, go on where they were, or are let go") {
  ServiceRecord record;
  record.dead[5] = letter(5, 1);
  record.parked[1] = {6, 7};
  record.parked[2] = {8};
  record.resuming[3] = {45, 50};

  SUBCASE("by a policy that parks") {
    ParkedKeys keys{OnDead::park, 1'000, &record};
    CHECK(keys.keeps(1, 60, true));
    CHECK(keys.take_due() == std::vector<std::uint64_t>{2});
    CHECK(keys.keeps(3, 40, false));
    CHECK(keys.keeps(3, 44, true));
    CHECK_FALSE(keys.keeps(3, 45, true));
    keys.passed(3, 50);
    CHECK_FALSE(keys.keeps(3, 51, false));
    CHECK(keys.events() == 3);
  }
  SUBCASE("by a policy that no longer parks") {
    ParkedKeys keys{OnDead::pass, 1'000, &record};
    CHECK(keys.take_due() == std::vector<std::uint64_t>{1, 2});
    CHECK_FALSE(keys.keeps(3, 40, false));
  }
}
