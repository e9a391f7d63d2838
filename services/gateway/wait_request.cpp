#include "gateway/wait_request.h"

#include <nlohmann/json.hpp>

#include "config/units.h"
#include "event/quoted_text.h"
#include "gateway/events/intake.h"

namespace reel::gateway {
namespace {

HttpResponse with_member(const PublishResult& published, const std::string& name,
                         const std::string& json_text) {
  auto response = answer_of(EntryResult{std::nullopt, published});
  response.body.pop_back();  // the brace: the object goes on
  response.body += ",\"" + name + "\":" + json_text + "}";
  return response;
}

HttpResponse wrong(const std::string& what, const std::string& parameter) {
  return problem(400, parameter + ": " + what, "\"parameter\":\"" + parameter + "\"");
}

}  // namespace

std::variant<std::optional<WaitWish>, HttpResponse> read_wait_request(const HttpRequest& request) {
  for (const auto& [name, value] : request.query) {
    if (name != "wait" && name != "timeout")
      return problem(400, "there is no parameter " + in_quotes(name) + ", only wait and timeout");
  }
  const auto until = request.parameter("wait");
  const auto timeout = request.parameter("timeout");
  if (!until && timeout)
    return wrong("is for requests that wait (wait=completed or wait=settled)", "timeout");
  if (!until) return std::optional<WaitWish>{};
  WaitWish wish;
  if (*until == "completed") {
    wish.until = v1::WaitRequest::UNTIL_COMPLETED;
  } else if (*until != "settled") {
    return wrong(in_quotes(*until) + " is neither completed nor settled", "wait");
  }
  if (timeout) {
    const auto parsed = config::parse(config::durations, *timeout);  // 0 unless it is one
    const auto most = static_cast<std::uint64_t>(std::chrono::milliseconds{wait_max}.count());
    if (parsed.value == 0 || parsed.value > most)
      return wrong(in_quotes(*timeout) + " is no duration such as 500ms or 10s, of at most 1m", "timeout");
    wish.timeout = std::chrono::milliseconds{parsed.value};
  }
  return std::optional{wish};
}

HttpResponse waited(const PublishResult& published, const WaitWish& wish, Bus& bus,
                    const WaitJson& wait_json) try {
  if (published.correlationid.empty())
    return not_waited(published, "the flow of the first event is not known: send the correlationid along");
  v1::Request request;
  auto& wait = *request.mutable_wait();
  wait.set_correlationid(published.correlationid);
  wait.set_until(wish.until);
  wait.set_timeout_ms(static_cast<std::uint32_t>(wish.timeout.count()));
  wait.set_offset(published.offset);
  const auto reply = bus.ask_tracker(std::move(request));
  if (!reply.error().empty()) return not_waited(published, reply.error());
  return with_member(published, "wait", wait_json(reply.wait()));
} catch (const NotReachable& silent) {
  return not_waited(published, std::string{"the tracker does not answer: "} + silent.what());
}

HttpResponse not_waited(const PublishResult& published, const std::string& why) {
  return with_member(published, "wait_error",
                     nlohmann::json(why).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

}  // namespace reel::gateway
