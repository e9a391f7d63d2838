#include "control/commands.h"

#include <google/protobuf/repeated_field.h>

#include <algorithm>

#include "service/own_record.h"

namespace reel::broker {
namespace {

using Offsets = google::protobuf::RepeatedField<std::uint64_t>;

Offsets* offsets_of(v1::Command& command) {
  switch (command.what_case()) {
    case v1::Command::kRetryNow: return command.mutable_retry_now()->mutable_offsets();
    case v1::Command::kGiveUp: return command.mutable_give_up()->mutable_offsets();
    case v1::Command::kRedrive: return command.mutable_redrive()->mutable_offsets();
    case v1::Command::kDiscard: return command.mutable_discard()->mutable_offsets();
    default: return nullptr;
  }
}

void leave_out(v1::CommandReply& reply, Offset offset, std::string_view why) {
  if (reply.left_out_size() >= Commands::left_out_max) return;
  reply.add_left_out("event at offset " + std::to_string(offset) + " " + std::string{why});
}

// Keeps of the command's offsets, each once and ascending, those that `fits` says "" about.
template <typename Fits>
void keep(v1::Command& command, v1::CommandReply& reply, const Fits& fits) {
  auto& offsets = *offsets_of(command);
  std::sort(offsets.begin(), offsets.end());
  offsets.erase(std::unique(offsets.begin(), offsets.end()), offsets.end());
  Offsets kept;
  for (const auto offset : offsets) {
    const std::string_view why = fits(offset);
    if (why.empty()) {
      kept.Add(offset);
    } else {
      leave_out(reply, offset, why);
    }
  }
  offsets.Swap(&kept);
  reply.set_count(static_cast<std::uint64_t>(offsets.size()));
}

}  // namespace

void Commands::give(v1::Command command, v1::Reply reply, Answer answer) {
  Given given{std::move(command), std::move(reply), std::move(answer)};
  if (auto why = who_and_why(given.command); !why.empty()) return refuse(std::move(given), std::move(why));
  if (given.command.has_cancel_delayed()) return cancel_delayed(std::move(given));  // of no service
  if (auto why = why_not(given.command); !why.empty()) return refuse(std::move(given), std::move(why));
  given.reply.mutable_command();
  switch (given.command.what_case()) {
    case v1::Command::kPause:
    case v1::Command::kResume: return pause(std::move(given));
    case v1::Command::kRetryNow: return retry_now(std::move(given));
    case v1::Command::kGiveUp: return give_up(std::move(given));
    case v1::Command::kRedrive: return redrive(std::move(given));
    case v1::Command::kDiscard: return discard(std::move(given));
    case v1::Command::kForget: return forget(std::move(given));
    case v1::Command::kReplay: return replay(std::move(given));
    case v1::Command::kCancelReplay: return cancel_replay(std::move(given));
    case v1::Command::kStepReplay: return step_replay(std::move(given));
    default: return refuse(std::move(given), "this command is not known to this broker");
  }
}

// A sentence, or nothing where it is right.
std::string Commands::who_and_why(const v1::Command& command) {
  if (command.by().empty() || command.by().size() > by_bytes_max) {
    return "a command says who gives it, in 1 to " + std::to_string(by_bytes_max) + " bytes";
  }
  if (command.note().size() > note_bytes_max) {
    return "a command's note has at most " + std::to_string(note_bytes_max) + " bytes";
  }
  return {};
}

// A sentence, or nothing where the service can be given the command.
std::string Commands::why_not(const v1::Command& command) const {
  if (is_system_service(command.service())) {
    return "service '" + command.service() + "' is a part of Reel, which takes no commands";
  }
  const auto* const record = ledger_.find(command.service());
  if (record == nullptr || record->is_forgotten()) return "no service '" + command.service() + "' is known";
  v1::Command copy = command;
  const auto* const offsets = offsets_of(copy);
  if (offsets != nullptr && offsets->size() > offsets_max) {
    return "a command names at most " + std::to_string(offsets_max) + " events, not " +
           std::to_string(offsets->size());
  }
  return {};
}

void Commands::refuse(Given given, std::string why) {
  given.reply.set_error(std::move(why));
  given.answer(std::move(given.reply));
}

void Commands::append(Given given, std::string consequences, std::function<void()> when_committed) {
  given.reply.mutable_command()->set_offset(log_.appended_end());
  auto own = own_record(control_topic, given.command.service(), given.command, log_.now());
  own += consequences;
  publishing_.append({}, std::move(own),
                     [reply = std::move(given.reply), answer = std::move(given.answer),
                      when_committed = std::move(when_committed)](const StoredBatchPtr&) {
                       if (when_committed) when_committed();
                       answer(reply);
                     });
}

void Commands::pause(Given given) {
  const auto until = given.command.pause().until();
  if (until != 0 && until <= log_.now()) {
    return refuse(std::move(given), "the time until which to pause has passed already");
  }
  given.reply.mutable_command()->set_count(1);
  append(std::move(given), {});
}

void Commands::retry_now(Given given) {
  const auto& retrying = ledger_.find(given.command.service())->retrying;
  keep(given.command, *given.reply.mutable_command(),
       [&](Offset offset) { return retrying.contains(offset) ? "" : "waits for no attempt"; });
  if (given.reply.command().count() == 0) return given.answer(std::move(given.reply));
  append(std::move(given), {});
}

void Commands::give_up(Given given) {
  auto* const queue = services_.find_durable(given.command.service());
  const auto& retrying = ledger_.find(given.command.service())->retrying;
  Settlement settlement;
  keep(given.command, *given.reply.mutable_command(), [&](Offset offset) {
    const auto failed = retrying.find(offset);
    if (failed == retrying.end() || queue == nullptr) return "waits for no attempt";
    v1::Failure failure = failed->second;
    failure.set_ending(v1::ENDING_DEAD);
    failure.set_retry_at(0);
    failure.set_failed_at(log_.now());
    return queue->give_up(failure, settlement) ? "" : "is being handled";
  });
  if (given.reply.command().count() == 0) return given.answer(std::move(given.reply));
  auto report = services_.encoded_report(*queue, settlement);
  append(std::move(given), std::move(report));
}

void Commands::redrive(Given given) {
  const auto& service = given.command.service();
  const auto& dead = ledger_.find(service)->dead;
  keep(given.command, *given.reply.mutable_command(), [&](Offset origin) {
    return dead.contains(origin) && !leaving_.contains({service, origin}) ? "" : "is no dead letter";
  });
  keep_in_order(given.command, *given.reply.mutable_command());
  const auto& kept = given.command.redrive().offsets();
  if (kept.empty()) return given.answer(std::move(given.reply));
  std::vector<Offset> origins{kept.begin(), kept.end()};
  for (const auto origin : origins) leaving_.emplace(service, origin);
  auto shared = std::make_shared<Given>(std::move(given));
  auto letters = std::make_shared<std::vector<Redeliverable>>();
  const bool asked = reads_.fetch(
      origins, [letters](const EventAt& at) { letters->emplace_back(at); },
      [this, shared, letters] { redrive(std::move(*shared), *letters); });
  if (asked) return;
  for (const auto origin : origins) leaving_.erase({shared->command.service(), origin});
  refuse(std::move(*shared), EventReads::full_error);
}

// By key, the oldest dead letter that is not redriven by this command. Those that others have taken and that
// are not redriven yet are among them.
std::map<std::uint64_t, Offset> Commands::other_letters(const v1::Command& redrive) const {
  const auto& taken = redrive.redrive().offsets();
  std::map<std::uint64_t, Offset> others;
  for (const auto& [origin, letter] : ledger_.find(redrive.service())->dead) {
    const bool other = !std::binary_search(taken.begin(), taken.end(), origin);
    if (other && letter.key_hash() != 0) others.emplace(letter.key_hash(), origin);
  }
  return others;
}

// Where a key's events wait behind its dead letters, so do the letters.
void Commands::keep_in_order(v1::Command& redrive, v1::CommandReply& reply) const {
  const auto* const queue = services_.find(redrive.service());
  if (queue == nullptr || queue->policy().on_dead != config::OnDead::park) return;
  const auto& dead = ledger_.find(redrive.service())->dead;
  auto others = other_letters(redrive);
  keep(redrive, reply, [&](Offset origin) {
    const auto key_hash = dead.at(origin).key_hash();
    const auto first = others.find(key_hash);
    if (first == others.end() || first->second > origin) return "";
    return "stands behind another dead letter of its key, which is to be redriven or discarded first";
  });
}

// The events are at hand, those that are left: what the journal no longer has cannot be handed over.
void Commands::redrive(Given given, const std::vector<Redeliverable>& events) {
  const auto service = given.command.service();
  const auto forget_leaving = [this, service, events] {
    for (const auto& event : events) leaving_.erase({service, event.origin});
  };
  auto* const queue = services_.find_durable(service);
  if (queue == nullptr) {
    forget_leaving();
    return refuse(std::move(given), "service '" + service + "' was forgotten meanwhile");
  }
  std::set<Offset> there;
  for (const auto& event : events) {
    if (event.is_there) there.insert(event.origin);
  }
  keep(given.command, *given.reply.mutable_command(), [&](Offset origin) {
    if (there.contains(origin)) return "";
    return reads_.holds(origin) ? "cannot be read from the journal now; try again"
                                : "is no longer in the journal; it can only be discarded";
  });
  keep_in_order(given.command, *given.reply.mutable_command());  // one may have died meanwhile
  const auto& kept = given.command.redrive().offsets();
  if (kept.empty()) {
    forget_leaving();
    return given.answer(std::move(given.reply));
  }
  std::vector<Redeliverable> redriven;
  for (const auto& event : events) {
    if (std::binary_search(kept.begin(), kept.end(), event.origin)) redriven.push_back(event);
  }
  const auto others = other_letters(given.command);
  const auto command = log_.appended_end();
  auto offset = command;
  for (const auto& event : redriven) {
    ++offset;
    queue->parked().redrive(event.key_hash, offset, offset, !others.contains(event.key_hash));
  }
  queue->will_redeliver(offset, redriven.front().origin);
  append(std::move(given), redelivery_run(service, v1::REDELIVERY_REDRIVEN, redriven, command),
         forget_leaving);
}

void Commands::discard(Given given) {
  const auto service = given.command.service();
  const auto& dead = ledger_.find(service)->dead;
  std::set<std::uint64_t> keys;
  keep(given.command, *given.reply.mutable_command(), [&](Offset origin) {
    const auto letter = dead.find(origin);
    if (letter == dead.end() || leaving_.contains({service, origin})) return "is no dead letter";
    keys.insert(letter->second.key_hash());
    return "";
  });
  const auto& kept = given.command.discard().offsets();
  if (kept.empty()) return given.answer(std::move(given.reply));
  std::vector<Offset> origins{kept.begin(), kept.end()};
  for (const auto origin : origins) leaving_.emplace(service, origin);
  append(std::move(given), {},
         [this, service, origins = std::move(origins), keys = std::move(keys)]() mutable {
           for (const auto origin : origins) leaving_.erase({service, origin});
           auto* const queue = services_.find_durable(service);
           if (queue == nullptr) return;
           for (const auto& [origin, letter] : ledger_.find(service)->dead) keys.erase(letter.key_hash());
           for (const auto key_hash : keys) queue->parked().let_go(key_hash);
         });
}

void Commands::replay(Given given) {
  auto& replay = *given.command.mutable_replay();
  if (auto why = replays_.why_not(given.command.service(), replay); !why.empty()) {
    return refuse(std::move(given), std::move(why));
  }
  replay.set_to_offset(
      std::min(replay.to_offset() == 0 ? log_.committed_end() : replay.to_offset(), log_.committed_end()));
  replay.set_id(0);
  replay.set_next_offset(replay.from_offset());
  replay.set_redelivered(0);
  replay.set_done(false);
  if (!replay.stepping()) replay.set_steps(0);
  given.reply.mutable_command()->set_count(1);
  append(std::move(given), {});
}

// A sentence, or nothing where it is.
std::string Commands::not_under_way(const v1::Command& command, Offset replay) const {
  if (replays_.runs(command.service(), replay)) return {};
  return "service '" + command.service() + "' has no replay " + std::to_string(replay) + " under way";
}

void Commands::cancel_replay(Given given) {
  auto why = not_under_way(given.command, given.command.cancel_replay());
  if (!why.empty()) return refuse(std::move(given), std::move(why));
  given.reply.mutable_command()->set_count(1);
  append(std::move(given), {});
}

void Commands::step_replay(Given given) {
  const auto id = given.command.step_replay().id();
  auto why = not_under_way(given.command, id);
  if (!why.empty()) return refuse(std::move(given), std::move(why));
  if (!replays_.is_stepping(id)) {
    return refuse(std::move(given), "replay " + std::to_string(id) + " does not go step by step");
  }
  given.reply.mutable_command()->set_count(1);
  append(std::move(given), {});
}

void Commands::cancel_delayed(Given given) {
  delaying_.cancel(given.command, [reply = std::move(given.reply),
                                   answer = std::move(given.answer)](v1::CommandReply done) mutable {
    *reply.mutable_command() = std::move(done);
    answer(std::move(reply));
  });
}

void Commands::forget(Given given) {
  const auto service = given.command.service();
  if (services_.has_instances(service)) {
    return refuse(std::move(given),
                  "service '" + service + "' has instances that are there; stop them before it is forgotten");
  }
  services_.forget(service);
  given.reply.mutable_command()->set_count(1);
  append(std::move(given), {}, [this, service] { services_.forgotten(service); });
}

}  // namespace reel::broker
