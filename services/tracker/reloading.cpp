// The watch, where it reads its file again: new versions of definitions hold from the next event on, open
// flows keep theirs, or move where that is asked for.
//
// Nothing is half done. A file that cannot be used, or asks for what needs a restart, changes nothing;
// otherwise the new versions are on the disk, by one synced write, before the first event is judged by them.
// Open flows move a number each turn, so that a million of them hold up no deadline; each moves whole. A
// tracker that is killed meanwhile has moved some, and is asked again.
#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "config/flow_text.h"
#include "config/reload_judgement.h"
#include "event/quoted_text.h"
#include "tracker/watch.h"

namespace reel::tracker {
namespace {

bool concerns_content(const std::vector<config::Change>& changes) {
  return std::any_of(changes.begin(), changes.end(), [](const config::Change& change) {
    return change.what.starts_with("flows.") || change.what.starts_with("topics.") ||
           change.what == "schemas";
  });
}

}  // namespace

void Watch::ask_reload(const v1::Request& request, Time now, Send send) {
  v1::Reply reply;
  reply.set_id(request.id());
  auto& told = *reply.mutable_reload();
  const auto& ask = request.reload();
  if (!reread_) {
    reply.set_error("this tracker was started without a file that it could read again");
    return send(std::move(reply));
  }
  std::optional<config::Mesh> wanted;
  try {
    wanted = reread_();
    told.set_refused(judge_reload(ask, *wanted, told));
  } catch (const config::ConfigError& error) {
    told.set_refused(error.what());
  }
  if (!told.refused().empty() || ask.dry_run()) {
    if (!told.refused().empty() && !ask.dry_run())
      spdlog::error("not_reloaded reason=\"{}\"", told.refused());
    return send(std::move(reply));
  }
  take_up(*std::move(wanted), now);
  spdlog::info("reloaded config={} digest={} by={} older={} reapply={}", running_.path, running_.digest,
               in_quotes(ask.by()), told.older(), ask.reapply());
  if (!ask.reapply()) return send(std::move(reply));
  reapplying_ = Reapplying{.reply = std::move(reply), .send = std::move(send), .flows = {}};
  save_for_reading();
  for (const v1::FlowState state : {v1::FLOW_STATE_OPEN, v1::FLOW_STATE_OVERDUE}) {
    store_.list(state, nullptr, [&](const ListingPlace& place) {
      reapplying_->flows.push_back(place.correlation);
      return true;
    });
  }
}

// Why it cannot be done, in lines for people; empty where it can.
std::string Watch::judge_reload(const v1::ReloadRequest& request, const config::Mesh& wanted,
                                v1::ReloadReply& reply) const {
  auto wrong = config::judge_reload(running_, wanted.model, config::Program::tracker, request, reply);
  reply.set_older(open_under_older(wanted.model.flows));
  if (!wrong.empty()) return wrong;
  if (reapplying_)
    return "open flows still move to the versions of the reload before; say it again in a moment";
  try {
    definitions_.check(wanted.model.flows);
  } catch (const DefinitionError& error) {
    return error.what();
  }
  return {};
}

// Flows that go on under a version that is not the one in the file.
std::uint64_t Watch::open_under_older(const std::map<std::string, config::Flow>& flows) const {
  std::uint64_t older = 0;
  for (std::size_t i = 0; i < definitions_.size(); ++i) {
    const auto index = static_cast<DefinitionIndex>(i);
    const auto flow = flows.find(definitions_[index].name);
    if (flow == flows.end() || config::text_of(flow->second) == definitions_[index].text) continue;
    older += tracker_.tally().open_under(index);
  }
  return older;
}

void Watch::take_up(config::Mesh wanted, Time now) {
  const bool content = concerns_content(config::changes_between(running_, wanted.model));
  checkpoint(now);  // what is under way is on the disk before
  StoreBatch batch = store_.batch();
  for (const auto index : definitions_.set_current(wanted.model.flows))
    batch.put_definition(index, definitions_.to_store(index));
  store_.commit(batch, Store::Durability::synced);
  running_ = std::move(wanted.model);
  const auto topics = definitions_.topics_judged_by_content();
  if (!content || topics.empty()) return;
  inbox_.begin_again(topics, std::move(wanted.schemas));
}

// It is told when it is on the disk, which a checkpoint under way need not hold.
void Watch::reapply_some() {
  if (!reapplying_) return;
  if (reapplying_->saved_at) return tell_reapplied();
  auto& left = reapplying_->flows;
  auto& told = *reapplying_->reply.mutable_reload();
  for (std::size_t i = 0; i < reapplied_per_turn && !left.empty(); ++i) {
    if (tracker_.reapply(left.back())) told.set_moved(told.moved() + 1);
    left.pop_back();
  }
  collect_verdicts();
  if (left.empty()) reapplying_->saved_at = checkpoints_ + (checkpoint_under_way() ? 2 : 1);
}

void Watch::tell_reapplied() {
  if (checkpoints_ < *reapplying_->saved_at) return;
  auto& told = *reapplying_->reply.mutable_reload();
  told.set_older(open_under_older(running_.flows));
  spdlog::info("reapplied moved={} older={}", told.moved(), told.older());
  auto done = *std::exchange(reapplying_, std::nullopt);
  done.send(std::move(done.reply));
}

void Watch::tell_definitions(v1::DefinitionsReply& reply) const {
  for (const auto& [name, flow] : running_.flows) {
    auto& row = *reply.add_definitions();
    row.set_name(name);
    row.set_text(config::text_of(flow));
  }
  reply.set_path(running_.path);
  reply.set_digest(running_.digest);
}

}  // namespace reel::tracker
