#include "config/reload_judgement.h"

namespace reel::config {

std::string judge_reload(const Model& running, const Model& wanted, Program program,
                         const v1::ReloadRequest& request, v1::ReloadReply& reply) {
  const auto changes = changes_between(running, wanted);
  reply.set_path(wanted.path);
  reply.set_digest(wanted.digest);
  reply.set_was(running.digest);
  for (auto& what : at_most(changes_of(changes, program, Taking::at_once), told_changes_max))
    reply.add_changes(std::move(what));
  for (auto& what : at_most(restarts_of(changes), told_changes_max)) reply.add_restarts(std::move(what));
  if (!request.digest().empty() && request.digest() != wanted.digest)
    return wanted.path + " has digest " + wanted.digest + " here, not " + request.digest();
  if (!request.dry_run() && (request.by().empty() || request.by().size() > asker_bytes_max ||
                             request.note().size() > note_bytes_max)) {
    return "a reload says who wants it, in 1 to " + std::to_string(asker_bytes_max) +
           " bytes, and why in at most " + std::to_string(note_bytes_max);
  }
  std::string text;
  for (const auto& what : at_most(changes_of(changes, program, Taking::restart), told_changes_max))
    text += (text.empty() ? "" : "\n") + what + ": needs a restart of " + std::string{name_of(program)};
  return text;
}

}  // namespace reel::config
