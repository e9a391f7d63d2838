// A tracker at work on a bench: a bus in memory with a log, a store in a temporary folder, time by hand.
//
//   WatchBench bench{"order.placed -> payment.captured within 5s"};
//   bench.publishes("order.placed", "order-7");
//   bench.crashes();                       // no last checkpoint
//   bench.passes(6s);
//   bench.starts();
//   CHECK(bench.published() == "reel.flow.overdue order-7");
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "../temp_folder.h"
#include "tracker/watch.h"
#include "tracker_bench.h"

namespace reel::tracker::bench {

/// "b after a, CAUSE_PAUSED: 2 of 3", then what became of it and what people said.
[[nodiscard]] std::string incident_text(const v1::Incident& incident);

using test::TempFolder;

/// The bus: a log of events, a cursor, and a memory of chosen ids only as long as the test wants one.
class FakeBus final : public Inbox, public Outlet {
 public:
  struct Logged {
    std::uint64_t log_time;
    std::string source, topic, id, correlationid, causationid, data, parent;
  };

  void append(Logged event);
  /// A new session: what was not acknowledged comes again.
  void reconnect();

  void begin(const std::vector<std::string>&) override {}
  void begin_again(const std::vector<std::string>&, SchemaSet) override { reconnect(); }
  Delivery next(std::chrono::milliseconds wait) override;
  void mark() override { marked_ = given_; }
  void acknowledge() override { acknowledged_ = marked_; }
  void send(std::uint64_t number, const stored::Outgoing& event) override;
  std::vector<Answer> take_answers(std::chrono::milliseconds wait) override;

  std::deque<Logged> log;  // offset is the place, from 1
  std::uint64_t now = beginning;
  std::size_t batch_events = 3;
  bool recognises_ids = true;  ///< answers a second chosen id as published, without appending it
  bool accepts = true;         ///< otherwise: not now
  std::string refuses_topic;
  [[nodiscard]] std::uint64_t acknowledged() const { return acknowledged_; }
  [[nodiscard]] bool drained() const { return given_ == log.size(); }

 private:
  bool joined_ = false;
  std::uint64_t given_ = 0;
  std::uint64_t marked_ = 0;
  std::uint64_t acknowledged_ = 0;
  std::vector<Answer> answers_;
};

/// Commits when it is asked whether it has, unless the disk hangs.
class FakeCommitter final : public Committer {
 public:
  explicit FakeCommitter(Store& store) : store_{store} {}

  void begin(StoreBatch batch) override { under_way_.emplace(std::move(batch)); }
  bool ended() override {
    if (!hangs) wait();
    return !hangs;
  }
  void wait() override {
    store_.commit(*under_way_, Store::Durability::written);
    under_way_.reset();
  }

  bool hangs = false;

 private:
  Store& store_;
  std::optional<StoreBatch> under_way_;
};

class WatchBench {
 public:
  explicit WatchBench(const std::string& definitions);

  void publishes(std::string_view topic, std::string_view flow, const std::string& id = {});
  /// The first event of a flow that is part of another.
  void publishes_part(std::string_view topic, std::string_view flow, std::string_view whole);
  void passes(nanoseconds span) { bus.now += static_cast<std::uint64_t>(span.count()); }
  /// As many turns as it takes until nothing is left to do; then time is told up to now.
  void works();
  void stops();
  void crashes();
  /// What is being written stays so.
  void disk_hangs() { committer_->hangs = true; }
  void disk_goes_on() { committer_->hangs = false; }
  void starts();
  /// From the next start on.
  void has_line(BrokerLine* line) { line_ = line; }
  /// The file says so, which the tracker reads when it starts, or when it is told to.
  void redefines(const std::string& definitions) { redefines(flows_of(definitions)); }
  void redefines(std::map<std::string, config::Flow> flows) { model_.flows = std::move(flows); }
  void retains(config::milliseconds span) { model_.tracker.retain = span; }

  /// The tracker's verdicts in the log, "topic flow" one a line.
  [[nodiscard]] std::string published() const { return logged(false); }
  /// What it published about incidents, "topic id" one a line.
  [[nodiscard]] std::string told_of_incidents() const { return logged(true); }
  [[nodiscard]] v1::FlowReply flow(const std::string& correlation, std::uint32_t limit = 0,
                                   std::uint64_t after = 0);
  /// Correlation ids of one page; `next` behind a '/', where there is one.
  [[nodiscard]] v1::Reply asks(const v1::Request& request) { return watch_->answer(request); }
  /// It is told to read its file again, and answers.
  [[nodiscard]] v1::ReloadReply reloads(bool reapply = false, bool dry_run = false);
  [[nodiscard]] config::Model& file() { return model_; }
  /// Somebody says something, and it is answered.
  [[nodiscard]] v1::Reply says(const v1::CareRequest& care);
  /// The incidents, incident_text one a line.
  [[nodiscard]] std::string incidents(bool resolved = true);
  [[nodiscard]] v1::SummaryReply summary();
  [[nodiscard]] Watch& watch() { return *watch_; }
  /// The clock of one more turn.
  [[nodiscard]] Watch::Time tick() { return clock_ += 50ms; }
  [[nodiscard]] const std::filesystem::path& folder() const { return folder_.path(); }

  FakeBus bus;
  std::string broken_file;  ///< what is wrong with it, if anything

 private:
  [[nodiscard]] std::string logged(bool incidents) const;

  TempFolder folder_;
  config::Model model_;
  BrokerLine* line_ = nullptr;
  std::unique_ptr<Store> store_;
  std::unique_ptr<FakeCommitter> committer_;
  std::unique_ptr<Watch> watch_;
  Watch::Time clock_{};
  int ids_ = 0;
};

}  // namespace reel::tracker::bench
