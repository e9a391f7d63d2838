// The broker: one thread that owns the sockets and all routing and delivery state.
//
// Read run() for its turn: take the frames that came, take what the journal finished, let every service do
// what it now can, and sleep until the next frame, commit or deadline. What a frame leads to is the desk's
// part, the snapshot's file and the journal's retention are that of Snapshots; here are the sockets.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
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

  /// From here on it can be asked to read its file again; `exchange` as Desk has it.
  void serve_reloads(Reread reread, std::function<void(config::Mesh& wanted)> exchange);

  /// What the world outside asks of it.
  struct Wishes {
    int fd = -1;  ///< readable when take() has something
    enum class Wish : std::uint8_t { none, stop, reload };
    std::function<Wish()> take;
    std::string by = {};  ///< who it is that wants a reload
  };
  /// Serves until it is to stop, then says GOODBYE, and snapshots its state. A disk that is full or fails
  /// stops nothing but what needs it: see Desk.
  void run(const Wishes& wishes);

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
