// What a publisher has said and the broker has not answered yet.
//
// An event waits in the open batch; a batch is sealed when it is full or about to be sent, is numbered when
// it is first sent, and leaves when it is answered. Losing the connection puts the unanswered batches back at
// the front, same numbers, same bytes: the broker recognises what it has.
//
// Not thread-safe: the publisher holds its lock around every call, and runs the completions outside of it.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "batch_buffers.h"
#include "event/batch.h"
#include "frame.h"
#include "reel/publisher.h"
#include "reel/v1/wire.pb.h"

namespace reel::sdk {

/// A sealed batch is no larger, single events excepted: large enough to make the cost of a frame vanish,
/// small enough that one frame delays another by well under a millisecond.
inline constexpr std::size_t batch_bytes_target = 256u << 10;
/// While so many batches and bytes are unanswered, further small ones wait and grow. An idle connection sends
/// at once, and so does one on which single events come faster than they are answered.
inline constexpr std::size_t eager_batches_max = 4;
inline constexpr std::size_t eager_bytes_max = 4u << 10;
/// Grown to this, a batch goes out whatever is unanswered.
inline constexpr std::size_t grown_batch_bytes = 32u << 10;

/// A callback that is due, with what it is to be told.
struct Completion {
  PublishCallback callback;
  PublishResult result;
};

class PublishWindow {
 public:
  enum class Appended : std::uint8_t { queued, queued_wake, back_pressured, too_large };

  /// `producer` names this publisher across reconnects; `buffer_bytes_max` bounds what is held.
  PublishWindow(std::uint64_t producer, std::size_t buffer_bytes_max);

  /// Queues an encoded event. `queued_wake`: the connection must be told that there is something to send.
  /// Takes `callback` only where the event is queued.
  Appended append(const RunHead& head, std::string_view event_bytes, PublishCallback& callback);

  void welcomed(const v1::Welcome& welcome);
  void lost();

  /// The next frame to be sent, if the broker's window has room for one. `refused` gains the events that are
  /// larger than this broker takes; they are not sent.
  [[nodiscard]] std::optional<Frame> take(std::vector<Completion>& refused);
  [[nodiscard]] std::vector<Completion> accepted(const v1::Accepted& accepted);
  /// Everything that is not answered, in order, each as a batch of its own; under chosen ids.
  [[nodiscard]] std::vector<std::string> unanswered_events() const;
  /// Gives everything up: `unconfirmed` what was sent, `not_connected` what was not; `spooled` where it is
  /// kept elsewhere.
  [[nodiscard]] std::vector<Completion> abandon(bool is_kept = false);

  /// The largest event the broker takes; 0 while no broker has said.
  [[nodiscard]] std::uint32_t event_bytes_max() const { return event_bytes_max_; }
  [[nodiscard]] std::uint64_t appended() const { return appended_; }
  [[nodiscard]] std::uint64_t answered() const { return answered_; }
  /// Everything that was appended before this count of events was reached is answered.
  [[nodiscard]] std::uint64_t answered_up_to() const;
  /// Whether append() would take an event of this size.
  [[nodiscard]] bool has_room(std::size_t event_bytes) const {
    return held_bytes_ == 0 || held_bytes_ + event_bytes <= buffer_bytes_max_;
  }
  /// Whether a publisher that was held back may go on: at half, so that it does not wake for every event.
  [[nodiscard]] bool has_drained() const { return held_bytes_ <= buffer_bytes_max_ / 2; }
  [[nodiscard]] PublisherCounts counts() const;
  void count_back_pressured() { ++counts_.back_pressured; }
  void count_rejected() { ++counts_.rejected; }

 private:
  struct Waiter {
    std::uint32_t index;
    PublishCallback callback;
  };
  struct Batch {
    std::uint64_t sequence = 0;  // 0: never sent
    std::uint64_t first = 0;     // how many events were appended before it
    Body body;
    std::uint32_t count = 0;
    std::size_t event_bytes = 0;  // of its largest event
    std::vector<Waiter> waiters;
  };

  static void add_events(std::string_view batch, std::vector<std::string>& events);
  void seal();
  [[nodiscard]] bool may_seal() const;
  [[nodiscard]] bool window_open() const;
  void forget(const Batch& batch);
  std::vector<Completion> refuse_too_large(Batch batch);
  std::vector<Completion> give_up_sent(Batch batch);
  static void complete_all(Batch& batch, std::vector<Completion>& completions, PublishOutcome outcome,
                           const std::string& text);

  const std::uint64_t producer_;
  const std::size_t buffer_bytes_max_;

  std::shared_ptr<BatchBuffers> buffers_ = std::make_shared<BatchBuffers>();
  std::size_t last_batch_bytes_ = 0;
  BatchWriter open_writer_;
  Batch open_;
  std::string open_source_, open_topic_, open_type_;
  bool open_chosen_ = false;

  std::deque<Batch> sealed_;
  std::deque<Batch> unanswered_;
  std::size_t unanswered_bytes_ = 0;
  std::size_t sealed_bytes_ = 0;
  std::size_t held_bytes_ = 0;

  std::uint64_t next_sequence_ = 1;
  std::uint64_t appended_ = 0;
  std::uint64_t answered_ = 0;
  PublisherCounts counts_;

  bool joined_ = false;
  bool told_ = false;        // the connection knows that something waits
  bool grown_told_ = false;  // and that the open batch has grown
  std::uint32_t event_bytes_max_ = 0;
  std::size_t batch_bytes_max_ = batch_bytes_target;
  std::size_t window_bytes_ = 0;
  std::size_t window_batches_ = 0;
};

/// "the event is 2000000 bytes long, at most 1048576 are allowed"
[[nodiscard]] std::string too_large_text(std::size_t bytes, std::size_t bytes_max);

}  // namespace reel::sdk
