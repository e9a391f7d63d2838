// How fast the journal takes events, on this disk:
//
//   journal_bench [DIRECTORY] [SECONDS]
//
// Throughput: batches of 1,000 events with 128 bytes of data, 8 MiB of them on the way at a time, as
// publishers' windows allow. Latency: one event at a time, from append() to its Committed.
#include <poll.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>

#include "event/batch.h"
#include "journal/journal.h"

using namespace reel;
using namespace reel::broker;
using Clock = std::chrono::steady_clock;

namespace {

constexpr std::size_t window_bytes = 8 << 20;

std::shared_ptr<const std::string> encoded(int events) {
  BatchWriter writer;
  writer.begin_run({.source = "bench/1", .topic = "bench.event", .dataschema = "bench.v1.Event"});
  const std::string data(128, 'x');
  for (int i = 0; i < events; ++i) {
    writer.add({.id = "0190a5e2-7b7c-7000-8000-0123456789ab", .correlationid = "order-4711", .data = data});
  }
  return std::make_shared<const std::string>(writer.take());
}

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

class Bench {
 public:
  Bench(const std::filesystem::path& directory, config::Sync sync) : journal_{directory, {.sync = sync}} {}

  void append(const std::shared_ptr<const std::string>& bytes) {
    auto batch = std::make_shared<StoredBatch>();
    batch->first_offset = next_;
    batch->log_time = next_;
    if (!batch->append(bytes, *bytes)) std::abort();
    next_ += batch->count();
    unanswered_bytes += batch->bytes();
    journal_.append(std::move(batch));
  }

  void await() {
    journal_.commit();
    pollfd bell{.fd = journal_.event_fd(), .events = POLLIN, .revents = 0};
    ::poll(&bell, 1, -1);
    for (const auto& done : journal_.take_done()) {
      if (const auto* failed = std::get_if<WriteFailing>(&done)) {
        std::fprintf(stderr, "%s\n", failed->error.c_str());
        std::exit(1);
      }
      if (const auto* committed = std::get_if<Committed>(&done)) unanswered_bytes -= committed->bytes;
    }
  }

  std::size_t unanswered_bytes = 0;
  [[nodiscard]] Offset next() const { return next_; }

 private:
  Journal journal_;
  Offset next_ = 1;
};

void throughput(const std::filesystem::path& directory, config::Sync sync, const char* name, double seconds) {
  const auto bytes = encoded(1000);
  Bench bench{directory, sync};
  const auto cpu = std::clock();
  const auto begin = Clock::now();
  while (seconds_since(begin) < seconds) {
    bench.append(bytes);
    while (bench.unanswered_bytes > window_bytes) bench.await();
  }
  while (bench.unanswered_bytes > 0) bench.await();
  const auto took = seconds_since(begin);
  const auto events = static_cast<double>(bench.next() - 1);
  const auto cpu_s = static_cast<double>(std::clock() - cpu) / CLOCKS_PER_SEC;
  std::printf("%-16s 1000 x 128 B  %10.0f events/s  %7.1f MB/s  %.3f CPU-s per million\n", name,
              events / took, events / 1000 * static_cast<double>(bytes->size()) / took / 1e6,
              cpu_s / events * 1e6);
}

void latency(const std::filesystem::path& directory, config::Sync sync, const char* name, double seconds) {
  const auto bytes = encoded(1);
  Bench bench{directory, sync};
  std::vector<double> us;
  const auto begin = Clock::now();
  while (seconds_since(begin) < seconds) {
    const auto sent = Clock::now();
    bench.append(bytes);
    while (bench.unanswered_bytes > 0) bench.await();
    us.push_back(seconds_since(sent) * 1e6);
  }
  std::sort(us.begin(), us.end());
  std::printf("%-16s 1 x 128 B     p50 %7.1f us  p99 %7.1f us  max %8.1f us  %.0f/s\n", name,
              us[us.size() / 2], us[us.size() * 99 / 100], us.back(),
              static_cast<double>(us.size()) / seconds);
}

}  // namespace

int main(int argc, char** argv) {
  const std::filesystem::path parent = argc > 1 ? argv[1] : std::filesystem::temp_directory_path();
  const double seconds = argc > 2 ? std::atof(argv[2]) : 5;
  const auto directory = parent / "reel-journal-bench";
  for (const auto& [sync, name] : {std::pair{config::Sync::os, "sync: os"},
                                   {config::Sync::interval, "sync: interval"},
                                   {config::Sync::always, "sync: always"}}) {
    for (const auto measure : {throughput, latency}) {
      std::filesystem::remove_all(directory);
      measure(directory, sync, name, seconds);
    }
  }
  std::filesystem::remove_all(directory);
}
