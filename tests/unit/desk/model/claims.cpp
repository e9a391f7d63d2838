#include "claims.h"

#include <algorithm>

#include "cli/audit/audit.h"

namespace reel::broker::test {
namespace {

using Fates = std::set<v1::ServiceFate>;

std::string names_of(const Fates& fates) {
  std::string names;
  for (const auto fate : fates) names += (names.empty() ? "" : " or ") + v1::ServiceFate_Name(fate);
  return names;
}

Fates fates_of_owed(const NaiveBroker::Service& service, const NaiveBroker::Owed& owed) {
  if (!owed.holder.empty()) return {owed.failed() ? v1::SERVICE_FATE_RETRYING : v1::SERVICE_FATE_IN_FLIGHT};
  if (owed.resuming) return {v1::SERVICE_FATE_PARKED, v1::SERVICE_FATE_WAITING};
  Fates fates{owed.failed() ? v1::SERVICE_FATE_RETRYING : v1::SERVICE_FATE_WAITING};
  // A replay that the service has not come to yet leaves the event what it was; it may have made a letter of
  // it.
  if (owed.kind != v1::REDELIVERY_NONE && service.dead.contains(owed.place)) {
    fates.insert(v1::SERVICE_FATE_DEAD);
  } else if (owed.kind == v1::REDELIVERY_REPLAYED) {
    fates.insert(v1::SERVICE_FATE_SETTLED);
  }
  return fates;
}

/// None: nothing is claimed.
Fates fates_of(const NaiveBroker& model, const NaiveBroker::Service& service, NaiveBroker::Place place) {
  const auto& event = model.log[place];
  if (service.withdrawn.contains(place)) return {};
  const auto& line = service.line;
  const auto is_it = [&](const NaiveBroker::Owed& owed) { return owed.place == place; };
  const auto times = std::count_if(line.begin(), line.end(), is_it);
  if (times > 1) return {};
  if (times == 1) return fates_of_owed(service, *std::find_if(line.begin(), line.end(), is_it));
  if (service.dead.contains(place)) return {v1::SERVICE_FATE_DEAD};
  if (const auto key = service.parked.find(event.key); key != service.parked.end()) {
    const auto& of_key = key->second;
    if (std::find(of_key.begin(), of_key.end(), place) != of_key.end()) {
      if (service.parked_reported.contains(place)) return {v1::SERVICE_FATE_PARKED};
      // The service has not come to it, or not to the record by which it was to be handed over once more.
      return {v1::SERVICE_FATE_PARKED, v1::SERVICE_FATE_WAITING};
    }
  }
  if (!service.subject.empty() && service.subject != event.subject) return {v1::SERVICE_FATE_FILTERED};
  if (!NaiveBroker::wants(service, event, place)) return {v1::SERVICE_FATE_EARLIER};
  return {v1::SERVICE_FATE_SETTLED};
}

const NaiveBroker::Service* named(const NaiveBroker& model, const std::string& service) {
  const auto found = model.services.find(service);
  return found == model.services.end() || !found->second.known() ? nullptr : &found->second;
}

}  // namespace

std::string wrong_fates(World& world, const NaiveBroker& model,
                        const std::vector<NaiveBroker::Place>& places) {
  v1::Request request;
  auto& asked = *request.mutable_fates();
  std::map<Offset, NaiveBroker::Place> by_offset;
  for (const auto place : places) {
    if (model.log[place].offset < model.begin) continue;
    if (by_offset.emplace(model.log[place].offset, place).second) asked.add_offsets(model.log[place].offset);
  }
  const auto reply = world.asks(std::move(request));
  for (const auto& event : reply.fates().events()) {
    const auto place = by_offset.at(event.offset());
    if (event.id() != model.log[place].id) return "another event at " + std::to_string(event.offset());
    std::size_t listed = 0;
    for (const auto& delivery : event.deliveries()) {
      const auto* const service = named(model, delivery.service());
      if (service == nullptr) return "fates of " + delivery.service() + ", which is not known";
      ++listed;
      const auto fates = fates_of(model, *service, place);
      if (!fates.empty() && !fates.contains(delivery.fate())) {
        return "event at " + std::to_string(event.offset()) + " is " + v1::ServiceFate_Name(delivery.fate()) +
               " for " + delivery.service() + ", not " + names_of(fates);
      }
    }
    std::size_t expected = 0;
    for (const auto& [name, service] : model.services) {
      expected += NaiveBroker::names_topic(service, model.log[place].topic);
    }
    if (listed != expected) return "event at " + std::to_string(event.offset()) + " has other services";
  }
  return "";
}

std::string wrong_services(World& world, const NaiveBroker& model) {
  v1::Request request;
  request.mutable_services();
  const auto reply = world.asks(std::move(request));
  for (const auto& row : reply.services().services()) {
    const auto* const service = named(model, row.service());
    if (service == nullptr) continue;  // a part of Reel
    const auto wrong = [&](const std::string& what, std::uint64_t said, std::uint64_t expected) {
      return row.service() + " has " + std::to_string(said) + " " + what + ", not " +
             std::to_string(expected);
    };
    if (row.dead() != service->dead.size()) return wrong("letters", row.dead(), service->dead.size());
    if (row.in_flight() != service->in_flight())
      return wrong("in flight", row.in_flight(), service->in_flight());
    if (static_cast<std::size_t>(row.instances_size()) != service->instances.size())
      return wrong("instances", static_cast<std::uint64_t>(row.instances_size()), service->instances.size());
    if ((row.paused_until() > model.now) != service->paused(model.now))
      return row.service() + " is or is not paused";
  }
  return "";
}

std::string wrong_books(const std::vector<Logged>& log) {
  std::vector<StreamEvent> events;
  for (const auto& logged : log) {
    events.push_back({.offset = logged.offset,
                      .recordedtime = logged.offset,
                      .source = logged.source,
                      .topic = logged.topic,
                      .id = logged.id,
                      .correlationid = logged.key,
                      .causationid = logged.cause,
                      .subject = logged.subject,
                      .data = logged.data});
  }
  const auto end = events.empty() ? 1 : events.back().offset + 1;
  story::Interests interests{[](const std::string&, const StreamEvent& event) {
    return event.subject == "vip" ? story::Answer::yes : story::Answer::no;
  }};
  for (const auto& event : events) (void)interests.learn(event);
  interests.cover(1, end);
  cli::Audit audit{interests, 1};
  for (const auto& event : events) audit.see(event);
  audit.finish(end);
  for (const auto& finding : audit.findings()) {
    return "verify: " + std::string{cli::to_string(finding.kind)} + " " + finding.service + " " +
           std::to_string(finding.offset) + ": " + finding.why;
  }
  return "";
}

}  // namespace reel::broker::test
