// The newest batches, in bounded memory.
#include "journal/tail.h"

#include <doctest/doctest.h>
#include <malloc.h>

#include "journal_bench.h"

using namespace reel::broker;

namespace {

// malloc's books; a sanitizer has an allocator of its own, which keeps none.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool no_books = true;
#else
constexpr bool no_books = false;
#endif

std::size_t allocated_bytes() {
  return ::mallinfo2().uordblks;
}

}  // namespace

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
          doctest::skip(no_books)) {
  constexpr std::size_t bytes_max = 4u << 20;
  std::string many;
  for (int i = 0; i < 200; ++i) many += "word ";
  for (const std::string_view words : {std::string_view{"a"}, std::string_view{many}}) {
    CAPTURE(words);
    Tail tail{bytes_max};
    const auto before = allocated_bytes();
    for (Offset offset = 1; tail.begin_offset() < 2;) {
      tail.push(batch_of(words, offset, offset));
      offset = tail.find(offset)->end_offset();
    }
    const auto takes = allocated_bytes() - before;
    CHECK(takes < bytes_max + bytes_max / 8);  // the strings have some room to grow
    CHECK(takes > bytes_max / 2);
  }
}
