#include "control/reloads.h"

#include <memory>
#include <stdexcept>
#include <utility>

#include "admit/admission.h"
#include "config/changes.h"
#include "route/router.h"
#include "service/own_record.h"

namespace reel::broker {
namespace {

using config::Program;
using config::Taking;

// What the configuration's reader does not know of: that routes derive too much from one event.
std::string cannot_run(const config::Mesh& wanted) try {
  const Router router{wanted.model, &wanted.schemas};
  const Admission admission{wanted.model, wanted.schemas};
  return {};
} catch (const std::invalid_argument& error) {
  return error.what();
}

}  // namespace

void Reloads::ask(const v1::ReloadRequest& request, v1::Reply reply, Commands::Answer answer) {
  auto& told = *reply.mutable_reload();
  if (!reread_) {
    reply.set_error("this broker was started without a file that it could read again");
    return answer(std::move(reply));
  }
  config::Mesh wanted;
  try {
    wanted = reread_();
  } catch (const config::ConfigError& error) {
    told.set_refused(error.what());
    return answer(std::move(reply));
  }
  told.set_refused(judge(request, wanted, told));
  if (!told.refused().empty() || request.dry_run()) return answer(std::move(reply));

  v1::Reloaded note;
  note.set_by(request.by());
  note.set_note(request.note());
  note.set_digest(told.digest());
  note.set_was(told.was());
  *note.mutable_changes() = told.changes();
  take_up_(wanted);
  told.set_offset(log_.appended_end());
  publishing_.append(
      {}, own_record(control_topic, "", note, log_.now()),
      [reply = std::move(reply), answer = std::move(answer)](const StoredBatchPtr&) { answer(reply); });
}

std::string Reloads::judge(const v1::ReloadRequest& request, const config::Mesh& wanted,
                           v1::ReloadReply& reply) const {
  const auto changes = config::changes_between(running_, wanted.model);
  reply.set_path(wanted.model.path);
  reply.set_digest(wanted.model.digest);
  reply.set_was(running_.digest);
  for (auto& what : config::at_most(config::changes_of(changes, Program::broker, Taking::at_once),
                                    config::told_changes_max))
    reply.add_changes(std::move(what));
  for (auto& what : config::at_most(config::restarts_of(changes), config::told_changes_max))
    reply.add_restarts(std::move(what));
  if (!request.digest().empty() && request.digest() != wanted.model.digest)
    return wanted.model.path + " has digest " + wanted.model.digest + " here, not " + request.digest();
  if (!request.dry_run() && (request.by().empty() || request.by().size() > Commands::by_bytes_max ||
                             request.note().size() > Commands::note_bytes_max)) {
    return "a reload says who wants it, in 1 to " + std::to_string(Commands::by_bytes_max) +
           " bytes, and why in at most " + std::to_string(Commands::note_bytes_max);
  }
  std::string text;
  for (const auto& what : config::at_most(config::changes_of(changes, Program::broker, Taking::restart),
                                          config::told_changes_max))
    text += (text.empty() ? "" : "\n") + what + ": needs a restart of reel-broker";
  return text.empty() ? cannot_run(wanted) : text;
}

}  // namespace reel::broker
