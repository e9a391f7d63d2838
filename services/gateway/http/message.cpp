#include "gateway/http/message.h"

#include <nlohmann/json.hpp>

namespace reel::gateway {
namespace {

std::optional<std::string_view> first_of(const std::multimap<std::string, std::string>& values,
                                         const std::string& name) {
  const auto found = values.find(name);
  if (found == values.end()) return std::nullopt;
  return found->second;
}

std::string_view title_of(int status) {
  switch (status) {
    case 400: return "Bad Request";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 409: return "Conflict";
    case 413: return "Content Too Large";
    case 415: return "Unsupported Media Type";
    case 422: return "Unprocessable Content";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 502: return "Bad Gateway";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    default: return status < 500 ? "Refused" : "Internal Server Error";
  }
}

}  // namespace

std::optional<std::string_view> HttpRequest::parameter(const std::string& name) const {
  return first_of(query, name);
}

std::optional<std::string_view> HttpRequest::header(const std::string& name) const {
  return first_of(headers, name);
}

HttpResponse problem(int status, std::string_view detail, std::string_view extra) {
  nlohmann::ordered_json text{{"type", "about:blank"}, {"title", title_of(status)}, {"status", status}};
  text["detail"] = detail;
  std::string body = text.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  if (!extra.empty()) {
    body.pop_back();  // the brace: the object goes on
    body.append(",").append(extra).append("}");
  }
  return {status, "application/problem+json", std::move(body), {}};
}

}  // namespace reel::gateway
