#include "process_account.h"

#include <unistd.h>

#include <sstream>
#include <stdexcept>
#include <string>

#include "process.h"

namespace reel::bench {
namespace {

std::string proc_file(pid_t process, const std::string& name) {
  return test::read_file("/proc/" + std::to_string(process) + "/" + name);
}

/// A line of /proc/PID/status, in MiB.
double status_mib(pid_t process, const std::string& name) {
  const std::string text = proc_file(process, "status");
  const auto at = text.find(name + ":");
  if (at == text.npos) throw std::runtime_error{"process " + std::to_string(process) + " is gone"};
  return std::stod(text.substr(at + name.size() + 1)) / 1024;
}

}  // namespace

double cpu_seconds(pid_t process) {
  const std::string text = proc_file(process, "stat");
  const auto name_end = text.rfind(')');
  if (name_end == text.npos) throw std::runtime_error{"process " + std::to_string(process) + " is gone"};
  // Behind the name: state is the 3rd field of the line, user and system time the 14th and 15th.
  std::istringstream fields{text.substr(name_end + 2)};
  std::string skipped;
  for (int field = 3; field < 14; ++field) fields >> skipped;
  double user = 0;
  double system = 0;
  fields >> user >> system;
  return (user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

double peak_mib(pid_t process) {
  return status_mib(process, "VmHWM");
}

double resident_mib(pid_t process) {
  return status_mib(process, "VmRSS");
}

}  // namespace reel::bench
