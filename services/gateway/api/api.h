// The JSON API: every path of the table in endpoints.h that is not the edge's, answered.
//
//   Api api{bus, model, brokers};
//   if (auto response = api.answer(request)) return *response;
//   // not a path of the API's: the console's, perhaps
//
// Whoever calls checks beforehand what HTTP itself says: sizes, and that no other site sends it. Any thread
// may call.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/model.h"
#include "gateway/api/event_texts.h"
#include "gateway/bus.h"
#include "gateway/http/message.h"
#include "story/journal.h"

namespace reel::gateway {

class Arguments;
struct Endpoint;

class Api {
 public:
  /// Reads the journal from one of `brokers`. The bus and the model must outlive it.
  Api(Bus& bus, const config::Model& model, std::vector<std::string> brokers);
  Api(Bus& bus, const config::Model& model, std::unique_ptr<const story::Journal> journal);

  /// Nothing where the path is not the API's, or its endpoint the edge's. A path below /v1 is always the
  /// API's.
  [[nodiscard]] std::optional<HttpResponse> answer(const HttpRequest& request);

 private:
  [[nodiscard]] HttpResponse call(const Endpoint& endpoint, const std::string& in_path,
                                  const HttpRequest& request);
  [[nodiscard]] std::string ask(const Endpoint& endpoint, const Arguments& given, const HttpRequest& request);

  Bus& bus_;
  const config::Model& model_;
  std::unique_ptr<const story::Journal> journal_;
  EventTexts events_;
};

}  // namespace reel::gateway
