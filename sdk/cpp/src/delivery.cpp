#include "delivery.h"

#include <algorithm>
#include <functional>
#include <iterator>
#include <utility>

#include "handling.h"

namespace reel::sdk {
namespace {

constexpr std::uint32_t run_mask = (1u << 31) - 1;  // there are never more runs than events

}  // namespace

TakenBackSet::TakenBackSet(std::vector<v1::Settle::Ack> deliveries) : ranges_{std::move(deliveries)} {
  std::sort(ranges_.begin(), ranges_.end(), [](const auto& a, const auto& b) {
    return std::pair{a.delivery(), a.first()} < std::pair{b.delivery(), b.first()};
  });
}

bool TakenBackSet::has(const Task& task) const {
  const std::pair place{task.delivery, task.offset};
  const auto behind =
      std::upper_bound(ranges_.begin(), ranges_.end(), place, [](const auto& wanted, const auto& one) {
        return wanted < std::pair{one.delivery(), one.first()};
      });
  if (task.frame == nullptr || behind == ranges_.begin()) return false;
  const auto& range = *std::prev(behind);
  return range.delivery() == task.delivery && task.offset - range.first() < range.count();
}

std::unique_ptr<DeliveredFrame> read_delivery(const v1::Deliver& deliver, Body body, std::uint64_t session,
                                              HandlerCache& handlers, std::vector<Task>& tasks) {
  auto frame = std::make_unique<DeliveredFrame>();
  frame->body = std::move(body);
  frame->delivery = deliver.delivery();
  frame->attempt = deliver.attempt();
  frame->settled = deliver.settled();
  frame->session = session;
  frame->redelivery = deliver.redelivery();

  tasks.clear();
  const bool sane = for_each_place(deliver.spans(), delivered_events_max,
                                   [&](std::uint64_t offset, std::uint64_t log_time) {
                                     tasks.push_back({.offset = offset,
                                                      .origin = offset,
                                                      .recordedtime = log_time,
                                                      .frame = frame.get(),
                                                      .delivery = frame->delivery});
                                   });
  std::size_t at = 0;
  if (frame->redelivery != v1::REDELIVERY_NONE) {
    const bool paired =
        for_each_place(deliver.origins(), tasks.size(), [&](std::uint64_t origin, std::uint64_t log_time) {
          tasks[at].origin = origin;
          tasks[at++].recordedtime = log_time;
        });
    if (!paired || at != tasks.size()) return nullptr;
    at = 0;
  }
  BatchReader batch{frame->body.bytes};
  while (auto run = batch.next_run()) {
    const auto& handling = handlers.at(run->head.topic);
    const bool in_batch = handling.batch() != nullptr;
    frame->runs.push_back({run->head, &handling});
    while (const auto event = run->next_event()) {
      if (at == tasks.size()) return nullptr;
      auto& task = tasks[at++];
      task.key_hash = std::hash<std::string_view>{}(event->key());
      task.bytes = event->bytes;
      task.run = static_cast<std::uint32_t>(frame->runs.size() - 1) & run_mask;
      task.in_batch = in_batch;
    }
    if (run->malformed()) return nullptr;
  }
  if (!sane || batch.malformed() || at != tasks.size()) return nullptr;
  frame->unhandled = static_cast<std::uint32_t>(tasks.size());
  return frame;
}

}  // namespace reel::sdk
