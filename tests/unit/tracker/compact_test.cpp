#include "tracker/compact.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include "event/uuid.h"
#include "tracker/steps.h"

using namespace reel;
using namespace reel::tracker;

TEST_CASE("an id comes back as it was, and a canonical uuid takes 17 bytes") {
  const std::string uuid = "0190b3c4-89ab-7cde-8123-456789abcdef";
  CHECK(packed_id(uuid).size() == 17);
  CHECK(text_of(packed_id(uuid)) == uuid);
  for (const std::string text :
       {"", "order-7", "0190B3C4-89AB-7CDE-8123-456789ABCDEF", "0190b3c4-89ab-7cde-8123-456789abcdeg",
        "0190b3c4+89ab+7cde+8123+456789abcdef"}) {
    CHECK(text_of(packed_id(text)) == text);
  }
  CHECK(text_of(packed_id(std::string(256, 'x'))) == std::string(256, 'x'));
}

TEST_CASE("packing is one to one") {
  CHECK(rc::check([](const std::string& a, const std::string& b) {
    RC_ASSERT(text_of(packed_id(a)) == a);
    RC_ASSERT((packed_id(a) == packed_id(b)) == (a == b));
  }));
}

TEST_CASE("numbers come back as they were") {
  CHECK(rc::check([](const std::vector<std::uint64_t>& numbers, std::int64_t number) {
    std::string bytes;
    for (const auto n : numbers) append_varint(bytes, n);
    Reader reader{bytes};
    for (const auto n : numbers) RC_ASSERT(reader.varint() == n);
    RC_ASSERT(reader.at_end());
    RC_ASSERT(unzigzag(zigzag(number)) == number);
  }));
}

TEST_CASE("damaged bytes are refused, never read beyond") {
  CHECK(rc::check([](const std::string& bytes) {
    try {
      StepReader reader{bytes};
      while (reader.next()) continue;
    } catch (const RecordError&) {
    }
  }));
  CHECK_THROWS_WITH_AS(Reader{"\x80"}.varint(), "a stored record is cut short or damaged", RecordError);
  CHECK_THROWS_AS(Reader{"\x05"
                         "ab"}
                      .id(),
                  RecordError);
}

TEST_CASE("steps come back as they were, in flows of any length") {
  CHECK(rc::check([] {
    struct Given {
      std::uint64_t offset, log_time, time;
      std::string id, cause;
    };
    const auto count = *rc::gen::inRange(0, 600);
    std::vector<Given> given;
    Steps steps;
    std::uint64_t offset = 0;
    std::uint64_t log_time = 1'700'000'000'000'000'000;
    for (int i = 0; i < count; ++i) {
      offset += *rc::gen::inRange<std::uint64_t>(1, 1'000);
      log_time += *rc::gen::inRange<std::uint64_t>(0, 5'000'000'000);
      Given event{offset, log_time, *rc::gen::element<std::uint64_t>(0, log_time - 7, log_time + 9, 1),
                  packed_id(uuid_v8(hash_128({std::to_string(i)}))), packed_id("")};
      const auto back = *rc::gen::inRange<std::size_t>(0, 40);
      if (back != 0)
        event.cause = back <= given.size() ? given[given.size() - back].id : packed_id("elsewhere");
      RC_ASSERT_FALSE(steps.contains(2, event.id));
      (void)steps.add({.offset = offset,
                       .log_time = log_time,
                       .time = event.time,
                       .topic = 1,
                       .source = 2,
                       .id = event.id,
                       .causation = event.cause});
      RC_ASSERT(steps.contains(2, event.id));
      RC_ASSERT_FALSE(steps.contains(3, event.id));
      given.push_back(event);
    }
    for (std::size_t i = 0; i < given.size(); ++i) {
      const Step step = steps.at(static_cast<std::uint32_t>(i));
      RC_ASSERT(step.offset == given[i].offset);
      RC_ASSERT(step.log_time == given[i].log_time);
      RC_ASSERT(step.time == given[i].time);
      RC_ASSERT(step.id == given[i].id);
      RC_ASSERT((step.causation.empty() ? packed_id("") : std::string{step.causation}) == given[i].cause);
    }
  }));
}
