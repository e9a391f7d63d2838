// One endpoint of the HTTP interface, as a row of the table in endpoints.h: routing, the checking of
// parameters, the OpenAPI document and the tests all read it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/api/json_field.h"
#include "gateway/api/parameters.h"
#include "reel/v1/query.pb.h"

namespace google::protobuf {
class Message;
}

namespace reel::gateway {

struct Call;

struct Endpoint {
  enum class Asked : std::uint8_t {
    broker,
    tracker,
    gateway,  ///< answered here, `answer` says how
    edge,     ///< what speaks HTTP itself answers (publishing, streams, health): only described here
  };

  std::string_view method = "GET";
  std::string_view path;  ///< with at most one `{parameter}`
  std::string_view name;  ///< what clients call it: "listFlows"
  std::string_view summary;
  Asked asked = Asked::gateway;
  std::vector<Parameter> parameters = {};

  /// What the body must be; nullptr: there is none.
  const pb::Descriptor* body = nullptr;
  /// Of the 200 answer: the message that it is, or else the name of a schema in schemas.h.
  const pb::Descriptor* answer_type = nullptr;
  std::string_view answer_schema = {};

  /// The question to broker or tracker, from what was given. A sentence where that makes none.
  using Ask = std::string (*)(const Arguments& given, const pb::Message* body, v1::Request& question);
  Ask ask = nullptr;
  /// The status of what broker or tracker refuses.
  int refused_as = 422;

  /// The answer as JSON, where it is put together here. Throws Refused (api/call.h).
  using Answer = std::string (*)(const Call& call);
  Answer answer = nullptr;

  /// Of the edge's: what the OpenAPI operation says beyond this, as JSON that is merged into it.
  std::string_view described = {};
};

}  // namespace reel::gateway
