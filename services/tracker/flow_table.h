// The flows in memory: a hash table of packed flows.
//
//   Handle flow = table.find(key);   Flow& open = table.open(flow);   …   table.close(flow);
//
// A flow lies in memory as its record (flow_record.h) and is unpacked while an event is judged; that costs
// less than the cache misses it saves, and makes a restart the same as what happens at every event. Of a
// million flows the one at hand is in no cache, and finding it takes three steps that wait for each other;
// whoever knows some events ahead which flows come (Approach) has them fetched meanwhile. Flows of
// many steps or claims ("wide" ones) stay unpacked, since writing them anew each time would be quadratic.
// Handles are small numbers that are used again, fit for arrays beside the table (the timer wheel's).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "tracker/flow.h"
#include "tracker/flow_record.h"
#include "tracker/paged.h"
#include "tracker/prefetch.h"
#include "tracker/record_space.h"

namespace reel::tracker {

/// Flows with more steps, claims or remembered bytes than this stay unpacked. Packing them takes a few
/// microseconds here.
inline constexpr std::size_t packed_steps_max = 64;
inline constexpr std::size_t packed_claims_max = 64;
inline constexpr std::size_t packed_values_max = 4'096;  ///< bytes remembered of their events

class FlowTable {
 public:
  using Handle = std::uint32_t;
  static constexpr Handle none = 0xffff'ffff;

  explicit FlowTable(const DefinitionSet& definitions) : definitions_{definitions} {}

  [[nodiscard]] static std::uint32_t hash_of(std::string_view correlation);
  /// The flow with this packed correlation id, or none.
  [[nodiscard]] Handle find(std::string_view correlation) const {
    return find(correlation, hash_of(correlation));
  }
  [[nodiscard]] Handle find(std::string_view correlation, std::uint32_t hash) const;
  /// A new empty flow, open.
  Handle create(std::string_view correlation);

  /// A flow that will be asked for soon, step by step nearer. Guesses only: find() does not rely on them.
  struct Approach {
    std::uint32_t hash = 0;
    Handle handle = none;
  };
  void fetch_index(const Approach& of) const {
    if (!index_.empty()) prefetch(&index_[of.hash & (index_.size() - 1)]);
  }
  void fetch_slot(Approach& of) const;
  void fetch_record(const Approach& of) const;
  /// A flow as it was stored.
  Handle restore(std::string_view record, std::span<const std::string> earlier);
  void erase(Handle handle);

  /// The flow where it stays unpacked, a wide one; null: it is packed, or not here.
  [[nodiscard]] const Flow* unpacked(std::string_view correlation) const;
  /// The flow unpacked, until close(). One at a time.
  Flow& open(Handle handle);
  /// Takes the open flow back; a changed one is to be saved.
  void close(Handle handle, bool changed);

  /// Log time of the flow's last event.
  [[nodiscard]] std::uint64_t last_at(Handle handle) const;
  /// The flow as a record; the view lives until the next call.
  [[nodiscard]] std::string_view record(Handle handle);
  [[nodiscard]] v1::FlowState state(Handle handle) const;

  /// A flow on its way to the store; views live until save() returns.
  struct Saved {
    std::string_view record;
    v1::FlowState state;
    v1::FlowState state_before;  ///< with which it was saved last; FLOW_STATE_UNKNOWN: never
    std::uint32_t first_chunk = 0;
    std::vector<std::string_view> chunks;  ///< from that on, which are not part of the record
  };
  using Save = std::function<void(const Saved&)>;
  /// From here on `save` is given every flow that was changed, as it is now: when save_some() comes to it,
  /// or before, when it is opened. What was begun before must be at its end.
  void begin_saving(Save save);
  /// Saves up to so many, and no further one once so many bytes are saved. False when there are no more.
  bool save_some(std::size_t count, std::size_t bytes);
  /// Flows changed since begin_saving, and what saving them takes: of wide ones roughly.
  [[nodiscard]] std::size_t changed() const { return changed_.size(); }
  [[nodiscard]] std::size_t changed_bytes() const { return changed_bytes_; }
  /// The store does not have the flow as it is.
  [[nodiscard]] bool is_changed(Handle handle) const { return slots_[handle].change != saved; }

  [[nodiscard]] bool used(Handle handle) const { return handle < slots_.size() && slots_[handle].used; }
  /// The packed id of a used handle's flow.
  [[nodiscard]] std::string_view correlation_at(Handle handle) const;
  /// One more than the largest handle ever used.
  [[nodiscard]] Handle end() const { return static_cast<Handle>(slots_.size()); }
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  /// Since when a flow is changed: the two numbers take turns, so that saving begins without a walk over the
  /// flows.
  using Change = std::uint8_t;
  static constexpr Change saved = 0;

  struct Slot {
    RecordSpace::Place place = RecordSpace::none;  // none: wide, or not closed yet
    std::uint32_t size = 0;
    std::uint8_t saved_state : 4 = v1::FLOW_STATE_UNKNOWN;
    std::uint8_t state : 4 = v1::FLOW_STATE_UNKNOWN;  // but of a wide one
    bool used = false;
    bool wide = false;
    Change change = saved;
  };
  struct Wide {
    Flow flow;
    std::uint32_t saved_chunks = 0;
  };

  struct Entry {
    std::uint32_t hash = 0;
    Handle handle = none;
  };

  [[nodiscard]] std::string_view bytes_of(const Slot& slot) const {
    return {space_.at(slot.place), slot.size};
  }
  Handle take_slot(std::uint32_t hash);
  void index(const Entry& entry);
  void grow_index();
  [[nodiscard]] bool awaits_saving(const Slot& slot) const {
    return slot.change != saved && slot.change != now_changed_;
  }
  /// How many bytes that were.
  std::size_t save(Handle handle);
  /// The view lives until the next call.
  [[nodiscard]] std::string_view pack_one(const Flow& flow);

  const DefinitionSet& definitions_;
  Paged<Slot> slots_;
  RecordSpace space_;
  std::vector<Handle> free_;
  std::vector<Entry> index_;  // open addressing, a power of two, at most three quarters full
  std::size_t size_ = 0;
  std::unordered_map<Handle, std::unique_ptr<Wide>> wide_;
  Change now_changed_ = 1;
  std::vector<Handle> changed_;
  std::size_t changed_bytes_ = 0;
  std::vector<Handle> saving_;  // from saving_at_ on; what has been saved since is among them
  std::size_t saving_at_ = 0;
  Save save_;
  Flow scratch_;
  Handle open_ = none;
  std::vector<char> packed_;
};

}  // namespace reel::tracker
