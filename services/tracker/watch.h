// The watch: the tracker at work. It reads the inbox, judges, publishes, saves, acknowledges and answers, in
// that order, turn after turn, on one thread.
//
//   Watch watch{model, store, committer, inbox, outlet};
//   while (watch.turn(10ms, now())) { … queries: watch.answer(request) … }
//   watch.stop(now());
//
// Input is acknowledged only after a checkpoint that holds what became of it; while that is being written
// the turns go on. After a start, what had been published meanwhile is read first, and verdicts wait in the
// outbox until then: those that an earlier run had published already are recognised on the way.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <deque>
#include <set>
#include <string>

#include "config/mesh.h"
#include "tracker/answers.h"
#include "tracker/cares.h"
#include "tracker/causes.h"
#include "tracker/committer.h"
#include "tracker/foresight.h"
#include "tracker/inbox.h"
#include "tracker/incidents.h"
#include "tracker/outbox.h"
#include "tracker/store.h"
#include "tracker/tracker.h"
#include "tracker/waits.h"

namespace reel::tracker {

/// Input taken and not acknowledged that makes a checkpoint due at once. It must stay below the
/// subscription's credit, half as much again, which is what a crash does again at most: about a second's
/// work.
inline constexpr std::uint64_t checkpoint_events_max = 500'000;
/// The same for changed flows, those that were forgotten among them. Both bound what a checkpoint takes in
/// memory: 250,000 flows of a few events take some 60 MB, of larger ones there are fewer.
inline constexpr std::size_t checkpoint_flows_max = 250'000;
inline constexpr std::size_t checkpoint_bytes_max = std::size_t{96} << 20;
/// Where more came since the last one, the next is put off to the interval below: flows that change again
/// meanwhile are written once.
inline constexpr std::uint64_t checkpoint_events_small = 2'000;
inline constexpr std::chrono::seconds checkpoint_interval_busy{5};
/// So long without an event the broker has nothing, or waits for what it gave out to be acknowledged.
inline constexpr std::chrono::milliseconds checkpoint_idle{20};
/// Flows of a checkpoint that are copied per turn, or so many bytes of larger ones: about a millisecond. One
/// is copied whole.
inline constexpr std::size_t saved_per_turn = 2'000;
inline constexpr std::size_t saved_bytes_per_turn = std::size_t{1} << 20;
/// Where more flows are changed, a question about flows waits for the checkpoint that saves them, instead of
/// the turn for the question: 20 ms.
inline constexpr std::size_t changed_for_reading_max = 10'000;
inline constexpr std::size_t changed_bytes_for_reading_max = std::size_t{8} << 20;
/// Questions that wait so; further ones are refused. Once they need not wait they are answered as many a turn
/// as others are (query_server.h).
inline constexpr std::size_t deferred_max = 1'000;
/// A flow that waits for nothing leaves memory after so long without an event. Late events come soon or not
/// at all; those that do are read from disk.
inline constexpr std::uint64_t rest_after_ns = 60'000'000'000;
/// Places of the flow table looked at per checkpoint for flows to put away.
inline constexpr std::size_t rest_slots = 20'000;
/// How often old flows are looked for, and how many of each state are looked at each time: that takes some
/// 10 ms, in which nothing is judged. Where there are more it goes on soon, at up to 20,000 a second, which
/// is more than begin.
inline constexpr std::chrono::seconds expiry_interval{5};
inline constexpr std::chrono::milliseconds expiry_interval_busy{100};
inline constexpr std::size_t expiry_flows = 2'000;

/// How long a verdict waits for its cause. The broker answers in a millisecond or two; where it does not, the
/// verdict goes out without.
inline constexpr std::chrono::milliseconds cause_wait{500};
/// How long `why` waits.
inline constexpr std::chrono::milliseconds why_wait{2'000};
/// Flows that a reload moves to a newer version in one turn: some milliseconds.
inline constexpr std::size_t reapplied_per_turn = 500;
/// Findings of one answer to `why`.
inline constexpr std::size_t why_findings_max = 100;

/// The inbox will give nothing more: what the bus said.
struct InboxRefused : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// The flows in the store but for those that were forgotten, which lie there until the next checkpoint.
class Remembered final : public FlowArchive {
 public:
  explicit Remembered(Store& store) : store_{store} {}

  [[nodiscard]] std::optional<ArchivedFlow> find(std::string_view correlation) override {
    return forgotten_.contains(correlation) ? std::nullopt : store_.find(correlation);
  }
  void forget(std::string_view correlation) { forgotten_.emplace(correlation); }
  [[nodiscard]] std::size_t forgotten() const { return forgotten_.size(); }
  /// The store does not have them any more.
  void saved() { forgotten_.clear(); }

 private:
  Store& store_;
  std::set<std::string, std::less<>> forgotten_;  // packed ids
};

class Watch {
 public:
  using Time = std::chrono::steady_clock::time_point;

  /// Goes on where the store says. Throws DefinitionError, StoreError.
  /// Without a line to the broker no causes are found.
  Watch(const config::Model& model, Store& store, Committer& committer, Inbox& inbox, Outlet& outlet,
        BrokerLine* line = nullptr);

  /// The tracker's file as it is now. Throws config::ConfigError.
  using Reread = std::function<config::Mesh()>;
  /// From here on it can be asked to read its file again.
  void serve_reloads(Reread reread) { reread_ = std::move(reread); }

  /// One turn, waiting at most `wait` for input. False when the inbox has stopped. Throws InboxRefused.
  bool turn(std::chrono::milliseconds wait, Time now);
  /// Everything known is on disk, and the input acknowledged.
  void checkpoint(Time now);
  /// The same; and whoever waits for the disk, or for a reload, is told that no answer will come.
  void stop(Time now);

  /// Knows everything that turn() has judged.
  [[nodiscard]] v1::Reply answer(const v1::Request& request);
  /// The same; but where the broker must be asked first, `send` is called in a later turn.
  using Send = std::function<void(v1::Reply)>;
  void ask(const v1::Request& request, Time now, Send send);
  /// The broker's answers are waited for, or a flow: the next turn should come soon.
  [[nodiscard]] bool asks() const {
    return inquiries_.waiting() || waits_.size() > 0 || reapplying_ || !deferred_.empty();
  }

  [[nodiscard]] const Tracker& tracker() const { return tracker_; }
  [[nodiscard]] const Outbox& outbox() const { return outbox_; }
  [[nodiscard]] const Incidents& incidents() const { return incidents_; }
  [[nodiscard]] bool caught_up() const { return caught_up_; }

 private:
  void load_definitions(const config::Model& model, StoreBatch& batch);
  void load();
  void take(const Delivery& delivery);
  void collect_verdicts();
  void heed(const EventSeen& event, std::uint64_t waived);
  void publish_incidents();
  [[nodiscard]] bool add_cause(const Judgement& verdict, std::vector<std::uint64_t> numbers);
  [[nodiscard]] FlowLook look_at(const std::string& correlationid, std::uint64_t behind);
  void ask_wait(const v1::Request& request, Time now, Send send);
  void look_ahead();
  void look_closer(FlowTable::Handle handle);
  void sweep();
  void foresee(const std::string& correlationid);
  void look_again(const std::string& correlationid);
  void mark_impossible(const std::string& correlationid, ClaimIndex index, std::uint64_t last_offset,
                       v1::Cause cause);
  void ask_why(const v1::Request& request, Time now, Send send);
  void ask_care(const v1::Request& request, Time now, Send send);
  void ask_reload(const v1::Request& request, Time now, Send send);
  [[nodiscard]] std::string judge_reload(const v1::ReloadRequest& request, const config::Mesh& wanted,
                                         v1::ReloadReply& reply) const;
  void take_up(config::Mesh wanted, Time now);
  [[nodiscard]] std::uint64_t open_under_older(const std::map<std::string, config::Flow>& flows) const;
  void reapply_some();
  void tell_reapplied();
  void tell_definitions(v1::DefinitionsReply& reply) const;
  void mark_low_importance(v1::FlowReply& page) const;
  [[nodiscard]] std::string refusal_of(v1::CareRequest& care);
  [[nodiscard]] bool is_checkpoint_due(Time now) const;
  void begin_checkpoint(Time now);
  void go_on_with_checkpoint();
  void finish_checkpoint();
  void checkpoint_ended();
  [[nodiscard]] bool checkpoint_under_way() const { return gathering_.has_value() || committing_; }
  /// One atomic step: what changed, and how far that is. The flows follow as they are saved.
  void begin_saving(StoreBatch& batch);
  [[nodiscard]] static bool reads_store(const v1::Request& request);
  [[nodiscard]] bool must_wait(const v1::Request& request) const;
  [[nodiscard]] bool saving_takes_long() const;
  [[nodiscard]] bool waits_for_checkpoint() const;
  void answer_deferred(Time now);
  void answer_now(const v1::Request& request, Time now, Send send);
  /// The store can be asked for everything known.
  void save_for_reading();
  /// What is saved next, with the flows that were forgotten since the last time taken out.
  [[nodiscard]] StoreBatch next_batch();
  /// Whether there are more.
  bool expire();
  bool expire_one(v1::FlowState state, const ListingPlace& place);

  config::Model running_;
  config::Tracker& options_ = running_.tracker;
  Store& store_;
  Remembered remembered_{store_};
  Committer& committer_;
  Inbox& inbox_;
  Outlet& outlet_;
  Names names_;
  DefinitionSet definitions_;
  Tracker tracker_;
  Outbox outbox_;
  Incidents incidents_;
  Cares cares_;
  Answers answers_;
  Inquiries inquiries_;
  Causes causes_;
  Waits waits_;
  Foresight foresight_;
  Waits looks_;                      // at flows that foresight is about
  std::set<std::string> looked_at_;  // their correlation ids
  FlowTable::Handle swept_upto_ = FlowTable::none;

  Name names_saved_ = 1;
  std::uint64_t unsaved_ = 0;            // events taken since the last checkpoint began
  std::optional<StoreBatch> erasures_;   // of the flows forgotten since then, which the next one begins with
  std::optional<StoreBatch> gathering_;  // the checkpoint under way, while flows are copied
  bool committing_ = false;              // it is being written
  std::uint64_t checkpoints_ = 0;        // that ended
  bool caught_up_ = false;
  std::uint64_t join_end_offset_ = 0;
  std::uint64_t join_log_time_ = 0;
  Time now_{};  // of this turn
  Time last_checkpoint_{};
  Time last_event_{};
  Time next_expiry_{};
  std::array<std::optional<ListingPlace>, listed_states.size()> expiry_at_;
  std::vector<stored::Outgoing> events_;

  /// Open flows on their way to the newest versions, some each turn.
  struct Reapplying {
    v1::Reply reply;
    Send send;
    std::vector<std::string> flows;              // packed ids, of those that are left
    std::optional<std::uint64_t> saved_at = {};  // all have moved, which so many checkpoints hold
  };
  Reread reread_;
  std::optional<Reapplying> reapplying_;

  /// Questions about flows that wait for a checkpoint.
  struct Deferred {
    v1::Request request;
    Send send;
    std::uint64_t checkpoints;  ///< how many had ended then
  };
  std::deque<Deferred> deferred_;  // in the order they came
};

}  // namespace reel::tracker
