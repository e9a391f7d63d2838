// What a condition asks of one event: of its envelope and payload, all of the same event.
//
//   data.totalCents >= 100000 and data.currency == "EUR"
//
// Two-valued but for payloads that cannot be read, of which what looks at data is not known. Immutable; the
// event's payload is parsed at most once.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/model.h"
#include "config/problems.h"
#include "event/field_path.h"
#include "event/pattern_rule.h"
#include "search/truth.h"

namespace google::protobuf {
class Descriptor;
}

namespace reel::search {

/// Values of one field of one event that are looked at: lists in payloads are shorter.
inline constexpr std::size_t field_values_max = 10'000;

/// A field, and what one of its values must be.
struct FieldTest {
  FieldPath path;
  v1::FlowWhere::Comparison how = v1::FlowWhere::COMPARISON_EXISTS;
  FieldValue value;
  bool bare = false;  ///< written without quotes: a number is equal to a text spelt like it, too
  pattern::Wildcard wildcard;
  config::Place place;  ///< of the field, in the expression

  [[nodiscard]] Truth judge(JudgedEvent& event) const;
};

/// A topic and the type of its payloads; nullptr: not known here.
struct TopicType {
  std::string topic;
  const google::protobuf::Descriptor* type = nullptr;
};

class EventCondition {
 public:
  /// In postfix order, as a FlowWhere is.
  struct Node {
    v1::FlowWhere::Operator operation = v1::FlowWhere::OPERATOR_TEST;
    std::vector<FieldTest> test;  ///< one, of OPERATOR_TEST

    [[nodiscard]] v1::FlowWhere::Operator op() const { return operation; }
  };

  EventCondition() = default;
  explicit EventCondition(std::vector<Node> nodes) : nodes_{std::move(nodes)} {}

  [[nodiscard]] Truth judge(JudgedEvent& event) const;

  /// Adds a problem for each field that no payload of these types can have.
  void check_fields(const std::vector<TopicType>& types, config::Problems& problems) const;

 private:
  std::vector<Node> nodes_;
};

}  // namespace reel::search
