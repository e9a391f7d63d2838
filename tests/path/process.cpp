#include "process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace reel::test {
namespace {

using Clock = std::chrono::steady_clock;
constexpr int poll_interval_ms = 2;

void nap() {
  ::poll(nullptr, 0, poll_interval_ms);
}

int open_for_output(const std::filesystem::path& path) {
  return ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
}

}  // namespace

bool eventually(const std::function<bool()>& condition, milliseconds limit) {
  const auto end = Clock::now() + limit;
  while (!condition()) {
    if (Clock::now() > end) return false;
    nap();
  }
  return true;
}

Process::Process(Options options) : options_{std::move(options)} {
  const auto input = options_.output.string() + ".in";
  write_file(input, options_.input);
  std::vector<std::string> environment = options_.environment;
  std::vector<char*> argv;
  for (auto& argument : options_.argv) argv.push_back(argument.data());
  argv.push_back(nullptr);
  const pid_t parent = ::getpid();

  pid_ = ::fork();
  if (pid_ < 0) throw std::runtime_error("cannot fork");
  if (pid_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(127);
    const int in = ::open(input.c_str(), O_RDONLY | O_CLOEXEC);
    const int out = open_for_output(options_.output);
    const int err = options_.errors.empty() ? out : open_for_output(options_.errors);
    ::dup2(in, 0);
    ::dup2(out, 1);
    ::dup2(err, 2);
    for (auto& variable : environment) ::putenv(variable.data());
    ::execv(argv[0], argv.data());
    ::dprintf(2, "cannot run %s: %s\n", argv[0], std::strerror(errno));
    ::_exit(127);
  }
}

Process::~Process() {
  kill();
}

void Process::signal(int number) const {
  if (pid_ > 0 && status_ < 0) ::kill(pid_, number);
}

void Process::kill() {
  if (status_ >= 0) return;
  signal(SIGKILL);
  (void)wait();
}

int Process::stop() {
  signal(SIGTERM);
  return wait();
}

bool Process::running() {
  if (status_ >= 0) return false;
  int status = 0;
  if (::waitpid(pid_, &status, WNOHANG) != pid_) return true;
  status_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return false;
}

int Process::wait(milliseconds limit) {
  return eventually([this] { return !running(); }, limit) ? status_ : -1;
}

std::string Process::output() const {
  return read_file(options_.output);
}
std::string Process::errors() const {
  return options_.errors.empty() ? output() : read_file(options_.errors);
}

bool Process::says(const std::string& text, milliseconds limit) {
  bool said = false;
  (void)eventually(
      [&] {
        const bool over = !running();
        said = output().find(text) != std::string::npos || errors().find(text) != std::string::npos;
        return said || over;
      },
      limit);
  return said;
}

TempDir::TempDir() {
  std::string pattern = (std::filesystem::temp_directory_path() / "reel-test-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("cannot make a temporary folder");
  path_ = pattern;
}

TempDir::~TempDir() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{file}, {}};
}

void write_file(const std::filesystem::path& path, std::string_view text) {
  std::ofstream file{path, std::ios::binary | std::ios::trunc};
  file << text;
  if (!file.flush()) throw std::runtime_error("cannot write " + path.string());
}

}  // namespace reel::test
