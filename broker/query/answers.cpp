#include "query/answers.h"

#include <algorithm>
#include <set>

#include "event/batch.h"

namespace reel::broker {
namespace {

constexpr std::uint32_t letters_max = 200;
// Questions that wait for the journal at a time.
constexpr std::size_t reads_max = 2'000;

}  // namespace

Answers::Answers(const config::Model& config, const SchemaSet& schemas, const Ledger& ledger,
                 Services& services, Sessions& sessions, const Publishing& publishing, Journal& journal,
                 CommitLog& log)
    : config_{config},
      schemas_{schemas},
      ledger_{ledger},
      services_{services},
      sessions_{sessions},
      publishing_{publishing},
      journal_{journal},
      log_{log} {}

void Answers::ask(const v1::Request& request, std::function<void(v1::Reply)> send) {
  v1::Reply reply;
  reply.set_id(request.id());
  switch (request.ask_case()) {
    case v1::Request::kSchemas: schemas(*reply.mutable_schemas()); break;
    case v1::Request::kTopics: topics(*reply.mutable_topics()); break;
    case v1::Request::kServices: services(*reply.mutable_services()); break;
    case v1::Request::kDead: return dead(request.dead(), std::move(reply), std::move(send));
    case v1::Request::kFlows:
    case v1::Request::kFlow:
    case v1::Request::kSummary: reply.set_error("this is the broker; flows are asked of the tracker"); break;
    default: reply.set_error("this question is not known to this broker"); break;
  }
  send(std::move(reply));
}

void Answers::schemas(v1::SchemasReply& reply) const {
  std::vector<std::string> types;
  for (const auto& [name, topic] : config_.topics) {
    auto& row = *reply.add_topics();
    row.set_topic(name);
    row.set_type(topic.type);
    row.set_durable(topic.durable);
    types.push_back(topic.type);
  }
  *reply.mutable_files() = schemas_.files_for(types);
}

void Answers::topics(v1::TopicsReply& reply) {
  const auto names = services_.names();
  const auto& counts = publishing_.counts();
  for (const auto& [name, topic] : config_.topics) {
    auto& row = *reply.add_topics();
    row.set_topic(name);
    row.set_type(topic.type);
    row.set_durable(topic.durable);
    const auto counted = counts.find(name);
    if (counted != counts.end()) {
      row.set_published(counted->second.published);
      row.set_unrouted(counted->second.unrouted);
      row.set_refused(counted->second.refused);
    }
    if (!topic.durable) continue;     // a subscription is fed from the journal
    std::set<std::string> listening;  // in the order of names
    for (const auto index : services_.listening(name)) {
      const auto service = names.find(index);
      if (service != names.end() && services_.listens(index)) listening.insert(service->second);
    }
    for (const auto& service : listening) row.add_services(service);
  }
}

void Answers::services(v1::ServicesReply& reply) {
  std::map<std::string, std::vector<const Session*>> instances;
  sessions_.each([&](Session& session) {
    if (!session.patterns.empty()) instances[session.queue].push_back(&session);
  });
  reply.set_now(log_.now());
  reply.set_end_offset(log_.committed_end());
  for (const auto& [index, name] : services_.names()) {
    const auto& queue = *services_.find(name);
    auto& row = *reply.add_services();
    row.set_service(name);
    row.set_ephemeral(queue.ephemeral());
    for (const auto& pattern : queue.patterns()) {
      row.add_patterns(pattern.pattern());
      *row.add_filters() = pattern;
    }
    const auto& dispatch = queue.dispatch();
    row.set_waiting(dispatch.held());
    row.set_behind(queue.behind() && queue.next_offset(log_.committed_end()) < log_.committed_end());
    row.set_next_offset(queue.next_offset(log_.committed_end()));
    row.set_retrying(dispatch.retrying());
    if (const auto* const record = queue.ephemeral() ? nullptr : ledger_.find(name)) {
      row.set_dead(record->dead.size());
      row.set_acked(record->acked);
      row.set_nacked(record->nacked);
    }
    if (const auto oldest = dispatch.oldest()) {
      const auto batch = log_.tail().find(*oldest);
      if (batch) row.set_oldest_unsettled(batch->log_time + (*oldest - batch->first_offset));
    }
    for (const auto* const session : instances[name]) {
      auto& instance = *row.add_instances();
      instance.set_instance(session->instance);
      instance.set_host(session->host);
      instance.set_pid(session->pid);
      instance.set_last_beat(session->last_heard);
      instance.set_in_flight(dispatch.in_flight(session->id));
    }
  }
  std::sort(reply.mutable_services()->begin(), reply.mutable_services()->end(),
            [](const auto& a, const auto& b) { return a.service() < b.service(); });
}

void Answers::fill(v1::DeadReply::Letter& letter, const StoredBatch& batch) {
  const auto index = static_cast<std::uint32_t>(letter.failure().offset() - batch.first_offset);
  const auto& run = batch.run_of(index);
  const auto event = read_event(batch.events[index].bytes);
  letter.set_topic(std::string{run.topic});
  letter.set_source(std::string{run.source});
  letter.set_dataschema(std::string{run.dataschema});
  letter.set_recordedtime(batch.log_time + index);
  letter.set_event(std::string{batch.events[index].bytes});
  if (event) {
    letter.set_id(std::string{event->id});
    letter.set_correlationid(std::string{event->correlationid});
  }
}

// Letters of all services in one sequence: service by service, each by offset. `after` counts rows.
void Answers::dead(const v1::DeadRequest& request, v1::Reply reply, std::function<void(v1::Reply)> send) {
  const auto limit = std::clamp(request.limit() == 0 ? letters_max : request.limit(), 1u, letters_max);
  auto& page = *reply.mutable_dead();
  std::uint64_t position = 0;
  for (const auto& [name, record] : ledger_.services()) {
    if (!request.service().empty() && request.service() != name) continue;
    for (const auto& [offset, failure] : record.dead) {
      ++position;
      if (position <= request.after()) continue;
      if (page.letters_size() == static_cast<int>(limit)) {
        if (page.next() == 0) page.set_next(position - 1);
        continue;
      }
      auto& letter = *page.add_letters();
      letter.set_service(name);
      *letter.mutable_failure() = failure;
      letter.set_failed_at(failure.failed_at());
    }
  }
  page.set_total(position);

  auto waiting = std::make_shared<DeadPage>(DeadPage{std::move(reply), std::move(send), 0});
  auto& letters = *waiting->reply.mutable_dead()->mutable_letters();
  for (int i = 0; i < letters.size(); ++i) {
    const auto offset = letters[i].failure().offset();
    if (const auto batch = log_.tail().find(offset)) {
      fill(letters[i], *batch);
    } else if (offset >= journal_.begin_offset() && reads_.size() < reads_max) {
      ++waiting->missing;
      reads_.emplace(next_token_, Read{waiting, i});
      journal_.read(next_token_++, offset, 1);
    }
  }
  if (waiting->missing == 0) waiting->send(std::move(waiting->reply));
}

bool Answers::take_read(const ReadDone& done) {
  const auto read = reads_.find(done.token);
  if (read == reads_.end()) return done.token >= first_token;
  auto& page = *read->second.page;
  auto& letter = *page.reply.mutable_dead()->mutable_letters(read->second.letter);
  if (const auto batch = find_batch(done.batches, letter.failure().offset())) fill(letter, *batch);
  const bool last = --page.missing == 0;
  const auto keep = read->second.page;
  reads_.erase(read);
  if (last) keep->send(std::move(keep->reply));
  return true;
}

}  // namespace reel::broker
