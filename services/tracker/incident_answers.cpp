#include "tracker/incident_answers.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <tuple>

#include "event/quoted_text.h"
#include "tracker/answers.h"

namespace reel::tracker {
namespace {

/// Ids that a sentence about an ambiguous beginning names.
constexpr std::size_t alike_told_max = 3;

/// Where an incident stands in the listing: smaller is earlier.
using Place = std::tuple<bool, std::uint64_t, std::string>;

Place incident_place(const v1::Incident& incident) {
  return {incident.state() != v1::Incident::STATE_OPEN, ~incident.first_at(), incident.id()};
}

// A page's `next`: "open/first_at/id" of its last row.
std::string incident_cursor(const v1::Incident& incident) {
  return (incident.state() == v1::Incident::STATE_OPEN ? "open/" : "resolved/") +
         std::to_string(incident.first_at()) + "/" + incident.id();
}

std::optional<Place> incident_place(const std::string& cursor) {
  const bool open = cursor.starts_with("open/");
  if (!open && !cursor.starts_with("resolved/")) return std::nullopt;
  std::uint64_t first_at = 0;
  const char* const end = cursor.data() + cursor.size();
  const auto [at, error] = std::from_chars(cursor.data() + cursor.find('/') + 1, end, first_at);
  if (error != std::errc{} || at == end || *at != '/') return std::nullopt;
  return Place{!open, ~first_at, std::string{at + 1, end}};
}

}  // namespace

void tell(const Incidents& incidents, const v1::IncidentsRequest& ask, v1::Reply& reply) {
  if (!ask.id().empty()) {
    std::string refusal;
    const v1::Incident* const incident = incident_named(incidents, ask.id(), refusal);
    if (incident == nullptr) return reply.set_error(refusal);
    *reply.mutable_incidents()->add_incidents() = *incident;
    return;
  }
  std::optional<Place> after;
  if (!ask.after().empty() && !(after = incident_place(ask.after()))) {
    reply.set_error(in_quotes(ask.after()) + " is not the `next` of a page of incidents");
    return;
  }
  std::vector<std::pair<Place, const v1::Incident*>> rows;
  for (const auto& [id, incident] : incidents.all()) {
    if (!ask.resolved() && incident.state() != v1::Incident::STATE_OPEN) continue;
    Place place = incident_place(incident);
    if (!after || place > *after) rows.emplace_back(std::move(place), &incident);
  }
  std::sort(rows.begin(), rows.end());
  const std::uint32_t most = page_size(ask.limit(), page_rows_default, page_rows_max);
  auto& page = *reply.mutable_incidents();
  for (const auto& [place, incident] : rows) {
    if (page.incidents_size() == static_cast<int>(most)) {
      page.set_next(incident_cursor(page.incidents(page.incidents_size() - 1)));
      break;
    }
    *page.add_incidents() = *incident;
  }
}

const v1::Incident* incident_named(const Incidents& incidents, const std::string& id, std::string& refusal) {
  if (const v1::Incident* const exact = incidents.find(id)) return exact;
  const auto& all = incidents.all();
  std::string alike;
  std::size_t count = 0;
  const v1::Incident* named = nullptr;
  for (auto at = all.lower_bound(id); at != all.end() && at->first.starts_with(id) && !id.empty(); ++at) {
    named = &at->second;
    if (++count <= alike_told_max) alike += (count == 1 ? "" : ", ") + at->first;
  }
  if (count == 1) return named;
  refusal = count == 0 ? "no incident has the id " + in_quotes(id)
                       : std::to_string(count) + " incidents have an id that begins with " + in_quotes(id) +
                             ": " + alike + (count > alike_told_max ? " …" : "");
  return nullptr;
}

}  // namespace reel::tracker
