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
    RC_PRE(!a.starts_with('\xff') && !b.starts_with('\xff'));  // in no UTF-8
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

TEST_CASE("numbers of each length come back as they were, whatever follows") {
  std::string bytes;
  std::vector<std::uint64_t> numbers;
  for (int bits = 0; bits < 64; ++bits) {
    const std::uint64_t number = std::uint64_t{1} << bits;
    for (const std::uint64_t one : {number - 1, number, number + 1, ~number, number | 0x5555}) {
      numbers.push_back(one);
      append_varint(bytes, one);
    }
  }
  Reader reader{bytes};
  for (const auto number : numbers) CHECK(reader.varint() == number);
  CHECK(reader.at_end());
  std::string alone;
  append_varint(alone, 1'700'000'000'000'000'000);
  CHECK(alone.size() == 9);
  append_varint(alone = "", 1'700'000'000'000);
  CHECK(alone.size() == 6);
  CHECK(Reader{alone}.varint() == 1'700'000'000'000);
}

TEST_CASE("numbers that are skipped are skipped whole, and never beyond the bytes") {
  CHECK(rc::check([](const std::vector<std::uint64_t>& numbers) {
    const auto count = *rc::gen::inRange<std::size_t>(0, numbers.size() + 1);
    std::string bytes;
    for (const auto n : numbers) append_varint(bytes, n);
    Reader reader{bytes};
    reader.skip_varints(static_cast<unsigned>(count));
    for (std::size_t i = count; i < numbers.size(); ++i) RC_ASSERT(reader.varint() == numbers[i]);
    RC_ASSERT(reader.at_end());
    Reader again{bytes};
    RC_ASSERT_THROWS_AS(again.skip_varints(static_cast<unsigned>(numbers.size() + 1)), RecordError);
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

TEST_CASE("a key that is set apart has the same text, and is nobody's id") {
  for (const std::string text : {"order-7", "0190b3c4-89ab-7cde-8123-456789abcdef"}) {
    const std::string apart = set_apart(packed_id(text));
    CHECK(text_of(apart) == text);
    CHECK(apart != packed_id(text));
    CHECK(is_set_apart(apart));
    CHECK_FALSE(is_set_apart(packed_id(text)));
    CHECK(Reader{apart}.id() == apart);
  }
}

TEST_CASE("beyond the limit sources are one of many, and topics still their own") {
  Names names{3};
  const Name one = names.intern_source("a/1");
  (void)names.intern_source("a/2");
  (void)names.intern_source("a/3");
  const Name many = names.intern_source("a/4");
  CHECK(names.text(many) == "(one of many)");
  CHECK(names.intern_source("a/5") == many);
  CHECK(names.intern_source("a/1") == one);
  CHECK(names.intern_source("") == 0);
  const Name placed = names.intern("order.placed");
  const Name captured = names.intern("payment.captured");
  CHECK(names.text(placed) == "order.placed");
  CHECK(names.text(captured) == "payment.captured");
}

TEST_CASE("a walk from an offset begins where it stands, and steps are read in any order") {
  Steps steps;
  constexpr std::uint32_t count = 2'000;
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::string id = packed_id("e" + std::to_string(i));
    (void)steps.add(
        {.number = i, .offset = 10 + i / 3 * 3, .log_time = i, .topic = 1, .source = 1, .id = id});
  }
  for (const std::uint64_t offset : {0u, 9u, 10u, 11u, 266u, 778u, 1'300u, 2'009u, 9'999u}) {
    CAPTURE(offset);
    std::uint64_t first = 0;
    for (std::size_t i = steps.chunk_before(offset); i < steps.chunks() && first == 0; ++i) {
      StepReader reader{steps.chunk(i)};
      while (const auto step = reader.next()) {
        if (step->offset >= offset && first == 0) first = step->log_time + 1;
      }
    }
    std::uint64_t wanted = 0;
    for (std::uint32_t i = 0; i < count && wanted == 0; ++i)
      if (10 + i / 3 * 3 >= offset) wanted = i + 1;
    CHECK(first == wanted);
    CHECK((steps.chunks() - steps.chunk_before(offset)) * steps_per_chunk <=
          count - wanted + 3 * steps_per_chunk);
  }
  StepCursor cursor{steps};
  for (const std::uint32_t number : {0u, 1u, 1u, 300u, 299u, 255u, 256u, 1'999u, 5u}) {
    CHECK(cursor.at(number).number == number);
    CHECK(text_of(cursor.at(number).id) == "e" + std::to_string(number));
  }
  CHECK_THROWS_AS((void)cursor.at(count), RecordError);
}
