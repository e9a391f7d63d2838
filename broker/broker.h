// The broker: one thread that owns the sockets and all routing and delivery state.
//
// Read run() for its turn: take the frames that came, take what the journal finished, let every service do
// what it now can, and sleep until the next frame, commit or deadline. Each frame's handler is a sentence in
// the words of docs/architecture.md; the work is done in admit/, route/, journal/, dispatch/ and ledger/.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <zmq.hpp>

#include "admit/admission.h"
#include "admit/chosen_ids.h"
#include "admit/resends.h"
#include "config/model.h"
#include "delay/delays.h"
#include "event/schema_set.h"
#include "journal/commit_log.h"
#include "journal/journal.h"
#include "ledger/ledger.h"
#include "query/answers.h"
#include "route/router.h"
#include "service/delaying.h"
#include "service/publishing.h"
#include "service/services.h"
#include "session/live_tap.h"
#include "session/router_socket.h"
#include "session/session.h"

namespace reel::broker {

class Broker final : private Replies {
 public:
  /// Binds the endpoints and rebuilds its state from the journal. Throws std::runtime_error with place and
  /// remedy.
  Broker(const config::Model& config, const SchemaSet& schemas, Journal& journal,
         std::filesystem::path snapshot_path);

  /// Serves until `stop_fd` is readable, then says GOODBYE, and snapshots its state. Throws where the disk
  /// fails.
  void run(int stop_fd);

  [[nodiscard]] std::string endpoint() const { return front_.endpoint(); }
  [[nodiscard]] std::string live_endpoint() const { return tap_.endpoint(); }
  [[nodiscard]] Offset end_offset() const { return log_.committed_end(); }
  [[nodiscard]] std::size_t services() const { return services_.names().size(); }

 private:
  void recover();
  /// False where more frames may wait.
  [[nodiscard]] bool take_frames();
  void take_journal();
  void tick();
  [[nodiscard]] std::chrono::milliseconds until_next_deadline();

  void on_frame(const Incoming& incoming);
  void on_hello(const Incoming& incoming);
  void on_publish(Session& session, const Incoming& incoming);
  void on_beat(Session& session, const v1::ClientBeat& beat);
  void on_goodbye(Session& session);
  void on_query(const Incoming& incoming);
  void refuse(const RoutingId& to, v1::RefusedReason reason, std::string text);
  void end_session(Session& session, bool lost);
  void beat(Session& session);

  void send(InstanceId to, v1::FromBroker frame, std::string batch) override;
  void save_snapshot();

  const config::Model& config_;
  const SchemaSet& schemas_;
  Journal& journal_;
  std::filesystem::path snapshot_path_;
  const std::uint64_t epoch_;

  zmq::context_t context_{1};
  RouterSocket front_;
  LiveTap tap_;

  Admission admission_;
  Router router_;
  Resends resends_;
  ChosenIds chosen_;
  Delays delays_;
  CommitLog log_;
  Ledger ledger_;
  Publishing publishing_;
  Delaying delaying_;
  Sessions sessions_;
  Services services_;
  Answers answers_;

  LogTime next_tick_ = 0;
  LogTime next_report_ = 0;
  LogTime next_retention_ = 0;
  Offset snapshot_offset_ = 0;
  std::vector<InstanceId> unreachable_;  // found while sending; ended at the next tick
};

}  // namespace reel::broker
