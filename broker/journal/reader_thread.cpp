#include "journal/reader_thread.h"

#include <pthread.h>

#include <algorithm>

#include "journal/segment_reader.h"

namespace reel::broker {

namespace {

ReadDone serve(const ReadRequest& request) {
  ReadDone done{.token = request.token};
  if (!request.segment) return done;
  try {
    // The way from the index entry to the offset asked for comes on top of what was asked for.
    const auto block_bytes = std::max<std::size_t>(request.bytes_max, 4096) + SegmentIndex::spacing_bytes;
    SegmentReader reader{request.segment, request.begin.position, request.begin.offset, request.end_position,
                         block_bytes};
    std::size_t bytes = 0;
    while (bytes < request.bytes_max && (done.batches.empty() || reader.next_is_in_block())) {
      if (!reader.next()) throw JournalError{reader.damage() + "; restore the file from a copy"};
      if (reader.offset() <= request.from) continue;
      bytes += reader.header().payload_bytes;
      done.batches.push_back(reader.batch());
      if (reader.position() >= request.end_position) break;
    }
  } catch (const JournalError& error) {
    if (done.batches.empty()) done.error = error.what();  // else with the next request
  }
  return done;
}

}  // namespace

ReaderThread::ReaderThread(Mailbox<ThreadDone>& done) : done_{done}, thread_{[this] { run(); }} {
  ::pthread_setname_np(thread_.native_handle(), "journal-read");
}

ReaderThread::~ReaderThread() {
  inbox_.close();
  thread_.join();
}

void ReaderThread::run() {
  while (!inbox_.closed()) {
    inbox_.wait();
    for (const auto& request : inbox_.take()) {
      if (inbox_.closed()) return;
      done_.put(serve(request));
    }
  }
}

}  // namespace reel::broker
