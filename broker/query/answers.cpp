#include "query/answers.h"

#include <algorithm>
#include <map>
#include <set>

#include "event/batch.h"
#include "query/service_checks.h"
#include "service/page_size.h"

namespace reel::broker {
namespace {

constexpr std::uint32_t letters_max = 200;

Offset origin_of(const v1::Failure& failure) {
  return failure.origin() == 0 ? failure.offset() : failure.origin();
}

auto& rows_of(v1::DeadReply& page) {
  return *page.mutable_letters();
}
auto& rows_of(v1::RetriesReply& page) {
  return *page.mutable_retries();
}

// By which a row stands among its service's.
Offset place_of(const v1::DeadReply& /*page*/, const v1::DeadReply::Letter& row) {
  return origin_of(row.failure());
}
Offset place_of(const v1::RetriesReply& /*page*/, const v1::DeadReply::Letter& row) {
  return row.failure().offset();
}

}  // namespace

Answers::Answers(const config::Model& config, const SchemaSet& schemas, const Ledger& ledger,
                 Services& services, Sessions& sessions, const Publishing& publishing, Commands& commands,
                 const Replays& replays, Delaying& delaying, const Counters& counters, EventReads& reads,
                 Journal& journal, CommitLog& log, Fates& fates, Reloads& reloads)
    : config_{config},
      schemas_{schemas},
      ledger_{ledger},
      services_{services},
      sessions_{sessions},
      publishing_{publishing},
      commands_{commands},
      replays_{replays},
      delaying_{delaying},
      reads_{reads},
      counters_{counters},
      journal_{journal},
      log_{log},
      fates_{fates},
      reloads_{reloads},
      started_at_{log.now()} {}

void Answers::ask(const v1::Request& request, Send send) {
  v1::Reply reply;
  reply.set_id(request.id());
  switch (request.ask_case()) {
    case v1::Request::kSchemas: schemas(*reply.mutable_schemas()); break;
    case v1::Request::kTopics: topics(*reply.mutable_topics()); break;
    case v1::Request::kServices: services(*reply.mutable_services()); break;
    case v1::Request::kStatus: status(*reply.mutable_status()); break;
    case v1::Request::kRoutes: routes(*reply.mutable_routes()); break;
    case v1::Request::kTimes: times(*reply.mutable_times()); break;
    case v1::Request::kDead: return dead(request.dead(), std::move(reply), std::move(send));
    case v1::Request::kRetries: return retries(request.retries(), std::move(reply), std::move(send));
    case v1::Request::kCommand:
      return commands_.give(request.command().command(), std::move(reply), std::move(send));
    case v1::Request::kReload: return reloads_.ask(request.reload(), std::move(reply), std::move(send));
    case v1::Request::kReplays: replays_.list(*reply.mutable_replays()); break;
    case v1::Request::kDelayed: return delayed(request.delayed(), std::move(reply), std::move(send));
    case v1::Request::kFates: return fates(request.fates(), std::move(reply), std::move(send));
    case v1::Request::kFlows:
    case v1::Request::kFlow:
    case v1::Request::kWhy:
    case v1::Request::kWait:
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

void Answers::routes(v1::RoutesReply& reply) const {
  for (const auto& route : config_.routes) {
    auto& row = *reply.add_routes();
    row.set_from(route.from);
    row.set_to(route.to);
    row.set_when(route.when);
  }
}

void Answers::topics(v1::TopicsReply& reply) {
  const auto names = services_.names();
  const auto& counts = publishing_.counts();
  for (const auto& [name, topic] : config_.topics) {
    auto& row = *reply.add_topics();
    row.set_topic(name);
    row.set_type(topic.type);
    row.set_durable(topic.durable);
    row.set_low_importance(topic.importance == config::Topic::Importance::low);
    const auto counted = counts.find(name);
    if (counted != counts.end()) {
      row.set_published(counted->second.published);
      row.set_unrouted(counted->second.unrouted);
      row.set_refused(counted->second.refused);
    }
    if (const auto newest = log_.newest().of(name); newest >= journal_.begin_offset())
      row.set_newest_offset(newest);
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
  std::map<std::string, std::vector<const Session*>> checked;
  sessions_.each([&](Session& session) {
    if (services_.serves(session)) instances[session.queue].push_back(&session);
    if (!session.said.checks.empty()) checked[session.service].push_back(&session);
  });
  reply.set_now(log_.now());
  reply.set_end_offset(log_.committed_end());
  for (const auto& [index, name] : services_.names()) {
    const auto& queue = *services_.find(name);
    auto& row = *reply.add_services();
    row.set_service(name);
    for (const auto& pattern : queue.patterns()) {
      const bool again = row.patterns_size() > 0 && *row.patterns().rbegin() == pattern.pattern();
      if (!again) row.add_patterns(pattern.pattern());
      *row.add_filters() = pattern;
    }
    row.set_ephemeral(queue.ephemeral());
    const auto& dispatch = queue.dispatch();
    row.set_waiting(dispatch.held() + queue.left());
    row.set_behind(queue.behind() && queue.next_offset(log_.committed_end()) < log_.committed_end());
    row.set_next_offset(queue.next_offset(log_.committed_end()));
    row.set_retrying(dispatch.retrying());
    if (const auto* const record = queue.ephemeral() ? nullptr : ledger_.find(name)) {
      row.set_dead(record->dead.size());
      row.set_acked(record->acked);
      row.set_nacked(record->nacked);
      row.set_expired(record->expired);
      if (record->paused_until > log_.now()) {
        row.set_paused_until(record->paused_until);
        row.set_paused_by(record->paused_by);
      }
    }
    row.set_parked(queue.parked().events());
    row.set_in_flight(dispatch.in_flight());
    if (dispatch.oldest() || queue.behind() || queue.left() > 0) {
      row.set_oldest_unsettled(log_.time_of(queue.floor(log_.committed_end())));
    }
    row.set_drained_in(queue.drained_in(log_.committed_end()).value_or(0));
    for (const auto* const session : instances[name]) {
      auto& instance = *row.add_instances();
      tell_instance(*session, instance);
      instance.set_in_flight(dispatch.in_flight(session->id));
    }
    tell_checks(checked[name], WhichChecks::all, *row.mutable_checks());
    checked.erase(name);
  }
  for (const auto& [name, sessions] : checked) {
    auto& row = *reply.add_services();
    row.set_service(name);
    for (const auto* const session : sessions) tell_instance(*session, *row.add_instances());
    tell_checks(sessions, WhichChecks::all, *row.mutable_checks());
  }
  std::sort(reply.mutable_services()->begin(), reply.mutable_services()->end(),
            [](const auto& a, const auto& b) { return a.service() < b.service(); });
}

void Answers::tell_instance(const Session& session, v1::ServicesReply::Instance& to) const {
  to.set_instance(session.instance);
  to.set_host(session.host);
  to.set_pid(session.pid);
  to.set_last_beat(session.last_heard);
}

void Answers::times(v1::TimesReply& reply) {
  for (const auto& [index, name] : services_.names()) {
    const auto& queue = *services_.find(name);
    if (queue.ephemeral()) continue;
    auto& row = *reply.add_services();
    row.set_service(name);
    queue.dispatch().handling().write(*row.mutable_handling());
  }
  std::sort(reply.mutable_services()->begin(), reply.mutable_services()->end(),
            [](const auto& a, const auto& b) { return a.service() < b.service(); });
  log_.committing().write(*reply.mutable_committing());
}

void Answers::status(v1::StatusReply& reply) {
  reply.set_version(REEL_VERSION);
  reply.set_started_at(started_at_);
  reply.set_now(log_.now());
  reply.set_begin_offset(journal_.begin_offset());
  reply.set_end_offset(log_.committed_end());
  reply.set_sessions(static_cast<std::uint32_t>(sessions_.size()));
  reply.set_services(static_cast<std::uint32_t>(services_.names().size()));
  reply.set_journal_queue_bytes(log_.queued_bytes());
  if (!log_.trouble().empty()) {
    reply.set_journal_error(log_.trouble());
    reply.set_journal_failing_since(log_.trouble_since());
  }
  counters_.fill(reply);
  reply.set_memory_bytes(resident_bytes());
  reply.set_failed_checks(sessions_.failed_checks());
  reply.set_chosen_ids_forgotten_early(publishing_.chosen_ids().forgotten_early());
}

void Answers::fill(v1::DeadReply::Letter& letter, const EventAt& at) {
  const auto& run = at.run();
  const auto event = read_event(at.event().bytes);
  letter.set_topic(std::string{run.topic});
  letter.set_source(std::string{run.source});
  letter.set_dataschema(std::string{run.dataschema});
  letter.set_recordedtime(at.log_time());
  letter.set_event(std::string{at.event().bytes});
  if (event) {
    letter.set_id(std::string{event->id});
    letter.set_correlationid(std::string{event->correlationid});
  }
}

// What has been found makes the page too large: it ends before the last rows, and the next one begins there.
template <typename Failures>
void Answers::cut_to_size(Failures& page) {
  auto& rows = rows_of(page);
  const int fit = rows_that_fit(rows);
  if (fit == rows.size()) return;
  rows.DeleteSubrange(fit, rows.size() - fit);
  page.set_next(place_of(page, *rows.rbegin()));
  page.set_next_service(rows.rbegin()->service());
}

// The events of a page's rows, and then the page.
template <typename PageOf>
void Answers::complete(v1::Reply reply, PageOf page_of, Send send) {
  std::multimap<Offset, int> rows;
  std::vector<Offset> origins;
  for (int i = 0; i < rows_of(page_of(reply)).size(); ++i) {
    const auto origin = origin_of(rows_of(page_of(reply)).Get(i).failure());
    rows.emplace(origin, i);
    origins.push_back(origin);
  }
  auto page = std::make_shared<v1::Reply>(std::move(reply));
  const auto found = [page, page_of, rows = std::move(rows)](const EventAt& at) {
    if (!at.batch) return;
    const auto [first, last] = rows.equal_range(at.offset);
    for (auto row = first; row != last; ++row) {
      auto& all = rows_of(page_of(*page));
      if (row->second < all.size()) fill(all[row->second], at);
    }
    cut_to_size(page_of(*page));
  };
  if (reads_.fetch(std::move(origins), found, [page, send] { send(std::move(*page)); })) return;
  page->set_error(EventReads::full_error);
  send(std::move(*page));
}

// Rows of all services in one sequence: service by service, each by offset. A page begins behind a place, not
// behind a number of rows: those that leave between two pages make nobody skip others.
template <typename Request, typename Page>
void Answers::page_failures(const Request& request, FailuresOf failures_of, Page& page,
                            google::protobuf::RepeatedPtrField<v1::DeadReply::Letter>& rows) const {
  const auto limit = std::clamp(request.limit() == 0 ? letters_max : request.limit(), 1u, letters_max);
  std::uint64_t total = 0;
  Offset last = 0;
  for (const auto& [name, record] : ledger_.services()) {
    if (!request.service().empty() && request.service() != name) continue;
    const auto& failures = record.*failures_of;
    total += failures.size();
    if (page.next() != 0 || name < request.after_service()) continue;
    auto at = name == request.after_service() ? failures.upper_bound(request.after()) : failures.begin();
    for (; at != failures.end(); ++at) {
      if (rows.size() == static_cast<int>(limit)) {
        page.set_next(last);
        page.set_next_service(rows.rbegin()->service());
        break;
      }
      last = at->first;
      auto& row = *rows.Add();
      row.set_service(name);
      *row.mutable_failure() = at->second;
      row.set_failed_at(at->second.failed_at());
    }
  }
  page.set_total(total);
}

void Answers::dead(const v1::DeadRequest& request, v1::Reply reply, Send send) {
  auto& page = *reply.mutable_dead();
  page_failures(request, &ServiceRecord::dead, page, *page.mutable_letters());
  complete(
      std::move(reply), [](v1::Reply& of) -> v1::DeadReply& { return *of.mutable_dead(); }, std::move(send));
}

void Answers::retries(const v1::RetriesRequest& request, v1::Reply reply, Send send) {
  auto& page = *reply.mutable_retries();
  page_failures(request, &ServiceRecord::retrying, page, *page.mutable_retries());
  complete(
      std::move(reply), [](v1::Reply& of) -> v1::RetriesReply& { return *of.mutable_retries(); },
      std::move(send));
}

void Answers::delayed(const v1::DelayedRequest& request, v1::Reply reply, Send send) {
  if (reads_.full()) {
    reply.set_error(EventReads::full_error);
    return send(std::move(reply));
  }
  delaying_.list(request, [reply = std::move(reply), send = std::move(send)](v1::DelayedReply page) mutable {
    *reply.mutable_delayed() = std::move(page);
    send(std::move(reply));
  });
}

void Answers::fates(const v1::FatesRequest& request, v1::Reply reply, Send send) {
  if (request.offsets_size() > fates_max || request.correlationids_size() > fates_max ||
      request.services_size() > fates_max) {
    reply.set_error("a question about fates names at most " + std::to_string(fates_max) +
                    " events and as many flows and services");
    return send(std::move(reply));
  }
  std::vector<Offset> offsets{request.offsets().begin(), request.offsets().end()};
  std::vector<std::string> flows{request.correlationids().begin(), request.correlationids().end()};
  const auto page = std::make_shared<v1::Reply>(reply);
  const auto found = [this, page](const EventAt& at) { fates_.tell_event(at, *page->mutable_fates()); };
  std::set<std::string> services{request.services().begin(), request.services().end()};
  const auto then = [this, page, flows = std::move(flows), services = std::move(services), send] {
    fates_.tell_rest(flows, services, started_at_, *page->mutable_fates());
    send(std::move(*page));
  };
  if (reads_.fetch(std::move(offsets), found, then)) return;
  reply.set_error(EventReads::full_error);
  send(std::move(reply));
}

}  // namespace reel::broker
