// What handlers have finished, on its way to the broker.
//
// There are several outboxes, so that finishing an event costs a lock that is rarely contended; the
// connection empties all of them at once into one SETTLE: acks merged into ranges, nacks, and what was
// published in the handlers, one behind the other. All results of a key go through one outbox, whichever
// worker it was that ran the handler: so they leave in the order in which they were finished, and so do the
// key's published events. While SETTLEs are unanswered small ones wait and grow, as publishes do. The answers
// say which keys go on: see keyed_workers.h. What is not answered when the session is lost, or came too late,
// is not wasted: see finished.h.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "event/batch.h"
#include "finished.h"
#include "frame.h"
#include "reel/v1/wire.pb.h"

namespace reel::sdk {

/// While so many SETTLEs are unanswered, further results wait and are sent together.
inline constexpr std::size_t settles_in_flight_max = 2;
/// One SETTLE carries no more results than this, so that its answer does not let others wait.
inline constexpr std::size_t settle_results_max = 16'384;
/// So many outboxes that two workers seldom meet at one.
inline constexpr std::size_t outboxes_per_worker = 4;

struct Failed {
  std::string error_type;
  std::string error;
  std::uint32_t delay_ms = 0;
  bool reject = false;
};

/// The delivery a result is about.
struct Delivery {
  std::uint64_t session = 0;
  std::uint64_t offset = 0;
  std::uint32_t delivery = 0;
  std::uint32_t time = 0;  ///< EventMark's
  std::uint64_t key_hash = 0;
};

class SettleBatcher {
 public:
  /// What an answer means for the workers.
  struct Answer {
    std::vector<std::uint64_t> answered_keys;  ///< their nacks are known to the broker
    std::vector<std::uint64_t> refused_keys;   ///< their acks became nacks: what followed was taken back
    std::uint64_t stale = 0;
    std::vector<std::string> refusals;  ///< one sentence for each refused emit
  };

  /// `emitted_bytes_max` bounds what waits here; beyond it finishing waits, once it has called `wake`: who
  /// finishes several may not have told the connection yet.
  SettleBatcher(
      unsigned workers, std::size_t emitted_bytes_max, Finished& finished,
      std::function<void()> wake = [] {});

  /// Workers. True: the connection must be told. ack() waits while too much is held.
  [[nodiscard]] bool ack(const Delivery& delivery, const std::vector<Emit>& emits);
  [[nodiscard]] bool nack(const Delivery& delivery, Failed failed);
  /// The broker has taken the event back meanwhile: nothing is sent, the result is kept as finished.
  void ack_too_late(const Delivery& delivery, const std::vector<Emit>& emits);
  /// Its handler is still at it.
  [[nodiscard]] bool in_progress(const Delivery& delivery);

  /// Who has the connection's turn. The next SETTLE, if it is time for one.
  [[nodiscard]] std::optional<Frame> take();
  [[nodiscard]] Answer settled(const v1::Settled& settled);
  /// The session ended: no results of sessions before `session` are sent any more. Acks are kept as finished.
  void lost(std::uint64_t session);
  /// Nobody waits for room any more.
  void close();

  /// Nothing waits to be sent or answered.
  [[nodiscard]] bool empty();

 private:
  struct Ack {
    std::uint64_t offset;
    std::uint32_t delivery;
    std::uint32_t time = 0;
  };
  struct Emitter {
    std::uint64_t offset;
    std::uint64_t key_hash;
    std::uint32_t count;  // events, one behind the other
  };
  struct Nack {
    Delivery delivery;
    Failed failed;
  };
  // Results that go into one SETTLE together.
  struct Results {
    std::vector<Ack> acks;
    std::vector<Nack> nacks;
    std::map<std::uint64_t, std::uint32_t> in_progress;  // by offset; said again it takes no more room
    BatchWriter emitted;
    std::vector<Emitter> emitters;
    std::string source, topic, type;  // the open run's
    bool run_open = false;
    std::size_t nack_bytes = 0;
    [[nodiscard]] std::size_t bytes() const { return emitted.size() + nack_bytes; }
    [[nodiscard]] std::size_t count() const { return acks.size() + nacks.size() + in_progress.size(); }
  };
  struct alignas(64) Outbox {
    std::mutex mutex;
    std::deque<Results> full;
    Results open;
    bool told = false;
  };
  struct InFlight {
    std::uint64_t sequence;
    std::vector<std::uint64_t> nacked_keys;
    std::vector<std::vector<Ack>> acks;
    std::vector<Emitter> emitters;
    Body emitted;
  };

  [[nodiscard]] Outbox& outbox_of(std::uint64_t key_hash) { return outboxes_[key_hash % outboxes_.size()]; }
  void add_emits(Results& results, const Delivery& delivery, const std::vector<Emit>& emits);
  void wait_for_room();
  void keep_finished(std::span<const Ack> acks, std::span<const Emitter> emitters, std::string_view emitted);
  void keep_stale(const InFlight& sent, const google::protobuf::RepeatedPtrField<v1::OffsetRange>& stale);
  void gather(std::vector<Results>& gathered);
  [[nodiscard]] Frame frame_of(std::vector<Results>& gathered);
  static void add_ranges(std::span<const Ack> acks,
                         google::protobuf::RepeatedPtrField<v1::Settle::Ack>& ranges);
  [[nodiscard]] static bool by_offset(const Ack& a, const Ack& b) { return a.offset < b.offset; }
  void sort_acks();

  const std::size_t emitted_bytes_max_;
  Finished& finished_;
  const std::function<void()> wake_;
  std::deque<Outbox> outboxes_;
  std::atomic<std::uint64_t> session_{0};

  std::mutex room_mutex_;
  std::condition_variable room_came_;
  std::atomic<std::size_t> emitted_bytes_{0};
  std::atomic<bool> closed_{false};

  // Of who has the connection's turn.
  std::deque<InFlight> in_flight_;
  std::uint64_t next_sequence_ = 1;
  std::vector<Ack> acks_;
  std::vector<std::uint32_t> delivery_at_;  // of sort_acks, kept for its memory
  v1::ToBroker message_;
};

}  // namespace reel::sdk
