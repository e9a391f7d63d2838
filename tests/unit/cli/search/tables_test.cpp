#include <doctest/doctest.h>

#include "cli/search/edge_table.h"
#include "cli/search/variant_table.h"

using namespace reel;
using namespace reel::cli;
using namespace reel::story;

namespace {

v1::VariantsReply slice(const std::string& path, std::uint64_t count, std::uint64_t overdue,
                        std::uint64_t milliseconds, const std::string& example) {
  v1::VariantsReply reply;
  auto& row = *reply.add_variants();
  for (const char topic : path) {
    row.add_topics(static_cast<std::uint32_t>(reply.topics_size()));
    row.add_times(topic == 'p' ? 9 : 1);
    reply.add_topics(std::string{topic});
  }
  row.set_count(count);
  row.set_overdue(overdue);
  search::Spans durations;
  for (std::uint64_t i = 0; i < count; ++i) durations.add(milliseconds * 1'000'000);
  durations.write(*row.mutable_durations());
  row.set_example(example);
  return reply;
}

std::string lines_of(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

}  // namespace

TEST_CASE("slices of variants add up, the most frequent stands first") {
  VariantTable variants;
  variants.add(slice("ab", 1, 0, 10, "newest"));
  variants.add(slice("apc", 2, 1, 1'500, "x"));
  variants.add(slice("ab", 2, 1, 10, "older"));
  CHECK(lines_of(variants.table(10).lines(Terminal::none())) ==
        "COUNT  SHARE   P50   P95  OVERDUE  EXAMPLE  PATH\n"
        "    3  60.0%  10ms  10ms    33.3%  newest   a → b\n"
        "    2  40.0%  1.5s  1.5s    50.0%  x        a → p ×9 → c\n");
  CHECK(
      variants.json(*variants.rows()[1]).dump() ==
      R"({"path":[{"type":"a","times":1},{"type":"p","times":9},{"type":"c","times":1}],"cut":false,)"
      R"("count":2,"share":0.4,"p50_ms":1500.0,"p95_ms":1500.0,"overdue":1,"overdue_share":0.5,"example":"x"})");
}

TEST_CASE("paths beyond those told apart are counted together, and the kept ones stay exact") {
  VariantTable variants{2};
  for (const char* path : {"a", "b", "c", "b", "d"}) variants.add(slice(path, 1, 0, 1, path));
  CHECK(variants.rows().size() == 2);
  CHECK(variants.rows()[0]->count == 2);
  CHECK(variants.others() == 2);
  CHECK(variants.flows() == 5);
}

TEST_CASE("a slice of nonsense is no path, and no crash") {
  auto nonsense = slice("ab", 1, 0, 1, "x");
  nonsense.mutable_variants(0)->set_topics(1, 4'000'000'000u);
  VariantTable variants;
  variants.add(nonsense);
  CHECK(variants.rows()[0]->text() == "a");
}

TEST_CASE("slices of edges add up by definition; what is observed stands last") {
  v1::EdgesReply reply;
  auto& seen = *reply.add_edges();
  seen.set_after("x");
  seen.add_expected("y");
  seen.set_count(9);
  auto& whole = *reply.add_edges();
  whole.set_definition("goods");
  whole.set_count(4);
  auto& owed = *reply.add_edges();
  owed.set_definition("goods");
  owed.set_after("a");
  owed.add_expected("b");
  owed.add_expected("c");
  owed.set_any_of(true);
  owed.set_count(8);
  owed.set_came(4);
  owed.set_late(1);
  owed.set_overdue(2);
  search::Spans times;
  times.add(2'000'000);
  times.write(*owed.mutable_times());
  reply.set_others(3);
  EdgeTable edges;
  edges.add(reply);
  edges.add(reply);
  CHECK(lines_of(edges.table().lines(Terminal::none())) ==
        "FROM              TO              DEFINITION  COUNT  P50  P95  P99   LATE  OVERDUE\n"
        "a                 b or c          goods          16  2ms  2ms  2ms  12.5%    25.0%\n"
        "the flow's start  the flow's end  goods           8    -    -    -   0.0%     0.0%\n"
        "x                 y               -              18    -    -    -      -        -\n");
  CHECK(edges.others() == 6);
  EdgeTable small{1};
  small.add(reply);
  CHECK(small.rows().size() == 1);
  CHECK(small.others() == 3 + 4 + 8);
}
