// Real programs: small scripts that do well, fail, hang and flood.
#include <doctest/doctest.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include "outward/program_run.h"

using namespace reel::outward;
using namespace std::chrono_literals;

namespace {

/// More than anything here needs, so that a test that uses it up has failed.
constexpr std::chrono::seconds patience{30};

ProgramEnd run_script(const std::string& script, std::chrono::milliseconds timeout = patience,
                      const std::string& input = "{}\n", const std::vector<std::string>& environment = {},
                      std::stop_token stop = {}) {
  return run_program(
      {.command = {"/bin/sh", "-c", script}, .input = input, .environment = environment, .timeout = timeout},
      std::move(stop));
}

}  // namespace

TEST_CASE("a program gets the input, the variables and its arguments, and no shell") {
  const auto ran = run_program(
      {.command = {"/bin/sh", "-c", R"x(printf '%s|%s|%s' "$(cat)" "$REEL_TITLE" "$0")x", "$(x) a"},
       .input = "{\"a\":1}\n",
       .environment = {"REEL_TITLE=late; rm -rf /"},
       .timeout = patience},
      {});
  CHECK(ran.ok());
  CHECK(ran.sentence() == R"x('/bin/sh' ended with exit code 0: '{"a":1}|late; rm -rf /|$(x) a')x");
}

TEST_CASE("the input can be opened by name, and read late or never") {
  CHECK(run_script("cat /dev/stdin").sentence() == "'/bin/sh' ended with exit code 0: '{}'");
  CHECK(run_script("true", patience, std::string(1 << 20, 'x')).ok());
}

TEST_CASE("variables of ours stay, those that are given stand in place of ours") {
  setenv("REEL_TEST_OURS", "kept", 1);
  setenv("REEL_TITLE", "ours", 1);
  CHECK(run_script("echo $REEL_TEST_OURS $REEL_TITLE", patience, "", {"REEL_TITLE=given"}).sentence() ==
        "'/bin/sh' ended with exit code 0: 'kept given'");
  unsetenv("REEL_TITLE");
}

TEST_CASE("a program that fails is quoted by the last line of its errors") {
  const auto ran = run_script("echo out; echo first >&2; printf 'no such team\\n\\n' >&2; exit 3");
  CHECK(!ran.ok());
  CHECK(ran.sentence() == "'/bin/sh' ended with exit code 3: 'no such team'");
  CHECK(run_script("exit 1").sentence() == "'/bin/sh' ended with exit code 1");
  CHECK(run_script("kill -SEGV $$").sentence() == "'/bin/sh' was killed by signal 11");
}

TEST_CASE("a program that is not there, or is none, is an error and no more") {
  CHECK(run_program({.command = {"/nowhere/page"}}, {}).sentence() ==
        "'/nowhere/page' cannot be run: No such file or directory");
  CHECK(run_program({.command = {"/etc/passwd"}}, {}).sentence() ==
        "'/etc/passwd' cannot be run: Permission denied");
}

TEST_CASE("a program that never ends is killed with all that it started") {
  const auto file = std::filesystem::temp_directory_path() / ("reel-outward-" + std::to_string(getpid()));
  const auto ran = run_script("sleep 1000 & echo $! >" + file.string() + "; echo waiting >&2; wait", 300ms);
  CHECK(ran.sentence() == "'/bin/sh' took longer than 300 ms and was killed: 'waiting'");
  std::ifstream in{file};
  pid_t child = 0;
  in >> child;
  std::filesystem::remove(file);
  REQUIRE(child > 0);
  // It is gone as soon as somebody has reaped it; a zombie is as good as gone. It dies when the system gets
  // to it.
  std::string state;
  for (const auto end = std::chrono::steady_clock::now() + 10s;
       state != "Z" && std::chrono::steady_clock::now() < end; std::this_thread::yield()) {
    std::ifstream stat{"/proc/" + std::to_string(child) + "/stat"};
    std::string pid, name;
    state = "Z";
    stat >> pid >> name >> state;
  }
  CHECK(state == "Z");
}

TEST_CASE("a program that prints for ever is killed, and what it printed is forgotten") {
  const auto ran = run_script("yes >&2", 300ms);
  CHECK(ran.sentence() == "'/bin/sh' took longer than 300 ms and was killed: 'y'");
  CHECK(run_script("head -c 3000000 /dev/zero | tr '\\0' x >&2; exit 1").sentence() ==
        "'/bin/sh' ended with exit code 1: '" + std::string(200, 'x') + "…'");
}

TEST_CASE("what a program leaves running does not hold up its end") {
  const auto begin = std::chrono::steady_clock::now();
  CHECK(run_script("sleep 20 & echo started").sentence() == "'/bin/sh' ended with exit code 0: 'started'");
  CHECK(std::chrono::steady_clock::now() - begin < 15s);
}

TEST_CASE("a program that closes everything and stays is killed when its time is over") {
  CHECK(run_script("exec >&- 2>&- <&-; while :; do :; done", 300ms).sentence() ==
        "'/bin/sh' took longer than 300 ms and was killed");
}

TEST_CASE("control characters in what it says are escaped") {
  CHECK(run_script("printf '\\033[31mred\\377' >&2; exit 1").sentence() ==
        R"('/bin/sh' ended with exit code 1: '\x1b[31mred\xff')");
}

TEST_CASE("a stop ends it soon") {
  std::stop_source stop;
  std::jthread later{[&] { stop.request_stop(); }};
  CHECK(run_script("sleep 1000", patience, "", {}, stop.get_token()).sentence() ==
        "'/bin/sh' was ended: the program that ran it is stopping");
}

TEST_CASE("what it prints is kept up to the limit, and then its newest") {
  const auto print = [](std::size_t out_bytes_max) {
    return run_program({.command = {"/bin/sh", "-c", "printf 'one\\ntwo\\n'"},
                        .timeout = patience,
                        .out_bytes_max = out_bytes_max},
                       {});
  };
  CHECK(print(8).out == "one\ntwo\n");
  CHECK(!print(8).out_cut);
  CHECK(print(5).out == "\ntwo\n");
  CHECK(print(5).out_cut);
}
