// A service for the path tests that does what its flags say, and writes a line for each thing it does:
//
//   begin INSTANCE KEY ID ATTEMPT          a handler begins
//   replay INSTANCE KEY ID ATTEMPT         it begins, with a replayed event
//   end INSTANCE KEY ID ATTEMPT            it returns
//   batch INSTANCE SIZE - -                a batch handler is called; then come the lines of its items
//
// Lines of all actors may go to one file: each is one appended write.
#include <fcntl.h>
#include <poll.h>
#include <reel/reel.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>

int main(int argc, char** argv) {
  std::string name = "actor";
  std::vector<std::string> patterns;
  std::string emit;
  std::string when;
  std::string log_path;
  std::string hang_on;
  std::string fail_on;
  std::string reject_on;
  std::string die_on;
  std::string slow_on;
  std::uint32_t fail_attempts = 0;
  unsigned workers = 2;
  std::uint32_t credit_events = 64;  // so that two actors share even a short queue
  int hold_ms = 0;
  int emit_after_ms = 0;
  bool from_start = false;
  std::string check_file;
  bool check_hangs = false;
  std::size_t batch_size = 0;
  int batch_wait_ms = 100;
  std::string throw_on;
  CLI::App app;
  app.add_option("--name", name);
  app.add_option("--on", patterns);
  app.add_option("--when", when, "of what --on matches, only what this event pattern says yes to");
  app.add_option("--emit", emit, "publish the same payload on this topic as test.v1.Captured");
  app.add_option("--emit-after-ms", emit_after_ms, "…to be handed over so long after the handler");
  app.add_option("--log", log_path);
  app.add_option("--hang-on", hang_on, "the handler of this key never returns");
  app.add_option("--fail-on", fail_on, "the handler of this key throws; empty: of every key");
  app.add_option("--fail-attempts", fail_attempts, "…in the first so many attempts");
  app.add_option("--reject-on", reject_on);
  app.add_option("--die-on", die_on, "the handler of this key takes the whole process with it");
  app.add_option("--slow-on", slow_on, "…takes 1.5 s and says that it is still at it");
  app.add_option("--workers", workers);
  app.add_option("--credit-events", credit_events);
  app.add_option("--hold-ms", hold_ms);
  app.add_flag("--from-start", from_start);
  app.add_option("--check-file", check_file, "the check 'database' passes where this file is");
  app.add_flag("--check-hangs", check_hangs, "the check 'carrier' never returns, and has 100 ms");
  app.add_option("--batch", batch_size, "handle so many together; --hold-ms is for each call");
  app.add_option("--batch-wait-ms", batch_wait_ms);
  app.add_option("--throw-on", throw_on, "a batch with this key in it throws");
  CLI11_PARSE(app, argc, argv);

  reel::Options options;
  options.workers = workers;
  options.credit_events = credit_events;
  reel::Service service{name, options};
  if (from_start) service.start_from(reel::Start::oldest());
  const int log =
      log_path.empty() ? -1 : ::open(log_path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
  const auto write_line = [&](const std::string& what, const std::string& rest) {
    const auto line = what + " " + service.instance() + " " + rest + "\n";
    if (log >= 0 && ::write(log, line.data(), line.size()) < 0) std::abort();
  };
  const auto say = [&](const char* what, const reel::Context& context) {
    write_line(what, std::string{context.correlationid()} + " " + std::string{context.id()} + " " +
                         std::to_string(context.attempt()));
  };
  const auto publish_from = [&](reel::Context& context) {
    if (emit.empty()) return;
    context.publish(emit, "test.v1.Captured", {}, {.after = std::chrono::milliseconds{emit_after_ms}});
  };
  const auto fails = [&](const reel::Context& context) {
    return context.attempt() <= fail_attempts && (fail_on.empty() || context.correlationid() == fail_on);
  };
  const auto handle_batch = [&](reel::RawBatch& batch) {
    write_line("batch", std::to_string(batch.size()) + " - -");
    for (auto& item : batch) {
      say("begin", item.flow());
      publish_from(item.flow());
    }
    if (hold_ms > 0) ::poll(nullptr, 0, hold_ms);
    const auto has = [&](const std::string& key) {
      return !key.empty() && std::any_of(batch.begin(), batch.end(),
                                         [&](auto& item) { return item.flow().correlationid() == key; });
    };
    if (has(hang_on)) ::poll(nullptr, 0, -1);
    if (has(die_on)) ::_exit(9);
    if (has(throw_on)) throw std::runtime_error{"card reader broken"};
    for (auto& item : batch) {
      if (!reject_on.empty() && item.flow().correlationid() == reject_on) item.reject("not wanted");
      if (fails(item.flow())) item.fail("disk full");
      if (!item.failed()) say("end", item.flow());
    }
  };
  for (const auto& pattern : patterns) {
    if (batch_size != 0) {
      const reel::BatchOptions batches{.max_size = batch_size,
                                       .max_wait = std::chrono::milliseconds{batch_wait_ms}};
      service.on_batch_raw(pattern, reel::When{when}, batches, handle_batch);
      continue;
    }
    service.on_raw(pattern, reel::When{when}, [&](reel::Context& context) {
      say(context.replayed() ? "replay" : "begin", context);
      const auto key = context.correlationid();
      if (!hang_on.empty() && key == hang_on) ::poll(nullptr, 0, -1);
      if (!die_on.empty() && key == die_on) ::_exit(9);
      for (int i = 0; i < 15 && !slow_on.empty() && key == slow_on; ++i) {
        ::poll(nullptr, 0, 100);
        context.in_progress();
      }
      if (hold_ms > 0) ::poll(nullptr, 0, hold_ms);
      if (!reject_on.empty() && key == reject_on) throw reel::Reject{"not wanted"};
      if (fails(context)) throw std::runtime_error{"card reader broken"};
      publish_from(context);
      say("end", context);
    });
  }
  if (!check_file.empty()) {
    service.check("database", {.every = std::chrono::milliseconds{20}}, [&] {
      if (::access(check_file.c_str(), F_OK) != 0) throw std::runtime_error{"connection refused"};
    });
  }
  if (check_hangs)
    service.check("carrier", {.timeout = std::chrono::milliseconds{100}}, [] { ::poll(nullptr, 0, -1); });
  std::cout << "ready" << std::endl;
  return service.run();
}
