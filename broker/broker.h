// The broker: one thread that owns the sockets and all routing and delivery state.
//
// Read run() for its turn: take the frames that came, take what the journal finished, let every service do
// what it now can, and sleep until the next frame, commit or deadline. What a frame leads to is the desk's
// part, the snapshot's file and the journal's retention are that of Snapshots; here are the sockets.
#pragma once

#include <filesystem>
#include <string>
#include <zmq.hpp>

#include "config/model.h"
#include "desk/desk.h"
#include "desk/snapshots.h"
#include "event/schema_set.h"
#include "journal/journal.h"
#include "session/live_tap.h"
#include "session/router_socket.h"

namespace reel::broker {

class Broker {
 public:
  /// Binds the endpoints and rebuilds its state from the journal. Throws std::runtime_error with place and
  /// remedy.
  Broker(const config::Model& config, const SchemaSet& schemas, Journal& journal,
         std::filesystem::path snapshot_path);

  /// Serves until `stop_fd` is readable, then says GOODBYE, and snapshots its state. A disk that is full or
  /// fails stops nothing but what needs it: see Desk.
  void run(int stop_fd);

  [[nodiscard]] std::string endpoint() const { return front_.endpoint(); }
  [[nodiscard]] std::string live_endpoint() const { return tap_.endpoint(); }
  [[nodiscard]] Offset end_offset() const { return desk_.committed_end(); }
  [[nodiscard]] std::size_t services() const { return desk_.services(); }

 private:
  /// False where more frames may wait.
  [[nodiscard]] bool take_frames();
  [[nodiscard]] std::chrono::milliseconds until_next_deadline();

  Journal& journal_;

  zmq::context_t context_{1};
  RouterSocket front_;
  LiveTap tap_;
  Desk desk_;
  Snapshots snapshots_;
};

}  // namespace reel::broker
