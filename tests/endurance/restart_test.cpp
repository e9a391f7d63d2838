// The broker is killed with a million events waiting for a service that is away, and 100,000 deliveries
// unsettled, every tenth of what another service was given: it is ready again in less than five seconds, and
// everything settled stays settled. 50,000 and 5,000 in the short form.
//
// It is killed twice. The second time the snapshot is gone, too, and the whole journal is read: the longest
// start there is. Both must lead to the same state.
#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <iterator>
#include <sstream>
#include <thread>

#include "feed.h"
#include "load.h"
#include "mesh.h"
#include "reel/query.h"
#include "reel/stream.h"

namespace reel::test {
namespace {

using Clock = std::chrono::steady_clock;
using Offsets = std::vector<std::uint64_t>;

constexpr std::chrono::duration<double> ready_within{5};

const char* const mesh_of_orders = R"(schemas: [schemas]
topics:
  order.placed: {type: test.v1.Placed}
services:
  half: {ack_timeout: 1h}
)";

StreamOptions subscription(const Mesh& mesh, const std::string& service) {
  StreamOptions options{.service = service,
                        .patterns = {std::string{placed_topic}},
                        .start = Start::oldest(),
                        .envelope_only = true,
                        .credit_events = 120'000,
                        .credit_bytes = 256u << 20};
  options.connection.brokers = {mesh.endpoint()};
  options.connection.log = {};
  return options;
}

v1::ServicesReply::Service state_of(const Mesh& mesh, const std::string& service) {
  QueryClient broker{mesh.endpoint(), 20s};
  v1::Request request;
  request.mutable_services();
  const auto reply = broker.ask(request);
  for (const auto& one : reply.services().services()) {
    if (one.service() == service) return one;
  }
  return {};
}

// Whether `half` leaves it unsettled.
bool is_held(std::uint64_t offset) {
  return offset % 10 == 0;
}

// What comes to a stream that settles some of it. After a lost connection, which a busy machine makes, too,
// what is not settled comes again; before that nothing does.
class Reader {
 public:
  explicit Reader(StreamOptions options) : stream_{std::move(options)} {}

  [[nodiscard]] bool connected() const { return stream_.connected(); }

  /// Reads and settles, but for what `keep` says, until `done`.
  void read(const std::function<bool(std::uint64_t)>& keep, const std::function<bool()>& done) {
    const bool in_time = eventually(
        [&] {
          const auto batch = stream_.next(50ms);
          if (batch.kind == StreamBatch::Kind::joined) since_joined_.clear();
          Offsets settled;
          for (const auto& event : batch.events) {
            since_joined_.push_back(event.offset);
            if (all_.empty() || event.offset > all_.back()) all_.push_back(event.offset);
            if (!keep(event.offset)) settled.push_back(event.offset);
          }
          stream_.ack(settled);
          return done();
        },
        120s);
    if (!in_time) throw std::runtime_error("only " + std::to_string(all_.size()) + " events came");
  }

  /// In the order in which they came for the first time; one that comes too late is not there.
  [[nodiscard]] const Offsets& all() const { return all_; }
  [[nodiscard]] const Offsets& since_joined() const { return since_joined_; }
  /// Before the broker is killed, so that what came until then is not taken for what comes again.
  void forget_since_joined() { since_joined_.clear(); }

 private:
  Stream stream_;
  Offsets all_;
  Offsets since_joined_;
};

// Where two lists part, in words; empty where they do not.
std::string difference(const Offsets& got, const Offsets& wanted) {
  const auto [one, other] = std::mismatch(got.begin(), got.end(), wanted.begin(), wanted.end());
  if (one == got.end() && other == wanted.end()) return "";
  const auto text = [](Offsets::const_iterator place, const Offsets& list) {
    return place == list.end() ? "nothing" : std::to_string(*place);
  };
  return std::to_string(got.size()) + " came, " + std::to_string(wanted.size()) + " were to come; number " +
         std::to_string(one - got.begin() + 1) + " is " + text(one, got) + " instead of " +
         text(other, wanted);
}

double cpu_seconds(pid_t pid) {
  const auto text = read_file("/proc/" + std::to_string(pid) + "/stat");
  std::istringstream fields{text.substr(text.rfind(')') + 2)};
  std::string skipped;
  for (int i = 0; i < 11; ++i) fields >> skipped;
  double user = 0;
  double system = 0;
  fields >> user >> system;
  return (user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

// From the start of its process to its word that it is ready, and to its first answer.
struct StartTimes {
  double ready_s = 0;
  double answer_s = 0;
  double cpu_s = 0;

  explicit StartTimes(Mesh& mesh) {
    const auto begin = Clock::now();
    const auto since = [&] { return std::chrono::duration<double>(Clock::now() - begin).count(); };
    mesh.start_broker();
    ready_s = since();
    cpu_s = cpu_seconds(mesh.broker().pid());
    (void)state_of(mesh, "half");
    answer_s = since();
  }
};

void print(const char* what, const StartTimes& times, Mesh& mesh) {
  std::printf("%s: ready in %.2f s (%.2f s of CPU), first answer in %.2f s, snapshot %.1f MiB, %s\n", what,
              times.ready_s, times.cpu_s, times.answer_s,
              static_cast<double>(std::filesystem::file_size(mesh.data() / "state.snapshot")) / 1'048'576,
              line_with(mesh.broker().output(), "recovered").c_str());
}

TEST_CASE("a killed broker with a long queue is ready again in seconds, and what is settled stays settled") {
  const bool soak = std::getenv("REEL_SOAK") != nullptr;
  const std::size_t waiting = soak ? 1'000'000 : 50'000;
  Mesh mesh{mesh_of_orders, "journal: {sync: os}, service_window_events_max: 120000"};
  mesh.start_broker();
  {
    const Reader away{subscription(mesh, "away")};
    REQUIRE(eventually([&] { return away.connected(); }));
  }

  Reader half{subscription(mesh, "half")};
  Feed feed{{.broker = mesh.endpoint()}};
  std::jthread publisher{[&] { feed.add(waiting); }};
  half.read(is_held, [&] { return half.all().size() >= waiting; });
  publisher.join();
  feed.finish();
  Offsets held;
  std::copy_if(half.all().begin(), half.all().end(), std::back_inserter(held), is_held);
  half.read(is_held, [&] { return state_of(mesh, "half").waiting() == held.size(); });

  const auto the_held_come_again = [&](const std::string& what) {
    half.read(is_held, [&] { return half.since_joined().size() >= held.size(); });
    CHECK_MESSAGE(difference(half.since_joined(), held) == "", "after the " << what);
  };
  half.forget_since_joined();
  mesh.broker().kill();
  const StartTimes usual{mesh};
  print("restart", usual, mesh);
  CHECK(usual.cpu_s < ready_within.count());
  if (soak) CHECK(usual.answer_s < ready_within.count());
  the_held_come_again("restart");

  half.forget_since_joined();
  mesh.broker().kill();
  std::filesystem::remove(mesh.data() / "state.snapshot");
  const StartTimes longest{mesh};
  print("restart without a snapshot", longest, mesh);
  if (soak) CHECK(longest.answer_s < ready_within.count());
  the_held_come_again("restart without a snapshot");

  const auto everything = [](std::uint64_t) { return false; };
  Reader away{subscription(mesh, "away")};
  away.read(everything, [&] { return away.all().size() >= waiting; });
  CHECK(difference(away.all(), half.all()) == "");
}

}  // namespace
}  // namespace reel::test
