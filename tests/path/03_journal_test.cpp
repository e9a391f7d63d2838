// The journal on a real disk: what survives, what is cut, and what a broker refuses to go on with.
#include <doctest/doctest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <map>

#include "mesh.h"

using namespace reel::test;

namespace {

// Damage is told from an unfinished write by what was synced, so these brokers sync every commit.
const std::string synced = "journal: {sync: always, segment_bytes: 1MiB}";

/// Where the last byte stands that is not zero, and one more.
std::size_t content_end(const std::string& segment) {
  return segment.find_last_not_of('\0') + 1;
}

Ran broker_run(Mesh& mesh, std::vector<std::string> arguments = {}) {
  arguments.insert(arguments.begin(), {"-c", mesh.config_path()});
  return mesh.run("reel-broker", arguments);
}

/// "flow-1 flow-2 …" of the first `count` events of order.placed.
std::string flows_kept(Mesh& mesh, std::size_t count) {
  std::string flows;
  for (const auto& row : mesh.events("order.placed", count))
    flows += row["correlationid"].get<std::string>() + " ";
  return flows;
}

}  // namespace

TEST_CASE("what was accepted is there after kill -9 and after a clean stop") {
  Mesh mesh;
  mesh.start_broker();
  mesh.place("flow-1");
  mesh.broker().kill();

  mesh.start_broker();
  mesh.place("flow-2");
  CHECK(mesh.broker().stop() == 0);
  CHECK(line_with(mesh.broker().output(), "broker    stopped") == "broker    stopped next_offset=5");

  mesh.start_broker();
  mesh.place("flow-3");
  CHECK(flows_kept(mesh, 3) == "flow-1 flow-2 flow-3 ");
}

TEST_CASE("a torn tail is cut, the log says so, and what was accepted before it is untouched") {
  Mesh mesh{Mesh::small_mesh(), synced};
  mesh.start_broker();
  mesh.place("flow-1");
  mesh.place("flow-2");
  mesh.broker().kill();
  const auto segment = mesh.last_segment();
  const auto whole = read_file(segment);
  const auto end = (content_end(whole) + 7) / 8 * 8;  // a record is padded to eight bytes

  SUBCASE("garbage behind the last batch") {
    auto torn = whole;
    torn.replace(end, 15, "half of a batch");
    write_file(segment, torn);
    mesh.start_broker();
    CHECK(line_with(mesh.broker().output(), "cut ") == "cut 15 bytes of an unfinished batch at offset 5 (" +
                                                           segment.string() + ", byte " +
                                                           std::to_string(end) + ")");
    mesh.place("flow-3");
    CHECK(flows_kept(mesh, 3) == "flow-1 flow-2 flow-3 ");
  }
  SUBCASE("the last batch half written") {
    auto torn = whole;
    torn.replace(end - 24, 24, 24, '\0');
    write_file(segment, torn);
    mesh.start_broker();
    CHECK(line_with(mesh.broker().output(), "unfinished batch at").substr(0, 29) ==
          "unfinished batch at offset 3 ");
    mesh.place("flow-3");
    CHECK(flows_kept(mesh, 2) == "flow-1 flow-3 ");
  }
  SUBCASE("the file ends in the last batch") {
    std::filesystem::resize_file(segment, end - 20);
    mesh.start_broker();
    CHECK(line_with(mesh.broker().output(), "unfinished batch at").substr(0, 29) ==
          "unfinished batch at offset 3 ");
    mesh.place("flow-3");
    CHECK(flows_kept(mesh, 2) == "flow-1 flow-3 ");
  }
}

TEST_CASE("a changed byte before the last batch is refused with file and byte, and nothing is touched") {
  Mesh mesh{Mesh::small_mesh(), synced};
  mesh.start_broker();
  for (const char* flow : {"flow-1", "flow-2", "flow-3"}) mesh.place(flow);
  std::string proof;
  SUBCASE("after a clean stop") {
    CHECK(mesh.broker().stop() == 0);
    proof = ", and was whole when the broker last stopped";
  }
  SUBCASE("after kill -9") {
    mesh.broker().kill();
    proof = " and later ones are not, so this is no unfinished write";
  }
  const auto segment = mesh.last_segment();
  const auto whole = read_file(segment);
  auto damaged = whole;
  const auto at = whole.find("flow-2");
  REQUIRE(at != std::string::npos);
  damaged[at] = static_cast<char>(damaged[at] ^ 1);
  write_file(segment, damaged);

  const auto ran = broker_run(mesh);
  CHECK(ran.exit_code == 1);
  const auto place = "reel-broker: " + segment.string() + ", byte ";
  REQUIRE(ran.err.starts_with(place));
  CHECK(std::stoul(ran.err.substr(place.size())) < at);
  CHECK(
      line_with(ran.err, ": the batch at") ==
      ": the batch at offset 3 is damaged" + proof +
          "; restore the file from a copy, or move it and all later ones away to go on without their events");
  CHECK(read_file(segment) == damaged);

  write_file(segment, whole);
  mesh.start_broker();
  CHECK(flows_kept(mesh, 3) == "flow-1 flow-2 flow-3 ");
}

TEST_CASE("a journal that cannot be read is refused, and the broker starts again once it can") {
  Mesh mesh;
  mesh.start_broker();
  mesh.place("flow-1");
  (void)mesh.broker().stop();
  const auto segment = mesh.last_segment();
  const auto aside = mesh.dir() / "aside";
  std::filesystem::rename(segment, aside);
  std::filesystem::create_directory(segment);
  const auto ran = broker_run(mesh);
  CHECK(ran.err == "reel-broker: cannot open " + segment.string() +
                       ": Is a directory; a file belongs there: move the directory away\n");
  CHECK(ran.exit_code == 1);

  std::filesystem::remove(segment);
  std::filesystem::rename(aside, segment);
  mesh.start_broker();
  CHECK(flows_kept(mesh, 1) == "flow-1 ");
}

TEST_CASE("a second broker on the same data names the first one, which goes on undisturbed") {
  Mesh mesh;
  mesh.start_broker();
  mesh.place("flow-1");
  const auto ran = broker_run(mesh, {"--listen", "ipc://" + (mesh.dir() / "b").string(), "--live",
                                     "ipc://" + (mesh.dir() / "l").string()});
  CHECK(ran.err == "reel-broker: " + (mesh.data() / "journal").string() +
                       ": already used by another broker (pid " + std::to_string(mesh.broker().pid()) +
                       ")\n");
  CHECK(ran.exit_code == 1);
  mesh.place("flow-2");
  CHECK(flows_kept(mesh, 2) == "flow-1 flow-2 ");
}

TEST_CASE("a broker does not listen where another one does, be it tcp or ipc") {
  Mesh mesh;
  const auto first =
      mesh.start("reel-broker", {"-c", mesh.config_path(), "--listen", "tcp://127.0.0.1:*"}, "first");
  REQUIRE(first->says(" ready "));
  const auto endpoint = line_with(first->output(), "tcp://127.0.0.1:");
  const auto taken = endpoint.substr(0, endpoint.find(' '));
  const auto other = (mesh.dir() / "other").string();
  const auto port = broker_run(mesh, {"--listen", taken, "--live", "ipc://" + other + ".l", "--data", other});
  CHECK(port.err ==
        "reel-broker: cannot listen on " + taken + ": address in use (is another broker running?)\n");
  CHECK(port.exit_code == 1);
  const auto file = broker_run(mesh, {"--listen", "ipc://" + other + ".b", "--data", other});
  CHECK(file.err == "reel-broker: cannot listen on " + mesh.live_endpoint() +
                        ": address in use (is another broker running?)\n");
  CHECK(file.exit_code == 1);
  CHECK(mesh.reel({"pub", "order.placed", "{}", "--broker", taken}).exit_code == 0);
}

TEST_CASE("without room for a journal the broker says so and does not start") {
  Mesh mesh;
  // A limit of file sizes stands for the full disk: 512 blocks, where a segment wants four MiB.
  const auto ran = [&] {
    Process process{{.argv = {"/bin/sh", "-c", "ulimit -f 512; exec \"$0\" -c \"$1\"",
                              program_path("reel-broker"), mesh.config_path()},
                     .output = mesh.dir() / "limited.log"}};
    return Ran{.exit_code = process.wait(), .out = process.output(), .err = {}};
  }();
  CHECK(ran.exit_code == 1);
  CHECK(ran.out == "reel-broker: cannot reserve 4194304 bytes for " +
                       (mesh.data() / "journal" / "next.segment").string() +
                       ": File too large; raise the limit on file sizes (ulimit -f), or lower "
                       "broker.journal.segment_bytes\n");
  mesh.start_broker();
  mesh.place("flow-1");
  CHECK(flows_kept(mesh, 1) == "flow-1 ");
}

TEST_CASE(
    "while the journal cannot be written publishes are refused and say why, and nothing accepted is lost") {
  Mesh mesh;
  mesh.start_broker();
  const auto payments = mesh.actor("payments", {"--on", "order.placed", "--emit", "payment.captured",
                                                "--hold-ms", "100", "--workers", "4"});
  mesh.place_many(40, 40);  // some of these are being handled when the disk fails
  const auto limit = [&](rlim_t bytes) {
    const rlimit files{.rlim_cur = bytes, .rlim_max = RLIM_INFINITY};
    REQUIRE(::prlimit(mesh.broker().pid(), RLIMIT_FSIZE, &files, nullptr) == 0);
  };
  const auto publish = [&](const std::string& flow) {
    return mesh.reel({"pub", "order.placed", "{}", "--correlation", flow, "-o", "json"});
  };

  limit(4096);  // whatever is written now fails
  const auto waiting = mesh.start(
      "reel", {"pub", "order.placed", "{}", "--correlation", "queued", "--timeout", "60s", "-o", "json"},
      "waiting");
  REQUIRE(mesh.broker().says("write_failing"));
  const auto segment = mesh.last_segment().string();
  const std::string why = "cannot write " + segment +
                          ": File too large; raise the limit on file sizes (ulimit -f), or lower "
                          "broker.journal.segment_bytes";
  const auto refused = publish("refused");
  CHECK(refused.err == "the journal cannot be written: " + why + "\n");
  CHECK(refused.exit_code == 1);
  REQUIRE(json_lines(refused.out).size() == 1);
  CHECK(json_lines(refused.out)[0]["outcome"] == "unavailable");
  CHECK(json_lines(refused.out)[0]["reason"] == "journal_unavailable");

  // Telemetry needs no journal, questions are answered, and nobody is taken for gone (service_timeout is 1
  // s).
  CHECK(mesh.reel({"pub", "price.tick", "{}"}).exit_code == 0);
  const auto refused_a_while = [&] {
    const auto status = mesh.rows({"status"}).at(0);
    CHECK(status.value("journal_error", "") == why);
    return publish("refused").exit_code == 1 && status["refused_events"]["journal_unavailable"] >= 4;
  };
  CHECK(eventually(refused_a_while));
  CHECK(mesh.service("payments")["instances"].size() == 1);
  CHECK(mesh.logged("end") == 40);
  CHECK(mesh.broker().output().find("instance_lost") == std::string::npos);

  limit(RLIM_INFINITY);
  const bool queued = waiting->wait() == 0;  // or what the service answered had met the full disk before it
  CHECK(mesh.broker().says("written_again"));
  CHECK(publish("after").exit_code == 0);
  const std::size_t accepted = 41 + (queued ? 1 : 0);
  CHECK(mesh.has_acked("payments", accepted));
  CHECK_FALSE(mesh.rows({"status"}).at(0).contains("journal_error"));

  std::map<std::string, int> placed;
  for (const auto& row : mesh.events("order.placed", accepted)) ++placed[row["correlationid"]];
  CHECK(placed.size() == accepted);
  CHECK(placed.contains("queued") == queued);
  CHECK(placed.contains("after"));
  CHECK_FALSE(placed.contains("refused"));
  std::map<std::string, int> captured;
  for (const auto& row : mesh.events("payment.captured", accepted)) ++captured[row["causationid"]];
  CHECK(captured.size() == accepted);
  CHECK(mesh.logged("end") == accepted);  // nothing was handed out twice
  CHECK(mesh.rows({"topics"}).at(1)["published"] == accepted);
}

TEST_CASE("a disk that fills up is waited for: the broker goes on as soon as there is room") {
  if (::geteuid() != 0) {
    MESSAGE("skipped: a disk of its own needs root");
    return;
  }
  Mesh mesh{Mesh::small_mesh(), "journal: {sync: always, segment_bytes: 1MiB}"};
  std::filesystem::create_directory(mesh.data());
  // The disk is seen by this broker alone, and by us through its /proc; it is gone with it.
  const std::string script = R"(mount -t tmpfs -o size=8m tmpfs "$2" || exit 77
                                head -c 4M /dev/zero >"$2/ballast" && exec "$0" -c "$1")";
  Process broker{{.argv = {"/usr/bin/unshare", "--mount", "/bin/sh", "-c", script,
                           program_path("reel-broker"), mesh.config_path(), mesh.data().string()},
                  .output = mesh.dir() / "full.log"}};
  if (!broker.says(" ready ")) {
    MESSAGE("skipped: no disk of its own here: " << broker.output());
    return;
  }
  const auto archive = mesh.actor("archive", {"--on", "order.shipped"});
  const auto note = std::string(200'000, 'n');
  const auto publish = [&] {
    return mesh.reel({"pub", "order.shipped", "-", "--timeout", "30s", "-o", "json"},
                     R"({"note":")" + note + "\"}");
  };
  const auto full = "the journal cannot be written: cannot reserve 1048576 bytes for " +
                    (mesh.data() / "journal" / "next.segment").string() +
                    ": No space left on device; free some, or move broker.data to a larger disk\n";
  std::size_t accepted = 0;
  std::vector<std::unique_ptr<Process>> waiting;  // those that were queued when the disk was found full
  while (accepted < 100 && broker.output().find("write_failing") == std::string::npos) {
    waiting.push_back(mesh.start(
        "reel",
        {"pub", "order.shipped", R"({"note":")" + note.substr(0, 100'000) + "\"}", "--timeout", "60s"},
        "pub" + std::to_string(++accepted)));
    (void)eventually([&] {
      return !waiting.back()->running() || broker.output().find("write_failing") != std::string::npos;
    });
  }
  CHECK(accepted > 5);
  CHECK(accepted < 100);
  const auto refused = publish();
  CHECK(refused.err == full);
  CHECK(refused.exit_code == 1);
  CHECK(waiting.back()->running());

  std::filesystem::remove("/proc/" + std::to_string(broker.pid()) + "/root" +
                          (mesh.data() / "ballast").string());
  for (auto& publisher : waiting) CHECK(publisher->wait() == 0);
  CHECK(broker.says("written_again"));
  CHECK(publish().exit_code == 0);
  CHECK(mesh.events("order.shipped", accepted + 1).size() == accepted + 1);
  CHECK(mesh.has_acked("archive", accepted + 1));
  CHECK(mesh.service("archive")["acked"] == accepted + 1);
  CHECK(broker.stop() == 0);
}
