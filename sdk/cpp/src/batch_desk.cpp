#include "batch_desk.h"

#include <algorithm>
#include <utility>

namespace reel::sdk {

BatchDesk::BatchDesk(std::vector<Limits> limits) {
  for (const auto& one : limits) desks_.push_back({.limits = one});
}

bool BatchDesk::offer(std::optional<HandlerNumber> batch, const Task& task, Time now) {
  const auto found = held_.find(task.key_hash);
  if (found != held_.end()) {
    auto& held = found->second;
    if (!may_join(held, batch)) {
      held.behind.push_back({task, now, batch});
      if (!held.under_way && !held.ended) ++desks_[held.batch].behind;
      return true;
    }
    ++held.events;
  } else if (batch) {
    held_.emplace(task.key_hash, Held{.batch = *batch, .session = task.frame->session, .events = 1});
  } else {
    return false;
  }
  gather(desks_[*batch], task, now);
  return true;
}

bool BatchDesk::may_join(const Held& held, std::optional<HandlerNumber> batch) const {
  return batch == held.batch && !held.under_way && !held.ended && held.behind.empty() &&
         desks_[held.batch].gathered.size() < desks_[held.batch].limits.events;
}

void BatchDesk::gather(Desk& desk, const Task& task, Time now) {
  desk.gathered.push_back({task, now});
  desk.bytes += task.bytes.size();
}

bool BatchDesk::is_full(const Desk& desk) const {
  return desk.gathered.size() >= desk.limits.events || desk.bytes >= desk.limits.bytes ||
         desk.gathered.size() + desk.behind >= desk.limits.kept;
}

std::optional<BatchDesk::HandlerNumber> BatchDesk::wants_attention(std::uint64_t key_hash) const {
  const auto batch = held_.at(key_hash).batch;
  const auto& desk = desks_[batch];
  if (!desk.under_way.empty() || (desk.gathered.size() != 1 && !is_full(desk))) return std::nullopt;
  return batch;
}

bool BatchDesk::is_due(HandlerNumber batch, Time now) const {
  const auto& desk = desks_[batch];
  if (!desk.under_way.empty() || desk.gathered.empty()) return false;
  return closed_ || is_full(desk) || now >= deadline(batch);
}

BatchDesk::Time BatchDesk::deadline(HandlerNumber batch) const {
  const auto& desk = desks_[batch];
  if (!desk.under_way.empty() || desk.gathered.empty()) return Time::max();
  return desk.gathered.front().since + std::min(desk.limits.wait, wait_max_);
}

std::vector<Task> BatchDesk::take(HandlerNumber batch) {
  auto& desk = desks_[batch];
  std::size_t bytes = 0;
  for (; !desk.gathered.empty(); desk.gathered.pop_front()) {
    const auto& task = desk.gathered.front().task;
    const bool fits =
        desk.under_way.size() < desk.limits.events && bytes + task.bytes.size() <= desk.limits.bytes;
    if (!desk.under_way.empty() && !fits) break;
    bytes += task.bytes.size();
    desk.under_way.push_back(task);
    auto& held = held_.at(task.key_hash);
    held.under_way = true;
    ++held.taken;
  }
  desk.bytes -= bytes;
  desk.behind = 0;
  desk.withdrawn.assign(desk.under_way.size(), false);
  const bool all = std::all_of(desk.under_way.begin(), desk.under_way.end(), [&](const Task& task) {
    const auto& held = held_.at(task.key_hash);
    return held.taken == held.events;
  });
  if (!all) put_behind(desk);
  // Lanes bring them as it comes; who handles them together may see the log's order.
  std::sort(desk.under_way.begin(), desk.under_way.end(),
            [](const Task& one, const Task& other) { return one.offset < other.offset; });
  return desk.under_way;
}

// What is left of keys that are under way: a key is in one batch at a time.
void BatchDesk::put_behind(Desk& desk) {
  const auto is_left = [&](const Gathered& one) { return held_.at(one.task.key_hash).under_way; };
  for (auto one = desk.gathered.rbegin(); one != desk.gathered.rend(); ++one) {
    if (!is_left(*one)) continue;
    auto& held = held_.at(one->task.key_hash);
    held.events = held.taken;
    held.behind.push_front({one->task, one->since, held.batch});
    desk.bytes -= one->task.bytes.size();
  }
  std::erase_if(desk.gathered, is_left);
}

bool BatchDesk::is_wanted(HandlerNumber batch, std::size_t index) const {
  return !desks_[batch].withdrawn[index];
}

BatchDesk::Keys BatchDesk::ended(HandlerNumber batch, std::span<const Task> failed) {
  auto& desk = desks_[batch];
  for (const auto& task : failed) {
    held_.at(task.key_hash).failed = {.session = task.frame->session, .offset = task.offset};
  }
  Keys to_tell;
  for (const auto& task : std::exchange(desk.under_way, {})) leave(task.key_hash, to_tell);
  desk.withdrawn.clear();
  return to_tell;
}

// One of the key's events leaves the batch. The last one frees the key, where there is nothing to be told.
void BatchDesk::leave(std::uint64_t key_hash, Keys& to_tell) {
  const auto found = held_.find(key_hash);
  auto& held = found->second;
  if (--held.events != 0) return;
  if (held.behind.empty() && !held.failed) {
    held_.erase(found);
    return;
  }
  if (!held.failed && !closed_ && go_on(held)) return;
  held.ended = true;
  to_tell.push_back(key_hash);
}

// Into the next batch with what is behind, as far as that has room. False where another handler's is first;
// and where it may be what was in this batch, delivered again, which its lane then finds finished.
bool BatchDesk::go_on(Held& held) {
  auto& desk = desks_[held.batch];
  const auto& next = held.behind.front();
  if (next.batch != held.batch || held.overstayed || next.task.frame->session != held.session) return false;
  held.under_way = held.overstayed = false;
  held.taken = 0;
  do {
    gather(desk, held.behind.front().task, held.behind.front().since);
    held.behind.pop_front();
    ++held.events;
  } while (!held.behind.empty() && held.behind.front().batch == held.batch &&
           desk.gathered.size() < desk.limits.events);
  desk.behind += held.behind.size();
  return true;
}

ReleasedKey BatchDesk::release(std::uint64_t key_hash) {
  const auto found = held_.find(key_hash);
  if (found == held_.end() || !found->second.ended) return {};
  ReleasedKey released{found->second.failed, {}};
  for (const auto& behind : found->second.behind) released.behind.push_back(behind.task);
  held_.erase(found);
  return released;
}

BatchDesk::Dropped BatchDesk::drop(const std::function<bool(const Task&)>& is_gone) {
  Dropped dropped;
  // What waits behind first: where nothing of a key is left, nobody need be told.
  for (auto& [key, held] : held_) {
    std::erase_if(held.behind, [&](const Behind& behind) {
      if (!is_gone(behind.task)) return false;
      dropped.tasks.push_back(behind.task);
      return true;
    });
  }
  for (auto& desk : desks_) {
    for (const auto& gathered : std::exchange(desk.gathered, {})) {
      if (!is_gone(gathered.task)) {
        desk.gathered.push_back(gathered);
        continue;
      }
      desk.bytes -= gathered.task.bytes.size();
      dropped.tasks.push_back(gathered.task);
      leave(gathered.task.key_hash, dropped.to_tell);
    }
  }
  return dropped;
}

BatchDesk::Dropped BatchDesk::withdraw(const std::function<bool(const Task&)>& is_gone) {
  for (auto& desk : desks_) {
    for (std::size_t index = 0; index < desk.under_way.size(); ++index) {
      if (is_gone(desk.under_way[index])) desk.withdrawn[index] = true;
    }
  }
  return drop(is_gone);
}

BatchDesk::Dropped BatchDesk::take_back(const std::function<bool(const Task&)>& is_named) {
  for (const auto& desk : desks_) {
    for (const auto& task : desk.under_way) {
      if (is_named(task)) held_.at(task.key_hash).overstayed = true;
    }
  }
  return withdraw(is_named);
}

BatchDesk::Dropped BatchDesk::close() {
  closed_ = true;
  const auto waits_for_handler = [&](const Task& task) {
    const auto& held = held_.at(task.key_hash);
    return held.under_way || !desks_[held.batch].under_way.empty();
  };
  return drop(waits_for_handler);
}

void BatchDesk::add_work(KeyedWorkers::Work& work) const {
  const auto place = [&](const Task& task, bool begun) {
    if (!begun || work.begun.size() >= KeyedWorkers::begun_max) return work.waits(task.offset);
    work.begun.push_back({task.offset, task.delivery});
  };
  for (const auto& desk : desks_) {
    for (const auto& gathered : desk.gathered) place(gathered.task, false);
    for (std::size_t index = 0; index < desk.under_way.size(); ++index) {
      if (!desk.withdrawn[index]) place(desk.under_way[index], true);
    }
  }
  for (const auto& [key, held] : held_) {
    for (const auto& behind : held.behind) place(behind.task, held.overstayed && !held.ended);
  }
}

bool BatchDesk::idle() const {
  return std::all_of(desks_.begin(), desks_.end(),
                     [](const Desk& desk) { return desk.under_way.empty() && desk.gathered.empty(); });
}

}  // namespace reel::sdk
