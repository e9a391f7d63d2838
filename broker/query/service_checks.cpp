#include "query/service_checks.h"

#include <algorithm>
#include <map>
#include <string_view>
#include <tuple>

namespace reel::broker {
namespace {

struct Failing {
  const Session* instance;
  const InstanceCheck* check;
};

struct Row {
  std::string_view name;
  std::uint32_t instances = 0;
  std::vector<Failing> failing;  // who has for longest first

  // Those that fail stand first.
  [[nodiscard]] auto order() const {
    return std::tuple{failing.empty(), failing.empty() ? 0 : failing.front().check->since, name};
  }
};

std::vector<Row> rows_of(const std::vector<const Session*>& instances) {
  std::map<std::string_view, Row> by_name;
  for (const auto* const instance : instances) {
    for (const auto& check : instance->said.checks) {
      auto& row = by_name[check.name];
      row.name = check.name;
      ++row.instances;
      if (check.failed) row.failing.push_back({instance, &check});
    }
  }
  std::vector<Row> rows;
  for (auto& [name, row] : by_name) {
    std::sort(row.failing.begin(), row.failing.end(), [](const Failing& a, const Failing& b) {
      return std::tie(a.check->since, a.instance->instance) < std::tie(b.check->since, b.instance->instance);
    });
    rows.push_back(std::move(row));
  }
  std::sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) { return a.order() < b.order(); });
  return rows;
}

void tell(const Failing& failing, v1::ServiceCheck::Failing& to) {
  to.set_instance(failing.instance->instance);
  to.set_host(failing.instance->host);
  to.set_pid(failing.instance->pid);
  to.set_since(failing.check->since);
  to.set_reason(failing.check->reason);
}

}  // namespace

void tell_checks(const std::vector<const Session*>& instances, WhichChecks which,
                 google::protobuf::RepeatedPtrField<v1::ServiceCheck>& to) {
  for (const auto& row : rows_of(instances)) {
    if (to.size() == told_checks_max || (which == WhichChecks::failed && row.failing.empty())) return;
    auto& told = *to.Add();
    told.set_name(std::string{row.name});
    told.set_instances(row.instances);
    told.set_failed(static_cast<std::uint32_t>(row.failing.size()));
    for (const auto& failing : row.failing) {
      if (told.failing_size() < told_failing_max) tell(failing, *told.add_failing());
    }
  }
}

}  // namespace reel::broker
