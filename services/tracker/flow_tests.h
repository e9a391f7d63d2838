// A condition on flows (reel.v1.FlowWhere), asked of flows as the tracker has them.
//
//   FlowTests tests{where, definitions, names, watermark};
//   if (tests.judge(flow) != Truth::no) … tests.answers() …
//
// What only payloads can say is not known here, but for flows without an event it could be about: there it is
// no. A condition tells beforehand which states and which times of beginning its flows can have, so that a
// walk need not look at others.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "event/pattern_rule.h"
#include "reel/v1/query.pb.h"
#include "search/truth.h"
#include "tracker/flow.h"

namespace reel::tracker {

using search::Truth;

class FlowTests {
 public:
  /// `where` must have passed search::check_where, and outlive this. `now` is the watermark.
  FlowTests(const v1::FlowWhere& where, const DefinitionSet& definitions, const Names& names,
            std::uint64_t now);

  /// What the flow's steps say is looked at only where all else leaves it open.
  [[nodiscard]] Truth judge(const Flow& flow);
  /// Of the flow judged last, by test; all of them where the judgement was not `no`.
  [[nodiscard]] const std::vector<Truth>& answers() const { return answers_; }
  /// Whether the payload of an event on this topic would answer a test that is not known.
  [[nodiscard]] bool is_needed(Name topic);

  [[nodiscard]] bool can_be(v1::FlowState state) const;
  /// No flow that begins outside can match.
  struct Began {
    std::uint64_t oldest = 0;
    std::uint64_t newest = ~std::uint64_t{0};
    bool none = false;
  };
  [[nodiscard]] Began began() const;

 private:
  struct Test {
    const v1::FlowWhere::Node* node;
    bool is_pattern = false;
    std::string packed;  // of an id
    pattern::Wildcard wildcard;
    std::vector<std::int8_t> by_name;  // 0: not asked yet, 1: yes, -1: no
  };

  [[nodiscard]] Truth ask(Test& test, const Flow& flow);
  void ask_steps(const Flow& flow);
  [[nodiscard]] bool step_holds(Test& test, const Step& step);
  [[nodiscard]] bool text_holds(const Test& test, std::string_view text) const;
  [[nodiscard]] bool topic_holds(Test& test, Name topic);
  [[nodiscard]] bool owed_holds(Test& test, const Flow& flow);
  [[nodiscard]] Truth number_holds(const Test& test, std::uint64_t number) const;

  const v1::FlowWhere& where_;
  const DefinitionSet& definitions_;
  const Names& names_;
  std::uint64_t now_;
  std::vector<Test> tests_;
  std::vector<Truth> answers_;
  bool asks_steps_ = false;
};

}  // namespace reel::tracker
