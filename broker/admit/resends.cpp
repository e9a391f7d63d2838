#include "admit/resends.h"

#include <algorithm>

namespace reel::broker {

std::optional<Resends::Answer> Resends::find(std::uint64_t producer, std::uint64_t sequence) const {
  const auto found = producers_.find(producer);
  if (found == producers_.end()) return std::nullopt;
  const auto& answers = found->second.answers;
  if (answers.empty()) return std::nullopt;
  const auto answer =
      std::lower_bound(answers.begin(), answers.end(), sequence,
                       [](const Answer& a, std::uint64_t wanted) { return a.sequence < wanted; });
  if (answer != answers.end() && answer->sequence == sequence) return *answer;
  // Between those remembered it was never seen; below them it was, too long ago to say where.
  if (answer != answers.begin() || answers.size() < batches_max_) return std::nullopt;
  return Answer{.sequence = sequence};
}

void Resends::remember(std::uint64_t producer, const Answer& answer) {
  auto& entry = producers_[producer];
  if (entry.answers.empty()) {
    by_age_.push_back(producer);
    entry.age = std::prev(by_age_.end());
  } else {
    by_age_.splice(by_age_.end(), by_age_, entry.age);
  }
  const auto place =
      std::lower_bound(entry.answers.begin(), entry.answers.end(), answer.sequence,
                       [](const Answer& a, std::uint64_t sequence) { return a.sequence < sequence; });
  if (place != entry.answers.end() && place->sequence == answer.sequence) return;
  entry.answers.insert(place, answer);
  if (entry.answers.size() > batches_max_) entry.answers.pop_front();
  if (producers_.size() > producers_max_) {
    producers_.erase(by_age_.front());
    by_age_.pop_front();
  }
}

void Resends::save(v1::Snapshot& snapshot, Offset end) const {
  for (const auto producer : by_age_) {
    for (const auto& answer : producers_.at(producer).answers) {
      if (answer.first_offset + answer.count > end) break;
      auto& entry = *snapshot.add_producers();
      entry.set_id(producer);
      entry.set_sequence(answer.sequence);
      entry.set_first_offset(answer.first_offset);
      entry.set_count(answer.count);
      entry.set_log_time(answer.log_time);
    }
  }
}

void Resends::load(const v1::Snapshot& snapshot) {
  for (const auto& entry : snapshot.producers()) {
    remember(entry.id(), {entry.sequence(), entry.first_offset(), entry.count(), entry.log_time()});
  }
}

}  // namespace reel::broker
