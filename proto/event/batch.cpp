// Runs and events in place. A walk over tags and lengths written out by hand: protozero's reader reports
// malformed bytes by throwing, and on the hottest path, for bytes anybody may send, an error is a value.
#include "event/batch.h"

#include <cstring>
#include <utility>

namespace reel {
namespace {

// Field numbers of reel/v1/event.proto.
enum BatchField : std::uint32_t { batch_runs = 1 };
enum RunField : std::uint32_t {
  run_source = 1,
  run_topic = 2,
  run_dataschema = 3,
  run_chosen_ids = 4,
  run_events = 5
};
enum EventField : std::uint32_t {
  event_id = 1,
  event_correlationid = 2,
  event_causationid = 3,
  event_partitionkey = 4,
  event_subject = 5,
  event_time = 6,
  event_datacontenttype = 7,
  event_traceparent = 8,
  event_tracestate = 9,
  event_attributes = 10,
  event_delivertime = 11,
  event_expirytime = 12,
  event_replayed = 13,
  event_data = 15,
};

enum WireType : std::uint32_t { wire_varint = 0, wire_fixed64 = 1, wire_bytes = 2, wire_fixed32 = 5 };

// One field off the front of [at, end). False where the bytes are not a field.
struct Field {
  std::uint32_t number = 0;
  std::uint32_t type = 0;
  std::uint64_t value = 0;  // varint and fixed
  std::string_view bytes;   // length-delimited
};

inline bool read_varint(const char*& at, const char* end, std::uint64_t& value) {
  if (at < end && static_cast<unsigned char>(*at) < 0x80) [[likely]] {
    value = static_cast<unsigned char>(*at++);
    return true;
  }
  value = 0;
  for (unsigned shift = 0; shift < 64 && at < end; shift += 7) {
    const auto byte = static_cast<unsigned char>(*at++);
    value |= std::uint64_t{byte & 0x7fu} << shift;
    if (byte < 0x80) return true;
  }
  return false;
}

// Tags and lengths: libprotobuf reads at most 5 bytes of them, and what we accept it must be able to read.
inline bool read_short_varint(const char*& at, const char* end, std::uint64_t& value) {
  const char* const from = at;
  return read_varint(at, end, value) && at - from <= 5;
}

// A field of whatever shape.
[[gnu::noinline]] bool read_any_field(const char*& at, const char* end, Field& field) {
  std::uint64_t tag = 0;
  if (!read_short_varint(at, end, tag) || tag > 0xffffffffu || (tag >> 3) == 0) return false;
  field.number = static_cast<std::uint32_t>(tag >> 3);
  field.type = static_cast<std::uint32_t>(tag & 7);
  switch (field.type) {
    case wire_varint: return read_varint(at, end, field.value);
    case wire_bytes: {
      std::uint64_t length = 0;
      if (!read_short_varint(at, end, length) || length > static_cast<std::uint64_t>(end - at)) return false;
      field.bytes = {at, static_cast<std::size_t>(length)};
      at += length;
      return true;
    }
    case wire_fixed64:
      if (end - at < 8) return false;
      std::memcpy(&field.value, at, 8);  // little-endian machines only, as the journal
      at += 8;
      return true;
    case wire_fixed32:
      if (end - at < 4) return false;
      at += 4;
      return true;
    default: return false;  // groups
  }
}

// Nearly every field is bytes, with a tag of one byte and a length of at most two: that is read right here.
inline bool read_field(const char*& at, const char* end, Field& field) {
  if (end - at < 3) return read_any_field(at, end, field);
  const std::uint32_t tag = static_cast<unsigned char>(at[0]);
  std::size_t length = static_cast<unsigned char>(at[1]);
  const char* from = at + 2;
  if (length >= 0x80) {
    const auto more = static_cast<unsigned char>(*from++);
    if (more >= 0x80) return read_any_field(at, end, field);
    length = (length & 0x7f) | (std::size_t{more} << 7);
  }
  if ((tag & 7) != wire_bytes || tag >= 0x80 || tag < 8 || length > static_cast<std::size_t>(end - from))
    return read_any_field(at, end, field);
  field.number = tag >> 3;
  field.type = wire_bytes;
  field.bytes = {from, length};
  at = from + length;
  return true;
}

inline void put_varint(std::string& out, std::uint64_t value) {
  while (value >= 0x80) {
    out.push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<char>(value));
}

inline std::size_t varint_bytes(std::uint64_t value) {
  std::size_t count = 1;
  for (; value >= 0x80; value >>= 7) ++count;
  return count;
}

inline void put_tag(std::string& out, std::uint32_t number, WireType type) {
  put_varint(out, (number << 3) | type);
}

inline void put_bytes(std::string& out, std::uint32_t number, std::string_view bytes) {
  if (bytes.empty()) return;
  put_tag(out, number, wire_bytes);
  put_varint(out, bytes.size());
  out.append(bytes);
}

inline std::size_t fixed64_field_size(std::uint64_t value) {  // with a tag of one byte
  return value == 0 ? 0 : 9;
}

inline std::size_t bytes_field_size(std::string_view bytes) {  // with a tag of one byte
  return bytes.empty() ? 0 : 1 + varint_bytes(bytes.size()) + bytes.size();
}

std::size_t attribute_size(const Attribute& attribute) {
  // A map entry is a message whose key and value are always written.
  return 2 + varint_bytes(attribute.name.size()) + attribute.name.size() +
         varint_bytes(attribute.value.size()) + attribute.value.size();
}

std::size_t event_size(const EventFields& event, const std::vector<Attribute>& attributes) {
  std::size_t size = bytes_field_size(event.id) + bytes_field_size(event.correlationid) +
                     bytes_field_size(event.causationid) + bytes_field_size(event.partitionkey) +
                     bytes_field_size(event.subject) + fixed64_field_size(event.time) +
                     bytes_field_size(event.datacontenttype) + bytes_field_size(event.traceparent) +
                     bytes_field_size(event.tracestate) + fixed64_field_size(event.delivertime) +
                     fixed64_field_size(event.expirytime) + (event.replayed ? 2u : 0u) +
                     bytes_field_size(event.data);
  for (const auto& attribute : attributes) {
    const auto entry = attribute_size(attribute);
    size += 1 + varint_bytes(entry) + entry;
  }
  return size;
}

// Writes where room has been made: no byte of an event asks whether there is any.
class Pen {
 public:
  explicit Pen(char* at) : at_{at} {}

  void tag(std::uint32_t number, WireType type) { *at_++ = static_cast<char>((number << 3) | type); }
  void varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) *at_++ = static_cast<char>(value | 0x80);
    *at_++ = static_cast<char>(value);
  }
  void text(std::string_view bytes) {
    varint(bytes.size());
    if (!bytes.empty()) std::memcpy(at_, bytes.data(), bytes.size());
    at_ += bytes.size();
  }
  void bytes_field(std::uint32_t number, std::string_view bytes) {
    if (bytes.empty()) return;
    tag(number, wire_bytes);
    text(bytes);
  }
  void fixed64_field(std::uint32_t number, std::uint64_t value) {
    if (value == 0) return;
    tag(number, wire_fixed64);
    std::memcpy(at_, &value, sizeof value);  // little-endian machines only, as the journal
    at_ += sizeof value;
  }

 private:
  char* at_;
};

// As many bytes as event_size says.
void write_event(Pen pen, const EventFields& event, const std::vector<Attribute>& attributes) {
  pen.bytes_field(event_id, event.id);
  pen.bytes_field(event_correlationid, event.correlationid);
  pen.bytes_field(event_causationid, event.causationid);
  pen.bytes_field(event_partitionkey, event.partitionkey);
  pen.bytes_field(event_subject, event.subject);
  pen.fixed64_field(event_time, event.time);
  pen.bytes_field(event_datacontenttype, event.datacontenttype);
  pen.bytes_field(event_traceparent, event.traceparent);
  pen.bytes_field(event_tracestate, event.tracestate);
  for (const auto& attribute : attributes) {
    pen.tag(event_attributes, wire_bytes);
    pen.varint(attribute_size(attribute));
    pen.tag(1, wire_bytes);
    pen.text(attribute.name);
    pen.tag(2, wire_bytes);
    pen.text(attribute.value);
  }
  pen.fixed64_field(event_delivertime, event.delivertime);
  pen.fixed64_field(event_expirytime, event.expirytime);
  if (event.replayed) {
    pen.tag(event_replayed, wire_varint);
    pen.varint(1);
  }
  pen.bytes_field(event_data, event.data);
}

// The length of a run is not known when it begins: it is kept as a varint of this many bytes, padded.
constexpr std::size_t padded_length_bytes = 5;

}  // namespace

std::optional<EventView> read_event(std::string_view bytes) {
  EventView event;
  event.bytes = bytes;
  event.envelope_bytes = static_cast<std::uint32_t>(bytes.size());
  const char* at = bytes.data();
  const char* const end = at + bytes.size();
  Field field;
  while (at < end) {
    const char* const field_at = at;
    if (!read_field(at, end, field)) return std::nullopt;
    std::string_view* text = nullptr;
    switch (field.number) {
      case event_id: text = &event.id; break;
      case event_correlationid: text = &event.correlationid; break;
      case event_causationid: text = &event.causationid; break;
      case event_partitionkey: text = &event.partitionkey; break;
      case event_subject: text = &event.subject; break;
      case event_datacontenttype: text = &event.datacontenttype; break;
      case event_traceparent: text = &event.traceparent; break;
      case event_tracestate: text = &event.tracestate; break;
      case event_data:
        text = &event.data;
        // `data` must be last, or the envelope is no prefix. Refusing other orders keeps that a fact.
        if (at != end) return std::nullopt;
        event.envelope_bytes = static_cast<std::uint32_t>(field_at - bytes.data());
        break;
      case event_time:
      case event_delivertime:
      case event_expirytime:
        if (field.type != wire_fixed64) return std::nullopt;
        (field.number == event_time          ? event.time
         : field.number == event_delivertime ? event.delivertime
                                             : event.expirytime) = field.value;
        continue;
      case event_replayed:
        if (field.type != wire_varint) return std::nullopt;
        event.replayed = field.value != 0;
        continue;
      case event_attributes:
        if (field.type != wire_bytes) return std::nullopt;
        event.has_attributes = true;
        continue;
      default: continue;  // passed on unread
    }
    if (field.type != wire_bytes) return std::nullopt;
    // Twice: the last one counts, and what is wrong with the first would be seen by other readers only.
    if (!text->empty()) return std::nullopt;
    *text = field.bytes;
  }
  return event;
}

std::vector<Attribute> attributes_of(std::string_view event_bytes) {
  std::vector<Attribute> attributes;
  const char* at = event_bytes.data();
  const char* const end = at + event_bytes.size();
  Field field;
  while (at < end && read_field(at, end, field)) {
    if (field.number != event_attributes || field.type != wire_bytes) continue;
    Attribute attribute;
    const char* entry_at = field.bytes.data();
    const char* const entry_end = entry_at + field.bytes.size();
    Field part;
    while (entry_at < entry_end && read_field(entry_at, entry_end, part)) {
      if (part.type != wire_bytes) continue;
      if (part.number == 1) attribute.name = part.bytes;
      if (part.number == 2) attribute.value = part.bytes;
    }
    attributes.push_back(attribute);
  }
  return attributes;
}

std::optional<std::string_view> RunReader::next_event_bytes() {
  Field field;
  while (at_ < end_) {
    if (!read_field(at_, end_, field)) {
      malformed_ = true;
      return std::nullopt;
    }
    if (field.number == run_events && field.type == wire_bytes) return field.bytes;
    if (field.number <= run_events) {  // a head field behind the events, or an event of another wire type
      malformed_ = true;
      return std::nullopt;
    }
  }
  return std::nullopt;
}

std::optional<EventView> RunReader::next_event() {
  const auto bytes = next_event_bytes();
  if (!bytes) return std::nullopt;
  auto event = read_event(*bytes);
  if (!event) malformed_ = true;
  return event;
}

std::optional<RunReader> BatchReader::next_run() {
  Field field;
  while (at_ < end_ && !malformed_) {
    const char* const run_at = at_;
    malformed_ = !read_field(at_, end_, field) || (field.number == batch_runs && field.type != wire_bytes);
    if (malformed_) break;
    if (field.number != batch_runs) continue;
    RunReader run;
    run.bytes_ = {run_at, static_cast<std::size_t>(at_ - run_at)};
    run.at_ = field.bytes.data();
    run.end_ = run.at_ + field.bytes.size();
    while (run.at_ < run.end_) {
      const char* const field_at = run.at_;
      if (!read_field(run.at_, run.end_, field)) {
        malformed_ = true;
        return std::nullopt;
      }
      if (field.number == run_events) {
        run.at_ = field_at;
        break;
      }
      if (field.number == run_chosen_ids && field.type == wire_varint) run.head.chosen_ids = field.value != 0;
      if (field.type != wire_bytes) continue;
      if (field.number == run_source) run.head.source = field.bytes;
      if (field.number == run_topic) run.head.topic = field.bytes;
      if (field.number == run_dataschema) run.head.dataschema = field.bytes;
    }
    return run;
  }
  return std::nullopt;
}

void BatchWriter::begin_run(const RunHead& head) {
  end_run();
  put_tag(buffer_, batch_runs, wire_bytes);
  run_length_at_ = buffer_.size();
  buffer_.append(padded_length_bytes, '\0');
  put_bytes(buffer_, run_source, head.source);
  put_bytes(buffer_, run_topic, head.topic);
  put_bytes(buffer_, run_dataschema, head.dataschema);
  if (head.chosen_ids) {
    put_tag(buffer_, run_chosen_ids, wire_varint);
    put_varint(buffer_, 1);
  }
}

void BatchWriter::end_run() {
  if (run_length_at_ == 0) return;
  std::uint64_t length = buffer_.size() - run_length_at_ - padded_length_bytes;
  for (std::size_t i = 0; i < padded_length_bytes; ++i, length >>= 7) {
    const auto more = i + 1 < padded_length_bytes ? 0x80u : 0u;
    buffer_[run_length_at_ + i] = static_cast<char>((length & 0x7f) | more);
  }
  run_length_at_ = 0;
}

void BatchWriter::add(const EventFields& event, const std::vector<Attribute>& attributes) {
  put_tag(buffer_, run_events, wire_bytes);
  put_varint(buffer_, event_size(event, attributes));
  append_event(buffer_, event, attributes);
}

void BatchWriter::add_encoded(std::string_view event_bytes) {
  put_tag(buffer_, run_events, wire_bytes);
  put_varint(buffer_, event_bytes.size());
  buffer_.append(event_bytes);
}

std::string BatchWriter::take() {
  end_run();
  return std::exchange(buffer_, {});
}

void append_event(std::string& out, const EventFields& event, const std::vector<Attribute>& attributes) {
  const std::size_t before = out.size();
  out.resize(before + event_size(event, attributes));
  write_event(Pen{out.data() + before}, event, attributes);
}

}  // namespace reel
