#include "gateway/api/api.h"

#include <google/protobuf/message.h>

#include <algorithm>
#include <utility>

#include "gateway/api/call.h"
#include "gateway/api/endpoints.h"
#include "gateway/api/message_json.h"
#include "gateway/api/message_reading.h"
#include "gateway/api/stream_journal.h"
#include "reel/query.h"

namespace reel::gateway {
namespace {

/// "application/json; charset=utf-8" is JSON.
bool is_json(std::string_view content_type) {
  const std::string_view type = content_type.substr(0, content_type.find_first_of("; "));
  static constexpr std::string_view json = "application/json";
  return std::equal(type.begin(), type.end(), json.begin(), json.end(), [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
  });
}

std::unique_ptr<pb::Message> body_of(const Endpoint& endpoint, const HttpRequest& request) {
  if (endpoint.body == nullptr) return nullptr;
  if (!is_json(request.header("content-type").value_or("")))
    throw Refused{415, "the body must be of the type application/json, and say so"};
  std::unique_ptr<pb::Message> body{
      pb::MessageFactory::generated_factory()->GetPrototype(endpoint.body)->New()};
  if (const auto wrong = read_message(request.body, *body)) throw Refused{wrong->status, wrong->sentence};
  return body;
}

/// The answer itself: what the reply's oneof holds.
const pb::Message& told_in(const v1::Reply& reply, const Endpoint& endpoint) {
  const pb::Reflection& in = *reply.GetReflection();
  const auto* field = in.GetOneofFieldDescriptor(reply, v1::Reply::descriptor()->FindOneofByName("tell"));
  if (field == nullptr || field->message_type() != endpoint.answer_type)
    throw Refused{502, "the answer is not one to this question: another version of Reel, perhaps"};
  return in.GetMessage(reply, field);
}

HttpResponse not_cached(HttpResponse response) {
  response.headers.emplace("Cache-Control", "no-store");
  return response;
}

}  // namespace

v1::Reply told(v1::Reply reply, int refused_as) {
  if (!reply.error().empty()) throw Refused{refused_as, reply.error()};
  return reply;
}

Api::Api(Bus& bus, const config::Model& model, std::vector<std::string> brokers)
    : Api{bus, model, std::make_unique<StreamJournal>(StreamJournalOptions{.brokers = std::move(brokers)})} {}

Api::Api(Bus& bus, const config::Model& model, std::unique_ptr<const story::Journal> journal)
    : bus_{bus}, model_{model}, journal_{std::move(journal)}, events_{bus} {}

std::optional<HttpResponse> Api::answer(const HttpRequest& request) {
  // Of HEAD everything is wanted but the body, which the server leaves out.
  const std::string& method = request.method == "HEAD" ? "GET" : request.method;
  const FoundEndpoint found = find_endpoint(method, request.path);
  if (found.allowed.empty()) {
    if (!request.path.starts_with("/v1/") && request.path != "/v1") return std::nullopt;
    return not_cached(problem(404, "there is no such path; GET /openapi.json lists those there are"));
  }
  if (found.endpoint == nullptr) {
    HttpResponse refused = problem(405, "only " + found.allowed + " is answered here");
    refused.headers.emplace("Allow", found.allowed);
    return not_cached(std::move(refused));
  }
  if (found.endpoint->asked == Endpoint::Asked::edge) return std::nullopt;
  try {
    return not_cached(call(*found.endpoint, found.in_path, request));
  } catch (const Refused& refused) {
    return not_cached(problem(refused.status, refused.what()));
  } catch (const NotReachable& silent) {
    return not_cached(problem(503, silent.what()));
  }
}

HttpResponse Api::call(const Endpoint& endpoint, const std::string& in_path, const HttpRequest& request) {
  const auto [given, wrong] = read_arguments(endpoint.parameters, in_path, request.query);
  if (!wrong.empty()) return problem(400, wrong);
  HttpResponse response;
  response.body = endpoint.ask != nullptr ? ask(endpoint, given, request)
                                          : endpoint.answer({given, bus_, *journal_, model_, events_});
  return response;
}

std::string Api::ask(const Endpoint& endpoint, const Arguments& given, const HttpRequest& request) {
  const auto body = body_of(endpoint, request);
  v1::Request question;
  if (const std::string wrong = endpoint.ask(given, body.get(), question); !wrong.empty())
    throw Refused{400, wrong};
  const v1::Reply reply =
      told(endpoint.asked == Endpoint::Asked::broker ? bus_.ask_broker(std::move(question))
                                                     : bus_.ask_tracker(std::move(question)),
           endpoint.refused_as);
  EventWriter writer{events_};
  return message_json(told_in(reply, endpoint), [&](const pb::Message& holder, const std::string& event) {
    return event_in(holder, event, writer);
  });
}

}  // namespace reel::gateway
