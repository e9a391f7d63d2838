// Redis Streams: an append-only file synced every second or always, no snapshots and no rewriting meanwhile
// (which favours Redis), pipelined XADDs with a window, one XACK for each batch that a consumer group was
// given.
#include <hiredis/hiredis.h>
#include <poll.h>

#include <cstring>
#include <memory>
#include <stdexcept>

#include "peers.h"

namespace reel::bench {
namespace {

/// Published and not answered.
constexpr int xadds_unanswered_max = 10'000;
constexpr const char* read_events = "500";

using Reply = std::unique_ptr<redisReply, decltype(&freeReplyObject)>;

class Redis {
 public:
  explicit Redis(const Task& task)
      : context_{redisConnect("127.0.0.1", port_of(task.endpoint.view())), &redisFree} {
    if (!context_ || context_->err != 0) throw std::runtime_error{"cannot connect to redis-server"};
  }

  /// Waits until at most `left` commands are unanswered.
  void read_until(int left) {
    while (unanswered_ > left) (void)next();
  }
  /// Takes the answers that are there.
  void read_ready() {
    pollfd item{context_->fd, POLLIN, 0};
    if (unanswered_ == 0 || ::poll(&item, 1, 0) <= 0) return;
    if (redisBufferRead(context_.get()) != REDIS_OK) throw std::runtime_error{context_->errstr};
    void* reply = nullptr;
    while (redisGetReplyFromReader(context_.get(), &reply) == REDIS_OK && reply != nullptr)
      (void)checked(Reply{static_cast<redisReply*>(reply), &freeReplyObject});
  }
  /// Sends what was gathered.
  void write() {
    for (int done = 0; done == 0;) {
      if (redisBufferWrite(context_.get(), &done) != REDIS_OK) throw std::runtime_error{context_->errstr};
    }
  }
  void gather(const std::vector<std::string_view>& words) {
    argv_.clear();
    sizes_.clear();
    for (const auto word : words) {
      argv_.push_back(word.data());
      sizes_.push_back(word.size());
    }
    if (redisAppendCommandArgv(context_.get(), static_cast<int>(words.size()), argv_.data(), sizes_.data()) !=
        REDIS_OK)
      throw std::runtime_error{context_->errstr};
    ++unanswered_;
  }
  Reply next() {
    void* reply = nullptr;
    if (redisGetReply(context_.get(), &reply) != REDIS_OK) throw std::runtime_error{context_->errstr};
    return checked(Reply{static_cast<redisReply*>(reply), &freeReplyObject});
  }
  Reply ask(const std::vector<std::string_view>& words) {
    gather(words);
    read_until(1);
    return next();
  }
  [[nodiscard]] int unanswered() const { return unanswered_; }

 private:
  Reply checked(Reply reply) {
    --unanswered_;
    if (reply->type == REDIS_REPLY_ERROR) throw std::runtime_error{reply->str};
    return reply;
  }

  std::unique_ptr<redisContext, decltype(&redisFree)> context_;
  int unanswered_ = 0;
  std::vector<const char*> argv_;
  std::vector<std::size_t> sizes_;
};

std::string group_of(const Task& task, std::uint32_t receiver) {
  return "bench-" + std::to_string(task.group_of(receiver));
}

class RedisSender : public Sender {
 public:
  explicit RedisSender(const Task& task) : redis_{task}, paced_{task.rate_per_s > 0} {}

  void send(std::string_view payload, std::uint64_t) override {
    redis_.gather({"XADD", "bench.event", "*", "d", payload});
    if (paced_) {
      redis_.write();
      redis_.read_ready();
    }
    // Down to half: so that commands and answers both travel many at a time.
    if (redis_.unanswered() >= xadds_unanswered_max) redis_.read_until(xadds_unanswered_max / 2);
  }
  void flush() override { redis_.read_until(0); }

 private:
  Redis redis_;
  bool paced_;
};

class RedisReceiver : public Receiver {
 public:
  RedisReceiver(const Task& task, std::uint32_t number)
      : redis_{task}, group_{group_of(task, number)}, name_{std::to_string(number)} {}

  void receive(const Sink& sink) override {
    while (true) {
      redis_.gather({"XREADGROUP", "GROUP", group_, name_, "COUNT", read_events, "BLOCK", "1000", "STREAMS",
                     "bench.event", ">"});
      redis_.read_until(1);  // the ack before
      const Reply reply = redis_.next();
      if (reply->type == REDIS_REPLY_ARRAY && reply->elements == 1) see(*reply->element[0]->element[1], sink);
    }
  }

 private:
  void see(const redisReply& entries, const Sink& sink) {
    std::vector<std::string_view> ack{"XACK", "bench.event", group_};
    for (std::size_t i = 0; i < entries.elements; ++i) {
      const redisReply& entry = *entries.element[i];
      const redisReply& data = *entry.element[1]->element[1];
      sink({data.str, data.len});
      ack.emplace_back(entry.element[0]->str, entry.element[0]->len);
    }
    redis_.gather(ack);
  }

  Redis redis_;
  std::string group_;
  std::string name_;
};

class RedisStreamsPeer : public Peer {
 public:
  std::string missing() const override {
    return program_in_path("redis-server").empty() ? "redis-server" : "";
  }

  Servers start(Task& task) override {
    const std::string dir = task.dir.text();
    const int port = free_port();
    task.endpoint = Text{"127.0.0.1:" + std::to_string(port)};
    Servers servers;
    auto& server = servers["broker"];
    server = std::make_unique<test::Process>(test::Process::Options{
        .argv = {program_in_path("redis-server"), "--port", std::to_string(port), "--bind", "127.0.0.1",
                 "--dir", dir, "--save", "", "--appendonly", "yes", "--appendfsync",
                 task.guarantee == Guarantee::durable_always ? "always" : "everysec",
                 "--auto-aof-rewrite-percentage", "0"},
        .output = dir + "/redis.log"});
    if (!test::eventually([port] { return answers(port); }))
      throw std::runtime_error{"redis-server did not start:\n" + server->output()};
    redis_ = std::make_unique<Redis>(task);
    for (std::uint32_t i = 0; i < task.groups(); ++i) {
      const std::string group = group_of(task, i);
      (void)redis_->ask({"XGROUP", "CREATE", "bench.event", group, "0", "MKSTREAM"});
    }
    return servers;
  }

  bool settled(const Task& task) override {
    for (std::uint32_t i = 0; i < task.groups(); ++i) {
      const std::string group = group_of(task, i);
      const Reply pending = redis_->ask({"XPENDING", "bench.event", group});
      if (pending->type != REDIS_REPLY_ARRAY || pending->element[0]->integer != 0) return false;
    }
    return true;
  }

  std::unique_ptr<Sender> sender(const Task& task, std::uint32_t) override {
    return std::make_unique<RedisSender>(task);
  }
  std::unique_ptr<Receiver> receiver(const Task& task, std::uint32_t number) override {
    return std::make_unique<RedisReceiver>(task, number);
  }

 private:
  std::unique_ptr<Redis> redis_;
};

}  // namespace

std::unique_ptr<Peer> make_redis_streams() {
  return std::make_unique<RedisStreamsPeer>();
}

}  // namespace reel::bench
