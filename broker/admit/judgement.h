// What became of each entry of a published batch, and the batches that go on from here.
//
//   Judgement judged = admission.judge(bytes, session.service);
//   for (const auto entry : duplicates) judged.drop(entry);       // whatever else speaks against one
//   Admitted admitted = std::move(judged).admit(frame);           // the frame owns the bytes
//
// An entry is an event by its place in the batch, counted from 0 over all runs. Views point into the bytes
// that were judged, which must outlive the Judgement.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "journal/stored_batch.h"
#include "reel/v1/wire.pb.h"

namespace reel::broker {

/// Refusals of one batch that come with a sentence. A publisher whose every event is wrong in the same way
/// needs it told a thousand times at most; reasons are always told.
inline constexpr std::size_t refusal_texts_max = 1'000;

/// Where an entry goes.
enum class Destination : std::uint8_t {
  journal,  ///< accepted; into the journal and to services
  live,     ///< accepted; its topic is `durable: false`, so on the live tap only
  delayed,  ///< accepted; into the journal, and kept there until its delivertime
  dropped,  ///< refused, or dropped by the caller
};

/// It has, or will have, an offset.
[[nodiscard]] constexpr bool is_kept(Destination destination) {
  return destination == Destination::journal || destination == Destination::delayed;
}

/// What goes on of a batch, by where it goes. A batch without events has no pieces either.
struct Admitted {
  StoredBatch journal;
  StoredBatch live;
  /// An encoded batch of records (reel.v1.Delayed) of the events that are kept until they are due.
  std::string delayed;
  /// Which entry each event of these batches was; empty: event i was entry i.
  std::vector<std::uint32_t> journal_entries;
  std::vector<std::uint32_t> live_entries;
};

class Judgement {
 public:
  /// Entries that could be read. What could not begins at the index of the last refusal; see whole().
  [[nodiscard]] std::uint32_t entries() const { return static_cast<std::uint32_t>(events_.size()); }
  /// The batch was read to its end. Otherwise the last refusal, whose index is entries(), speaks for that
  /// entry and for all behind it.
  [[nodiscard]] bool whole() const { return whole_; }
  /// In ascending order of their index. Behind the first refusal_texts_max their text is left out.
  [[nodiscard]] const std::vector<v1::Refusal>& refusals() const { return refusals_; }

  [[nodiscard]] Destination destination(std::uint32_t entry) const { return destinations_[entry]; }
  [[nodiscard]] std::uint32_t accepted() const { return accepted_; }
  [[nodiscard]] std::uint32_t count(Destination destination) const;
  /// Entries that have, or will have, an offset.
  [[nodiscard]] std::uint32_t kept() const {
    return count(Destination::journal) + count(Destination::delayed);
  }
  /// An entry's bytes and its run, wherever it goes.
  [[nodiscard]] const StoredEvent& event(std::uint32_t entry) const { return events_[entry]; }
  [[nodiscard]] const std::vector<StoredRun>& runs() const { return runs_; }
  [[nodiscard]] const StoredRun& run_of(std::uint32_t entry) const;

  /// The entry does not go on. Twice is as good as once.
  void drop(std::uint32_t entry);
  /// Refuses, with this reason and sentence, every entry still going on that `wanted` says yes to.
  void refuse(v1::RefusalReason reason, const std::string& text,
              const std::function<bool(const StoredRun& run, Destination destination)>& wanted);
  /// These do not go on, and the publisher is told why. Ascending; none was refused before.
  void refuse(const std::vector<std::uint32_t>& entries, v1::RefusalReason reason, const std::string& text);

  /// The batches that go on. Where all entries go one way, the bytes that came are used as they are, kept
  /// alive by `owner`; else new ones are written without what was dropped.
  [[nodiscard]] Admitted admit(std::shared_ptr<const void> owner) &&;

 private:
  friend class Admission;

  [[nodiscard]] StoredBatch whole_batch(std::shared_ptr<const void> owner);
  [[nodiscard]] StoredBatch part(Destination destination, std::vector<std::uint32_t>& entries) const;
  [[nodiscard]] std::string delayed_records() const;

  std::string_view bytes_;
  bool whole_ = true;
  std::vector<StoredRun> runs_;
  std::vector<StoredEvent> events_;
  std::vector<Destination> destinations_;
  std::vector<v1::Refusal> refusals_;
  std::uint32_t accepted_ = 0;
};

/// One more refusal, with its sentence if there are not too many of them.
void refuse(std::vector<v1::Refusal>& refusals, std::uint32_t entry, v1::RefusalReason reason,
            const std::string& text);

}  // namespace reel::broker
