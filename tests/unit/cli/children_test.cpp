#include "cli/children.h"

#include <doctest/doctest.h>
#include <sys/types.h>
#include <unistd.h>

#include <csignal>
#include <string>
#include <system_error>

using namespace reel::cli;
using namespace std::chrono_literals;

namespace {

/// Children that are shell scripts, and what they said.
class Family {
 public:
  Children children{[this](const Child& child, std::string_view line) {
    said += child.name + ": " + std::string{line} + "\n";
  }};
  std::string said;

  void start(const std::string& name, const std::string& script) {
    children.start(name, {"/bin/sh", "-c", script});
  }

  void until_said(const std::string& text) {
    for (int i = 0; i < 500 && said.find(text) == std::string::npos; ++i)
      static_cast<void>(children.wait(10ms));
    REQUIRE(said.find(text) != std::string::npos);
  }
  Children::News until_news() {
    Children::News news = Children::News::none;
    for (int i = 0; i < 500 && news == Children::News::none; ++i) news = children.wait(10ms);
    return news;
  }
};

}  // namespace

TEST_CASE("each line a child says arrives with its name, errors and an unfinished last line too") {
  Family family;
  family.start("broker", "echo ready; echo late >&2; printf unfinished");
  CHECK(family.until_news() == Children::News::child_ended);
  CHECK(family.said == "broker: ready\nbroker: late\nbroker: unfinished\n");
}

TEST_CASE("a child that ends is reported by what ended it") {
  Family family;
  SUBCASE("an exit code") {
    family.start("tracker", "exit 3");
    CHECK(family.until_news() == Children::News::child_ended);
    CHECK(family.children.ended()->name == "tracker");
    CHECK(ending_text(*family.children.ended()) == "ended with exit code 3");
  }
  SUBCASE("a signal") {
    family.start("broker", "kill -9 $$");
    CHECK(family.until_news() == Children::News::child_ended);
    CHECK(ending_text(*family.children.ended()) == "was killed by signal 9 (Killed)");
  }
}

TEST_CASE("a program that is not there is told at once") {
  Family family;
  CHECK_THROWS_WITH_AS(family.children.start("broker", {"/no/such/reel-broker"}),
                       "cannot start /no/such/reel-broker: No such file or directory", std::system_error);
}

TEST_CASE("a stop reaches the youngest first and waits for each") {
  Family family;
  const std::string script = "trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 0.01; done";
  family.start("broker", script);
  family.start("tracker", script);
  family.until_said("broker: up");
  family.until_said("tracker: up");
  family.said.clear();
  family.children.stop(10s);
  CHECK(family.said == "tracker: bye\nbroker: bye\n");
}

TEST_CASE("a child that ignores the request is killed when its time is over") {
  Family family;
  family.start("stubborn", "trap '' TERM; echo up; while :; do sleep 0.01; done");
  family.until_said("up");
  family.children.stop(50ms);
  CHECK(ending_text(*family.children.ended()) == "was killed by signal 9 (Killed)");
}

TEST_CASE("Ctrl-C asks the parent to stop and does not reach the children") {
  Family family;
  family.start("broker", "trap 'echo interrupted' INT; echo up; while :; do sleep 0.01; done");
  family.until_said("up");
  kill(getpid(), SIGINT);
  CHECK(family.until_news() == Children::News::stop_requested);
  CHECK(family.said == "broker: up\n");
}

TEST_CASE("SIGHUP is told apart from a wish to stop, and does not reach the children") {
  Family family;
  family.start("broker", "trap 'echo hung up' HUP; echo up; while :; do sleep 0.01; done");
  family.until_said("up");
  kill(getpid(), SIGHUP);
  CHECK(family.until_news() == Children::News::hangup);
  CHECK(family.said == "broker: up\n");
  family.children.stop(10s);
}

TEST_CASE("a Ctrl-C that arrives twice is one wish and kills nobody") {
  Family family;
  family.start("broker", "trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 0.01; done");
  family.until_said("up");
  kill(getpid(), SIGINT);
  CHECK(family.until_news() == Children::News::stop_requested);
  kill(getpid(), SIGTERM);
  family.children.stop(10s);
  CHECK(family.said == "broker: up\nbroker: bye\n");
}

TEST_CASE("a child that never ends its line does not fill our memory") {
  Family family;
  family.start("endless", "head -c 300000 /dev/zero | tr '\\0' x");
  CHECK(family.until_news() == Children::News::child_ended);
  std::size_t lines = 0;
  for (const char byte : family.said) lines += byte == '\n';
  CHECK(lines >= 4);
}

TEST_CASE("a child that ended is taken out once, and may be started again under its name") {
  Family family;
  family.start("invoicing", "exit 1");
  CHECK(family.until_news() == Children::News::child_ended);
  const auto taken = family.children.take_ended();
  REQUIRE(taken);
  CHECK(ending_text(*taken) == "ended with exit code 1");
  CHECK_FALSE(family.children.take_ended());

  family.start("invoicing", "echo back; exec sleep 60");
  family.until_said("invoicing: back");
  CHECK(family.children.ended() == nullptr);
}
