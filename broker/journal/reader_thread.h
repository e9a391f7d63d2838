// The thread that reads for those who lag, one request after the other, so that a slow disk holds up neither
// the one who asks nor what is being written.
#pragma once

#include <cstdint>
#include <memory>
#include <thread>

#include "journal/done.h"
#include "journal/mailbox.h"

namespace reel::broker {

/// Committed bytes of one segment.
struct ReadRequest {
  std::uint64_t token = 0;
  Offset from = 0;
  std::size_t bytes_max = 0;
  /// Nothing where the journal ends at `from`.
  std::shared_ptr<const Segment> segment;
  IndexEntry begin;
  std::uint64_t end_position = 0;
};

class ReaderThread {
 public:
  /// Reports to `done`, which must outlive it.
  explicit ReaderThread(Mailbox<ThreadDone>& done);
  ~ReaderThread();

  void read(ReadRequest request) { inbox_.put(std::move(request)); }

 private:
  void run();

  Mailbox<ThreadDone>& done_;
  Mailbox<ReadRequest> inbox_;
  std::thread thread_;
};

}  // namespace reel::broker
