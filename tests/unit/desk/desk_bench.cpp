#include "desk_bench.h"

#include <google/protobuf/wrappers.pb.h>
#include <poll.h>

#include <sstream>
#include <utility>

#include "event/batch.h"
#include "event/uuid.h"

namespace reel::broker::test {
namespace {

constexpr const char* data_type = "google.protobuf.StringValue";

void add(BatchWriter& writer, const std::string& id, const std::string& key, std::size_t data_bytes = 0,
         LogTime expires = 0) {
  google::protobuf::StringValue value;
  value.set_value(std::string(data_bytes, 'x'));
  const auto data = value.SerializeAsString();
  writer.add({.id = id, .correlationid = key, .expirytime = expires, .data = data});
}

void add_word(std::string& text, const std::string& word) {
  text += (text.empty() ? "" : " ") + word;
}

template <typename Message>
Message parsed(std::string_view data) {
  Message message;
  REQUIRE(message.ParseFromArray(data.data(), static_cast<int>(data.size())));
  return message;
}

// What the broker tells of itself has ids that nobody can know before.
std::string name_of(std::string_view topic, const EventView& event) {
  if (topic == dead_letter_topic) {
    const auto letter = parsed<v1::DeadLetter>(event.data);
    const auto& what = letter.id().empty() ? "offset " + std::to_string(letter.offset()) : letter.id();
    return "dead(" + letter.service() + ": " + what + ", " + letter.error_type() + ")";
  }
  if (is_service_topic(topic)) {
    const auto change = parsed<v1::ServiceChanged>(event.data);
    const auto waits = change.waits() == 0 ? "" : " " + std::to_string(change.waits() / 1'000'000'000) + "s";
    return std::string{topic.substr(topic.rfind('.') + 1)} + "(" + change.service() + waits + ")";
  }
  return std::string{event.id};
}

}  // namespace

config::Model desk_model() {
  config::Model model;
  model.topics["order.placed"] = {.type = data_type};
  model.topics["order.paid"] = {.type = data_type};
  auto& payments = model.services["payments"];
  payments.ack_timeout = std::chrono::seconds{1};
  payments.retry = {.attempts = 5, .backoff = {std::chrono::milliseconds{10}}, .jitter = 0};
  payments.on_dead = config::OnDead::park;
  model.broker.service_timeout = std::chrono::hours{1};  // nobody beats here
  model.broker.tail_bytes_max = 1;                       // the newest batch alone is in memory
  model.broker.journal = {
      .sync = config::Sync::os, .segment_bytes = 16 << 10, .retain = std::chrono::milliseconds{1}};
  return model;
}

DeskBench::DeskBench(config::Model model)
    : model_{std::move(model)},
      directory_{std::filesystem::temp_directory_path() / ("reel-desk-" + uuid_v7(random_nonzero()))},
      tap_{context_, "inproc://live"} {
  std::filesystem::create_directories(directory_);
  start();
}

void DeskBench::start(const std::optional<v1::Snapshot>& saved) {
  journal_.emplace(directory_, model_.broker.journal);
  desk_.emplace(
      model_, schemas_, *journal_, tap_, [this] { return now_; },
      [this](const RoutingId& to, const v1::FromBroker& frame, const Body& batch) {
        return receive(to, frame, std::string{batch.bytes});
      },
      [this] { return steady_; });
  (void)desk_->recover(saved);
}

DeskBench::~DeskBench() {
  desk_.reset();
  journal_.reset();
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

// ---- clients

void DeskBench::frame(const std::string& client, const v1::ToBroker& head, const std::string& batch) {
  const auto owner = std::make_shared<const std::string>(batch);
  desk_->take(Incoming{.routing_id = client, .frame = head, .batch = *owner, .owner = owner});
}

void DeskBench::serves(const std::string& service, const std::string& pattern, bool tells_begun) {
  says_hello(service, "1");
  v1::ToBroker head;
  head.mutable_subscribe()->add_patterns(pattern);
  head.mutable_subscribe()->set_tells_begun(tells_begun);
  frame(service, head);
  rest();
}

void DeskBench::joins(const std::string& instance, const std::string& service,
                      const std::vector<std::string>& patterns, v1::Subscribe start) {
  v1::ToBroker head;
  head.mutable_hello()->set_protocol(1);
  head.mutable_hello()->set_service(service);
  head.mutable_hello()->set_instance(instance);
  killed_.erase(instance);
  frame(instance, head);
  *start.mutable_patterns() = {patterns.begin(), patterns.end()};
  *head.mutable_subscribe() = std::move(start);
  frame(instance, head);
  rest();
}

void DeskBench::says_hello(const std::string& service, const std::string& instance, const std::string& host) {
  v1::ToBroker head;
  head.mutable_hello()->set_protocol(1);
  head.mutable_hello()->set_service(service);
  head.mutable_hello()->set_instance(instance);
  head.mutable_hello()->set_host(host);
  frame(service, head);
}

void DeskBench::reads(const std::string& reader, const std::vector<std::string>& patterns,
                      v1::Subscribe start) {
  start.set_ephemeral(true);
  joins(reader, reader, patterns, std::move(start));
}

void DeskBench::subscribes(const std::string& instance, const std::vector<std::string>& patterns) {
  v1::ToBroker head;
  *head.mutable_subscribe()->mutable_patterns() = {patterns.begin(), patterns.end()};
  frame(instance, head);
  rest();
}

void DeskBench::beats(const std::string& service, const std::vector<Offset>& begun) {
  v1::ToBroker head;
  auto& beat = *head.mutable_beat();
  beat.set_busy(static_cast<std::uint32_t>(begun.size()));
  for (const auto offset : begun) {
    auto& one = *beat.add_begun();
    one.set_first(offset);
    one.set_count(1);
    one.set_delivery(1);
  }
  frame(service, head);
}

void DeskBench::tells_checks(const std::string& instance, v1::SelfChecks checks) {
  v1::ToBroker head;
  *head.mutable_beat()->mutable_checks() = std::move(checks);
  frame(instance, head);
}

void DeskBench::leaves(const std::string& service) {
  v1::ToBroker head;
  head.mutable_goodbye();
  frame(service, head);
  rest();
}

void DeskBench::publishes(const std::string& topic, const std::vector<std::string>& events,
                          std::uint64_t producer, std::size_t data_bytes) {
  v1::ToBroker head;
  auto& sequence = sequences_[producer];
  const auto client = "publisher-" + std::to_string(producer);
  if (sequence == 0) says_hello(client, "1");
  BatchWriter writer;
  writer.begin_run({.source = "test", .topic = topic, .dataschema = data_type, .chosen_ids = true});
  for (const auto& event : events) {
    std::istringstream words{event};
    std::string id;
    std::string key;
    LogTime expires_ms = 0;
    words >> id >> key >> expires_ms;
    add(writer, id, key, data_bytes, expires_ms == 0 ? 0 : now_ + expires_ms * 1'000'000);
  }
  head.mutable_publish()->set_producer(producer);
  head.mutable_publish()->set_sequence(++sequence);
  frame(client, head, writer.take());
}

std::string DeskBench::told() {
  desk_->turn();  // publishers are answered at its end
  return std::exchange(told_, {});
}

std::string DeskBench::settles(const std::string& service, const Answers& answers) {
  v1::ToBroker head;
  auto& settle = *head.mutable_settle();
  settle.set_sequence(++settles_);
  for (const auto& said : answers.acks) {
    auto& ack = *settle.add_acks();
    ack.set_first(said.offset);
    ack.set_count(1);
    ack.set_delivery(said.delivery);
  }
  for (const auto& said : answers.nacks) {
    auto& nack = *settle.add_nacks();
    nack.set_offset(said.offset);
    nack.set_delivery(said.delivery);
    nack.set_error_type("Oops");
    nack.set_reject(said.reject);
  }
  BatchWriter writer;
  for (const auto& said : answers.emits) {
    auto& emitted = *settle.add_emitted();
    emitted.set_offset(said.offset);
    emitted.set_count(1);
    writer.begin_run({.source = service, .topic = said.topic, .dataschema = data_type});
    add(writer, said.id, "k");
  }
  settled_.reset();
  frame(service, head, writer.empty() ? std::string{} : writer.take());
  until([&] { return settled_.has_value(); });
  std::string text;
  for (const auto& range : settled_->stale()) {
    for (std::uint32_t i = 0; i < range.count(); ++i)
      add_word(text, "stale " + std::to_string(range.first() + i));
  }
  for (const auto& refused : settled_->refused()) {
    add_word(text, "refused " + std::to_string(refused.offset()) + " " +
                       v1::RefusalReason_Name(refused.refusal().reason()));
  }
  rest();
  return text;
}

std::string DeskBench::reloads(config::Model wanted, bool dry_run) {
  desk_->serve_reloads(
      [&wanted] {
        return config::Mesh{wanted, {}};
      },
      [this](config::Mesh& mesh) {
        std::swap(model_, mesh.model);
        std::swap(schemas_, mesh.schemas);
      });
  v1::Request request;
  request.mutable_reload()->set_dry_run(dry_run);
  request.mutable_reload()->set_by("ada@host");
  reloaded_ = asks(std::move(request)).reload();
  return reloaded_.refused();
}

v1::Reply DeskBench::asks(v1::Request request) {
  v1::ToBroker head;
  *head.mutable_query() = std::move(request);
  reply_.reset();
  frame("operator", head);
  until([&] { return reply_.has_value(); });
  return *std::exchange(reply_, std::nullopt);
}

std::string DeskBench::tells(v1::Command command) {
  command.set_by("ada@host");
  command.set_service("payments");
  v1::Request request;
  *request.mutable_command()->mutable_command() = std::move(command);
  const auto reply = asks(std::move(request));
  if (!reply.error().empty()) return reply.error();
  const auto& command_reply = reply.command();
  return command_reply.left_out_size() > 0 ? command_reply.left_out(0)
                                           : std::to_string(command_reply.count());
}

void DeskBench::begins_to_tell(v1::Command command) {
  command.set_by("ada@host");
  command.set_service("payments");
  v1::ToBroker head;
  *head.mutable_query()->mutable_command()->mutable_command() = std::move(command);
  frame("operator", head);
}

std::string DeskBench::letters() {
  v1::Request request;
  request.mutable_dead()->set_service("payments");
  const auto reply = asks(std::move(request));
  std::string text;
  for (const auto& letter : reply.dead().letters())
    add_word(text, std::to_string(letter.failure().offset()) + " " + letter.failure().error_type());
  return text;
}

bool DeskBench::receive(const std::string& client, const v1::FromBroker& frame, const std::string& batch) {
  if (killed_.contains(client)) return false;
  switch (frame.frame_case()) {
    case v1::FromBroker::kDeliver: note(client, frame.deliver(), batch); break;
    case v1::FromBroker::kTakenBack:
      for (const auto& range : frame.taken_back().deliveries()) {
        for (std::uint32_t i = 0; i < range.count(); ++i)
          add_word(got_[client],
                   "(-" + std::to_string(range.first() + i) + "#" + std::to_string(range.delivery()) + ")");
      }
      break;
    case v1::FromBroker::kSettled: settled_ = frame.settled(); break;
    case v1::FromBroker::kAnswer: reply_ = frame.answer(); break;
    case v1::FromBroker::kRefused: FAIL(frame.refused().text()); break;
    case v1::FromBroker::kAccepted: {
      const auto& accepted = frame.accepted();
      add_word(told_,
               std::to_string(accepted.accepted()) + " from " + std::to_string(accepted.first_offset()));
      for (const auto& duplicate : accepted.duplicates())
        add_word(told_, std::to_string(duplicate.index()) + "=" + std::to_string(duplicate.offset()));
      for (const auto& refusal : accepted.refusals())
        add_word(told_, std::to_string(refusal.index()) + ":" + v1::RefusalReason_Name(refusal.reason()));
      break;
    }
    default: break;
  }
  return true;
}

void DeskBench::note(const std::string& client, const v1::Deliver& deliver, const std::string& batch) {
  const bool again = deliver.redelivery() != v1::REDELIVERY_NONE;
  const auto tail = "#" + std::to_string(deliver.delivery()) + (again ? "!" : "");
  BatchReader reader{batch};
  while (auto run = reader.next_run()) {
    while (auto event = run->next_event()) {
      if (run->head.topic == delivery_topic) note_report(event->data);
      add_word(got_[client], name_of(run->head.topic, *event) + tail);
      envelope_ = {.correlationid = std::string{event->correlationid},
                   .causationid = std::string{event->causationid},
                   .key = std::string{event->key()}};
    }
  }
  const auto& last = *deliver.spans().rbegin();
  newest_[client] = last.offset() + last.count() - 1;
}

void DeskBench::note_report(std::string_view data) {
  const auto report = parsed<v1::DeliveryReport>(data);
  for (const auto& range : report.delivered()) {
    for (std::uint32_t i = 0; i < range.count(); ++i)
      add_word(reported_, std::to_string(range.first() + i) + "#" + std::to_string(range.delivery()));
  }
}

// ---- disk and time

void DeskBench::disk_fills() {
  disk_stalls();
  desk_->take(JournalDone{WriteFailing{"the disk is full"}});
}

void DeskBench::disk_has_room() {
  stalled_ = false;
  for (auto& done : std::exchange(held_back_, {})) desk_->take(std::move(done));
}

void DeskBench::take(JournalDone done) {
  if (stalled_ && std::holds_alternative<Committed>(done)) return held_back_.push_back(std::move(done));
  if (auto* const read = std::get_if<ReadDone>(&done); read != nullptr && unreadable_) {
    ++failed_reads_;
    read->batches.clear();
    read->error = "cannot read it: Input/output error";
  }
  desk_->take(std::move(done));
}

Offset DeskBench::retains() {
  (void)journal_->retain(desk_->needed_from(), desk_->now() + 3'600'000'000'000);
  desk_->retained();
  return journal_->begin_offset();
}

void DeskBench::restarts(const std::optional<v1::Snapshot>& saved) {
  desk_.reset();
  journal_.reset();
  sequences_.clear();
  start(saved);
}

void DeskBench::fills_segment() {
  constexpr std::uint64_t filler = 9;
  publishes("order.paid", {"filler-" + std::to_string(sequences_[filler]) + " f"}, filler, 16 << 10);
  rest();
  (void)told();
}

void DeskBench::turn() {
  advance(std::chrono::milliseconds{10});  // the desk's tick
  desk_->turn();
  desk_->tick();
}

// What is done with may have been taken by the wait before this one, and lead to something turns later.
void DeskBench::until(const std::function<bool()>& condition) {
  constexpr int look_ms = 50;
  constexpr int looks_max = 200;
  turn();
  for (int looks = 0; !condition(); ++looks) {
    REQUIRE_MESSAGE(looks < looks_max, "nothing happens any more; payments got: ", got("payments"),
                    " a got: ", got("a"));
    journal_->commit();
    pollfd bell{.fd = journal_->event_fd(), .events = POLLIN, .revents = 0};
    (void)::poll(&bell, 1, look_ms);
    for (auto& done : journal_->take_done()) take(std::move(done));
    turn();
  }
}

void DeskBench::rest() {
  // A turn may append, what is committed may lead to a turn: three rounds are more than anything takes here.
  for (int round = 0; round < 3; ++round) until([&] { return stalled_ || desk_->all_is_committed(); });
}

}  // namespace reel::broker::test
