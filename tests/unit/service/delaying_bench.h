// Publishing and delayed events over a journal of their own, in virtual time: what the broker's loop does
// with them, without its sockets.
#pragma once

#include <doctest/doctest.h>
#include <poll.h>

#include <filesystem>
#include <optional>
#include <string>

#include "../event/proto_folder.h"
#include "event/uuid.h"
#include "service/delaying.h"

namespace reel::broker {

inline config::Model delay_model(std::size_t delayed_events_max) {
  config::Model model;
  model.topics["order.placed"] = {.type = "google.protobuf.StringValue"};
  model.topics["order.archived"] = {.type = "google.protobuf.StringValue"};
  model.topics["order.urgent"] = {.type = "google.protobuf.StringValue"};
  model.topics["order.urgent"].require_subscriber = true;
  model.topics["price.tick"] = {.type = "google.protobuf.StringValue", .durable = false};
  model.routes.push_back({.from = "order.placed", .to = "order.archived"});
  model.broker.delayed_events_max = delayed_events_max;
  model.broker.journal.sync = config::Sync::os;
  model.broker.journal.segment_bytes = 1u << 20;
  return model;
}

class DelayBench {
 public:
  explicit DelayBench(std::size_t delayed_events_max = 1'000, std::uint64_t tail_bytes_max = 1u << 20)
      : model_{delay_model(delayed_events_max)},
        tail_bytes_max_{tail_bytes_max},
        directory_{std::filesystem::temp_directory_path() / ("reel-delay-" + uuid_v7(random_nonzero()))} {
    std::filesystem::create_directories(directory_);
    start();
  }
  ~DelayBench() {
    parts_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }

  struct Event {
    std::string id;
    LogTime due = 0;
    std::string topic = "order.placed";
    bool chosen = false;
  };
  /// Publishes a batch as producer 7; the answer, and its refusals, duplicates and delayed entries as text.
  std::string publish(std::uint64_t sequence, const std::vector<Event>& events) {
    BatchWriter writer;
    for (const auto& event : events) {
      writer.begin_run({.source = "shop/1",
                        .topic = event.topic,
                        .dataschema = "google.protobuf.StringValue",
                        .chosen_ids = event.chosen});
      writer.add({.id = event.id, .correlationid = "c", .delivertime = event.due});
    }
    const auto bytes = std::make_shared<const std::string>(writer.take());
    v1::Publish publish;
    publish.set_producer(7);
    publish.set_sequence(sequence);
    std::optional<v1::Accepted> answer;
    parts_->publishing.publish(publish, {bytes, *bytes}, "shop",
                               [&](const v1::Accepted& accepted) { answer = accepted; });
    until([&] { return answer.has_value(); });
    retry_after_ms_ = answer->refusals().empty() ? 0 : answer->refusals(0).retry_after_ms();
    return text_of(*answer);
  }
  /// Of the first event that was refused last.
  [[nodiscard]] std::uint32_t retry_after_ms() const { return retry_after_ms_; }
  /// From here on this is what the one service wants.
  void listens(const std::vector<std::string>& patterns) { parts_->router.subscribe(0, patterns); }
  std::string cancel(Offset offset) {
    v1::Command command;
    command.set_by("ada@host");
    command.set_cancel_delayed(offset);
    std::optional<v1::CommandReply> answer;
    parts_->delaying.cancel(command, [&](v1::CommandReply reply) { answer = std::move(reply); });
    until([&] { return answer.has_value(); });
    return answer->count() == 1 ? "cancelled" : answer->left_out(0);
  }
  /// "d1@100 d2@200", and how many there are in all.
  std::string list(std::uint32_t limit = 10, LogTime after_due = 0, Offset after_offset = 0) {
    v1::DelayedRequest request;
    request.set_limit(limit);
    request.set_after_due(after_due);
    request.set_after_offset(after_offset);
    std::optional<v1::DelayedReply> answer;
    parts_->delaying.list(request, [&](v1::DelayedReply reply) { answer = std::move(reply); });
    until([&] { return answer.has_value(); });
    std::string text;
    for (const auto& row : answer->events()) text += row.id() + "@" + std::to_string(row.due() - epoch) + " ";
    return text + (answer->more() ? "…" : "") + "of " + std::to_string(answer->total());
  }

  void set_time(LogTime time) { now_ = time; }
  /// Turns the loop until `topic` has got so many events, since the start or for ever.
  void await(const std::string& topic, std::size_t count) {
    until([&] { return count_of(topic) >= count; });
  }
  /// Everything that was under way is committed.
  void settle() {
    parts_->delaying.turn();
    bool done = false;
    parts_->log.after_all([&] { done = true; });
    until([&] { return done; });
  }
  void move_all() {
    const auto moved = count_of("reel.delayed") + parts_->delays.waiting();
    parts_->delaying.make_room(parts_->log.committed_end());
    await("reel.delayed", moved);
  }
  /// "e1 e2": the ids on `topic` in the journal's order.
  std::string ids(const std::string& topic) const {
    std::string text;
    for (const auto& [on, id] : journal_) {
      if (on == topic) text += (text.empty() ? "" : " ") + id;
    }
    return text;
  }
  std::size_t count_of(const std::string& topic) const {
    std::size_t count = 0;
    for (const auto& [on, id] : journal_) count += on == topic;
    return count;
  }
  /// Stops wherever it is; what the journal has is read back.
  void restart() {
    parts_.reset();
    start();
  }
  [[nodiscard]] Delays& delays() { return parts_->delays; }
  [[nodiscard]] Offset needed_from() const { return parts_->delaying.needed_from(); }

  /// Log times are counted from here in texts.
  static constexpr LogTime epoch = 1'700'000'000'000'000'000;

 private:
  struct Parts {
    explicit Parts(DelayBench& bench)
        : admission{bench.model_, bench.schemas_},
          router{bench.model_},
          journal{bench.directory_ / "journal", bench.model_.broker.journal},
          log{journal, bench.tail_bytes_max_, [&bench] { return bench.now_; }},
          tap{context, "ipc://" + (bench.directory_ / "live").string()},
          resends{100, 4},
          chosen{1'000'000'000, 1'000},
          delays{bench.model_.broker.delayed_events_max},
          publishing{bench.model_, admission, router, log,      tap,
                     resends,      chosen,    delays, refusals, [](ServiceIndex) { return true; }},
          reads{journal, log},
          delaying{bench.model_, delays, publishing, reads, log} {}

    zmq::context_t context{1};
    Admission admission;
    Router router;
    Journal journal;
    CommitLog log;
    LiveTap tap;
    Resends resends;
    ChosenIds chosen;
    Delays delays;
    Refusals refusals;
    Publishing publishing;
    EventReads reads;
    Delaying delaying;
  };

  void start() {
    parts_.emplace(*this);
    journal_.clear();
    parts_->journal.scan(1, [&](const StoredBatchPtr& batch) {
      parts_->delays.apply(*batch);
      parts_->chosen.remember(*batch);
      note(*batch);
    });
  }
  void note(const StoredBatch& batch) {
    for (std::uint32_t i = 0; i < batch.count(); ++i) {
      journal_.emplace_back(batch.run_of(i).topic, read_event(batch.events[i].bytes)->id);
    }
  }
  template <class Condition>
  void until(Condition condition) {
    auto& parts = *parts_;
    parts.delaying.turn();
    while (!condition()) {
      parts.journal.commit();
      pollfd bell{.fd = parts.journal.event_fd(), .events = POLLIN, .revents = 0};
      constexpr int patience_ms = 20'000;
      REQUIRE_MESSAGE(::poll(&bell, 1, patience_ms) == 1, "nothing happens any more");
      for (auto& done : parts.journal.take_done()) {
        if (const auto* const committed = std::get_if<Committed>(&done)) {
          parts.log.committed(*committed, [&](const StoredBatchPtr& batch) {
            parts.delaying.committed(*batch);
            note(*batch);
          });
        } else if (const auto* const read = std::get_if<ReadDone>(&done)) {
          CHECK(parts.reads.take_read(*read));
        }
      }
      parts.delaying.turn();
    }
  }
  static std::string text_of(const v1::Accepted& accepted) {
    std::string text =
        std::to_string(accepted.accepted()) + " from " + std::to_string(accepted.first_offset());
    std::uint32_t entry = 0;
    for (int i = 0; i + 1 < accepted.delayed_size(); i += 2) {
      for (auto left = accepted.delayed(i); left > 0; --left, ++entry) {
        if (accepted.delayed(i + 1) != 0) text += " delayed:" + std::to_string(entry);
      }
    }
    for (const auto& duplicate : accepted.duplicates())
      text += " " + std::to_string(duplicate.index()) + "=" + std::to_string(duplicate.offset());
    for (const auto& refusal : accepted.refusals())
      text += " " + std::to_string(refusal.index()) + ":" + v1::RefusalReason_Name(refusal.reason());
    return text + (accepted.resend() ? " resend" : "");
  }

  config::Model model_;
  SchemaSet schemas_ = schemas_from("syntax = \"proto3\";");
  std::uint64_t tail_bytes_max_;
  std::filesystem::path directory_;
  LogTime now_ = epoch;
  std::uint32_t retry_after_ms_ = 0;
  std::vector<std::pair<std::string, std::string>> journal_;  // topic and id, committed
  std::optional<Parts> parts_;
};

}  // namespace reel::broker
