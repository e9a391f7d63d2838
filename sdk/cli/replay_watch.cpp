#include "cli/replay_watch.h"

#include <chrono>

#include "cli/inquiry.h"
#include "cli/interrupt.h"
#include "cli/progress.h"
#include "cli/terminal.h"
#include "reel/stream.h"

namespace reel::cli {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

/// How often a running replay is asked after.
constexpr auto ask_interval = 200ms;
/// How long one wait for the broker lasts before the clock is looked at.
constexpr auto look_up = 100ms;

constexpr const char* control_topic = "reel.control";

/// Nobody publishes here: a subscription to it says where it begins and brings nothing.
constexpr const char* silent_topic = "reel.silence";

Stream open_stream(const Globals& globals, const char* topic, const Start& start) {
  reel::Options connection;
  connection.brokers = endpoints_of(globals.broker);
  connection.connect_timeout = globals.timeout;
  connection.log = {};
  return Stream{{.service = "reel-replay",
                 .patterns = {topic},
                 .start = start,
                 .ephemeral = true,
                 .connection = std::move(connection)}};
}

/// Hands batches to `take` until that has what it wants; false where it does not come in time.
template <class Take>
bool read_until(Stream& stream, std::chrono::milliseconds timeout, Take take) {
  const auto give_up = Clock::now() + timeout;
  while (Clock::now() < give_up) {
    const StreamBatch batch = stream.next(look_up);
    if (batch.kind == StreamBatch::Kind::refused) throw Failure{exit_code::refused, shown(batch.text)};
    if (batch.kind == StreamBatch::Kind::stopped) return false;
    if (take(batch)) return true;
    stream.ack_all();
  }
  return false;
}

/// Whether this record of reel.control says how the replay ended.
bool is_end(std::string_view data, std::uint64_t id, EndedReplay& ended) {
  v1::Command command;
  if (!command.ParseFromArray(data.data(), static_cast<int>(data.size()))) return false;
  if (command.has_replay() && command.replay().id() == id) {
    ended.redelivered = command.replay().redelivered();
    if (command.replay().done()) ended.end = ReplayEnd::done;
  }
  if (command.has_cancel_replay() && command.cancel_replay() == id) ended.end = ReplayEnd::cancelled;
  return ended.end != ReplayEnd::unknown;
}

}  // namespace

std::uint64_t offset_of(const Globals& globals, const Start& start) {
  if (start.kind() == Start::Kind::offset) return start.value();
  Stream stream = open_stream(globals, silent_topic, start);
  std::uint64_t offset = 0;
  const bool joined = read_until(stream, globals.timeout, [&](const StreamBatch& batch) {
    offset = batch.first_offset;
    return batch.kind == StreamBatch::Kind::joined;
  });
  if (!joined) throw broker_not_reachable(globals);
  return offset;
}

v1::ReplaysReply running_replays(const Globals& globals) {
  v1::Request request;
  request.mutable_replays();
  return ask_broker(globals, request).replays();
}

std::optional<RunningReplay> running_replay(const Globals& globals, std::uint64_t id) {
  const v1::ReplaysReply replays = running_replays(globals);  // outlives the walk over it
  for (const RunningReplay& running : replays.replays()) {
    if (running.replay().id() == id && !running.replay().done()) return running;
  }
  return std::nullopt;
}

EndedReplay ended_replay(const Globals& globals, std::uint64_t id) {
  EndedReplay ended;
  Stream stream = open_stream(globals, control_topic, Start::offset(id));
  (void)read_until(stream, globals.timeout, [&](const StreamBatch& batch) {
    for (const StreamEvent& event : batch.events) {
      if (is_end(event.data, id, ended)) return true;
    }
    return false;
  });
  return ended;
}

bool watch_replay(Invocation& invocation, std::uint64_t id) {
  const Interrupt interrupt;
  std::optional<Progress> progress;
  while (const auto running = running_replay(invocation.globals, id)) {
    const v1::Replay& replay = running->replay();
    const std::uint64_t whole = replay.to_offset() - replay.from_offset();
    if (!progress) progress.emplace(invocation.err, whole);
    const std::uint64_t at = std::max(replay.next_offset(), replay.from_offset());
    progress->show(at - replay.from_offset(), replay.redelivered());
    if (interrupt.wait_until(Clock::now() + ask_interval)) {
      progress->clear();
      return false;
    }
  }
  if (progress) progress->clear();
  return true;
}

}  // namespace reel::cli
