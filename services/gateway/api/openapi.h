// The OpenAPI 3.1 document of the whole HTTP interface, from the table of endpoints and the messages'
// descriptors: what `reel-gateway --openapi` prints, GET /openapi.json answers, and
// services/gateway/openapi.json is a copy of, for those who generate clients.
#pragma once

#include <string>

namespace reel::gateway {

struct Call;

/// Indented, with a line break at its end.
[[nodiscard]] const std::string& openapi_document();

[[nodiscard]] std::string answer_openapi(const Call& call);

}  // namespace reel::gateway
