#include "event/uuid.h"

#include <doctest/doctest.h>

#include <set>

using namespace reel;

TEST_CASE("uuid v7 sorts by time and never repeats, even within a millisecond") {
  std::set<std::string> seen;
  std::string last;
  for (int i = 0; i < 10'000; ++i) {
    const auto id = uuid_v7(1'700'000'000'000'000'000u);
    CHECK(id > last);
    last = id;
    seen.insert(id);
  }
  CHECK(seen.size() == 10'000);
  CHECK(uuid_v7(1'700'000'100'000'000'000u) > last);
  CHECK(last.size() == uuid_text_bytes);
  CHECK(last[14] == '7');
}

TEST_CASE("uuid v7 says when it was made, and what is none says nothing") {
  CHECK(time_of_uuid_v7(uuid_v7(1'800'000'000'123'456'789u)) == 1'800'000'000'123'000'000u);
  CHECK(time_of_uuid_v7("018BCFE5-6800-7000-8000-000000000000") == 1'700'000'000'000'000'000u);
  CHECK_FALSE(time_of_uuid_v7(uuid_v8(hash_128({"cause"}))));
  CHECK_FALSE(time_of_uuid_v7("018bcfe5-6800-7000-8000-00000000000g"));
  CHECK_FALSE(time_of_uuid_v7("018bcfe5x6800-7000-8000-000000000000"));
  CHECK_FALSE(time_of_uuid_v7("order-7"));
}

TEST_CASE("uuid v8 depends on what it names and on nothing else") {
  CHECK(uuid_v8(hash_128({"cause", "payments", "0"})) == uuid_v8(hash_128({"cause", "payments", "0"})));
  CHECK(uuid_v8(hash_128({"ab", ""})) != uuid_v8(hash_128({"a", "b"})));
  // Written down: deterministic ids must be the same in every release.
  CHECK(uuid_v8(hash_128({"cause", "payments", "0"})) == "aba4fb59-8199-8177-8f88-3292f6b232c8");
}
