#include "stages.h"

#include <algorithm>
#include <span>

namespace reel::bench {
namespace {

/// What a stage's calls are known by. "reel::x" is how a function's name begins, "/libx" how the file's name
/// does that it stands in. Of several that fit a call the longest says the stage.
struct Stage {
  std::string_view name;
  std::vector<std::string_view> calls;
  /// For samples none of whose calls is known: threads by the beginning of their name, or calls again.
  std::vector<std::string_view> otherwise_threads = {};
  std::vector<std::string_view> otherwise_calls = {};
};
using Stages = std::vector<Stage>;

// ---- the table: for each part of a run, its stages in the order in which an event passes them

const Stage kernel_receives{"receive: kernel", {"__x64_sys_recv"}};
const Stage kernel_sends{"send: kernel", {"__x64_sys_send"}};
const Stage waits{
    "ZeroMQ's own, waiting, waking others",
    {"/libzmq", "__x64_sys_poll", "__x64_sys_ppoll", "__x64_sys_epoll", "__x64_sys_futex", "__x64_sys_write"},
    {"ZMQbg"}};
// perf cannot always tell who has called a library.
const Stage allocates{"malloc and free, caller not seen",
                      {},
                      {},
                      {"malloc", "_int_malloc", "_int_free", "free", "cfree", "__libc_free",
                       "__GI___libc_free", "__libc_malloc", "__GI___libc_malloc", "unlink_chunk", "realloc",
                       "_int_realloc", "operator new", "operator delete"}};
const Stage libraries{"other libraries, caller not seen: copies, locks, clock",
                      {},
                      {},
                      {"/libc.so", "/libstdc++", "/libproto", "/[vdso]"}};

const Stages senders{
    {"the bench's own", {"reel::bench::"}},
    {"encode: ids, envelope",
     {"reel::sdk::EncodedEvent", "reel::append_event", "reel::uuid_v7", "std::mersenne_twister_engine",
      "reel::(anonymous namespace)::event_size", "reel::(anonymous namespace)::text"}},
    {"into the frame, window",
     {"reel::sdk::Publishing", "reel::sdk::PublishWindow", "reel::BatchWriter", "reel::Publisher"}},
    {"answers", {"reel::sdk::Session", "reel::sdk::Connection::receive", "reel::sdk::PublishWindow::accept"}},
    kernel_receives,
    {"send: frames", {"reel::sdk::Connection", "reel::sdk::PublishWindow::take"}},
    kernel_sends,
    waits,
    allocates,
    libraries,
};

const Stages broker{
    kernel_receives,
    {"receive: frames parsed",
     {"reel::broker::Broker::take_frames", "reel::broker::RouterSocket::receive", "reel::broker::Desk"}},
    {"admit: judge, answer",
     {"reel::broker::Admission", "reel::broker::Judgement", "reel::broker::Publishing",
      "reel::broker::Resends", "reel::broker::ChosenIds", "reel::broker::Desk::answer_publishers"}},
    {"route",
     {"reel::broker::Router::", "reel::broker::Choosy", "reel::broker::Audience", "reel::broker::Interest",
      "reel::broker::Services::wants"}},
    {"journal: append",
     {"reel::broker::CommitLog", "reel::broker::Journal", "reel::broker::SegmentWriter",
      "reel::broker::WriterThread", "reel::broker::Desk::on_committed"},
     {"journal-write"}},
    {"journal: write, kernel",
     {"do_pwritev", "vfs_writev", "__x64_sys_pwrite", "vfs_fsync", "vfs_fallocate"}},
    {"journal: checksum", {"reel::broker::record_checksum", "/libxxhash"}},
    {"journal: read for who lags",
     {"reel::broker::ReaderThread", "reel::broker::SegmentReader", "__x64_sys_pread"},
     {"journal-read"}},
    {"dispatch: offer, choose, hand over",
     {"reel::broker::ServiceQueue", "reel::broker::Dispatch", "reel::broker::Assignment",
      "reel::broker::Services::turn"}},
    {"settle: acks",
     {"reel::broker::InstanceAnswers", "reel::broker::Dispatch::settle", "reel::broker::Services::settle",
      "reel::broker::Services::pause_if_needed"}},
    {"ledger, delivery reports",
     {"reel::broker::Ledger", "reel::broker::own_record", "reel::broker::report_of",
      "reel::broker::Services::encoded_report"}},
    {"send: delivery frames",
     {"reel::broker::Outbox", "reel::broker::ServiceQueue::send", "reel::broker::RouterSocket::send",
      "reel::broker::Services::deliver", "reel::broker::Desk::send", "reel::broker::Desk::answer"}},
    kernel_sends,
    waits,
    {"turns of the main loop", {"reel::broker::Broker::run"}},
    allocates,
    libraries,
};

const Stages receivers{
    kernel_receives,
    {"receive: frames", {"reel::sdk::Connection", "reel::sdk::Session"}},
    {"decode: what was delivered",
     {"reel::sdk::read_delivery", "reel::sdk::read_events", "reel::sdk::StreamQueue", "reel::Stream",
      "reel::LiveTap"}},
    {"to workers by key",
     {"reel::sdk::KeyedWorkers", "reel::sdk::Connection::delivered", "reel::sdk::Deliveries::delivered"}},
    {"handler: event read, called", {"reel::sdk::Deliveries", "reel::Context"}},
    {"the bench's own handler", {"reel::bench::"}},
    {"settle: acks",
     {"reel::sdk::SettleBatcher", "reel::sdk::Deliveries::take", "reel::Context::Impl::emits",
      "reel::v1::Settle"}},
    {"send: frames",
     {"reel::sdk::Connection::send",
      "reel::sdk::(anonymous namespace)::uninterrupted<reel::sdk::Connection::Socket::send"}},
    kernel_sends,
    waits,
    allocates,
    libraries,
};

const Stages tracker{
    kernel_receives,
    {"receive: frames", {"reel::sdk::Connection", "reel::sdk::Session", "reel::sdk::StreamQueue"}},
    {"read: envelopes", {"reel::sdk::read_events", "reel::Stream", "reel::tracker::BusInbox"}},
    {"find the flow, fetch ahead",
     {"reel::tracker::Tracker::approach", "reel::tracker::Tracker::known_flow",
      "reel::tracker::FlowTable::find", "reel::tracker::FlowTable::fetch",
      "reel::tracker::FlowTable::last_at", "reel::tracker::Remembered", "reel::tracker::Watch::look_ahead"}},
    {"flow's record: unpack, pack",
     {"reel::tracker::unpack", "reel::tracker::pack", "reel::tracker::FlowTable"}},
    {"judge",
     {"reel::tracker::Tracker", "reel::tracker::Judge", "reel::tracker::Watch::take", "reel::tracker::Steps",
      "reel::tracker::Flow::", "reel::tracker::TimerWheel"}},
    {"turns, waiting for checkpoints",
     {"reel::tracker::Watch", "reel::tracker::Waits", "reel::tracker::QueryServer",
      "(anonymous namespace)::track"}},
    {"checkpoint: gathered",
     {"reel::tracker::StoreBatch", "reel::tracker::FlowTable::save",
      "reel::tracker::Watch::go_on_with_checkpoint"}},
    {"checkpoint: RocksDB, memtable and log", {"reel::tracker::Store", "reel::tracker::Committer"}},
    {"checkpoint: RocksDB, flush and compaction", {}, {"rocksdb"}},
    kernel_sends,
    waits,
    allocates,
    {"RocksDB, caller not seen", {}, {}, {"/librocksdb"}},
    libraries,
};

const std::map<std::string_view, const Stages*>& table() {
  static const std::map<std::string_view, const Stages*> parts{
      {"senders", &senders}, {"broker", &broker}, {"receivers", &receivers}, {"tracker", &tracker}};
  return parts;
}

// ---- looking it up

std::span<const Stage> stages_of(std::string_view part) {
  const auto found = table().find(part);
  if (found == table().end()) return {};
  return *found->second;
}

bool fits(std::string_view known_by, const Call& call) {
  return known_by.starts_with('/') ? call.object.starts_with(known_by.substr(1))
                                   : call.symbol.starts_with(known_by);
}

std::string_view known_stage(std::span<const Stage> stages, const Call& call) {
  std::string_view name;
  std::size_t longest = 0;
  for (const Stage& stage : stages) {
    for (const std::string_view known_by : stage.calls) {
      if (known_by.size() <= longest || !fits(known_by, call)) continue;
      longest = known_by.size();
      name = stage.name;
    }
  }
  return name;
}

bool otherwise(const Stage& stage, const Sample& sample) {
  const auto begins = [&](std::string_view name) { return sample.thread.starts_with(name); };
  const auto called = [&](std::string_view known_by) {
    return std::any_of(sample.calls.begin(), sample.calls.end(),
                       [known_by](const Call& call) { return fits(known_by, call); });
  };
  return std::any_of(stage.otherwise_threads.begin(), stage.otherwise_threads.end(), begins) ||
         std::any_of(stage.otherwise_calls.begin(), stage.otherwise_calls.end(), called);
}

}  // namespace

std::string_view stage_of(std::string_view part, const Sample& sample) {
  const auto stages = stages_of(part);
  for (const Call& call : sample.calls) {
    const auto name = known_stage(stages, call);
    if (!name.empty()) return name;
  }
  const auto found = std::find_if(stages.begin(), stages.end(),
                                  [&](const Stage& stage) { return otherwise(stage, sample); });
  return found == stages.end() ? std::string_view{} : found->name;
}

std::size_t place_of(std::string_view part, std::string_view stage) {
  const auto stages = stages_of(part);
  const auto found =
      std::find_if(stages.begin(), stages.end(), [stage](const Stage& each) { return each.name == stage; });
  return static_cast<std::size_t>(found - stages.begin());
}

}  // namespace reel::bench
