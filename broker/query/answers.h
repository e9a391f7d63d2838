// Answers to questions about the broker: topics, schemas, services, dead letters (reel/v1/query.proto).
#pragma once

#include <functional>
#include <map>
#include <memory>

#include "config/model.h"
#include "event/schema_set.h"
#include "reel/v1/query.pb.h"
#include "service/delaying.h"
#include "service/services.h"
#include "session/session.h"

namespace reel::broker {

class Answers {
 public:
  Answers(const config::Model& config, const SchemaSet& schemas, const Ledger& ledger, Services& services,
          Sessions& sessions, const Publishing& publishing, Delaying& delaying, Journal& journal,
          CommitLog& log);

  /// Calls `reply` now, or, where events must be read from the journal first, later.
  void ask(const v1::Request& request, std::function<void(v1::Reply)> reply);
  /// What a read brought; false where it was not one of ours.
  bool take_read(const ReadDone& done);

 private:
  struct DeadPage {
    v1::Reply reply;
    std::function<void(v1::Reply)> send;
    std::size_t missing = 0;
  };

  void schemas(v1::SchemasReply& reply) const;
  void topics(v1::TopicsReply& reply);
  void services(v1::ServicesReply& reply);
  void dead(const v1::DeadRequest& request, v1::Reply reply, std::function<void(v1::Reply)> send);
  void delayed(const v1::DelayedRequest& request, v1::Reply reply, std::function<void(v1::Reply)> send);
  void command(const v1::Command& command, v1::Reply reply, std::function<void(v1::Reply)> send);
  static void fill(v1::DeadReply::Letter& letter, const StoredBatch& batch);

  const config::Model& config_;
  const SchemaSet& schemas_;
  const Ledger& ledger_;
  Services& services_;
  Sessions& sessions_;
  const Publishing& publishing_;
  Delaying& delaying_;
  Journal& journal_;
  CommitLog& log_;

  struct Read {
    std::shared_ptr<DeadPage> page;
    int letter = 0;
  };
  std::map<std::uint64_t, Read> reads_;
  std::uint64_t next_token_ = first_token;
  static constexpr std::uint64_t first_token = 1ull << 32;  // below are the services' own
};

}  // namespace reel::broker
