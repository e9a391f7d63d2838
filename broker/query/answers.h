// Answers to questions about the broker: topics, schemas, services, dead letters, how it
// stands (reel/v1/query.proto).
#pragma once

#include <functional>
#include <map>
#include <memory>

#include "config/model.h"
#include "control/commands.h"
#include "control/reloads.h"
#include "event/schema_set.h"
#include "query/counters.h"
#include "query/fates.h"
#include "reel/v1/query.pb.h"
#include "service/delaying.h"
#include "service/services.h"
#include "session/session.h"

namespace reel::broker {

class Answers {
 public:
  Answers(const config::Model& config, const SchemaSet& schemas, const Ledger& ledger, Services& services,
          Sessions& sessions, const Publishing& publishing, Commands& commands, const Replays& replays,
          Delaying& delaying, const Counters& counters, EventReads& reads, Journal& journal, CommitLog& log,
          Fates& fates, Reloads& reloads);

  using Send = std::function<void(v1::Reply)>;
  /// Calls `send` now, or, where events must be read or something committed first, later.
  void ask(const v1::Request& request, Send send);

 private:
  using FailuresOf = std::map<Offset, v1::Failure> ServiceRecord::*;

  void schemas(v1::SchemasReply& reply) const;
  void routes(v1::RoutesReply& reply) const;
  void topics(v1::TopicsReply& reply);
  void services(v1::ServicesReply& reply);
  void tell_instance(const Session& session, v1::ServicesReply::Instance& to) const;
  void times(v1::TimesReply& reply);
  void status(v1::StatusReply& reply);
  void dead(const v1::DeadRequest& request, v1::Reply reply, Send send);
  void delayed(const v1::DelayedRequest& request, v1::Reply reply, Send send);
  void fates(const v1::FatesRequest& request, v1::Reply reply, Send send);
  void retries(const v1::RetriesRequest& request, v1::Reply reply, Send send);
  template <typename Request, typename Page>
  void page_failures(const Request& request, FailuresOf failures_of, Page& page,
                     google::protobuf::RepeatedPtrField<v1::DeadReply::Letter>& rows) const;
  template <typename Failures>
  static void cut_to_size(Failures& page);
  template <typename PageOf>
  void complete(v1::Reply reply, PageOf page_of, Send send);
  static void fill(v1::DeadReply::Letter& letter, const EventAt& at);

  const config::Model& config_;
  const SchemaSet& schemas_;
  const Ledger& ledger_;
  Services& services_;
  Sessions& sessions_;
  const Publishing& publishing_;
  Commands& commands_;
  const Replays& replays_;
  Delaying& delaying_;
  EventReads& reads_;
  const Counters& counters_;
  Journal& journal_;
  CommitLog& log_;
  Fates& fates_;
  Reloads& reloads_;
  const LogTime started_at_;
};

}  // namespace reel::broker
