// Events, one a line: for people in columns, or as CloudEvents JSON.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/catalog.h"
#include "cli/invocation.h"
#include "reel/stream.h"

namespace reel::cli {

/// Prints events until there were enough.
class EventPrinter {
 public:
  /// `count` are enough; 0: there is no end.
  EventPrinter(Invocation& invocation, Catalog catalog, std::uint64_t count = 0)
      : out_{invocation.out}, json_{invocation.globals.json}, catalog_{std::move(catalog)}, left_{count} {}

  /// False where no more are wanted. Remembers what it printed for printed().
  [[nodiscard]] bool print(std::span<const StreamEvent> events);
  /// Offsets of what the last print() printed.
  [[nodiscard]] const std::vector<std::uint64_t>& printed() const { return printed_; }

 private:
  [[nodiscard]] std::string text_of(const StreamEvent& event);

  Output& out_;
  bool json_;
  Catalog catalog_;
  std::uint64_t left_;
  std::vector<std::uint64_t> printed_;
  std::size_t topic_columns_ = 0;
  std::size_t flow_columns_ = 0;
  std::size_t source_columns_ = 0;
};

}  // namespace reel::cli
