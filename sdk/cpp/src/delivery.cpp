#include "delivery.h"

#include <functional>
#include <utility>

#include "handling.h"

namespace reel::sdk {

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
    frame->runs.push_back({run->head, &handlers.at(run->head.topic)});
    while (const auto event = run->next_event()) {
      if (at == tasks.size()) return nullptr;
      auto& task = tasks[at++];
      task.key_hash = std::hash<std::string_view>{}(event->key());
      task.bytes = event->bytes;
      task.run = static_cast<std::uint32_t>(frame->runs.size() - 1);
    }
    if (run->malformed()) return nullptr;
  }
  if (!sane || batch.malformed() || at != tasks.size()) return nullptr;
  frame->unhandled = static_cast<std::uint32_t>(tasks.size());
  return frame;
}

}  // namespace reel::sdk
