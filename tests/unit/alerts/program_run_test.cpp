// Real programs: small scripts that do well, fail, hang and flood.
#include <doctest/doctest.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include "alerts/program_run.h"
#include "alerts_bench.h"

using namespace reel::alerts;
using namespace std::chrono_literals;

namespace {

Sent run_script(const std::string& script, std::chrono::milliseconds timeout = long_time,
                const std::string& input = "{}\n", const std::vector<std::string>& environment = {},
                std::stop_token stop = {}) {
  return run_program({"/bin/sh", "-c", script}, input, environment, timeout, std::move(stop));
}

}  // namespace

TEST_CASE("a program gets the input, the variables and its arguments, and no shell") {
  const auto ran =
      run_program({"/bin/sh", "-c", R"x(printf '%s|%s|%s' "$(cat)" "$REEL_TITLE" "$0")x", "$(x) a"},
                  "{\"a\":1}\n", {"REEL_TITLE=late; rm -rf /"}, long_time, {});
  CHECK(ran.ok);
  CHECK(ran.text == R"x('/bin/sh' ended with exit code 0: '{"a":1}|late; rm -rf /|$(x) a')x");
}

TEST_CASE("the input can be opened by name, and read late or never") {
  CHECK(run_script("cat /dev/stdin").text == "'/bin/sh' ended with exit code 0: '{}'");
  CHECK(run_script("true", long_time, std::string(1 << 20, 'x')).ok);
}

TEST_CASE("variables of ours stay, those that are given stand in place of ours") {
  setenv("REEL_TEST_OURS", "kept", 1);
  setenv("REEL_TITLE", "ours", 1);
  CHECK(run_script("echo $REEL_TEST_OURS $REEL_TITLE", long_time, "", {"REEL_TITLE=given"}).text ==
        "'/bin/sh' ended with exit code 0: 'kept given'");
  unsetenv("REEL_TITLE");
}

TEST_CASE("a program that fails is quoted by the last line of its errors") {
  const auto ran = run_script("echo out; echo first >&2; printf 'no such team\\n\\n' >&2; exit 3");
  CHECK(!ran.ok);
  CHECK(ran.text == "'/bin/sh' ended with exit code 3: 'no such team'");
  CHECK(run_script("exit 1").text == "'/bin/sh' ended with exit code 1");
  CHECK(run_script("kill -SEGV $$").text == "'/bin/sh' was killed by signal 11");
}

TEST_CASE("a program that is not there, or is none, is an error and no more") {
  CHECK(run_program({"/nowhere/page"}, "", {}, long_time, {}).text ==
        "'/nowhere/page' cannot be run: No such file or directory");
  CHECK(run_program({"/etc/passwd"}, "", {}, long_time, {}).text ==
        "'/etc/passwd' cannot be run: Permission denied");
}

TEST_CASE("a program that never ends is killed with all that it started") {
  const auto file = std::filesystem::temp_directory_path() / ("reel-alerts-" + std::to_string(getpid()));
  const auto ran = run_script("sleep 1000 & echo $! >" + file.string() + "; echo waiting >&2; wait", 300ms);
  CHECK(ran.text == "'/bin/sh' took longer than 300 ms and was killed: 'waiting'");
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
  CHECK(ran.text == "'/bin/sh' took longer than 300 ms and was killed: 'y'");
  CHECK(run_script("head -c 3000000 /dev/zero | tr '\\0' x >&2; exit 1").text ==
        "'/bin/sh' ended with exit code 1: '" + std::string(200, 'x') + "…'");
}

TEST_CASE("what a program leaves running does not hold up its end") {
  const auto begin = std::chrono::steady_clock::now();
  CHECK(run_script("sleep 20 & echo started").text == "'/bin/sh' ended with exit code 0: 'started'");
  CHECK(std::chrono::steady_clock::now() - begin < 15s);
}

TEST_CASE("a program that closes everything and stays is killed when its time is over") {
  CHECK(run_script("exec >&- 2>&- <&-; while :; do :; done", 300ms).text ==
        "'/bin/sh' took longer than 300 ms and was killed");
}

TEST_CASE("control characters in what it says are escaped") {
  CHECK(run_script("printf '\\033[31mred\\377' >&2; exit 1").text ==
        R"('/bin/sh' ended with exit code 1: '\x1b[31mred\xff')");
}

TEST_CASE("a stop ends it soon") {
  std::stop_source stop;
  std::jthread later{[&] { stop.request_stop(); }};
  CHECK(run_script("sleep 1000", long_time, "", {}, stop.get_token()).text ==
        "'/bin/sh' was ended: reel-alerts is stopping");
}
