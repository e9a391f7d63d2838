// The steps of a flow in few bytes: about 30 for an event with UUIDs, where a struct would take 100.
//
//   steps.append({.offset = …, .topic = …});           StepReader reader{steps.chunk(0)};
//   steps.contains(source, packed_id)                    while (auto step = reader.next()) …
//
// A step holds its distance from the step before (offset, log time), the producer's clock relative to log
// time, topic and source as names, its id packed, and its cause: the id as packed, or how many steps back the
// cause stands where that is near. Every 256 steps a chunk begins, which can be read by itself; a flow of any
// length is stored and paged by chunks and only its last one is ever rewritten.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "tracker/compact.h"
#include "tracker/names.h"

namespace reel::tracker {

inline constexpr std::uint32_t steps_per_chunk = 256;
/// How far back a cause is looked for before its id is written out. Choreography reacts at once: further
/// back is rare.
inline constexpr std::uint32_t cause_search_steps = 16;
/// From here on the ids of a flow are kept in a set as well, so that looking for duplicates stays cheap.
inline constexpr std::uint32_t steps_searched_max = 64;

struct Step {
  std::uint32_t number = 0;  ///< place in the flow, from 0
  std::uint64_t offset = 0;
  std::uint64_t log_time = 0;
  std::uint64_t time = 0;  ///< the producer's clock; 0: not said
  Name topic = 0;
  Name source = 0;
  std::string_view id;         ///< packed
  std::string_view causation;  ///< packed; for a cause near by, that step's id
  bool replayed = false;       ///< while it is judged; not kept
};

/// A walk over one chunk. Views live as long as its bytes.
class StepReader {
 public:
  StepReader(std::string_view chunk, std::uint32_t first_number = 0)
      : reader_{chunk}, number_{first_number} {}

  [[nodiscard]] std::optional<Step> next();

 private:
  Reader reader_;
  std::uint32_t number_;
  std::uint32_t read_ = 0;
  std::uint64_t offset_ = 0;
  std::uint64_t log_time_ = 0;
  std::string_view near_ids_[cause_search_steps];
};

class Steps {
 public:
  void clear();
  /// Takes what append wrote before: chunk after chunk, the last one with what the next distances build on.
  void add_chunk(std::string_view chunk);
  void resume(std::uint32_t count, std::uint64_t last_offset, std::uint64_t last_log_time);

  enum class Added : std::uint8_t {
    no,          ///< an event of this source and id is among the steps already
    with_cause,  ///< its cause is one of the steps shortly before
    alone,
  };
  /// Adds the step, whose number is given here, unless it is among them already.
  Added add(const Step& step);
  /// Whether an event of this source and (packed) id is among the steps.
  [[nodiscard]] bool contains(Name source, std::string_view id);
  /// The step with this number, which there must be.
  [[nodiscard]] Step at(std::uint32_t number) const;

  [[nodiscard]] std::uint32_t count() const { return count_; }
  [[nodiscard]] std::uint64_t last_offset() const { return last_offset_; }
  [[nodiscard]] std::uint64_t last_log_time() const { return last_log_time_; }
  [[nodiscard]] std::size_t chunks() const { return chunk_starts_.size() + 1; }
  [[nodiscard]] std::string_view chunk(std::size_t index) const;
  /// Where a walk begins that looks for steps at this offset and behind it.
  [[nodiscard]] std::size_t chunk_before(std::uint64_t offset) const;

 private:
  /// What a walk over the last chunk finds.
  struct Found {
    bool same = false;
    std::uint32_t cause_back = 0;  ///< so many steps back; 0: not near
  };
  [[nodiscard]] Found look_for(const Step& step) const;
  [[nodiscard]] bool knows(Name source, std::string_view id);
  void append(const Step& step, std::uint32_t cause_back);

  std::string bytes_;
  std::vector<std::size_t> chunk_starts_;  // of the second and further chunks
  std::uint32_t count_ = 0;
  std::uint64_t last_offset_ = 0;
  std::uint64_t last_log_time_ = 0;
  std::unordered_set<std::uint64_t> ids_;  // hashes, from steps_searched_max steps on
};

/// Steps by their numbers, for who asks in their order: what lies between is read once.
class StepCursor {
 public:
  explicit StepCursor(const Steps& steps) : steps_{steps} {}
  /// There must be such a step.
  [[nodiscard]] const Step& at(std::uint32_t number);

 private:
  const Steps& steps_;
  std::optional<StepReader> reader_;
  Step step_;
};

}  // namespace reel::tracker
