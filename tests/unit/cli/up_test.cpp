// `reel up` with daemons that are shell scripts standing beside a copy of the command.
#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "fake_bus.h"

namespace fs = std::filesystem;

namespace {

/// A folder with the command, scripts for daemons, and a configuration.
class UpBench {
 public:
  UpBench() {
    std::string name = (fs::temp_directory_path() / "reel-up-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    folder_ = name;
    fs::copy_file(REEL_COMMAND, folder_ / "reel");
    write("reel.yaml", "topics:\n  order.placed: {type: google.protobuf.StringValue}\n");
  }
  ~UpBench() { fs::remove_all(folder_); }

  void daemon(const std::string& name, const std::string& script) {
    write(name, "#!/bin/sh\n" + script + "\n");
    fs::permissions(folder_ / name, fs::perms::owner_all);
  }
  void write(const std::string& name, const std::string& text) { std::ofstream{folder_ / name} << text; }
  [[nodiscard]] std::string path(const std::string& name) const { return (folder_ / name).string(); }

  [[nodiscard]] Ran up(std::vector<std::string> more = {}) const {
    std::vector<std::string> arguments{"up", "-c", path("reel.yaml")};
    for (const std::string option : {"--listen", "--live", "--tracker-listen"}) {
      const bool given = std::find(more.begin(), more.end(), option) != more.end();
      if (!given) arguments.insert(arguments.end(), {option, "ipc://" + path(option.substr(2))});
    }
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_command(path("reel"), std::move(arguments), "");
  }

 private:
  fs::path folder_;
};

}  // namespace

TEST_CASE("a broker that ends is reported with what it said, and up ends with 1") {
  UpBench bench;
  bench.daemon("reel-broker", "echo cannot bind; exit 4");
  const Ran ran = bench.up();
  CHECK(ran.code == 1);
  CHECK(ran.out ==
        "broker   | cannot bind\n"
        "reel     | broker ended with exit code 4; stopping\n"
        "reel     | stopped\n");
}

TEST_CASE("the broker is told its file, its endpoints and its folder") {
  UpBench bench;
  bench.daemon("reel-broker", "echo \"$@\"; exit 1");
  const std::string said = bench.up({"--data", "/tmp/data"}).out;
  CHECK(said.substr(0, said.find('\n')) == "broker   | -c " + bench.path("reel.yaml") + " --listen ipc://" +
                                               bench.path("listen") + " --live ipc://" + bench.path("live") +
                                               " --data /tmp/data");
}

TEST_CASE("a file with mistakes starts nothing") {
  UpBench bench;
  bench.daemon("reel-broker", "echo started");
  bench.write("reel.yaml", "topcis: {}\n");
  const Ran ran = bench.up();
  CHECK(ran.code == 1);
  CHECK(ran.out == "");
  CHECK(ran.err.find("reel.yaml:1:1: unknown key 'topcis'") != std::string::npos);
}

TEST_CASE("a second bus at the same place is not started") {
  FakeBus bus;
  bus.answers([](const reel::v1::Request&, reel::v1::Reply& tell) { tell.mutable_services(); });
  UpBench bench;
  bench.daemon("reel-broker", "echo started");
  const Ran ran = bench.up({"--listen", bus.endpoint()});
  CHECK(ran.code == 1);
  CHECK(ran.err ==
        "a broker already answers at " + bus.endpoint() + " (stop it, or choose another --listen)\n");
}

TEST_CASE("a port that nobody could be told is not listened on") {
  UpBench bench;
  const Ran ran = bench.up({"--listen", "tcp://127.0.0.1:*"});
  CHECK(ran.code == 2);
  CHECK(ran.err ==
        "--listen tcp://127.0.0.1:* has no fixed port, so nobody could be told where to connect\n");
}
