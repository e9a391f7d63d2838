#include "tracker/inquiries.h"

#include <algorithm>
#include <set>

namespace reel::tracker {

bool Inquiries::ask(Inquiry inquiry) {
  if (line_ == nullptr || count_ == inquiries_max || inquiry.offsets.size() > inquiry_offsets_max)
    return false;
  if (inquiry.services.size() > inquiry_services_max) inquiry.services.resize(inquiry_services_max);
  queued_.push_back(std::move(inquiry));
  ++count_;
  return true;
}

void Inquiries::turn(Time now) {
  if (!waiting()) return;
  receive();
  std::vector<Inquiry> late;  // told last: who is told may ask again
  const auto give_up = [&](auto& inquiries) {
    for (auto at = inquiries.begin(); at != inquiries.end();) {
      if (at->until > now) {
        ++at;
        continue;
      }
      late.push_back(std::move(*at));
      at = inquiries.erase(at);
    }
  };
  for (auto question = asked_.begin(); question != asked_.end();) {
    give_up(question->second);
    question = question->second.empty() ? asked_.erase(question) : std::next(question);
  }
  give_up(queued_);
  count_ -= late.size();
  send();
  for (const Inquiry& inquiry : late) inquiry.told(nullptr);
}

void Inquiries::send() {
  while (!queued_.empty() && asked_.size() < inquiries_in_flight_max) {
    v1::Request request;
    auto& ask = *request.mutable_fates();
    std::set<std::uint64_t> offsets;
    std::set<std::string> flows;
    std::set<std::string> services;
    std::vector<Inquiry> joined;
    while (!queued_.empty()) {
      const Inquiry& next = queued_.front();
      if (!joined.empty() && (offsets.size() + next.offsets.size() > inquiry_offsets_max ||
                              services.size() + next.services.size() > inquiry_offsets_max ||
                              flows.size() == inquiry_offsets_max)) {
        break;
      }
      offsets.insert(next.offsets.begin(), next.offsets.end());
      flows.insert(next.correlationid);
      services.insert(next.services.begin(), next.services.end());
      joined.push_back(std::move(queued_.front()));
      queued_.pop_front();
    }
    for (const std::uint64_t offset : offsets) ask.add_offsets(offset);
    for (const std::string& flow : flows) ask.add_correlationids(flow);
    for (const std::string& service : services) ask.add_services(service);
    asked_[line_->post(std::move(request))] = std::move(joined);
  }
}

void Inquiries::receive() {
  while (const auto reply = line_->poll()) {
    const auto question = asked_.find(reply->id());
    if (question == asked_.end()) continue;  // given up
    const auto inquiries = std::move(question->second);
    asked_.erase(question);
    count_ -= inquiries.size();
    for (const Inquiry& inquiry : inquiries) {
      if (reply->has_fates()) {
        tell(inquiry, reply->fates());
      } else {
        inquiry.told(nullptr);
      }
    }
  }
}

void Inquiries::tell(const Inquiry& inquiry, const v1::FatesReply& all) {
  v1::FatesReply own;
  std::set<std::string> services{inquiry.services.begin(), inquiry.services.end()};
  for (const auto& event : all.events()) {
    if (!std::binary_search(inquiry.offsets.begin(), inquiry.offsets.end(), event.offset())) continue;
    *own.add_events() = event;
    for (const auto& delivery : event.deliveries()) services.insert(delivery.service());
  }
  for (const auto& service : all.services()) {
    if (services.contains(service.service())) *own.add_services() = service;
  }
  for (const auto& flow : all.flows()) {
    if (flow.correlationid() == inquiry.correlationid) *own.add_flows() = flow;
  }
  own.set_now(all.now());
  inquiry.told(own.events_size() == static_cast<int>(inquiry.offsets.size()) ? &own : nullptr);
}

}  // namespace reel::tracker
