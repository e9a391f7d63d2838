// Reading and writing reel.v1.Batch without libprotobuf: views into the bytes that came, and bytes appended
// to a buffer that goes. This is the hottest code of the bus; nothing here allocates per event.
//
//   BatchWriter writer;
//   writer.begin_run({.source = "orders/1", .topic = "order.placed", .dataschema = "shop.v1.OrderPlaced"});
//   writer.add({.id = id, .correlationid = flow, .data = payload});
//   std::string bytes = writer.take();
//
//   BatchReader batch{bytes};
//   while (auto run = batch.next_run()) {
//     while (auto event = run->next_event()) use(run->head.topic, event->correlationid, event->data);
//     if (run->malformed()) …
//   }
//   if (batch.malformed()) …
//
// Foreign bytes are expected: a reader never throws and never reads outside its span; it stops and says
// malformed(). Views live as long as the bytes. No object here may be shared between threads while it is
// being advanced.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace reel {

/// An attribute beyond the named ones.
struct Attribute {
  std::string_view name;
  std::string_view value;
};

/// What an event consists of. Every view is empty where the event does not say.
struct EventFields {
  std::string_view id;
  std::string_view correlationid;
  std::string_view causationid;
  std::string_view partitionkey;
  std::string_view subject;
  std::uint64_t time = 0;  ///< producer's clock, ns since 1970
  std::string_view datacontenttype;
  std::string_view traceparent;
  std::string_view tracestate;
  std::uint64_t delivertime = 0;  ///< not to be handed over before, ns since 1970; 0: at once
  std::uint64_t expirytime = 0;   ///< of no use from then on; 0: never
  bool replayed = false;          ///< published while a replayed event was handled
  std::string_view data;

  /// The ordering key: partitionkey, or else the correlation id.
  [[nodiscard]] std::string_view key() const { return partitionkey.empty() ? correlationid : partitionkey; }
};

/// An event in place.
struct EventView : EventFields {
  /// The encoded reel.v1.Event.
  std::string_view bytes;
  /// How many of `bytes` stand before the `data` field; all of them where there is none.
  std::uint32_t envelope_bytes = 0;
  /// Whether there are attributes beyond the named ones; see attributes_of.
  bool has_attributes = false;
};

/// Reads one encoded reel.v1.Event. Nothing where the bytes are not one.
[[nodiscard]] std::optional<EventView> read_event(std::string_view bytes);

/// The further attributes of an encoded event that read_event accepted, in the order they stand.
[[nodiscard]] std::vector<Attribute> attributes_of(std::string_view event_bytes);

/// What the events of a run share.
struct RunHead {
  std::string_view source;
  std::string_view topic;
  std::string_view dataschema;
  bool chosen_ids = false;
};

/// One run in place, and a walk over its events.
class RunReader {
 public:
  RunHead head;

  /// The next event, or nothing at the end or at the first event that cannot be read (then malformed()).
  [[nodiscard]] std::optional<EventView> next_event();
  /// As next_event, but only the event's bytes: for a reader that will judge them itself.
  [[nodiscard]] std::optional<std::string_view> next_event_bytes();
  [[nodiscard]] bool malformed() const { return malformed_; }
  /// The run as it stands in the batch, with tag and length: a batch of its own.
  [[nodiscard]] std::string_view bytes() const { return bytes_; }

 private:
  friend class BatchReader;
  std::string_view bytes_;
  const char* at_ = nullptr;
  const char* end_ = nullptr;
  bool malformed_ = false;
};

/// A walk over the runs of a batch. A run's head must stand before its events (every writer in field order
/// does so); a head field behind the first event is malformed.
class BatchReader {
 public:
  explicit BatchReader(std::string_view bytes) : at_{bytes.data()}, end_{bytes.data() + bytes.size()} {}

  [[nodiscard]] std::optional<RunReader> next_run();
  [[nodiscard]] bool malformed() const { return malformed_; }

 private:
  const char* at_;
  const char* end_;
  bool malformed_ = false;
};

/// Appends runs to a buffer. A run ends where the next begins or the bytes are taken.
class BatchWriter {
 public:
  void begin_run(const RunHead& head);

  /// Encodes `event` at the end of the open run.
  void add(const EventFields& event, const std::vector<Attribute>& attributes = {});
  /// Appends an event that is encoded already.
  void add_encoded(std::string_view event_bytes);
  /// As add_encoded, leaving out `data`.
  void add_envelope(const EventView& event) { add_encoded(event.bytes.substr(0, event.envelope_bytes)); }

  /// Writes on into this buffer's memory; what is in it is dropped. Only for an empty writer.
  void reuse(std::string buffer) {
    buffer.clear();
    buffer_ = std::move(buffer);
  }

  /// Makes room for so many bytes at once.
  void reserve(std::size_t bytes) { buffer_.reserve(bytes); }
  [[nodiscard]] std::size_t size() const { return buffer_.size(); }
  [[nodiscard]] bool empty() const { return buffer_.empty(); }
  /// The batch so far; the writer is empty again.
  [[nodiscard]] std::string take();

 private:
  void end_run();

  std::string buffer_;
  std::size_t run_length_at_ = 0;  // where the open run's length stands; 0: none open
};

/// Encodes one reel.v1.Event, appending to `out`. Fields stand in ascending order, `data` last.
void append_event(std::string& out, const EventFields& event, const std::vector<Attribute>& attributes = {});

}  // namespace reel
