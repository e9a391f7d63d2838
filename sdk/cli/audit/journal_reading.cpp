#include "cli/audit/journal_reading.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <charconv>

#include "cli/duration_text.h"
#include "cli/inquiry.h"
#include "cli/interrupt.h"
#include "cli/progress.h"

namespace reel::cli {
namespace {

using namespace std::chrono_literals;

/// How long a Ctrl-C may go unnoticed.
constexpr auto look_up = 100ms;
/// How soon the end of a stretch is known on an idle bus.
constexpr auto watermark_interval = 20ms;
/// Enough that the broker reads ahead while we count, and no more memory than this takes.
constexpr std::uint32_t credit_events = 65'536;

reel::Options connection_of(const Globals& globals) {
  reel::Options connection;
  connection.brokers = endpoints_of(globals.broker);
  connection.connect_timeout = globals.timeout;
  connection.log = {};
  return connection;
}

/// One walk through the stream.
class Walk {
 public:
  Walk(Invocation& invocation, const JournalReading& reading)
      : invocation_{invocation},
        reading_{reading},
        progress_{invocation.err, reading.end.offset},
        stream_{{.service = "reel-audit",
                 .patterns = reading.patterns,
                 .when = When{reading.when},
                 .start = reading.start,
                 .ephemeral = true,
                 .credit_events = reading.events != 0 ? reading.events : credit_events,
                 .watermark_interval = watermark_interval,
                 .connection = connection_of(invocation.globals)}} {}

  std::uint64_t run(const std::function<bool(const StreamEvent&)>& each) {
    const Interrupt interrupt;
    const auto give_up = std::chrono::steady_clock::now() + invocation_.globals.timeout;
    while (!done_) {
      if (interrupt.requested()) {
        progress_.clear();
        throw Failure{exit_code::refused, "interrupted before the end was reached"};
      }
      const StreamBatch batch = stream_.next(look_up);
      take(batch, each);
      if (!began_ && std::chrono::steady_clock::now() > give_up)
        throw broker_not_reachable(invocation_.globals);
    }
    progress_.clear();
    return began_.value_or(0);
  }

 private:
  void take(const StreamBatch& batch, const std::function<bool(const StreamEvent&)>& each) {
    switch (batch.kind) {
      case StreamBatch::Kind::refused: throw Failure{exit_code::refused, shown(batch.text)};
      case StreamBatch::Kind::stopped: done_ = true; return;
      case StreamBatch::Kind::joined:
        if (!began_) began_ = batch.first_offset;
        break;
      case StreamBatch::Kind::events:
      case StreamBatch::Kind::idle: break;
    }
    for (const StreamEvent& event : batch.events) {
      if (event.offset >= reading_.end.offset || event.recordedtime > reading_.end.time || !each(event)) {
        done_ = true;
        return;
      }
      ++events_;
      done_ = event.offset + 1 == reading_.end.offset;
    }
    stream_.ack_all();
    if (!reading_.quiet && !batch.events.empty()) progress_.show(batch.events.back().offset, events_);
    // Where the last events are not among what the patterns match, the watermark says that it is over.
    if (began_ && batch.watermark >= reading_.end.time) done_ = true;
  }

  Invocation& invocation_;
  const JournalReading& reading_;
  Progress progress_;
  Stream stream_;
  std::optional<std::uint64_t> began_;
  std::uint64_t events_ = 0;
  bool done_ = false;
};

}  // namespace

Place parse_place(const std::string& option, const std::string& text) {
  std::uint64_t offset = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), offset);
  if (error == std::errc{} && end == text.data() + text.size()) return {.offset = offset, .time = 0};
  if (const auto time = parse_time(text)) return {.offset = {}, .time = *time};
  if (const auto ago = parse_duration(text)) {
    const std::uint64_t now = unix_now();
    return {.offset = {}, .time = now - std::min(now, static_cast<std::uint64_t>(ago->count()))};
  }
  throw Failure{exit_code::usage,
                fmt::format("{} '{}' is not an offset, a time (2026-03-01T10:00:00Z) or how long ago (10m)",
                            option, shown(text))};
}

std::uint64_t read_journal(Invocation& invocation, const JournalReading& reading,
                           const std::function<bool(const StreamEvent&)>& each) {
  return Walk{invocation, reading}.run(each);
}

bool read_event_at(Invocation& invocation, std::uint64_t offset, const JournalEnd& end,
                   const std::function<void(const StreamEvent&)>& use) {
  return story::read_event_at(CommandJournal{invocation}, offset, end, use);
}

}  // namespace reel::cli
