#include "tracker/flow_scan.h"

#include <algorithm>
#include <charconv>

#include "search/attributes.h"

namespace reel::tracker {
namespace {

// A page's `next`: "started_at/correlation id" of its last row, or "started_at+/…" of one that is set apart.
std::string cursor_of(const ListingPlace& place) {
  return std::to_string(place.started_at) + (is_set_apart(place.correlation) ? "+/" : "/") +
         text_of(place.correlation);
}

std::optional<ListingPlace> place_of(const std::string& cursor) {
  ListingPlace place;
  const char* end = cursor.data() + cursor.size();
  auto [at, error] = std::from_chars(cursor.data(), end, place.started_at);
  const bool apart = error == std::errc{} && at != end && *at == '+';
  if (apart) ++at;
  if (error != std::errc{} || at == end || *at != '/') return std::nullopt;
  place.correlation = packed_id({at + 1, end});
  if (apart) place.correlation = set_apart(place.correlation);
  return place;
}

// The order of listings: newest first.
bool before(const ListingPlace& a, const ListingPlace& b) {
  return a.started_at != b.started_at ? a.started_at > b.started_at : a.correlation < b.correlation;
}

}  // namespace

FlowScan::Slice FlowScan::run(const Ask& ask, const Take& take) {
  Slice slice;
  if (const auto wrong = search::check_where(ask.where)) return {.error = *wrong, .next = {}};
  if (ask.correlationids.size() > scan_ids_max) {
    return {.error = "one question names at most " + std::to_string(scan_ids_max) + " flows, this one " +
                     std::to_string(ask.correlationids.size()),
            .next = {}};
  }
  std::optional<ListingPlace> after;
  if (!ask.after.empty() && !(after = place_of(ask.after))) {
    return {.error = "'" + ask.after + "' is not the `next` of a page of flows", .next = {}};
  }
  FlowTests tests{ask.where, definitions_, names_, ask.now};
  steps_ = 0;
  if (!ask.correlationids.empty()) {
    for (const std::string& id : ask.correlationids) {
      ++slice.looked_at;
      (void)look_at(packed_id(id), ask.now, tests, take);
    }
    return slice;
  }
  const Places found = places(ask, tests, after);
  bool is_full = false;
  for (const ListingPlace& place : found.list) {
    if (is_full || slice.looked_at == scan_flows_max || steps_ >= scan_steps_max) {
      slice.next = cursor_of(*after);
      return slice;
    }
    is_full = !look_at(place.correlation, ask.now, tests, take);
    after = place;
    ++slice.looked_at;
  }
  if (!found.are_all) slice.next = cursor_of(*after);
  return slice;
}

// Enough of each state for the whole slice, and one more, which says that there is a next.
FlowScan::Places FlowScan::places(const Ask& ask, const FlowTests& tests,
                                  const std::optional<ListingPlace>& after) {
  const FlowTests::Began began = tests.began();
  std::optional<ListingPlace> from = after;
  const ListingPlace newest{began.newest, {}};
  if (began.newest != ~std::uint64_t{0} && (!from || before(*from, newest))) from = newest;
  const std::uint32_t enough =
      ask.where.nodes().empty() ? std::min(ask.rows, scan_flows_max) : scan_flows_max;
  Places places;
  for (const v1::FlowState state : listed_states) {
    const bool is_asked =
        ask.states.empty() || std::find(ask.states.begin(), ask.states.end(), state) != ask.states.end();
    if (began.none || !is_asked || !tests.can_be(state)) continue;
    std::uint32_t left = enough + 1;
    store_.list(state, from ? &*from : nullptr, [&](const ListingPlace& place) {
      if (place.started_at < began.oldest) return false;
      places.list.push_back(place);
      return --left != 0;
    });
    places.are_all = places.are_all && left != 0;
  }
  std::sort(places.list.begin(), places.list.end(), before);
  return places;
}

bool FlowScan::look_at(std::string_view correlation, std::uint64_t now, FlowTests& tests, const Take& take) {
  const Flow* const flow = reading_.read(correlation, now);
  if (!flow) return true;
  steps_ += flow->steps.count();
  const Truth truth = tests.judge(*flow);
  return truth == Truth::no || take(*flow, tests, truth);
}

}  // namespace reel::tracker
