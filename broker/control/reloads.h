// Reading the configuration again while the broker runs: the whole file or nothing of it.
//
//   Reloads reloads{config, file, [&](config::Mesh& wanted) { …swap it in… }, log, publishing};
//   reloads.ask(request, reply, send);
//
// What it finds wrong - a file that cannot be used, a difference that needs a restart - is said, and nothing
// is changed. Otherwise the new configuration holds from here on, between two frames, and a record on
// reel.control says who wanted it and what it changed.
#pragma once

#include <functional>
#include <string>

#include "config/mesh.h"
#include "control/commands.h"

namespace reel::broker {

/// The broker's file as it is now. Throws config::ConfigError.
using Reread = std::function<config::Mesh()>;

class Reloads {
 public:
  /// Makes `wanted` what runs. What ran before is in it afterwards, for as long as anything points there.
  using TakeUp = std::function<void(config::Mesh& wanted)>;

  /// Without a `reread` no reload can be asked for.
  Reloads(const config::Model& running, CommitLog& log, Publishing& publishing)
      : running_{running}, log_{log}, publishing_{publishing} {}
  void serve(Reread reread, TakeUp take_up) {
    reread_ = std::move(reread);
    take_up_ = std::move(take_up);
  }

  /// Answers once what was done is in the journal; at once where nothing was.
  void ask(const v1::ReloadRequest& request, v1::Reply reply, Commands::Answer answer);

 private:
  const config::Model& running_;
  CommitLog& log_;
  Publishing& publishing_;
  Reread reread_;
  TakeUp take_up_;
};

}  // namespace reel::broker
