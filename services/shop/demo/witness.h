// What the demo asks the bus: how the flows stand, and which are overdue.
//
//   Witness witness{"tcp://127.0.0.1:5557", live_endpoint};
//   View view;
//   if (witness.look(view)) show(board_lines(view, terminal));
//
// The counts are the tracker's. Only the cancelled orders are counted here, off the live tap, since the
// tracker does not tell a happy end from an unhappy one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "reel/query.h"
#include "reel/stream.h"
#include "shop/demo/board.h"

namespace shop::demo {

class Witness {
 public:
  Witness(const std::string& tracker, const std::string& live);

  /// Whether the tracker answers yet.
  [[nodiscard]] bool ready();
  /// Fills counts and rows; false where the tracker does not answer just now, and `view` is as it was.
  [[nodiscard]] bool look(View& view);
  /// How many flows the tracker knows, as of the last look.
  [[nodiscard]] std::uint64_t flows() const { return flows_; }
  /// Everything the tracker knows. Throws NotReachable.
  [[nodiscard]] std::vector<reel::v1::FlowSummary> all_flows();

 private:
  void count_cancelled();

  reel::QueryClient tracker_;
  reel::LiveTap tap_;
  std::uint64_t cancelled_ = 0;
  std::uint64_t flows_ = 0;
};

}  // namespace shop::demo
