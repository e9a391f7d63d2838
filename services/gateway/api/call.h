// What is at hand when an endpoint is answered, and how it is refused.
#pragma once

#include <memory>
#include <stdexcept>
#include <string>

#include "config/model.h"
#include "gateway/api/event_texts.h"
#include "gateway/api/parameters.h"
#include "gateway/bus.h"
#include "story/journal.h"

namespace reel::gateway {

struct Call {
  const Arguments& given;
  Bus& bus;
  const story::Journal& journal;
  const config::Model& model;
  EventTexts& events;
};

/// Ends a call with a problem document: one sentence for people.
struct Refused : std::runtime_error {
  Refused(int http_status, const std::string& sentence) : std::runtime_error{sentence}, status{http_status} {}
  int status;
};

/// The reply, or Refused with the status where it is the answerer's refusal.
[[nodiscard]] v1::Reply told(v1::Reply reply, int refused_as);

}  // namespace reel::gateway
