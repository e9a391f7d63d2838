#include "publishers.h"

#include <algorithm>

namespace reel::broker::test {

void Publishers::open() {
  for (const auto& [name, publisher] : publishers_) scene_.world.opens(name, name, "1");
}

void Publishers::publish() {
  auto& [name, publisher] = scene_.any(publishers_);
  Batch batch{++publisher.sequence, {}};
  auto line = name + " publishes " + std::to_string(batch.sequence) + ":";
  for (auto count = 1 + scene_.upto(3); count > 0; --count) {
    static const std::vector<std::string> topics{"order.placed", "order.placed", "order.paid",
                                                 "order.shipped"};
    static const std::vector<std::string> all_topics{"order.placed", "order.paid",   "order.shipped",
                                                     "alert.raised", "alert.raised", "price.seen"};
    Draft draft{.topic = scene_.any(scene_.load.fussy ? all_topics : topics),
                .id = "e" + std::to_string(scene_.one_in(8) && ids_ > 0 ? scene_.upto(ids_) : ++ids_),
                .key = std::string(1, static_cast<char>('a' + scene_.upto(scene_.load.keys - 1))),
                .subject = scene_.one_in(3) ? "vip" : ""};
    const bool later = scene_.one_in(10) && draft.topic != "price.seen";
    if (later) draft.deliver_at = scene_.naive.now + scene_.upto(30) * time_unit;
    // What has expired on its way out is paid for, and nobody sees it.
    const bool may_expire = draft.deliver_at == 0 && !scene_.load.limits;
    if (may_expire && scene_.one_in(12)) draft.expires = scene_.naive.now + (1 + scene_.upto(12)) * time_unit;
    line += " " + draft.topic + " " + draft.id + " key " + draft.key + " " + draft.subject +
            (draft.deliver_at != 0 ? " for later" : "") + (draft.expires != 0 ? " that expires" : "");
    batch.drafts.push_back(std::move(draft));
  }
  scene_.say(line);
  send(name, batch);
  publisher.sent.push_back(std::move(batch));
}

void Publishers::send(const std::string& name, const Batch& batch) {
  scene_.naive.publishes(name, batch.sequence, batch.drafts);
  scene_.world.publishes(name, batch.sequence, batch.drafts);
  scene_.looks("");
}

void Publishers::publish_again() {
  auto& [name, publisher] = scene_.any(publishers_);
  if (publisher.sent.empty()) return;
  const auto newest = std::min<std::size_t>(publisher.sent.size(), 6);
  const auto batch = publisher.sent[publisher.sent.size() - 1 - scene_.upto(newest - 1)];
  if (!scene_.naive.is_remembered(name, batch.sequence)) return;
  scene_.say(name + " sends " + std::to_string(batch.sequence) + " again");
  send(name, batch);
}

}  // namespace reel::broker::test
