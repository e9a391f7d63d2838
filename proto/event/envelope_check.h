// What an event's attributes may be, for all who make events and for the broker, who judges them.
//
//   if (const auto fault = check_envelope(event)) refuse(fault->attribute, fault->text);
//
// The ids are the users' own where they like: an order number is a good correlation id. They are bounded,
// since each is kept many times over: in indexes, in deduplication windows, in messages.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "event/batch.h"

namespace reel {

/// Event, correlation and causation ids, partition key, source: 256 bytes hold seven UUIDs.
inline constexpr std::size_t id_bytes_max = 256;
/// Subjects are often paths or URLs.
inline constexpr std::size_t subject_bytes_max = 1024;
/// A W3C traceparent of today has 55 bytes; later versions may have more.
inline constexpr std::size_t traceparent_bytes_max = 256;
/// What the W3C asks everyone to carry on at least.
inline constexpr std::size_t tracestate_bytes_max = 512;
inline constexpr std::size_t datacontenttype_bytes_max = 256;
/// Further attributes: how many, and how long. Whatever is more belongs into the payload.
inline constexpr std::size_t attributes_max = 32;
inline constexpr std::size_t attribute_name_bytes_max = 64;
inline constexpr std::size_t attribute_value_bytes_max = 1024;

/// Which part of an envelope is at fault.
enum class EnvelopePart { id, correlationid, attribute };

struct EnvelopeFault {
  EnvelopePart part = EnvelopePart::attribute;
  std::string text;  ///< one sentence for people
};

/// Nothing where every attribute is as it must be. Does not look at `data`.
[[nodiscard]] std::optional<EnvelopeFault> check_envelope(const EventView& event);

/// Nothing where `source` is not empty, UTF-8 and not too long; else a sentence.
[[nodiscard]] std::optional<std::string> check_source(std::string_view source);

/// Nothing where `name` may be a further attribute: lower-case letters and digits, as CloudEvents has it,
/// and not the name of one that the envelope has anyway. Else a sentence.
[[nodiscard]] std::optional<std::string> check_attribute_name(std::string_view name);

}  // namespace reel
