// The store: the tracker's state on disk, in RocksDB.
//
//   Store store{"data/tracker"};                       // recovers, or throws StoreError and says why
//   StoreBatch batch = store.batch(); batch.put_flow(…); batch.put_progress(…);
//   store.commit(batch, Store::Durability::synced);    // all of it or nothing
//
// Column families:
//
//   flows        packed correlation id                     -> flow record
//   chunks       packed correlation id, chunk number       -> a full chunk of steps, written once
//   states       state, inverted start time, correlation   -> nothing; a listing by state, newest first
//   names        number -> topic or source                    definitions  number -> version
//   outbox       number -> verdict                            default      "progress" -> how far all this is
//   incidents    id -> reel.v1.Incident
//   overdue      correlation, definition, verdict's id     -> the id of its incident; incidents.h
//   emitters     topic's number -> services
//
// A checkpoint is one batch: the flows that changed, and the offset up to which they are true. So the store
// is always the state after some prefix of the journal, and a crash loses nothing but work that is done
// again. One thread, and beside it one that commits.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "reel/v1/query.pb.h"
#include "tracker/definitions.h"
#include "tracker/incidents.h"
#include "tracker/store.pb.h"
#include "tracker/tracker.h"

namespace reel::tracker {

/// The environment is wrong: what, where, and what to do about it, in one sentence.
struct StoreError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// A flow's place in the listing by state.
struct ListingPlace {
  std::uint64_t started_at = 0;
  std::string correlation;  ///< packed
};

/// Changes that take effect together. They lie there as they will be written.
class StoreBatch {
 public:
  ~StoreBatch();
  StoreBatch(StoreBatch&&) noexcept;

  /// `saved_state` is the state the flow is listed under now; FLOW_STATE_UNKNOWN: it is not listed.
  void put_flow(std::string_view record, v1::FlowState state, v1::FlowState saved_state);
  void put_chunk(std::string_view correlation, std::uint32_t number, std::string_view chunk);
  void erase_flow(std::string_view record, v1::FlowState state);
  void put_name(Name number, std::string_view text);
  void put_definition(DefinitionIndex number, const stored::Definition& definition);
  void erase_definition(DefinitionIndex number);
  void put_outgoing(std::uint64_t number, const stored::Outgoing& event);
  void erase_outgoing(std::uint64_t number);
  /// Null, and none: it is erased.
  void put_incident(const std::string& id, const v1::Incident* incident);
  void put_overdue(const std::string& key, const std::optional<std::string>& incident);
  void put_emitters(Name topic, const stored::Emitters& services);
  void put_progress(const stored::Progress& progress);

 private:
  friend class Store;
  struct Impl;
  explicit StoreBatch(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

class Store final : public FlowArchive, public OverdueArchive {
 public:
  enum class Durability : std::uint8_t {
    synced,   ///< on the disk
    written,  ///< visible to reads; with the next synced commit on the disk
  };

  /// Opens or creates. Throws StoreError: another tracker uses the folder, it cannot be written, it is
  /// damaged.
  explicit Store(const std::filesystem::path& folder);
  ~Store() override;

  /// `flows`: about so many will be put.
  [[nodiscard]] StoreBatch batch(std::size_t flows = 0);
  void commit(StoreBatch& batch, Durability durability);

  // What a start reads.
  [[nodiscard]] stored::Progress progress();
  void for_each_name(const std::function<void(std::string_view)>& take);
  void for_each_definition(const std::function<void(DefinitionIndex, const stored::Definition&)>& take);
  void for_each_outgoing(const std::function<void(std::uint64_t, stored::Outgoing)>& take);
  void for_each_incident(const std::function<void(v1::Incident)>& take);
  void for_each_emitters(const std::function<void(Name, const stored::Emitters&)>& take);

  [[nodiscard]] std::optional<ArchivedFlow> find(std::string_view correlation) override;
  [[nodiscard]] std::optional<std::string> find_overdue(std::string_view key) override;
  void each_overdue(std::string_view prefix, const Take& take) override;

  /// Walks the flows of one state, newest first, from behind `after` (or from the newest), until `take`
  /// returns false.
  void list(v1::FlowState state, const ListingPlace* after,
            const std::function<bool(const ListingPlace&)>& take);
  /// The same, oldest first.
  void list_oldest(v1::FlowState state, const ListingPlace* after,
                   const std::function<bool(const ListingPlace&)>& take);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// All states a flow can be listed under.
inline constexpr std::array listed_states{v1::FLOW_STATE_OPEN, v1::FLOW_STATE_OVERDUE,
                                          v1::FLOW_STATE_COMPLETED, v1::FLOW_STATE_UNTRACKED};

}  // namespace reel::tracker
