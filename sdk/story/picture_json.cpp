#include "story/picture_json.h"

#include "event/rfc3339.h"
#include "story/flow_json.h"
#include "story/part_json.h"

namespace reel::story {
namespace {

double as_ms(std::uint64_t ns) {
  return static_cast<double>(ns) / 1e6;
}

double as_ms(std::int64_t ns) {
  return static_cast<double>(ns) / 1e6;
}

Json gap_json(const Gap& gap) {
  Json json{{"total_ms", as_ms(gap.total)}};
  if (!gap.split) return json;
  for (std::size_t which = 0; which < gap_parts; ++which) {
    const auto part = static_cast<GapPart>(which);
    json[std::string{to_string(part)} + "_ms"] = as_ms(gap.part(part));
  }
  return json;
}

Json picture_step_json(const FlowPicture& picture, std::size_t i) {
  Json json = step_json(picture.step(i));
  if (!picture.has_deliveries()) return json;
  if (const auto gap = picture.gap(i)) json["gap"] = gap_json(*gap);
  if (picture.step(i).offset() < picture.deliveries()->known_from()) return json;
  json["services"] = Json::array();
  for (const StoryPart* part : picture.parts(i)) json["services"].push_back(part_json(*part));
  return json;
}

Json longest_json(const FlowPicture& picture) {
  const auto& longest = picture.longest();
  if (!longest) return nullptr;
  return {{"id", picture.step(longest->step).id()},
          {"part", longest->part ? Json(to_string(*longest->part)) : Json(nullptr)},
          {"ms", as_ms(longest->time)}};
}

Json clocks_json(const FlowPicture& picture) {
  Json json = Json::array();
  for (const ClockSkew& skew : picture.clocks().all()) {
    Json one{{"service", skew.service},
             {"events", skew.events},
             {"ahead_ms", as_ms(skew.estimate())},
             {"at_least_ms", as_ms(skew.at_least)},
             {"at_most_ms", skew.at_most ? Json(as_ms(*skew.at_most)) : Json(nullptr)}};
    if (skew.contradictory()) one["contradictory"] = true;
    json.push_back(std::move(one));
  }
  return json;
}

}  // namespace

void write_picture_json(const FlowPicture& picture, const Sink& out) {
  const v1::FlowReply& flow = picture.flow();
  Json head = summary_json(flow.summary(), flow.watermark());
  head["watermark"] = rfc3339(flow.watermark());
  std::string begin = line_of(head);
  begin.pop_back();  // the brace: the object goes on
  out(begin);
  out(",\"steps\":[");
  for (std::size_t i = 0; i < picture.size(); ++i) {
    if (i > 0) out(",");
    out(line_of(picture_step_json(picture, i)));
  }
  out("],\"expectations\":[");
  bool first = true;
  for (const auto& expectation : flow.expectations()) {
    if (!first) out(",");
    first = false;
    out(line_of(expectation_json(expectation, flow.watermark())));
  }
  out("]");
  if (picture.has_deliveries()) {
    out(",\"longest\":" + line_of(longest_json(picture)));
    out(",\"clocks\":" + line_of(clocks_json(picture)));
  }
  out("}\n");
}

}  // namespace reel::story
