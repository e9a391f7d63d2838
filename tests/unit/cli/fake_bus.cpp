#include "fake_bus.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>

#include "event/envelope_check.h"
#include "reel/v1/flow.pb.h"

namespace v1 = reel::v1;

namespace {

/// Log time of offset 0: 2026-03-01T10:02:11Z.
constexpr std::uint64_t first_log_time = 1'772'359'331'000'000'000;

std::string text_of(const zmq::message_t& frame) {
  return {static_cast<const char*>(frame.data()), frame.size()};
}

v1::SchemasReply schemas() {
  v1::SchemasReply reply;
  for (const char* name : {"order.placed", "price.tick"}) {
    auto& topic = *reply.add_topics();
    topic.set_topic(name);
    topic.set_type("reel.v1.FlowCompleted");  // any type that needs no file
    topic.set_durable(topic.topic() == "order.placed");
  }
  return reply;
}

}  // namespace

FakeBus::FakeBus() {
  router_.set(zmq::sockopt::linger, 0);
  router_.bind("tcp://127.0.0.1:*");
  endpoint_ = router_.get(zmq::sockopt::last_endpoint);
  thread_ = std::thread{[this] { serve(); }};
}

FakeBus::~FakeBus() {
  stopping_ = true;
  thread_.join();
}

void FakeBus::delivers(const std::string& topic, const std::string& correlationid,
                       const std::string& definition) {
  v1::FlowCompleted payload;
  payload.set_definition(definition);
  const std::string data = payload.SerializeAsString();
  ++event_count_;
  events_.begin_run(
      {.source = "orders/1", .topic = topic, .dataschema = "reel.v1.FlowCompleted", .chosen_ids = false});
  reel::EventFields fields;
  const std::string id = "event-" + std::to_string(event_count_);
  fields.id = id;
  fields.correlationid = correlationid;
  fields.time = first_log_time;
  fields.data = data;
  events_.add(fields);
}

void FakeBus::serve() {
  while (!stopping_) {
    zmq::pollitem_t item{router_.handle(), 0, ZMQ_POLLIN, 0};
    if (zmq::poll(&item, 1, std::chrono::milliseconds{10}) == 0) continue;
    zmq::message_t peer;
    zmq::message_t head;
    zmq::message_t body;
    static_cast<void>(router_.recv(peer));
    static_cast<void>(router_.recv(head));
    if (head.more()) static_cast<void>(router_.recv(body));
    handle(peer, head, body);
  }
}

void FakeBus::handle(const zmq::message_t& peer, const zmq::message_t& head, const zmq::message_t& body) {
  v1::ToBroker asked;
  if (!asked.ParseFromArray(head.data(), static_cast<int>(head.size()))) return;
  v1::FromBroker reply;
  if (asked.has_query()) {
    reply.mutable_answer()->set_id(asked.query().id());
    if (asked.query().has_schemas()) {
      *reply.mutable_answer()->mutable_schemas() = schemas();
    } else if (answer_) {
      answer_(asked.query(), *reply.mutable_answer());
    }
    send(peer, reply);
  } else if (asked.has_hello()) {
    auto& welcome = *reply.mutable_welcome();
    welcome.set_epoch(1);
    welcome.set_event_bytes_max(64 << 10);
    welcome.set_batch_bytes_max(4 << 20);
    welcome.set_publish_window_bytes(8 << 20);
    welcome.set_publish_window_batches(256);
    welcome.set_beat_interval_ms(1000);
    welcome.set_service_timeout_ms(5000);
    send(peer, reply);
  } else if (asked.has_publish()) {
    send(peer, accept(asked.publish(), text_of(body)));
  } else if (asked.has_subscribe()) {
    reply.mutable_subscribed()->set_first_offset(1);
    reply.mutable_subscribed()->set_end_offset(event_count_ + 1);
    send(peer, reply);
    deliver(peer);
  } else if (asked.has_settle()) {
    reply.mutable_settled()->set_sequence(asked.settle().sequence());
    send(peer, reply);
  } else if (asked.has_beat()) {
    reply.mutable_beat()->set_epoch(1);
    send(peer, reply);
  } else if (asked.has_goodbye()) {
    reply.mutable_goodbye();
    send(peer, reply);
  }
}

void FakeBus::send(const zmq::message_t& peer, const v1::FromBroker& frame, const std::string& batch) {
  router_.send(zmq::buffer(peer.data(), peer.size()), zmq::send_flags::sndmore);
  router_.send(zmq::buffer(frame.SerializeAsString()),
               batch.empty() ? zmq::send_flags::none : zmq::send_flags::sndmore);
  if (!batch.empty()) router_.send(zmq::buffer(batch), zmq::send_flags::none);
}

v1::FromBroker FakeBus::accept(const v1::Publish& publish, const std::string& batch) {
  v1::FromBroker reply;
  auto& accepted = *reply.mutable_accepted();
  accepted.set_sequence(publish.sequence());
  accepted.set_first_offset(42);
  std::uint32_t index = 0;
  reel::BatchReader runs{batch};
  while (auto run = runs.next_run()) {
    while (auto event = run->next_event()) {
      if (const auto fault = reel::check_envelope(*event)) {
        auto& refusal = *accepted.add_refusals();
        refusal.set_index(index);
        refusal.set_reason(v1::REFUSAL_BAD_CORRELATION_ID);
        refusal.set_text(fault->text);
      } else {
        v1::FlowCompleted payload;
        static_cast<void>(payload.ParseFromArray(event->data.data(), static_cast<int>(event->data.size())));
        published_ += std::string{run->head.topic} + " " + std::string{event->correlationid} + " " +
                      payload.definition() + "\n";
        accepted.set_accepted(accepted.accepted() + 1);
        accepted.add_delayed(1);
        accepted.add_delayed(event->delivertime != 0);
      }
      ++index;
    }
  }
  accepted.add_matched(index);
  accepted.add_matched(2);
  return reply;
}

void FakeBus::deliver(const zmq::message_t& peer) {
  if (event_count_ == 0) return;
  if (batch_.empty()) batch_ = events_.take();
  v1::FromBroker reply;
  auto& span = *reply.mutable_deliver()->add_spans();
  span.set_offset(1);
  span.set_count(event_count_);
  span.set_log_time(first_log_time);
  reply.mutable_deliver()->set_delivery(1);
  reply.mutable_deliver()->set_attempt(1);
  send(peer, reply, batch_);
}

Ran FakeBus::reel(std::vector<std::string> arguments, const std::string& input) const {
  arguments.insert(arguments.end(), {"--broker", endpoint_, "--tracker", endpoint_});
  return run_reel_command(std::move(arguments), input);
}

Ran run_reel_command(std::vector<std::string> arguments, const std::string& input) {
  return run_command(REEL_COMMAND, std::move(arguments), input);
}

Ran run_command(const std::string& program, std::vector<std::string> arguments, const std::string& input) {
  arguments.insert(arguments.begin(), program);
  int in[2];
  int out[2];
  int err[2];
  if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0 || pipe2(err, O_CLOEXEC) != 0) std::abort();
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  const pid_t pid = fork();
  if (pid == 0) {
    setenv("TZ", "UTC", 1);
    dup2(in[0], STDIN_FILENO);
    dup2(out[1], STDOUT_FILENO);
    dup2(err[1], STDERR_FILENO);
    execv(argv[0], argv.data());
    _exit(127);
  }
  close(in[0]);
  close(out[1]);
  close(err[1]);
  std::signal(SIGPIPE, SIG_IGN);
  static_cast<void>(!write(in[1], input.data(), input.size()));  // fits the pipe
  close(in[1]);
  Ran ran;
  pollfd watched[] = {{out[0], POLLIN, 0}, {err[0], POLLIN, 0}};
  std::string* texts[] = {&ran.out, &ran.err};
  for (int open = 2; open > 0;) {
    poll(watched, 2, -1);
    for (std::size_t i = 0; i < 2; ++i) {
      if (watched[i].fd < 0 || watched[i].revents == 0) continue;
      char bytes[4096];
      const ssize_t count = read(watched[i].fd, bytes, sizeof bytes);
      if (count > 0) {
        texts[i]->append(bytes, static_cast<std::size_t>(count));
      } else {
        close(std::exchange(watched[i].fd, -1));
        --open;
      }
    }
  }
  int status = 0;
  waitpid(pid, &status, 0);
  ran.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return ran;
}
