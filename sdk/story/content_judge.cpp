#include "story/content_judge.h"

#include <memory>
#include <optional>
#include <unordered_map>
#include <utility>

#include "event/batch.h"
#include "event/event_pattern.h"
#include "event/payload_parser.h"

namespace reel::story {
namespace {

class ContentJudge {
 public:
  explicit ContentJudge(std::shared_ptr<const SchemaSet> schemas)
      : schemas_{std::move(schemas)}, parser_{*schemas_} {}

  [[nodiscard]] Answer judge(const std::string& when, const StreamEvent& event) {
    const auto& pattern = compiled(when);
    const auto view = read_event(event.bytes);
    if (!pattern || !view) return Answer::unknown;
    const RunHead head{.source = event.source, .topic = event.topic, .dataschema = event.dataschema};
    JudgedEvent judged{head, *view, parser_};
    if (pattern->matches(judged)) return Answer::yes;
    return pattern->looks_at_data() && judged.payload() == nullptr ? Answer::unknown : Answer::no;
  }

 private:
  // Nothing where the text is no pattern here: one of a later version, perhaps.
  [[nodiscard]] const std::optional<EventPattern>& compiled(const std::string& when) {
    const auto found = patterns_.find(when);
    if (found != patterns_.end()) return found->second;
    return patterns_.emplace(when, EventPattern::compile(when).pattern).first->second;
  }

  std::shared_ptr<const SchemaSet> schemas_;
  PayloadParser parser_;
  std::unordered_map<std::string, std::optional<EventPattern>> patterns_;
};

}  // namespace

ContentFilter content_filter(std::shared_ptr<const SchemaSet> schemas) {
  return [judge = std::make_shared<ContentJudge>(std::move(schemas))](
             const std::string& when, const StreamEvent& event) { return judge->judge(when, event); };
}

}  // namespace reel::story
