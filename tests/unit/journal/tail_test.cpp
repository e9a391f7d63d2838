// The newest batches, in bounded memory.
#include "journal/tail.h"

#include <doctest/doctest.h>

#include "../memory_books.h"
#include "journal_bench.h"

using namespace reel::broker;

TEST_CASE("the tail holds the newest batches, and finds them") {
  Tail tail{3 * batch_of("b", 1, 1)->memory_bytes()};
  for (Offset offset = 1; offset <= 5; ++offset) tail.push(batch_of("b", offset, offset));
  CHECK(tail.begin_offset() == 3);
  CHECK(tail.find(2) == nullptr);
  CHECK(tail.find(3)->first_offset == 3);
  CHECK(tail.find(5)->first_offset == 5);
  CHECK(tail.find(6) == nullptr);
}

TEST_CASE("what the tail is bounded to is the memory it takes, with one event in each batch or many" *
          doctest::skip(reel::test::no_memory_books)) {
  constexpr std::size_t bytes_max = 4u << 20;
  std::string many;
  for (int i = 0; i < 200; ++i) many += "word ";
  for (const std::string_view words : {std::string_view{"a"}, std::string_view{many}}) {
    CAPTURE(words);
    Tail tail{bytes_max};
    const auto before = reel::test::allocated_bytes();
    for (Offset offset = 1; tail.begin_offset() < 2;) {
      tail.push(batch_of(words, offset, offset));
      offset = tail.find(offset)->end_offset();
    }
    const auto takes = reel::test::allocated_bytes() - before;
    CHECK(takes < bytes_max + bytes_max / 8);  // the strings have some room to grow
    CHECK(takes > bytes_max / 2);
  }
}
