#include "world.h"

#include <doctest/doctest.h>
#include <google/protobuf/wrappers.pb.h>

#include <utility>

#include "event/batch.h"
#include "event/uuid.h"

namespace reel::broker::test {
namespace {

namespace fs = std::filesystem;

constexpr const char* data_type = "google.protobuf.StringValue";
constexpr const char* reader = "reader";
constexpr const char* asker = "operator";

// In memory where there is such a place: what is tested is the broker, not the disk.
fs::path directory_of_a_world() {
  const fs::path memory = "/dev/shm";
  std::error_code none;
  return (fs::is_directory(memory, none) ? memory : fs::temp_directory_path()) /
         ("reel-world-" + uuid_v7(random_nonzero()));
}

void add(BatchWriter& writer, const Draft& draft) {
  google::protobuf::StringValue value;
  value.set_value(draft.id);
  const auto data = value.SerializeAsString();
  writer.add({.id = draft.id,
              .correlationid = draft.key,
              .causationid = draft.cause,
              .subject = draft.subject,
              .delivertime = draft.deliver_at,
              .expirytime = draft.expires,
              .data = data});
}

std::vector<Offset> offsets_of(const google::protobuf::RepeatedPtrField<v1::Span>& spans) {
  std::vector<Offset> offsets;
  for (const auto& span : spans) {
    for (Offset i = 0; i < span.count(); ++i) offsets.push_back(span.offset() + i);
  }
  return offsets;
}

}  // namespace

World::World(config::Model model)
    : model_{std::move(model)}, directory_{directory_of_a_world()}, tap_{context_, "inproc://live"} {
  start(std::nullopt);
}

World::~World() {
  desk_.reset();
  journal_.reset();
  std::error_code ignored;
  fs::remove_all(directory_, ignored);
}

void World::start(const std::optional<v1::Snapshot>& saved) {
  fs::create_directories(directory_);
  journal_.emplace(directory_, model_.broker.journal);
  desk_.emplace(
      model_, schemas_, *journal_, tap_, [this] { return now_; },
      [this](const RoutingId& to, const v1::FromBroker& frame, const Body& batch) {
        return receive(to, frame, batch.bytes);
      });
  (void)desk_->recover(saved);
  reads_along();
}

// As a part of Reel, which gets everything in offset order.
void World::reads_along() {
  opens(reader, "reel.reader", "1");
  v1::Subscribe request;
  request.add_patterns(">");
  request.add_patterns("reel.>");
  request.set_from_offset(read_to_);
  request.set_ephemeral(true);
  request.set_credit_events(100'000);
  request.set_credit_bytes(64u << 20);
  read_.clear();
  subscribes(reader, std::move(request));
  runs();
}

// ---- clients

void World::frame(const std::string& session, const v1::ToBroker& head, std::string batch) {
  const auto owner = std::make_shared<const std::string>(std::move(batch));
  desk_->take(Incoming{.routing_id = session, .frame = head, .batch = *owner, .owner = owner});
}

void World::opens(const std::string& session, const std::string& service, const std::string& instance) {
  v1::ToBroker head;
  head.mutable_hello()->set_protocol(1);
  head.mutable_hello()->set_service(service);
  head.mutable_hello()->set_instance(instance);
  sessions_.insert(session);
  frame(session, head);
}

void World::subscribes(const std::string& session, v1::Subscribe request) {
  v1::ToBroker head;
  *head.mutable_subscribe() = std::move(request);
  frame(session, head);
}

void World::publishes(const std::string& session, std::uint64_t sequence, const std::vector<Draft>& events) {
  v1::ToBroker head;
  head.mutable_publish()->set_producer(std::hash<std::string>{}(session));
  head.mutable_publish()->set_sequence(sequence);
  BatchWriter writer;
  for (const auto& draft : events) {
    writer.begin_run({.source = session, .topic = draft.topic, .dataschema = data_type, .chosen_ids = true});
    add(writer, draft);
  }
  frame(session, head, writer.take());
}

void World::settles(const std::string& session, const Answers& answers) {
  v1::ToBroker head;
  auto& settle = *head.mutable_settle();
  settle.set_sequence(++settles_);
  BatchWriter writer;
  for (const auto& said : answers.acks) {
    auto& ack = *settle.add_acks();
    ack.set_first(said.offset);
    ack.set_count(1);
    ack.set_delivery(said.delivery);
    if (said.emits.empty()) continue;
    auto& emitted = *settle.add_emitted();
    emitted.set_offset(said.offset);
    emitted.set_count(static_cast<std::uint32_t>(said.emits.size()));
    for (const auto& draft : said.emits) {
      writer.begin_run(
          {.source = session.substr(0, session.find('/')), .topic = draft.topic, .dataschema = data_type});
      add(writer, draft);
    }
  }
  for (const auto& said : answers.nacks) {
    auto& nack = *settle.add_nacks();
    nack.set_offset(said.offset);
    nack.set_delivery(said.delivery);
    nack.set_error_type("Oops");
    nack.set_delay_ms(said.delay_ms);
    nack.set_reject(said.reject);
  }
  for (const auto& said : answers.in_progress) {
    auto& one = *settle.add_in_progress();
    one.set_first(said.offset);
    one.set_count(1);
    one.set_delivery(said.delivery);
  }
  frame(session, head, writer.empty() ? std::string{} : writer.take());
}

void World::leaves(const std::string& session) {
  v1::ToBroker head;
  head.mutable_goodbye();
  frame(session, head);
  sessions_.erase(session);
}

void World::dies(const std::string& session) {
  frame(session, {});
  sessions_.erase(session);
  refused_.clear();
}

v1::Reply World::asks(v1::Request request) {
  v1::ToBroker head;
  *head.mutable_query() = std::move(request);
  reply_.reset();
  frame(asker, head);
  if (!reply_) runs();
  REQUIRE_MESSAGE(reply_.has_value(), "a question is not answered: ", head.ShortDebugString());
  return *std::exchange(reply_, std::nullopt);
}

// ---- what they are told

bool World::receive(const std::string& session, const v1::FromBroker& frame, std::string_view batch) {
  ++happened_;
  switch (frame.frame_case()) {
    case v1::FromBroker::kDeliver: note(session, frame.deliver(), batch); break;
    case v1::FromBroker::kAccepted: accepted_.emplace_back(session, frame.accepted()); break;
    case v1::FromBroker::kSettled:
      if (session != reader) settled_.emplace_back(session, frame.settled());
      break;
    case v1::FromBroker::kAnswer: reply_ = frame.answer(); break;
    case v1::FromBroker::kRefused: refused_ = session + ": " + frame.refused().text(); break;
    default: break;
  }
  return true;
}

void World::note(const std::string& session, const v1::Deliver& deliver, std::string_view batch) {
  const auto offsets = offsets_of(deliver.spans());
  const auto origins = deliver.redelivery() == v1::REDELIVERY_NONE ? offsets : offsets_of(deliver.origins());
  REQUIRE(offsets.size() == origins.size());
  std::size_t at = 0;
  BatchReader runs{batch};
  while (auto run = runs.next_run()) {
    while (const auto event = run->next_event()) {
      const std::string topic{run->head.topic};
      const auto offset = offsets.at(at);
      if (session == reader) {
        if (offset < read_to_) refused_ = "the log is read backwards, at " + std::to_string(offset);
        read_to_ = offset + 1;
        log_.push_back({offset, std::string{run->head.source}, topic, std::string{event->id},
                        std::string{event->key()}, std::string{event->causationid},
                        std::string{event->subject}, std::string{event->data}});
        auto& ack = read_.emplace_back();
        ack.set_first(offset);
        ack.set_count(1);
        ack.set_delivery(deliver.delivery());
      } else {
        handed_.push_back({session, offset, origins.at(at), deliver.delivery(), deliver.attempt(),
                           deliver.redelivery(), std::string{event->id}, topic, std::string{event->key()}});
      }
      ++at;
    }
  }
  REQUIRE(at == offsets.size());
}

// Until nothing has happened for two rounds: a read may lead to a turn in which another is asked for.
void World::runs() {
  constexpr int rounds_max = 500;
  int quiet = 0;
  for (int round = 0; quiet < 2; ++round) {
    if (round == rounds_max) {
      refused_ = "the broker does not come to rest";
      return;
    }
    const auto before = std::pair{desk_->appended_end(), happened_};
    waits_for_the_disk();
    desk_->tick();
    desk_->turn();
    quiet = std::pair{desk_->appended_end(), happened_} == before ? quiet + 1 : 0;
    constexpr std::size_t settled_together = 200;
    if (read_.size() < settled_together) continue;
    v1::ToBroker head;
    for (auto& ack : std::exchange(read_, {})) *head.mutable_settle()->add_acks() = std::move(ack);
    frame(reader, head);
  }
}

}  // namespace reel::broker::test
