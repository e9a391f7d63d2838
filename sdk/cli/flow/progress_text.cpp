#include "cli/flow/progress_text.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <vector>

#include "cli/duration_text.h"
#include "cli/flow_tree.h"
#include "cli/terminal.h"

namespace reel::cli {
namespace {

bool is_counted(const v1::Expectation& expectation) {
  if (expectation.never() || expectation.after().empty()) return false;
  if (expectation.at_most() != 0 && expectation.needed() == 0) return false;
  return expectation.verdict() != v1::VERDICT_CANCELLED && expectation.verdict() != v1::VERDICT_WAIVED;
}

std::string left_text(const std::vector<const v1::Expectation*>& owed, std::uint64_t now) {
  std::uint64_t next = 0;
  std::uint64_t open = 0;
  for (const auto* expectation : owed) {
    if (expectation->verdict() != v1::VERDICT_WAITING) continue;
    ++open;
    if (expectation->deadline() > now && (next == 0 || expectation->deadline() < next))
      next = expectation->deadline();
  }
  if (open == 0) return {};
  std::string text = fmt::format(", {} open", open);
  if (next != 0)
    text += fmt::format(" with {} left", elapsed_text(nanoseconds{static_cast<std::int64_t>(next - now)}));
  return text + (next != 0 && open > 1 ? " for the first" : "");
}

}  // namespace

std::string progress_text(const v1::FlowReply& flow) {
  std::uint64_t counted = 0;
  std::uint64_t done = 0;
  std::uint64_t overdue = 0;
  std::vector<const v1::Expectation*> owed;
  for (const auto& expectation : flow.expectations()) {
    if (!is_counted(expectation)) continue;
    ++counted;
    if (awaits(expectation)) {
      owed.push_back(&expectation);
      overdue += expectation.verdict() == v1::VERDICT_OVERDUE ? 1 : 0;
    } else if (expectation.verdict() != v1::VERDICT_BROKEN) {
      ++done;
    }
  }
  if (owed.empty()) return {};
  std::string text = fmt::format("{} of {} done", done, counted) + left_text(owed, flow.watermark());
  if (overdue != 0) text += fmt::format(", {} overdue", overdue);
  std::stable_sort(owed.begin(), owed.end(),
                   [](const auto* left, const auto* right) { return left->deadline() < right->deadline(); });
  std::vector<std::string> owners;
  for (const auto* expectation : owed) {
    const auto& owner = expectation->owner();
    if (!owner.empty() && std::find(owners.begin(), owners.end(), owner) == owners.end())
      owners.push_back(owner);
  }
  for (std::size_t i = 0; i < owners.size(); ++i) text += (i == 0 ? ", owed by " : ", ") + shown(owners[i]);
  return text;
}

}  // namespace reel::cli
