#include "gateway/api/parameters.h"

#include <doctest/doctest.h>

using namespace reel::gateway;
using Kind = Parameter::Kind;

namespace {

const std::vector<Parameter> parameters{
    {.name = "id", .help = "", .in_path = true, .required = true},
    {.name = "limit", .kind = Kind::number, .help = "", .least = 1, .most = 10, .otherwise = 5},
    {.name = "topics", .help = "", .required = true, .text_bytes_max = 4},
    {.name = "timeout", .kind = Kind::duration, .help = "", .most = 60'000, .otherwise = 10'000},
};

std::string problem(const std::string& in_path, const std::multimap<std::string, std::string>& query) {
  return read_arguments(parameters, in_path, query).problem;
}

}  // namespace

TEST_CASE("what is not given is what is said of it") {
  const auto [given, wrong] = read_arguments(parameters, "order-7", {{"topics", "a"}});
  CHECK(wrong == "");
  CHECK(given.text("id") == "order-7");
  CHECK(given.number("limit") == 5);
  CHECK(given.number("timeout") == 10'000);
}

TEST_CASE("what is given is read by its kind") {
  const auto [given, wrong] =
      read_arguments(parameters, "x", {{"topics", ""}, {"limit", "10"}, {"timeout", "1m"}});
  CHECK(wrong == "topics: '' is not a text of at most 4 bytes");
  const auto [fine, none] =
      read_arguments(parameters, "x", {{"topics", "a"}, {"limit", "10"}, {"timeout", "1m"}});
  CHECK(none == "");
  CHECK(fine.number("limit") == 10);
  CHECK(fine.number("timeout") == 60'000);
}

TEST_CASE("what must be given must be given, and once") {
  CHECK(problem("x", {}) == "topics: must be given");
  CHECK(problem("x", {{"topics", "a"}, {"topics", "b"}}) == "topics: given twice");
}

TEST_CASE("what stands in the path does not stand behind the question mark") {
  CHECK(problem("x", {{"topics", "a"}, {"id", "y"}}).starts_with("unknown parameter 'id'"));
}

TEST_CASE("numbers are whole, and as large as is said") {
  for (const char* number : {"0", "11", "-1", "1.0", " 1", "1 ", "", "0x1", "99999999999999999999"}) {
    CAPTURE(number);
    CHECK(problem("x", {{"topics", "a"}, {"limit", number}}).ends_with("is not a whole number from 1 to 10"));
  }
}

TEST_CASE("bytes that are no text go no further") {
  CHECK(problem("order-\xff", {{"topics", "a"}}) == "id: 'order-\\xff' is not UTF-8");
}

TEST_CASE("texts are as long as is said, and repeated in a sentence only in part") {
  const std::string wrong = problem("x", {{"topics", std::string(100'000, 'a')}});
  CHECK(wrong.ends_with("is not a text of at most 4 bytes"));
  CHECK(wrong.size() < 200);
}
