// One HTTP exchange as plain values, so that what the gateway answers is decided, and tested, without a
// socket.
//
//   HttpResponse answer(const HttpRequest& request) {
//     if (request.method != "GET") return problem(405, "only GET is answered here");
//     return {.body = "{}"};
//   }
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace reel::gateway {

struct HttpRequest {
  std::string method;  ///< "GET"
  std::string path;    ///< as it was sent, without the query: "/v1/flows/order%207"
  std::multimap<std::string, std::string> query;
  std::multimap<std::string, std::string> headers;  ///< names in lower case
  std::string body;

  /// The first value of that name; nothing where there is none.
  [[nodiscard]] std::optional<std::string_view> parameter(const std::string& name) const;
  [[nodiscard]] std::optional<std::string_view> header(const std::string& name) const;
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::multimap<std::string, std::string> headers;
  /// Instead of `body`: one text that many answers have, which costs no memory for each of them.
  std::shared_ptr<const std::string> shared_body;

  [[nodiscard]] const std::string& text() const { return shared_body ? *shared_body : body; }
};

/// Problem details of RFC 9457: `detail` is one sentence for people, `title` is the status's own. Further
/// members stand as `extra`, a JSON object's inside: `"attribute":"time"`.
[[nodiscard]] HttpResponse problem(int status, std::string_view detail, std::string_view extra = {});

}  // namespace reel::gateway
