// One of two services stops while events come, a million in `./dev soak` and 50,000 otherwise: the broker
// does not grow by what waits, the other service notices nothing, and the first one catches up while more
// come.
//
// The bound. Each of the broker's queues has a limit, which is set small here, and all of them together, with
// two services of one instance each, may make the broker larger by:
//
//   tail_bytes_max                                 4 MiB   the newest events, shared by all
//   a window for each service, 10,000 events       4 MiB   offsets, key hashes and lanes: 250 bytes each
//   stretches read from the journal for each       8 MiB   one read and one in hand, blocks of 1 MiB and more
//   credit_bytes for each instance, 2 MiB          4 MiB   on their way through ZeroMQ
//   publish_window_bytes of one publisher          8 MiB   received, not yet written
//   what malloc keeps of all this                  as much again, at the most
//
// Without limits the payloads alone would be 55 MB for the short form, more than a gigabyte for the long one.
#include <doctest/doctest.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "feed.h"
#include "mesh.h"
#include "tally.h"

namespace reel::test {
namespace {

constexpr std::uint32_t keys = 1'000;
constexpr std::size_t note_bytes = 1'000;
constexpr std::uint64_t growth_max = 56ull << 20;
constexpr unsigned orders_per_second = 20'000;
// A service that is level with the others is behind by what is under way.
constexpr std::uint64_t under_way = 2'000;

const char* const mesh_of_orders = R"(schemas: [schemas]
topics:
  order.placed: {type: test.v1.Placed}
)";
const char* const small_limits =
    "journal: {sync: os, segment_bytes: 64MiB}, tail_bytes_max: 4MiB, service_window_events_max: 10000";

std::uint64_t resident_bytes(pid_t pid) {
  std::ifstream file{"/proc/" + std::to_string(pid) + "/status"};
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("VmRSS:")) return std::stoull(line.substr(6)) * 1'024;
  }
  return 0;
}

class Stopwatch {
 public:
  [[nodiscard]] double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
  }

 private:
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

TEST_CASE("a service that is away costs the broker no memory and the others nothing, and catches up") {
  const bool soak = std::getenv("REEL_SOAK") != nullptr;
  const std::uint64_t missed = soak ? 1'000'000 : 50'000;
  const milliseconds limit = soak ? 300s : 60s;
  Mesh mesh{mesh_of_orders, small_limits};
  mesh.start_broker();
  reel::Options options;
  options.brokers = {mesh.endpoint()};
  options.workers = 2;
  options.credit_bytes = 2u << 20;
  Tally present_tally{keys};
  Tally away_tally{keys};
  const auto take_present = [&](Context& context) { present_tally.take(context); };
  const auto take_away = [&](Context& context) { away_tally.take(context); };
  Running present{"present", options, take_present};
  auto away = std::make_unique<Running>("away", options, take_away);

  // Everything that is used once is warm.
  Feed feed{{.broker = mesh.endpoint(), .keys = keys, .note_bytes = note_bytes}};
  Pace pace{feed, orders_per_second};
  REQUIRE(eventually([&] { return away_tally.count() >= 20'000 && present_tally.count() >= 20'000; }));
  CHECK(away->stop() == 0);
  const auto left_at = feed.published();
  const auto resident = resident_bytes(mesh.broker().pid());
  std::uint64_t peak = resident;
  std::uint64_t present_behind = 0;
  const auto look = [&] {
    peak = std::max(peak, resident_bytes(mesh.broker().pid()));
    const auto handled = present_tally.count();
    present_behind = std::max(present_behind, feed.published() - std::min(handled, feed.published()));
  };

  const Stopwatch live;
  const auto missed_now = [&] {
    look();
    return feed.published() >= left_at + missed;
  };
  REQUIRE(eventually(missed_now, limit));
  const double live_rate = static_cast<double>(feed.published() - left_at) / live.seconds();

  const auto handled_before = away_tally.count();
  const Stopwatch catching_up;
  away = std::make_unique<Running>("away", options, take_away);
  const auto level = [&] {
    look();
    return away_tally.count() + under_way >= feed.published();
  };
  const bool caught_up = eventually(level, limit);
  const double catch_up_rate =
      static_cast<double>(away_tally.count() - handled_before) / catching_up.seconds();
  std::printf("missed %llu events at %.0f/s, caught up at %.0f/s in %.1f s while more came\n",
              static_cast<unsigned long long>(missed), live_rate, catch_up_rate, catching_up.seconds());
  std::printf("the broker grew by %.1f MiB from %.1f MiB; the other service was behind by %llu at the most\n",
              static_cast<double>(peak - resident) / 1'048'576, static_cast<double>(resident) / 1'048'576,
              static_cast<unsigned long long>(present_behind));
  if (soak) {
    CHECK_MESSAGE(caught_up, "it did not catch up with the live rate");
    CHECK(catch_up_rate > live_rate);
    // The others' reading takes none of its turns: a second's worth is what a busy machine may hold it up.
    CHECK(static_cast<double>(present_behind) < live_rate);
  }
  CHECK(peak - resident <= growth_max);

  pace.stop();
  feed.finish();
  CHECK(eventually([&] { return present_tally.count() == feed.published(); }, limit));
  CHECK(eventually([&] { return away_tally.count() == feed.published(); }, limit));
  CHECK(present.stop() == 0);
  CHECK(away->stop() == 0);
  CHECK(present_tally.wrong() == "");
  CHECK(away_tally.wrong() == "");
}

}  // namespace
}  // namespace reel::test
