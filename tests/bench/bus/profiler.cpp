#include "profiler.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <stdexcept>
#include <vector>

#include "peer.h"

namespace reel::bench {
namespace {

/// Enough for the calls of a handler below a worker below a connection.
constexpr const char* call_graph = "dwarf,8192";
constexpr int answer_limit_ms = 10'000;

}  // namespace

/// A pipe with a name; opened both ways, so that nobody waits for the other to come.
class Profiler::Pipe {
 public:
  explicit Pipe(const std::string& path) {
    if (::mkfifo(path.c_str(), 0600) == 0) file_ = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
    if (file_ < 0) throw std::runtime_error{"cannot make " + path};
  }
  ~Pipe() { ::close(file_); }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  void write(const std::string& text) {
    if (::write(file_, text.data(), text.size()) < 0) throw std::runtime_error{"cannot write to perf"};
  }
  /// False where nothing comes.
  [[nodiscard]] bool read_something() {
    pollfd item{file_, POLLIN, 0};
    char bytes[64];
    return ::poll(&item, 1, answer_limit_ms) > 0 && ::read(file_, bytes, sizeof bytes) > 0;
  }

 private:
  int file_ = -1;
};

std::string Profiler::missing() {
  return program_in_path("perf").empty() ? "perf is not installed: apt-get install linux-perf" : "";
}

void Profiler::start(const PartNames& processes) {
  processes_ = processes;
  const std::string dir = dir_.path().string();
  orders_ = std::make_shared<Pipe>(dir + "/orders");
  answers_ = std::make_shared<Pipe>(dir + "/answers");
  std::string ids;
  for (const auto& [id, part] : processes) ids += (ids.empty() ? "" : ",") + std::to_string(id);
  perf_ = std::make_unique<test::Process>(test::Process::Options{
      .argv = {program_in_path("perf"), "record", "-q", "-o", dir + "/samples", "-e", "cpu-clock", "-F",
               std::to_string(samples_per_s), "--call-graph", call_graph, "-D", "-1", "-p", ids, "--control",
               "fifo:" + dir + "/orders," + dir + "/answers"},
      .output = dir + "/perf.log"});
  command("enable");
}

void Profiler::stop() {
  command("disable");
  perf_->signal(SIGINT);
  if (perf_->wait() == -1) throw std::runtime_error{"perf does not end:\n" + perf_->output()};
}

void Profiler::command(const std::string& what) {
  orders_->write(what + "\n");
  if (!answers_->read_something() || !perf_->running())
    throw std::runtime_error{"perf does not " + what + " (is kernel.perf_event_paranoid above 1?):\n" +
                             perf_->output()};
}

std::string Profiler::samples() const {
  const std::string dir = dir_.path().string();
  test::Process script{{.argv = {program_in_path("perf"), "script", "-i", dir + "/samples", "--no-inline",
                                 "-F", "comm,pid,tid,ip,sym,dso"},
                        .output = dir + "/script",
                        .errors = dir + "/script.log"}};
  const int code = script.wait(std::chrono::minutes{5});
  if (code != 0) throw std::runtime_error{"perf script failed:\n" + script.errors()};
  return test::read_file(dir + "/script");
}

}  // namespace reel::bench
