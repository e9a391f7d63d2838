// A compiled event pattern. Private to event_pattern.
//
// `$or` is written out: a pattern is a list of combinations, each a tree of fields that must all say yes, and
// the first one that does decides. Written out inside the objects they stand in, so that all fields below one
// array are asked of the same element, whichever side of an `$or` they come from.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "event/event_pattern.h"
#include "event/pattern_rule.h"

namespace reel::pattern {

/// What may stand in a field: one of these rules must match one of its values.
struct RuleList {
  std::vector<Rule> rules;
  bool wants_absent = false;  // one of them is {"exists": false}
  std::string json;
};

/// Attributes of the envelope by which a pattern may ask.
enum class EnvelopeField : std::uint8_t {
  none,  // not of the envelope: a field of the payload
  further,
  data,
  specversion,
  id,
  source,
  type,
  subject,
  time,
  datacontenttype,
  dataschema,
  correlationid,
  causationid,
  partitionkey,
  traceparent,
  tracestate,
  delivertime,
  expirytime,
  replayed,
};

struct Node {
  std::string name;
  EnvelopeField attribute = EnvelopeField::none;
  std::vector<std::uint32_t> lists;  // by index; each must match
  std::vector<Node> children;        // all of one object
};

}  // namespace reel::pattern

namespace reel {

struct EventPattern::Tree {
  std::vector<pattern::RuleList> lists;
  std::vector<std::vector<pattern::Node>> combinations;  // each: attributes first, `data` last
  bool looks_at_data = false;
};

}  // namespace reel
