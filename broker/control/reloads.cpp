#include "control/reloads.h"

#include <memory>
#include <stdexcept>
#include <utility>

#include "admit/admission.h"
#include "config/reload_judgement.h"
#include "route/router.h"
#include "service/own_record.h"

namespace reel::broker {
namespace {

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
  told.set_refused(config::judge_reload(running_, wanted.model, config::Program::broker, request, told));
  if (told.refused().empty()) told.set_refused(cannot_run(wanted));
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

}  // namespace reel::broker
