#include "gateway/api/dead_groups.h"

#include <algorithm>
#include <utility>

#include "gateway/api/call.h"
#include "story/error_group.h"

namespace reel::gateway {
namespace {

/// Letters asked for at a time: as many as an answer of the broker's may well hold, with their events.
constexpr std::uint32_t page_letters_max = 100;

}  // namespace

std::string answer_dead_groups(const Call& call) {
  story::ErrorGroups groups;
  std::uint64_t looked_at = 0;
  std::uint64_t after = call.given.number("after");
  std::string after_service = call.given.text("after_service");
  while (looked_at < letters_looked_at_max) {
    v1::Request request;
    auto& ask = *request.mutable_dead();
    ask.set_service(call.given.text("service"));
    ask.set_limit(page_letters_max);
    ask.set_after(after);
    ask.set_after_service(after_service);
    const v1::Reply reply = told(call.bus.ask_broker(std::move(request)), 422);
    for (const auto& letter : reply.dead().letters()) groups.add(letter);
    looked_at += static_cast<std::uint64_t>(reply.dead().letters_size());
    // A broker that does not move on would be asked for ever.
    const bool moves =
        std::pair{reply.dead().next_service(), reply.dead().next()} > std::pair{after_service, after};
    after = moves ? reply.dead().next() : 0;
    after_service = moves ? reply.dead().next_service() : "";
    if (after == 0) break;
  }
  auto rows = groups.by_size();
  rows.resize(std::min<std::size_t>(rows.size(), call.given.number("limit")));
  story::Json json{{"groups", story::Json::array()},
                   {"looked_at", looked_at},
                   {"next", after},
                   {"next_service", after_service}};
  for (const auto& group : rows) json["groups"].push_back(story::group_json(group));
  return story::line_of(json);
}

}  // namespace reel::gateway
