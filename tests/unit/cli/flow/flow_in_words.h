// A flow with its deliveries, from a little journal in words: what the tracker would tell of it, and what the
// journal does. Sources and clocks are set by hand.
//
//   FlowInWords flow{R"(
//     order.placed
//     payments wants order.placed@1
//     payments/7c2f report delivered 1 acked 1
//   )"};
//   flow.tree()
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "../audit/journal_in_words.h"
#include "story/flow_picture.h"
#include "story/sink.h"

namespace reel::test {

class FlowInWords {
 public:
  explicit FlowInWords(const std::string& words);

  /// The step at this offset, to be made what the test needs.
  v1::FlowStep& step(std::uint64_t offset);
  v1::FlowReply& reply() { return reply_; }
  /// What happened later is not told.
  void until(std::uint64_t moment) { until_ = moment; }
  void traceparent(const std::string& text) { traceparent_ = text; }

  [[nodiscard]] const story::FlowDeliveries& deliveries();
  [[nodiscard]] story::FlowPicture picture();
  [[nodiscard]] std::string tree();
  [[nodiscard]] std::string drawn(
      const std::function<void(const story::FlowPicture&, const story::Sink&)>& draw);

 private:
  JournalInWords journal_;
  v1::FlowReply reply_;
  std::string traceparent_;
  std::uint64_t until_ = story::FlowDeliveries::for_ever;
  story::Interests interests_;
  std::unique_ptr<story::FlowDeliveries> deliveries_;
};

}  // namespace reel::test
