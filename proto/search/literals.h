// The values that an expression compares with, read as what they are compared to. For expression.cpp.
#pragma once

#include "reel/v1/query.pb.h"
#include "search/attributes.h"
#include "search/event_condition.h"
#include "search/tokens.h"

namespace reel::search {

/// A comparison as written: == != < <= > >= in like, or none.
struct Comparison {
  v1::FlowWhere::Comparison how = v1::FlowWhere::COMPARISON_EXISTS;
  bool negated = false;       ///< !=, not in, not like
  Token sign;                 ///< for its place
  std::vector<Token> values;  ///< one of them must do; none where it EXISTS
};

/// The test of one value. Throws Fault.
[[nodiscard]] v1::FlowWhere::Node flow_test(const FlowAttribute& attribute, const Comparison& comparison,
                                            const Token& value);
/// Throws Fault where the attribute cannot be compared like that.
void check_comparison(const FlowAttribute& attribute, const Comparison& comparison);

/// Completes a test of an event's field. Throws Fault.
void compare_with(FieldTest& test, const Token& value);

}  // namespace reel::search
