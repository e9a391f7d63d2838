#include "drawn_case.h"

#include <algorithm>
#include <utility>

#include "config/flow_text.h"
#include "event/rfc3339.h"
#include "tracker_bench.h"

namespace reel::tracker::bench {
namespace {

using naive::Value;

constexpr std::uint64_t second = 1'000'000'000;

class Draw {
 public:
  explicit Draw(std::mt19937_64& random) : random_{random} {}

  std::uint64_t upto(std::uint64_t most) { return random_() % (most + 1); }
  bool one_in(std::uint64_t count) { return upto(count - 1) == 0; }
  template <typename T>
  T of(std::initializer_list<T> some) {
    return *(some.begin() + upto(some.size() - 1));
  }

  std::string topic() { return std::string(1, static_cast<char>('a' + upto(4))); }
  std::vector<std::string> topics(std::uint64_t most) {
    std::vector<std::string> all{"a", "b", "c", "d", "e"};
    std::shuffle(all.begin(), all.end(), random_);
    all.resize(1 + upto(most - 1));
    return all;
  }
  std::string path() { return of<const char*>({"data.k", "data.n", "data.l", "data.due", "subject"}); }
  std::string when() {
    return of<const char*>({naive::when_k_is_p, naive::when_n_is_large, naive::when_subject_is_s});
  }
  config::milliseconds span() { return config::milliseconds{of({1'000, 2'000, 4'000, 5'000, 6'000})}; }
  double share() { return of({0.5, 0.8}); }

  Value value() {
    if (one_in(3)) return {true, 1 + upto(2), {}};
    return {false, 0, of<const char*>({"p", "q", "s", "2023-11-14T22:13:22Z", "2023-11-14T22:13:22.000Z"})};
  }

 private:
  std::mt19937_64& random_;
};

void draw_comparison(Draw& draw, config::Expectation& to) {
  using config::Comparison;
  to.where.push_back({draw.path(),
                      draw.of({Comparison::equal, Comparison::not_equal, Comparison::less,
                               Comparison::less_or_equal, Comparison::greater, Comparison::greater_or_equal}),
                      draw.path()});
}

// As `reel check` allows them: what has no meaning beside something else is left out.
void draw_time(Draw& draw, config::Expectation& to) {
  const bool may_do_without = !to.never.empty() && draw.one_in(2);
  if (draw.one_in(5)) to.by = "data.due";
  if (!may_do_without && (to.by.empty() || draw.one_in(2))) to.within = draw.span();
  if (to.within.count() > 0 && draw.one_in(5)) to.from_start = true;
  if (!to.never.empty()) return;
  if (to.within.count() > 0 && draw.one_in(5)) to.extended_by = draw.topics(2);
  if (draw.one_in(5)) to.not_before = config::milliseconds{draw.of({500, 999})};
  if (draw.one_in(5)) to.warn_at = draw.share();
}

config::Expectation drawn_expectation(Draw& draw) {
  config::Expectation to;
  to.after = draw.topic();
  if (draw.one_in(4)) to.when = draw.when();
  switch (draw.upto(7)) {
    case 0:
    case 1: to.all_of = draw.topics(3); break;
    case 2:
      to.never = draw.topics(2);
      if (draw.one_in(2)) to.until = draw.topics(2);
      break;
    case 3:
      to.any_of = draw.topics(2);
      to.each = config::Each{draw.of<const char*>({"data.l", "data.k"}),
                             draw.of<const char*>({"data.l", "data.k"})};
      break;
    case 4:
      to.any_of = draw.topics(2);
      if (draw.one_in(2)) to.at_least = static_cast<std::uint32_t>(1 + draw.upto(2));
      if (to.at_least == 0 || draw.one_in(2))
        to.at_most = to.at_least + static_cast<std::uint32_t>(draw.upto(1));
      if (to.at_most == 0 && to.at_least == 0) to.at_most = 1;
      break;
    default: to.any_of = draw.topics(3); break;
  }
  for (std::uint64_t left = draw.one_in(4) ? 1 + draw.upto(1) : 0; left != 0; --left)
    draw_comparison(draw, to);
  draw_time(draw, to);
  return to;
}

config::Flow drawn_definition(Draw& draw) {
  config::Flow flow;
  if (draw.one_in(2)) flow.start = draw.topic();
  if (!flow.start.empty() && draw.one_in(4)) flow.when = draw.when();
  for (std::uint64_t left = draw.upto(3) + (flow.start.empty() ? 1 : 0); left != 0; --left)
    flow.expect.push_back(drawn_expectation(draw));
  if (draw.one_in(2)) flow.end = draw.topics(2);
  if (draw.one_in(2) || flow.expect.empty()) flow.within = config::milliseconds{1'000 * (1 + draw.upto(9))};
  if (flow.within && draw.one_in(3)) flow.warn_at = draw.share();
  if (draw.one_in(4)) flow.correlate_by[draw.topic()] = "data.k";
  return flow;
}

config::Flow drawn_regular(Draw& draw) {
  config::Flow flow;
  config::Expectation& to = flow.expect.emplace_back();
  to.any_of = draw.topics(2);
  to.every = draw.span();
  if (draw.one_in(2)) to.per = draw.of<const char*>({"data.k", "data.n"});
  if (draw.one_in(3)) to.warn_at = draw.share();
  return flow;
}

Said drawn_event(Draw& draw, std::uint64_t at, std::size_t number) {
  Said event;
  event.topic = draw.topic();
  event.at = at;
  event.id = "e" + std::to_string(number);
  event.correlation = draw.one_in(5) ? draw.of<std::string>({"y", "", event.id}) : "x";
  if (draw.one_in(3)) event.subject = draw.of<const char*>({"s", "q"});
  event.replayed = draw.one_in(12);
  for (const char* const field : {"k", "n"}) {
    if (draw.one_in(2)) event.data[field] = {draw.value()};
  }
  for (std::uint64_t left = draw.upto(3); left != 0; --left) event.data["l"].push_back(draw.value());
  if (draw.one_in(2)) {
    const auto due = at + draw.of<std::uint64_t>({0, 1, second, 3 * second, 6 * second}) - draw.upto(2);
    event.data["due"] = {{false, 0, rfc3339(due)}};
  }
  return event;
}

std::string json_of(const Value& value) {
  return value.is_number ? std::to_string(value.number) : '"' + value.text + '"';
}

}  // namespace

Case drawn_case(std::mt19937_64& random) {
  Draw draw{random};
  Case drawn;
  drawn.definitions["f"] = drawn_definition(draw);
  if (draw.one_in(4)) drawn.definitions["g"] = drawn_definition(draw);
  if (draw.one_in(6)) drawn.definitions["r"] = drawn_regular(draw);
  // One field names the flow, whoever says so: two definitions that disagree about it are not drawn.
  if (drawn.definitions.contains("g")) drawn.definitions["g"].correlate_by.clear();
  std::uint64_t at = beginning;
  for (std::uint64_t left = draw.upto(24); left != 0; --left) {
    at += draw.of<std::uint64_t>({0, 1, second / 2, second, second, 2 * second, 2 * second + 1, 5 * second});
    drawn.trace.push_back(drawn_event(draw, at, drawn.trace.size()));
  }
  drawn.upto = at + draw.of<std::uint64_t>({0, 1, 2 * second, 60 * second});
  return drawn;
}

std::string json_of(const Said& event) {
  std::string text;
  for (const auto& [field, values] : event.data) {
    std::string list;
    for (const Value& value : values) list += (list.empty() ? "" : ", ") + json_of(value);
    if (field == "l") list = "[" + list + "]";
    text += (text.empty() ? "\"" : ", \"") + field + "\": " + list;
  }
  return "{" + text + "}";
}

std::string Case::text() const {
  std::string text;
  for (const auto& [name, flow] : definitions) text += "  " + name + ": " + config::text_of(flow) + "\n";
  for (const Said& event : trace) {
    text += "  " + std::to_string(event.at) + " " + event.topic + " " + event.id + " of " +
            event.correlation + (event.subject.empty() ? "" : " about " + event.subject) +
            (event.replayed ? " replayed " : " ") + json_of(event) + "\n";
  }
  return text + "  upto " + std::to_string(upto) + "\n";
}

}  // namespace reel::tracker::bench
