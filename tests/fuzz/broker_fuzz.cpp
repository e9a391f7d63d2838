// Whole frames of hostile and half-honest clients, through everything the broker does with them: sessions,
// publishing, subscribing, delivering, settling, questions, a journal that fails, a restart. The desk is the
// broker's own, with a journal on a real file; only the sockets are missing.
//
// The input is a sequence of steps: kind (1 byte), connection (1 byte), length (2 bytes), that many bytes.
// Some kinds are bytes as they came, others are filled in just enough to be reached: nobody guesses a HELLO
// and the offsets of what was delivered. Whatever comes, the broker goes on; what it delivers must be
// batches that can be read, each with the spans that belong to it.
#include <google/protobuf/stubs/logging.h>
#include <poll.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <array>
#include <bitset>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "desk/desk.h"
#include "event/batch.h"

namespace {

using namespace reel;
using namespace reel::broker;
namespace fs = std::filesystem;

constexpr int connections = 6;
constexpr std::size_t steps_max = 200;
constexpr std::array<const char*, 4> services{"payments", "stock", "reel.tracker", "audit"};
constexpr std::array<const char*, 6> patterns{"order.placed",  "order.*", ">",
                                              "reel.delivery", "*.paid",  "price.tick"};
constexpr std::array<const char*, 4> topics{"order.placed", "order.paid", "price.tick", "no.topic"};

config::Model mesh() {
  config::Model model;
  for (const char* topic : {"order.placed", "order.paid", "order.copied"}) {
    model.topics[topic] = {.type = "google.protobuf.StringValue"};
  }
  model.topics["price.tick"] = {.type = "google.protobuf.StringValue", .durable = false};
  model.routes.push_back({.from = "order.placed", .to = "order.copied"});
  model.services["payments"].ack_timeout = config::milliseconds{50};
  model.services["payments"].retry = {.attempts = 3, .backoff = {config::milliseconds{1}}};
  model.broker.journal = {
      .sync = config::Sync::os, .segment_bytes = 64 << 10, .retain = config::milliseconds{100}};
  model.broker.event_bytes_max = 4 << 10;
  model.broker.batch_bytes_max = 64 << 10;
  model.broker.sessions_max = 5;  // one fewer than there are connections
  model.broker.services_max = 4;
  model.broker.service_window_events_max = 64;
  model.broker.tail_bytes_max = 4 << 10;  // so that laggards read the journal
  model.broker.dedup_ids_max = 16;
  return model;
}

// Numbers taken from the input; 0 where it has ended.
class Bytes {
 public:
  explicit Bytes(std::string_view bytes) : left_{bytes} {}
  std::uint8_t byte() {
    if (left_.empty()) return 0;
    const auto value = static_cast<std::uint8_t>(left_.front());
    left_.remove_prefix(1);
    return value;
  }
  std::uint32_t pair() {
    const auto low = byte();
    return low | std::uint32_t{byte()} << 8;
  }
  std::string_view take(std::size_t size) {
    const auto taken = left_.substr(0, size);
    left_.remove_prefix(taken.size());
    return taken;
  }
  [[nodiscard]] bool empty() const { return left_.empty(); }
  [[nodiscard]] std::string_view rest() const { return left_; }

 private:
  std::string_view left_;
};

struct Delivered {
  Offset offset = 0;
  std::uint32_t count = 0;
  std::uint32_t delivery = 0;
};

void require(bool holds) {
  if (!holds) std::abort();
}

class World {
 public:
  World() {
    fs::create_directories(directory_);
    start(std::nullopt);
  }
  ~World() {
    desk_.reset();
    journal_.reset();
    std::error_code ignored;
    fs::remove_all(directory_, ignored);
  }

  void step(Bytes& input) {
    const auto kind = input.byte();
    const auto connection = input.byte() % connections;
    Bytes bytes{input.take(input.pair())};
    now_ += 1'000'000;
    switch (kind % 13) {
      case 0: frame(connection, bytes.rest(), {}); break;
      case 1: {
        const auto head = bytes.take(bytes.pair());
        frame(connection, head, bytes.rest());
        break;
      }
      case 2: hello(connection, bytes); break;
      case 3: subscribe(connection, bytes); break;
      case 4: publish(connection, bytes, false); break;
      case 5: publish(connection, bytes, true); break;
      case 6: settle(connection, bytes); break;
      case 7: ask(connection, bytes); break;
      case 8: now_ += std::uint64_t{bytes.pair()} * 1'000'000; break;
      case 9: deaf_.flip(static_cast<std::size_t>(connection)); break;
      case 10: desk_->take(JournalDone{WriteFailing{"the disk is full"}}); break;
      case 11: restart(bytes); break;
      case 12: tell_checks(connection, bytes); break;
    }
    work();
  }

 private:
  void start(const std::optional<v1::Snapshot>& saved) {
    journal_.emplace(directory_, model_.broker.journal);
    desk_.emplace(
        model_, schemas_, *journal_, tap_, [this] { return now_; },
        [this](const RoutingId& to, const v1::FromBroker& frame, const Body& batch) {
          return receive(to, frame, std::string{batch.bytes});
        });
    (void)desk_->recover(saved);
  }

  void restart(Bytes& bytes) {
    const auto snapshot = desk_->snapshot();
    desk_.reset();
    journal_.reset();
    for (auto& delivered : delivered_) delivered.clear();
    start((bytes.byte() & 1) != 0 ? std::optional{snapshot} : std::nullopt);
  }

  // Lets the journal finish, then everything that can happen happen.
  void work() {
    for (int round = 0; round < 3; ++round) {
      while (!desk_->all_is_committed()) take_done(-1);
      desk_->turn();
      take_done(0);
      desk_->tick();
    }
    (void)desk_->has_room();
    if (journal_->retain(desk_->needed_from(), now_) > 0) desk_->retained();
  }

  void take_done(int wait_ms) {
    journal_->commit();
    pollfd bell{.fd = journal_->event_fd(), .events = POLLIN, .revents = 0};
    ::poll(&bell, 1, wait_ms);
    for (auto& done : journal_->take_done()) desk_->take(std::move(done));
  }

  void frame(int connection, std::string_view head, std::string_view batch) {
    v1::ToBroker parsed;
    if (!parsed.ParseFromArray(head.data(), static_cast<int>(head.size()))) parsed.Clear();
    const auto owner = std::make_shared<const std::string>(batch);
    desk_->take(
        Incoming{.routing_id = std::to_string(connection), .frame = parsed, .batch = *owner, .owner = owner});
  }

  void frame(int connection, const v1::ToBroker& head, std::string_view batch = {}) {
    frame(connection, head.SerializeAsString(), batch);
  }

  void hello(int connection, Bytes& bytes) {
    v1::ToBroker head;
    auto& hello = *head.mutable_hello();
    hello.set_protocol(1 + (bytes.byte() == 255));
    hello.set_service(services[bytes.byte() % services.size()]);
    hello.set_instance("i" + std::to_string(bytes.byte() % 3));
    delivered_[static_cast<std::size_t>(connection)].clear();
    frame(connection, head);
  }

  void subscribe(int connection, Bytes& bytes) {
    v1::ToBroker head;
    auto& subscribe = *head.mutable_subscribe();
    const auto flags = bytes.byte();
    for (int i = 1 + flags % 3; i > 0; --i) subscribe.add_patterns(patterns[bytes.byte() % patterns.size()]);
    subscribe.set_ephemeral((flags & 4) != 0);
    subscribe.set_envelope_only((flags & 8) != 0);
    if ((flags & 16) != 0) subscribe.set_from_start(true);
    if ((flags & 32) != 0) subscribe.set_from_offset(bytes.pair());
    if ((flags & 64) != 0) subscribe.set_from_time(now_ - std::uint64_t{bytes.pair()} * 1'000'000);
    subscribe.set_credit_events(bytes.byte() % 8);
    subscribe.set_credit_bytes(bytes.byte() * 16u);
    subscribe.set_watermark_interval_ms(bytes.byte() % 4);
    if (!bytes.empty()) subscribe.add_patterns(std::string{bytes.rest()});
    frame(connection, head);
  }

  static std::string batch_of(Bytes& bytes) {
    BatchWriter writer;
    const auto events = bytes.byte() % 5;
    for (int i = 0; i < events; ++i) {
      const auto shape = bytes.byte();
      const auto id = "e" + std::to_string(bytes.byte() % 16);
      const auto key = "k" + std::to_string(bytes.byte() % 4);
      if (i == 0 || (shape & 1) != 0) {
        writer.begin_run({.source = "fuzz",
                          .topic = topics[(shape >> 2) % topics.size()],
                          .dataschema = "google.protobuf.StringValue",
                          .chosen_ids = (shape & 2) != 0});
      }
      writer.add({.id = id, .correlationid = key, .data = bytes.take(shape >> 4)});
    }
    auto batch = writer.take();
    batch += bytes.rest();
    return batch;
  }

  void publish(int connection, Bytes& bytes, bool again) {
    v1::ToBroker head;
    if (!again) ++sequence_;
    head.mutable_publish()->set_producer(1 + bytes.byte() % 3);
    head.mutable_publish()->set_sequence(again ? bytes.byte() : sequence_);
    frame(connection, head, batch_of(bytes));
  }

  // Settles what was delivered, and now and then what was not.
  void settle(int connection, Bytes& bytes) {
    v1::ToBroker head;
    auto& settle = *head.mutable_settle();
    settle.set_sequence(++sequence_);
    auto& delivered = delivered_[static_cast<std::size_t>(connection)];
    const auto flags = bytes.byte();
    for (int i = flags % 4; i > 0 && !delivered.empty(); --i) {
      const auto which = bytes.byte() % delivered.size();
      const auto of = delivered[which];
      const auto lie = bytes.byte();
      if ((lie & 1) != 0) {
        auto& nack = *settle.add_nacks();
        nack.set_offset(of.offset + (lie >> 6));
        nack.set_delivery(of.delivery + ((lie & 2) != 0));
        nack.set_error("broken");
        nack.set_reject((lie & 4) != 0);
        nack.set_delay_ms((lie & 8) != 0 ? 10 : 0);
      } else {
        auto& ack = *settle.add_acks();
        ack.set_first(of.offset - ((lie & 8) != 0));
        ack.set_count((lie & 16) != 0 ? UINT32_MAX : of.count + ((lie & 32) != 0));
        ack.set_delivery(of.delivery + ((lie & 2) != 0));
        if ((lie & 4) != 0) {
          auto& emitted = *settle.add_emitted();
          emitted.set_offset(of.offset);
          emitted.set_count(bytes.byte() % 4);
        }
      }
      if ((lie & 128) == 0) delivered.erase(delivered.begin() + static_cast<std::ptrdiff_t>(which));
    }
    frame(connection, head, (flags & 8) != 0 ? batch_of(bytes) : std::string{});
  }

  // More than are taken, the same ones twice, too long, not UTF-8, of times that cannot be.
  void tell_checks(int connection, Bytes& bytes) {
    v1::ToBroker head;
    auto& checks = *head.mutable_beat()->mutable_checks();
    while (!bytes.empty()) {
      auto& check = *checks.add_checks();
      const auto flags = bytes.byte();
      check.set_failed((flags & 1) != 0);
      check.set_lasting_ms((flags & 2) != 0 ? ~std::uint64_t{bytes.pair()} : bytes.pair());
      check.set_name(std::string{bytes.take(flags >> 4)});
      check.set_reason(std::string{bytes.take(bytes.byte())});
      if ((flags & 4) != 0) check.mutable_reason()->append(300, 'r');
    }
    frame(connection, head);
  }

  static void check_checks(const v1::ServicesReply& reply) {
    for (const auto& service : reply.services()) {
      require(service.checks_size() <= 32);
      for (const auto& check : service.checks()) {
        require(!check.name().empty() && check.name().size() <= 64);
        require(check.failed() <= check.instances() && check.failing_size() <= 5);
        for (const auto& failing : check.failing())
          require(failing.reason().size() <= 256 && failing.since() > 0 && failing.since() <= reply.now());
      }
    }
  }

  void ask(int connection, Bytes& bytes) {
    v1::ToBroker head;
    auto& query = *head.mutable_query();
    query.set_id(7);
    switch (bytes.byte() % 5) {
      case 0: query.mutable_schemas(); break;
      case 1: query.mutable_topics(); break;
      case 2: query.mutable_services(); break;
      case 3: query.mutable_status(); break;
      default:
        query.mutable_dead()->set_limit(bytes.byte());
        query.mutable_dead()->set_after(bytes.byte());
        break;
    }
    frame(connection, head);
  }

  bool receive(const RoutingId& to, const v1::FromBroker& frame, const std::string& batch) {
    const auto connection = static_cast<std::size_t>(std::stoi(to));
    if (deaf_[connection]) return false;
    if (frame.answer().has_services()) check_checks(frame.answer().services());
    if (frame.has_deliver()) check_deliver(connection, frame.deliver(), batch);
    return true;
  }

  void check_deliver(std::size_t connection, const v1::Deliver& deliver, const std::string& batch) {
    std::uint64_t promised = 0;
    for (const auto& span : deliver.spans()) {
      promised += span.count();
      delivered_[connection].push_back({span.offset(), span.count(), deliver.delivery()});
    }
    std::uint64_t events = 0;
    BatchReader reader{batch};
    while (auto run = reader.next_run()) {
      while (run->next_event()) ++events;
      require(!run->malformed());
    }
    require(!reader.malformed() && events == promised && events > 0);
  }

  const fs::path directory_ = fs::temp_directory_path() / ("reel-broker-fuzz-" + std::to_string(::getpid()));
  const config::Model model_ = mesh();
  const SchemaSet schemas_;
  zmq::context_t context_{0};
  LiveTap tap_{context_, "inproc://live"};
  std::uint64_t now_ = 1'700'000'000'000'000'000;
  std::uint64_t sequence_ = 0;
  std::bitset<connections> deaf_;
  std::array<std::vector<Delivered>, connections> delivered_;
  std::optional<Journal> journal_;
  std::optional<Desk> desk_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const google::protobuf::LogSilencer quiet;
  spdlog::set_level(spdlog::level::off);
  Bytes input{{reinterpret_cast<const char*>(data), size}};
  World world;
  for (std::size_t step = 0; step < steps_max && !input.empty(); ++step) world.step(input);
  return 0;
}
