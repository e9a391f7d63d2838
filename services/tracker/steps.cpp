#include "tracker/steps.h"

#include <xxhash.h>

#include <algorithm>

namespace reel::tracker {
namespace {

// Bits of a step's first byte: how its cause stands, and whether the producer's clock does.
constexpr std::uint8_t cause_none = 0;
constexpr std::uint8_t cause_near = 1;  // so many steps back
constexpr std::uint8_t cause_id = 2;
constexpr std::uint8_t cause_mask = 3;
constexpr std::uint8_t has_time = 4;

std::uint64_t hash_of(Name source, std::string_view id) {
  return XXH3_64bits_withSeed(id.data(), id.size(), source);
}

// Ids differ mostly in their last letter.
bool same_id(std::string_view one, std::string_view other) {
  return one.size() == other.size() && !one.empty() && one.back() == other.back() && one == other;
}

}  // namespace

std::optional<Step> StepReader::next() {
  if (reader_.at_end()) return std::nullopt;
  const std::uint8_t kind = reader_.byte();
  Step step;
  step.number = number_++;
  step.offset = offset_ += reader_.varint();
  step.log_time = log_time_ += reader_.varint();
  if (kind & has_time) step.time = log_time_ + static_cast<std::uint64_t>(unzigzag(reader_.varint()));
  step.topic = reader_.small();
  step.source = reader_.small();
  step.id = reader_.id();
  if ((kind & cause_mask) == cause_id) step.causation = reader_.id();
  if ((kind & cause_mask) == cause_near) {
    const std::uint32_t back = reader_.small();
    if (back == 0 || back > std::min(read_, cause_search_steps))
      throw RecordError{"a stored step is damaged"};
    step.causation = near_ids_[(read_ - back) % cause_search_steps];
  }
  near_ids_[read_++ % cause_search_steps] = step.id;
  return step;
}

void Steps::clear() {
  bytes_.clear();
  chunk_starts_.clear();
  count_ = 0;
  last_offset_ = last_log_time_ = 0;
  if (!ids_.empty()) ids_.clear();
}

void Steps::add_chunk(std::string_view chunk) {
  if (!bytes_.empty()) chunk_starts_.push_back(bytes_.size());
  bytes_.append(chunk);
}

void Steps::resume(std::uint32_t count, std::uint64_t last_offset, std::uint64_t last_log_time) {
  count_ = count;
  last_offset_ = last_offset;
  last_log_time_ = last_log_time;
}

std::string_view Steps::chunk(std::size_t index) const {
  const std::size_t begin = index == 0 ? 0 : chunk_starts_[index - 1];
  const std::size_t end = index < chunk_starts_.size() ? chunk_starts_[index] : bytes_.size();
  return std::string_view{bytes_}.substr(begin, end - begin);
}

std::size_t Steps::chunk_before(std::uint64_t offset) const {
  std::size_t begin = 0;
  for (std::size_t end = chunks(); end - begin > 1;) {
    const std::size_t middle = begin + (end - begin) / 2;
    const auto first = StepReader{chunk(middle)}.next();
    (first && first->offset < offset ? begin : end) = middle;
  }
  return begin;
}

Steps::Found Steps::look_for(const Step& step) const {
  Found found;
  Reader reader{chunk(chunks() - 1)};
  std::uint32_t number = 0;
  std::uint32_t cause = 0;  // counted from 1
  while (!reader.at_end()) {
    ++number;
    const std::uint8_t kind = reader.byte();
    reader.skip_varints(kind & has_time ? 4 : 3);  // offset, log time, time, topic
    const std::uint32_t source = reader.small();
    const std::string_view id = reader.id();
    if (same_id(id, step.id) && source == step.source) found.same = true;
    if (same_id(id, step.causation)) cause = number;
    if ((kind & cause_mask) == cause_id) (void)reader.id();
    if ((kind & cause_mask) == cause_near) reader.skip_varint();
  }
  if (cause != 0 && number + 1 - cause <= cause_search_steps) found.cause_back = number + 1 - cause;
  return found;
}

Steps::Added Steps::add(const Step& step) {
  const Found found = look_for(step);
  if (count_ >= steps_searched_max ? knows(step.source, step.id) : found.same) return Added::no;
  append(step, step.causation.size() <= 1 ? 0 : found.cause_back);
  return step.causation.size() > 1 && found.cause_back != 0 ? Added::with_cause : Added::alone;
}

bool Steps::contains(Name source, std::string_view id) {
  return count_ >= steps_searched_max ? knows(source, id) : look_for({.source = source, .id = id}).same;
}

// Of flows so long that walking would be slow; of others a walk is less than keeping the set.
bool Steps::knows(Name source, std::string_view id) {
  if (ids_.empty()) {
    for (std::size_t i = 0; i < chunks(); ++i) {
      StepReader reader{chunk(i)};
      while (const auto step = reader.next()) ids_.insert(hash_of(step->source, step->id));
    }
  }
  return ids_.contains(hash_of(source, id));
}

void Steps::append(const Step& step, std::uint32_t cause_back) {
  // A cause in the chunk before is named by its id: a chunk is read by itself.
  if (count_ != 0 && count_ % steps_per_chunk == 0) {
    chunk_starts_.push_back(bytes_.size());
    last_offset_ = last_log_time_ = 0;
    cause_back = 0;
  }
  const std::uint8_t cause = step.causation.size() <= 1 ? cause_none
                             : cause_back != 0          ? cause_near
                                                        : cause_id;

  char head[1 + 5 * varint_bytes_max];
  Writer out{head};
  out.byte(static_cast<std::uint8_t>(cause | (step.time != 0 ? has_time : 0)));
  out.varint(step.offset - last_offset_);
  out.varint(step.log_time - last_log_time_);
  if (step.time != 0) out.varint(zigzag(static_cast<std::int64_t>(step.time - step.log_time)));
  out.varint(step.topic);
  out.varint(step.source);
  bytes_.append(head, static_cast<std::size_t>(out.at() - head));
  bytes_.append(step.id);
  if (cause == cause_id) bytes_.append(step.causation);
  if (cause == cause_near) append_varint(bytes_, cause_back);

  if (!ids_.empty()) ids_.insert(hash_of(step.source, step.id));
  last_offset_ = step.offset;
  last_log_time_ = step.log_time;
  ++count_;
}

const Step& StepCursor::at(std::uint32_t number) {
  const std::uint32_t index = number / steps_per_chunk;
  if (!reader_ || number < step_.number || index != step_.number / steps_per_chunk) {
    reader_.emplace(steps_.chunk(index), index * steps_per_chunk);
    step_.number = number + 1;  // none is read yet
  }
  while (step_.number != number) {
    const auto next = reader_->next();
    if (!next) (void)steps_.at(number);  // says that there is none
    step_ = *next;
  }
  return step_;
}

Step Steps::at(std::uint32_t number) const {
  const std::uint32_t index = number / steps_per_chunk;
  StepReader reader{chunk(index), index * steps_per_chunk};
  while (const auto step = reader.next()) {
    if (step->number == number) return *step;
  }
  throw RecordError{"a stored flow names step " + std::to_string(number) + ", which it does not have"};
}

}  // namespace reel::tracker
