#include "tracker/flow_table.h"

#include <xxhash.h>

#include <algorithm>
#include <cassert>
#include <cstring>
#include <utility>

namespace reel::tracker {
namespace {

std::uint32_t hash_of(std::string_view correlation) {
  return static_cast<std::uint32_t>(XXH3_64bits(correlation.data(), correlation.size()));
}

bool is_wide(const Flow& flow) {
  if (flow.steps.count() > packed_steps_max || flow.claims.size() > packed_claims_max) return true;
  std::size_t bytes = 0;
  for (const Claim& claim : flow.claims) bytes += claim.values.size();
  return bytes > packed_values_max;
}

constexpr std::size_t index_slots_min = 1024;

}  // namespace

FlowTable::Handle FlowTable::find(std::string_view correlation) const {
  if (index_.empty()) return none;
  const std::uint32_t hash = hash_of(correlation);
  const std::size_t mask = index_.size() - 1;
  for (std::size_t at = hash & mask; index_[at] != none; at = (at + 1) & mask) {
    const Slot& slot = slots_[index_[at]];
    if (slot.hash == hash && correlation_at(index_[at]) == correlation) return index_[at];
  }
  return none;
}

std::string_view FlowTable::correlation_at(Handle handle) const {
  const Slot& slot = slots_[handle];
  if (slot.bytes) return correlation_of({slot.bytes.get(), slot.size});
  if (slot.wide) return wide_.at(handle)->flow.correlation;
  return scratch_.correlation;  // just created
}

FlowTable::Handle FlowTable::create(std::string_view correlation) {
  const Handle handle = take_slot(hash_of(correlation));
  scratch_.clear();
  scratch_.correlation.assign(correlation);
  open_ = handle;
  return handle;
}

FlowTable::Handle FlowTable::restore(std::string_view record, std::span<const std::string> earlier) {
  unpack(record, definitions_, scratch_, earlier);
  const Handle handle = take_slot(hash_of(scratch_.correlation));
  open_ = handle;
  const auto chunks = static_cast<std::uint32_t>(earlier.size());
  slots_[handle].saved_state = scratch_.state();
  close(handle, false);
  if (slots_[handle].wide) wide_.at(handle)->saved_chunks = chunks;
  return handle;
}

FlowTable::Handle FlowTable::take_slot(std::uint32_t hash) {
  Handle handle = none;
  if (free_.empty()) {
    handle = static_cast<Handle>(slots_.size());
    slots_.emplace_back();
  } else {
    handle = free_.back();
    free_.pop_back();
  }
  slots_[handle].used = true;
  slots_[handle].hash = hash;
  if (++size_ * 4 > index_.size() * 3) {
    grow_index();
  } else {
    index(handle);
  }
  return handle;
}

void FlowTable::index(Handle handle) {
  const std::size_t mask = index_.size() - 1;
  std::size_t at = slots_[handle].hash & mask;
  while (index_[at] != none) at = (at + 1) & mask;
  index_[at] = handle;
}

void FlowTable::grow_index() {
  index_.assign(std::max(index_slots_min, index_.size() * 2), none);
  for (Handle handle = 0; handle < slots_.size(); ++handle) {
    if (slots_[handle].used) index(handle);
  }
}

void FlowTable::erase(Handle handle) {
  assert(!slots_[handle].changed && "a flow is saved before it leaves memory");
  const std::size_t mask = index_.size() - 1;
  std::size_t hole = slots_[handle].hash & mask;
  while (index_[hole] != handle) hole = (hole + 1) & mask;
  // Close the gap: what was pushed behind it by a collision moves up.
  for (std::size_t at = (hole + 1) & mask; index_[at] != none; at = (at + 1) & mask) {
    const std::size_t home = slots_[index_[at]].hash & mask;
    if (((at - home) & mask) < ((at - hole) & mask)) continue;
    index_[hole] = index_[at];
    hole = at;
  }
  index_[hole] = none;
  if (slots_[handle].wide) wide_.erase(handle);
  slots_[handle] = Slot{};
  free_.push_back(handle);
  --size_;
}

Flow& FlowTable::open(Handle handle) {
  const Slot& slot = slots_[handle];
  if (slot.wide) return wide_.at(handle)->flow;
  if (slot.bytes) unpack({slot.bytes.get(), slot.size}, definitions_, scratch_);
  open_ = handle;
  return scratch_;
}

void FlowTable::close(Handle handle, bool changed) {
  Slot& slot = slots_[handle];
  if (changed && !std::exchange(slot.changed, true)) changed_.push_back(handle);
  if (slot.wide) return;
  assert(open_ == handle);
  if (slot.bytes && !changed) return;
  if (is_wide(scratch_)) {
    auto& wide = wide_[handle] = std::make_unique<Wide>();
    wide->flow = std::exchange(scratch_, Flow{});
    slot.wide = true;
    slot.bytes.reset();
    slot.size = 0;
    return;
  }
  packed_.clear();
  pack(scratch_, definitions_, packed_);
  if (packed_.size() != slot.size || !slot.bytes) {
    slot.bytes = std::make_unique_for_overwrite<char[]>(packed_.size());
    slot.size = static_cast<std::uint32_t>(packed_.size());
  }
  std::memcpy(slot.bytes.get(), packed_.data(), packed_.size());
}

std::uint64_t FlowTable::last_at(Handle handle) const {
  const Slot& slot = slots_[handle];
  return slot.wide ? wide_.at(handle)->flow.last_at : head_of({slot.bytes.get(), slot.size}).last_at;
}

std::string_view FlowTable::record(Handle handle) {
  const Slot& slot = slots_[handle];
  if (!slot.wide) return {slot.bytes.get(), slot.size};
  packed_.clear();
  pack(wide_.at(handle)->flow, definitions_, packed_);
  return packed_;
}

FlowTable::Sealed FlowTable::sealed(Handle handle) const {
  Sealed sealed;
  if (!slots_[handle].wide) return sealed;
  const Wide& wide = *wide_.at(handle);
  sealed.first = wide.saved_chunks;
  for (std::size_t i = wide.saved_chunks; i + 1 < wide.flow.steps.chunks(); ++i) {
    sealed.chunks.push_back(wide.flow.steps.chunk(i));
  }
  return sealed;
}

void FlowTable::mark_saved() {
  for (const Handle handle : changed_) {
    slots_[handle].changed = false;
    if (!slots_[handle].wide) continue;
    Wide& wide = *wide_.at(handle);
    wide.saved_chunks = static_cast<std::uint32_t>(wide.flow.steps.chunks() - 1);
  }
  changed_.clear();
}

}  // namespace reel::tracker
