#include "gateway/api/stream_journal.h"

#include <spdlog/fmt/fmt.h>

#include <optional>

#include "gateway/api/call.h"
#include "reel/query.h"
#include "reel/stream.h"

namespace reel::gateway {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr auto look_up = 100ms;
/// How soon the end of a stretch is known on an idle bus.
constexpr auto watermark_interval = 20ms;
/// Enough that the broker reads ahead while events are looked at.
constexpr std::uint32_t credit_events = 16'384;

StreamOptions subscription(const StreamJournalOptions& options, const story::JournalReading& reading) {
  reel::Options connection;
  connection.brokers = options.brokers;
  connection.connect_timeout = options.connect_timeout;
  connection.log = {};
  return {.service = "reel-gateway-reader",
          .patterns = reading.patterns,
          .when = When{reading.when},
          .start = reading.start,
          .ephemeral = true,
          .credit_events = reading.events != 0 ? reading.events : credit_events,
          .watermark_interval = watermark_interval,
          .connection = std::move(connection)};
}

}  // namespace

std::uint64_t StreamJournal::read(const story::JournalReading& reading,
                                  const std::function<bool(const StreamEvent&)>& each) const {
  Stream stream{subscription(options_, reading)};
  const auto began_by = Clock::now() + options_.connect_timeout;
  const auto over = Clock::now() + options_.time_max;
  std::optional<std::uint64_t> began;
  while (true) {
    const StreamBatch batch = stream.next(look_up);
    if (batch.kind == StreamBatch::Kind::refused) throw Refused{422, batch.text};
    if (batch.kind == StreamBatch::Kind::joined && !began) began = batch.first_offset;
    for (const StreamEvent& event : batch.events) {
      if (event.offset >= reading.end.offset || event.recordedtime > reading.end.time || !each(event))
        return began.value_or(event.offset);
      if (event.offset + 1 == reading.end.offset) return began.value_or(event.offset);
    }
    stream.ack_all();
    if (began && batch.watermark >= reading.end.time) return *began;
    if (!began && Clock::now() > began_by) throw NotReachable{"no broker answers"};
    if (Clock::now() > over) {
      throw Refused{503, fmt::format("reading the journal took longer than {} s; `reel` has no such limit",
                                     options_.time_max / 1s)};
    }
  }
}

}  // namespace reel::gateway
