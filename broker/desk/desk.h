// The desk: where clients' frames are answered. It owns all routing and delivery state, and no socket: frames
// come in by take(), answers go out by the function it was given, and what the journal finished is told to
// it. So the broker can run it behind a ROUTER socket, and a test or a fuzzer without one.
//
//   Desk desk{config, schemas, journal, tap, clock, send};
//   desk.recover(snapshot);               // the state the journal tells of
//   desk.take(incoming);                  // a frame
//   desk.take(done);                      // a commit, a read
//   desk.turn();                          // every service does what it now can, publishers are answered
//   desk.tick();                          // time went on
//
// Each frame's handler is a sentence in the words of docs/architecture.md; the work is done in admit/,
// route/, journal/, dispatch/, ledger/, service/ and query/.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "admit/admission.h"
#include "admit/chosen_ids.h"
#include "admit/resends.h"
#include "config/model.h"
#include "control/commands.h"
#include "control/reloads.h"
#include "delay/delays.h"
#include "event/schema_set.h"
#include "journal/commit_log.h"
#include "journal/journal.h"
#include "ledger/ledger.h"
#include "notice/letter_notices.h"
#include "notice/standings.h"
#include "query/answers.h"
#include "route/router.h"
#include "service/delaying.h"
#include "service/publishing.h"
#include "service/services.h"
#include "session/body.h"
#include "session/incoming.h"
#include "session/live_tap.h"
#include "session/session.h"

namespace reel::broker {

class Desk final : private Replies {
 public:
  /// Sends a frame to a connection; false where the peer is gone or does not read.
  using Send = std::function<bool(const RoutingId& to, const v1::FromBroker& frame, Body batch)>;

  Desk(const config::Model& config, const SchemaSet& schemas, Journal& journal, LiveTap& tap,
       std::function<std::uint64_t()> system_clock_ns, Send send,
       std::function<std::uint64_t()> steady_clock_ns = {});

  /// Lets it be asked to read its file again. `exchange` puts what is wanted in the place of the
  /// configuration that the desk was given, and the other way round.
  void serve_reloads(Reread reread, std::function<void(config::Mesh& wanted)> exchange);
  /// As if a client had asked for it; what comes of it is in the log.
  void reload(const std::string& by);

  /// Rebuilds its state from `saved`, where that is usable, and the journal. Once, before the first frame.
  /// Returns the offset from which the journal was read.
  Offset recover(const std::optional<v1::Snapshot>& saved);
  /// Its state, as of what is committed.
  [[nodiscard]] v1::Snapshot snapshot();

  void take(const Incoming& incoming);
  void take(JournalDone done);
  /// Lets every service do what it now can. While the journal cannot be written nothing is handed over: what
  /// is answered to it could not be kept, and so much as was in flight bounds what waits to be written.
  /// Publishers are answered at its end, since nobody waits for that as others do for their events; before it
  /// where it is for more services than take a moment.
  void turn() {
    constexpr std::size_t moment_services = 8;
    if (services_.touched() > moment_services) answer_publishers();
    if (log_.trouble().empty()) {
      delaying_.turn();
      replays_.turn();
      services_.turn();
      letter_notices_.turn();
    }
    answer_publishers();
  }
  /// Timers: ack timeouts and retries, silent sessions, watermarks, reports.
  void tick();
  /// When tick() has something to do next.
  [[nodiscard]] LogTime next_deadline() const;

  /// False while so much waits to be written that no more frames are to be taken: the publishers' windows
  /// fill, and they wait. While the journal cannot be written there is room for as much again: by then they
  /// are refused and told why, questions are answered, and what still comes to be written are the answers to
  /// deliveries that were in flight.
  [[nodiscard]] bool has_room() const;
  /// Somebody's connection has ended. Who was killed is found out soon, and not waited for until its silence
  /// has lasted for service_timeout.
  void connection_ended();
  /// Whoever could not be heard is not silent.
  void excuse_silence();
  void say_goodbye_to_all();

  /// Journal segments from here on are still needed.
  [[nodiscard]] Offset needed_from() const {
    return std::min(services_.needed_from(), delaying_.needed_from());
  }
  /// Retention would delete what stands before `begin`: what waits there for its time is written again.
  void make_room(Offset begin) { delaying_.make_room(begin); }
  /// The journal's oldest events may have been deleted.
  void retained();

  /// Nothing waits for the journal.
  [[nodiscard]] bool all_is_committed() const { return log_.waiting() == 0; }
  /// The journal can be written.
  [[nodiscard]] bool journal_is_well() const { return log_.trouble().empty(); }
  [[nodiscard]] LogTime now() { return log_.now(); }
  [[nodiscard]] Offset committed_end() const { return log_.committed_end(); }
  /// What the journal was given ends here.
  [[nodiscard]] Offset appended_end() const { return log_.appended_end(); }
  [[nodiscard]] std::size_t services() const { return services_.names().size(); }

 private:
  void remember(const StoredBatch& batch, Offset from);
  void take_up();
  void warn_of_forgotten_ids();
  void follow_commands(const StoredBatch& batch, Offset from);
  void on_committed(const Committed& committed);

  void on_hello(const Incoming& incoming);
  void on_publish(Session& session, const Incoming& incoming);
  void on_beat(Session& session, const v1::ClientBeat& beat);
  void answer_publishers();
  void on_goodbye(Session& session);
  void on_query(const Incoming& incoming);
  bool answer(const RoutingId& to, const v1::FromBroker& frame, Body batch = {});
  void refuse(const RoutingId& to, v1::RefusedReason reason, std::string text);
  void hear(Session& session);
  void end_the_lost();
  void end_session(Session& session, bool lost);
  void beat(Session& session);
  void send(InstanceId to, v1::FromBroker frame, Body batch) override;

  const config::Model& config_;
  const SchemaSet& schemas_;
  Journal& journal_;
  LiveTap& tap_;
  const Send send_;
  const std::uint64_t epoch_;

  Admission admission_;
  Router router_;
  Resends resends_;
  ChosenIds chosen_;
  Delays delays_;
  Refusals refusals_;
  CommitLog log_;
  Ledger ledger_;
  Publishing publishing_;
  EventReads reads_;
  Delaying delaying_;
  Sessions sessions_;
  Services services_;
  Redeliveries redeliveries_;
  Replays replays_;
  Commands commands_;
  LetterNotices letter_notices_;
  Standings standings_;
  Counters counters_;
  Fates fates_;
  Reloads reloads_;
  Answers answers_;

  std::vector<std::pair<InstanceId, v1::Accepted>> accepted_;  // of this turn

  // Clients hold answers back until the broker has confirmed earlier ones, so while the journal cannot be
  // written, and a while after, a missing answer is not theirs to blame: nothing expires before this.
  LogTime patient_until_ = 0;
  LogTime next_tick_ = 0;
  LogTime next_report_ = 0;
  LogTime next_ids_warning_ = 0;
  std::uint64_t ids_warned_of_ = 0;      // forgotten before their time
  std::vector<InstanceId> unreachable_;  // found while sending; ended at the next tick
  // For whose connection has ended, by the steady clock; 0: none has. Another may end before: then once more.
  std::uint64_t look_round_at_ = 0;
  std::uint64_t look_again_at_ = 0;
};

}  // namespace reel::broker
