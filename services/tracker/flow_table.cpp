#include "tracker/flow_table.h"

#include <xxhash.h>

#include <algorithm>
#include <cassert>
#include <cstring>
#include <utility>

namespace reel::tracker {
namespace {

bool is_wide(const Flow& flow) {
  if (flow.steps.count() > packed_steps_max || flow.claims.size() > packed_claims_max) return true;
  std::size_t bytes = 0;
  for (const Claim& claim : flow.claims) bytes += claim.values.size();
  return bytes > packed_values_max;
}

constexpr std::size_t index_slots_min = 1024;

/// What a step and a claim take in a record, roughly.
constexpr std::size_t step_bytes = 32;
constexpr std::size_t claim_bytes = 24;

// Of the steps, the chunk that is written anew.
std::size_t wide_bytes(const Flow& flow) {
  std::size_t values = 0;
  for (const Claim& claim : flow.claims) values += claim.values.size();
  return values + flow.steps.chunk(flow.steps.chunks() - 1).size() + flow.claims.size() * claim_bytes;
}

}  // namespace

std::uint32_t FlowTable::hash_of(std::string_view correlation) {
  return static_cast<std::uint32_t>(XXH3_64bits(correlation.data(), correlation.size()));
}

FlowTable::Handle FlowTable::find(std::string_view correlation, std::uint32_t hash) const {
  if (index_.empty()) return none;
  const std::size_t mask = index_.size() - 1;
  for (std::size_t at = hash & mask; index_[at].handle != none; at = (at + 1) & mask) {
    const Entry& entry = index_[at];
    if (entry.hash == hash && correlation_at(entry.handle) == correlation) return entry.handle;
  }
  return none;
}

void FlowTable::fetch_slot(Approach& of) const {
  if (index_.empty()) return;
  const std::size_t mask = index_.size() - 1;
  std::size_t at = of.hash & mask;
  while (index_[at].handle != none && index_[at].hash != of.hash) at = (at + 1) & mask;
  of.handle = index_[at].handle;
  if (of.handle != none) prefetch(&slots_[of.handle]);
}

void FlowTable::fetch_record(const Approach& of) const {
  if (of.handle == none) return;
  const Slot& slot = slots_[of.handle];
  if (slot.place != RecordSpace::none) space_.fetch(slot.place, slot.size);
}

std::string_view FlowTable::correlation_at(Handle handle) const {
  const Slot& slot = slots_[handle];
  if (slot.place != RecordSpace::none) return correlation_of(bytes_of(slot));
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
  close(handle, false);
  slots_[handle].saved_state = static_cast<std::uint8_t>(state(handle)) & 0xf;
  if (slots_[handle].wide) wide_.at(handle)->saved_chunks = chunks;
  return handle;
}

FlowTable::Handle FlowTable::take_slot(std::uint32_t hash) {
  Handle handle = none;
  if (free_.empty()) {
    handle = static_cast<Handle>(slots_.size());
    slots_.grow(slots_.size() + 1);
  } else {
    handle = free_.back();
    free_.pop_back();
  }
  slots_[handle].used = true;
  if (++size_ * 4 > index_.size() * 3) grow_index();
  index({hash, handle});
  return handle;
}

void FlowTable::index(const Entry& entry) {
  const std::size_t mask = index_.size() - 1;
  std::size_t at = entry.hash & mask;
  while (index_[at].handle != none) at = (at + 1) & mask;
  index_[at] = entry;
}

void FlowTable::grow_index() {
  const auto before = std::exchange(index_, std::vector<Entry>(std::max(index_slots_min, index_.size() * 2)));
  for (const Entry& entry : before) {
    if (entry.handle != none) index(entry);
  }
}

void FlowTable::erase(Handle handle) {
  assert(!is_changed(handle) && "a flow is saved before it leaves memory");
  const std::size_t mask = index_.size() - 1;
  std::size_t hole = hash_of(correlation_at(handle)) & mask;
  while (index_[hole].handle != handle) hole = (hole + 1) & mask;
  // Close the gap: what was pushed behind it by a collision moves up.
  for (std::size_t at = (hole + 1) & mask; index_[at].handle != none; at = (at + 1) & mask) {
    const std::size_t home = index_[at].hash & mask;
    if (((at - home) & mask) < ((at - hole) & mask)) continue;
    index_[hole] = index_[at];
    hole = at;
  }
  index_[hole] = {};
  if (slots_[handle].wide) wide_.erase(handle);
  if (slots_[handle].place != RecordSpace::none) space_.release(slots_[handle].place, slots_[handle].size);
  slots_[handle] = Slot{};
  free_.push_back(handle);
  --size_;
}

const Flow* FlowTable::unpacked(std::string_view correlation) const {
  const Handle handle = find(correlation);
  return handle != none && slots_[handle].wide ? &wide_.at(handle)->flow : nullptr;
}

Flow& FlowTable::open(Handle handle) {
  const Slot& slot = slots_[handle];
  if (awaits_saving(slot)) (void)save(handle);
  if (slot.wide) return wide_.at(handle)->flow;
  if (slot.place != RecordSpace::none) unpack(bytes_of(slot), definitions_, scratch_);
  open_ = handle;
  return scratch_;
}

void FlowTable::close(Handle handle, bool changed) {
  Slot& slot = slots_[handle];
  const bool is_new = changed && slot.change == saved;
  if (is_new) {
    slot.change = now_changed_;
    changed_.push_back(handle);
  }
  if (slot.wide) {
    if (changed) changed_bytes_ += is_new ? wide_bytes(wide_.at(handle)->flow) : step_bytes;
    return;
  }
  assert(open_ == handle);
  if (changed && !is_new) changed_bytes_ -= slot.size;  // counted as it was
  const bool packed = slot.place != RecordSpace::none;
  if (packed && !changed) return;
  if (is_wide(scratch_)) {
    auto& wide = wide_[handle] = std::make_unique<Wide>();
    wide->flow = std::exchange(scratch_, Flow{});
    if (changed) changed_bytes_ += wide_bytes(wide->flow);
    slot.wide = true;
    if (packed) space_.release(slot.place, slot.size);
    slot.place = RecordSpace::none;
    slot.size = 0;
    return;
  }
  slot.state = static_cast<std::uint8_t>(scratch_.state()) & 0xf;
  const std::string_view record = pack_one(scratch_);
  if (changed) changed_bytes_ += record.size();
  slot.place = space_.put(slot.place, slot.size, record);
  slot.size = static_cast<std::uint32_t>(record.size());
}

std::uint64_t FlowTable::last_at(Handle handle) const {
  const Slot& slot = slots_[handle];
  return slot.wide ? wide_.at(handle)->flow.last_at : head_of(bytes_of(slot)).last_at;
}

v1::FlowState FlowTable::state(Handle handle) const {
  const Slot& slot = slots_[handle];
  return slot.wide ? wide_.at(handle)->flow.state() : static_cast<v1::FlowState>(slot.state);
}

std::string_view FlowTable::record(Handle handle) {
  const Slot& slot = slots_[handle];
  if (!slot.wide) return bytes_of(slot);
  return pack_one(wide_.at(handle)->flow);
}

// The buffer is as long as the longest record needed, and never cleared.
std::string_view FlowTable::pack_one(const Flow& flow) {
  if (const std::size_t bytes = packed_bytes_max(flow); bytes > packed_.size()) packed_.resize(bytes);
  return {packed_.data(), pack(flow, definitions_, packed_.data())};
}

void FlowTable::begin_saving(Save save) {
  assert(saving_at_ == saving_.size());
  saving_.clear();
  saving_.swap(changed_);
  changed_bytes_ = 0;
  saving_at_ = 0;
  now_changed_ = now_changed_ == 1 ? 2 : 1;
  save_ = std::move(save);
}

// Of flows that lie all over the memory those that come next are fetched.
bool FlowTable::save_some(std::size_t count, std::size_t bytes) {
  constexpr std::size_t to_record = 8;
  constexpr std::size_t to_slot = 16;
  for (std::size_t taken = 0; count != 0 && taken < bytes && saving_at_ != saving_.size();
       --count, ++saving_at_) {
    const std::size_t left = saving_.size() - saving_at_;
    if (left > to_slot) prefetch(&slots_[saving_[saving_at_ + to_slot]]);
    if (left > to_record) fetch_record({.handle = saving_[saving_at_ + to_record]});
    const Handle handle = saving_[saving_at_];
    if (awaits_saving(slots_[handle])) taken += save(handle);
  }
  return saving_at_ != saving_.size();
}

std::size_t FlowTable::save(Handle handle) {
  Slot& slot = slots_[handle];
  Saved flow{.record = record(handle),
             .state = state(handle),
             .state_before = static_cast<v1::FlowState>(slot.saved_state)};
  if (slot.wide) {
    Wide& wide = *wide_.at(handle);
    flow.first_chunk = wide.saved_chunks;
    const auto sealed = static_cast<std::uint32_t>(wide.flow.steps.chunks() - 1);
    for (; wide.saved_chunks < sealed; ++wide.saved_chunks)
      flow.chunks.push_back(wide.flow.steps.chunk(wide.saved_chunks));
  }
  save_(flow);
  slot.change = saved;
  slot.saved_state = static_cast<std::uint8_t>(flow.state) & 0xf;
  std::size_t bytes = flow.record.size();
  for (const std::string_view chunk : flow.chunks) bytes += chunk.size();
  return bytes;
}

}  // namespace reel::tracker
