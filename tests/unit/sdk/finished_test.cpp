// What handlers finished unheard: kept by event, bounded, and given once.
#include "finished.h"

#include <doctest/doctest.h>

using namespace reel;
using namespace reel::sdk;

TEST_CASE("a result is given once, with what was published") {
  Finished finished;
  CHECK(finished.empty());
  finished.keep({.offset = 7, .time = 1}, {{{.source = "s/1", .topic = "t", .dataschema = "T"}, "bytes"},
                                           {{.source = "s/1", .topic = "u", .dataschema = ""}, ""}});
  CHECK_FALSE(finished.empty());
  const auto result = finished.take({.offset = 7, .time = 1});
  REQUIRE(result);
  const auto emits = result->emits();
  REQUIRE(emits.size() == 2);
  CHECK(emits[0].head.topic == "t");
  CHECK(emits[0].event_bytes == "bytes");
  CHECK(emits[1].head.topic == "u");
  CHECK(emits[1].event_bytes == "");
  CHECK_FALSE(finished.take({.offset = 7, .time = 1}));
  CHECK(finished.empty());
}

TEST_CASE("another event at the same offset is another event, and the first will not come again") {
  Finished finished;
  finished.keep({.offset = 7, .time = 1}, {});
  CHECK_FALSE(finished.take({.offset = 7, .time = 2}));
  CHECK(finished.empty());
}

TEST_CASE("beyond the limits the oldest are let go of") {
  Finished finished;
  SUBCASE("of results") {
    for (std::uint64_t offset = 0; offset <= finished_events_max; ++offset) finished.keep({offset, 0}, {});
  }
  SUBCASE("of what was published") {
    const std::string large(finished_bytes_max / 2, 'x');
    for (const std::uint64_t offset : {0, 1, 2})
      finished.keep({offset, 0}, {{{.source = "", .topic = "", .dataschema = ""}, large}});
  }
  CHECK_FALSE(finished.take({0, 0}));
  CHECK(finished.take({1, 0}));
  CHECK(finished.take({2, 0}));
}

TEST_CASE("what has not come again while a session stood for long is let go of") {
  using namespace std::chrono_literals;
  Finished finished;
  const Finished::Time start{};
  finished.keep({1, 0}, {});
  finished.session_begins(start);
  finished.grow_older(start + finished_kept - 1s);
  finished.grow_older(start + finished_kept);
  finished.keep({2, 0}, {});
  finished.session_begins(start + finished_kept + 5min);  // lost in between: the time begins anew
  finished.grow_older(start + 2 * finished_kept);
  CHECK(finished.take({1, 0}));
  finished.keep({1, 0}, {});
  finished.grow_older(start + 2 * finished_kept + 5min);
  CHECK(finished.take({1, 0}));
  CHECK(finished.take({2, 0}));
  finished.keep({3, 0}, {});
  finished.grow_older(start + 3 * finished_kept + 5min);
  finished.grow_older(start + 4 * finished_kept + 5min);
  CHECK(finished.empty());
}

TEST_CASE("kept twice, as when the next session is lost too, it counts once") {
  Finished finished;
  const std::string large(finished_bytes_max / 2, 'x');
  for (int i = 0; i < 10; ++i)
    finished.keep({5, 0}, {{{.source = "", .topic = "", .dataschema = ""}, large}});
  CHECK(finished.take({5, 0}));
  CHECK(finished.empty());
}
