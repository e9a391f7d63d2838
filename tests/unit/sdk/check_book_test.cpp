// What a service's checks come to, in virtual time.
#include "check_book.h"

#include <doctest/doctest.h>

#include <stdexcept>

using namespace reel;
using namespace reel::sdk;
using namespace std::chrono_literals;

namespace {

class BookBench {
 public:
  CheckBook book;
  Time now{};

  // "database! connection refused 3000ms, disk 10ms"; nothing where nothing is new.
  std::string news() {
    v1::SelfChecks checks;
    if (!book.write_news(checks, now)) return "";
    std::string text;
    for (const auto& check : checks.checks()) {
      text += (text.empty() ? "" : ", ") + check.name() + (check.failed() ? "! " + check.reason() : "") +
              " " + std::to_string(check.lasting_ms()) + "ms";
    }
    return text.empty() ? "none" : text;
  }
  std::string refusal(const std::string& name, CheckOptions options = {}) {
    try {
      book.add(name, options);
      return "";
    } catch (const std::invalid_argument& error) {
      return error.what();
    }
  }
};

}  // namespace

TEST_CASE("a check is told once it has an outcome, and again when that is another") {
  BookBench bench;
  bench.book.add("database", {});
  bench.book.add("disk", {});
  bench.book.begins(0, bench.now);
  CHECK(bench.news() == "");
  bench.book.ends(0, std::nullopt, bench.now);
  CHECK(bench.news() == "database 0ms");

  bench.now += 10s;
  bench.book.ends(0, "connection refused", bench.now);
  bench.book.ends(1, std::nullopt, bench.now);
  bench.now += 500ms;
  CHECK(bench.news() == "database! connection refused 500ms, disk 500ms");
  CHECK(bench.news() == "");

  bench.now += 10s;
  bench.book.ends(0, "connection refused", bench.now);
  CHECK(bench.news() == "");
  bench.book.ends(0, "no route to host", bench.now);
  CHECK(bench.news() == "database! no route to host 10500ms, disk 10500ms");  // it has failed since then
  bench.book.ends(0, std::nullopt, bench.now);
  CHECK(bench.news() == "database 0ms, disk 10500ms");
}

TEST_CASE("everything is told anew in a new session") {
  BookBench bench;
  bench.book.add("database", {});
  bench.book.ends(0, "", bench.now);
  CHECK(bench.news() == "database! no reason was given 0ms");
  bench.now += 3s;
  bench.book.session_is_new();
  CHECK(bench.news() == "database! no reason was given 3000ms");
}

TEST_CASE("everything is told again after a while: the broker may have had no room for it") {
  BookBench bench;
  bench.book.add("database", {});
  bench.book.ends(0, std::nullopt, bench.now);
  CHECK(bench.news() == "database 0ms");
  bench.now += 59'999ms;
  CHECK(bench.news() == "");
  bench.now += 1ms;
  CHECK(bench.news() == "database 60000ms");
  bench.now += 59s;
  CHECK(bench.news() == "");
  bench.now += 1s;
  CHECK(bench.news() == "database 120000ms");
}

TEST_CASE("a run that takes longer than its timeout has failed, until it ends after all") {
  BookBench bench;
  bench.book.add("database", {.timeout = 30s});
  bench.book.begins(0, bench.now);
  bench.now += 29'999ms;
  CHECK(bench.news() == "");
  bench.now += 3s;
  CHECK(bench.news() == "database! has not answered for 30s 2999ms");
  bench.now += 59s;
  CHECK(bench.news() == "");
  SUBCASE("well") {
    bench.book.ends(0, std::nullopt, bench.now);
    CHECK(bench.news() == "database 0ms");
  }
  SUBCASE("or with another reason") {
    bench.book.ends(0, "timed out", bench.now);
    CHECK(bench.news() == "database! timed out 61999ms");
  }
  SUBCASE("and the next run has all its time") {
    bench.book.ends(0, std::nullopt, bench.now);
    bench.book.begins(0, bench.now);
    bench.now += 1s;
    CHECK(bench.news() == "database 1000ms");
  }
}

TEST_CASE("a reason is told as far as it is short and UTF-8") {
  BookBench bench;
  bench.book.add("database", {});
  bench.book.ends(0, std::string(300, 'x') + "\xff", bench.now);
  CHECK(bench.news() == "database! " + std::string(256, 'x') + " 0ms");
  bench.book.ends(0, "\xff\xfe", bench.now);
  CHECK(bench.news() == "database! ?? 0ms");
}

TEST_CASE("a check is refused whose name, times or number are not of the kind that can be told") {
  BookBench bench;
  const std::string wanted = "a check's name has 1 to 64 printable bytes without ' and \\";
  CHECK(bench.refusal("") == "cannot check '': " + wanted);
  CHECK(bench.refusal("a\nb") == "cannot check 'a\\x0ab': " + wanted);
  CHECK(bench.refusal("payment database") == "");
  CHECK(bench.refusal("payment database") ==
        "cannot check 'payment database': there is a check of this name already");
  CHECK(bench.refusal(std::string(65, 'x')) == "cannot check '" + std::string(64, 'x') + "…': " + wanted);
  CHECK(bench.refusal("disk", {.every = 0s}) == "cannot check 'disk': 'every' is not above 0");
  CHECK(bench.refusal("disk", {.timeout = 0s}) == "cannot check 'disk': 'timeout' is not above 0");
  CHECK(bench.refusal("disk", {.every = milliseconds::max()}) == "cannot check 'disk': 'every' is above 24h");
  CHECK(bench.refusal("disk", {.timeout = 24h + 1ms}) == "cannot check 'disk': 'timeout' is above 24h");
  for (int i = 1; i < 32; ++i) CHECK(bench.refusal("check-" + std::to_string(i)) == "");
  CHECK(bench.refusal("disk") == "cannot check 'disk': a service has at most 32 checks");
}
