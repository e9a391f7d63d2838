// Causes: puts together what is known of a flow, asks the broker for the rest, and has why() say what is
// wrong.
#pragma once

#include <cstdint>
#include <functional>

#include "tracker/answers.h"
#include "tracker/inquiries.h"
#include "tracker/tracker.h"
#include "tracker/why.h"

namespace reel::tracker {

/// Events of a flow from A on that are asked about: the first. What is wrong is mostly wrong at the first.
inline constexpr std::size_t why_events_max = 32;

/// Steps of a flow among which the cause of a stray, or a part, is looked for.
inline constexpr std::uint32_t why_steps_max = 10'000;

/// What may be hoped for in a flow that is settled.
enum class Outlook : std::uint8_t {
  open,       ///< it may yet come
  hopeless,   ///< it will not come by itself
  not_known,  ///< the broker did not say in time
};

class Causes {
 public:
  using Time = Inquiries::Time;
  using Told = std::function<void(v1::Cause, Outlook)>;

  Causes(const Tracker& tracker, const DefinitionSet& definitions, const Names& names, Answers& answers,
         Inquiries& inquiries)
      : tracker_{tracker},
        definitions_{definitions},
        names_{names},
        answers_{answers},
        inquiries_{inquiries} {}

  /// Tells the cause by `until`; false, and nothing is ever told, where the broker cannot be asked.
  [[nodiscard]] bool find(const Flow& flow, const Claim& claim, Time until, Told told);

 private:
  [[nodiscard]] std::optional<v1::FlowSummary> part_of(const Flow& flow,
                                                       const std::vector<Name>& topics) const;
  void ask_about(const Flow& flow, const Claim* owed, Inquiry& inquiry) const;
  [[nodiscard]] std::vector<Name> topics_of(const v1::Expectation& expectation) const;
  [[nodiscard]] std::optional<Strayed> elsewhere(const Flow& flow, std::uint64_t after_offset,
                                                 const std::vector<Name>& topics) const;
  [[nodiscard]] std::optional<Strayed> alike(const WhyFacts& facts, const std::vector<Name>& topics) const;
  /// The newest one of these topics that is wanted.
  [[nodiscard]] std::optional<Strayed> strayed(const std::vector<Name>& topics,
                                               const std::function<bool(const Stray&)>& wanted) const;

  const Tracker& tracker_;
  const DefinitionSet& definitions_;
  const Names& names_;
  Answers& answers_;
  Inquiries& inquiries_;
};

}  // namespace reel::tracker
