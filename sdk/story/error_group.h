// Failures that are one trouble: the same error but for the numbers, ids and names in it.
//
//   normal_error("order 7 of 'ada' not found")     "order <n> of <text> not found"
//   group_id(error)                                "5d41402a": what --error takes, short enough to type
//
// Pure.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "reel/v1/query.pb.h"
#include "story/flow_json.h"

namespace reel::story {

/// "std::runtime_error: bank not reachable"
[[nodiscard]] std::string error_text(const v1::Failure& failure);

/// The event's own offset, where the failure may be that of a redelivery.
[[nodiscard]] std::uint64_t stands_at(const v1::Failure& failure);

/// An error's words without what differs from event to event: numbers become <n>, hexadecimal <hex>, UUIDs
/// <uuid>, long mixtures of letters and digits <id>, quoted parts <text>. Stretches of blanks become one.
[[nodiscard]] std::string normal_error(std::string_view error);

/// The group a failure belongs to: its error type and normal error.
[[nodiscard]] std::string group_of(const v1::Failure& failure);

/// Eight hexadecimal digits made from a group's text.
[[nodiscard]] std::string group_id(std::string_view group);

struct ErrorGroup {
  std::string service;
  std::string error;  ///< as group_of() says it
  std::uint64_t count = 0;
  std::uint64_t first_failed_at = 0;  ///< of the first of them
  std::uint64_t last_failed_at = 0;   ///< of the last of them
  std::uint64_t example = 0;          ///< where the one that failed last stands
};

[[nodiscard]] Json group_json(const ErrorGroup& group);

class ErrorGroups {
 public:
  void add(const v1::DeadReply::Letter& letter);
  /// The largest first.
  [[nodiscard]] std::vector<ErrorGroup> by_size() const;

 private:
  std::map<std::pair<std::string, std::string>, ErrorGroup> groups_;  // by service and error
};

}  // namespace reel::story
