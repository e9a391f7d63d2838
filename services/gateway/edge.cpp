#include "gateway/edge.h"

#include <spdlog/spdlog.h>

#include "event/media_type.h"
#include "event/quoted_text.h"
#include "gateway/bus_clients.h"

namespace reel::gateway {
namespace {

using namespace std::chrono_literals;

/// An event this small is read by the server's thread: it takes some ten microseconds, and handing it on as
/// many. Larger ones would keep others waiting.
constexpr std::size_t read_at_once_bytes_max = 4u << 10;
/// Threads that read those.
constexpr std::size_t reading_threads = 2;
/// Those who ask how the gateway is are few, and wait for one another.
constexpr CrewSize watching_size{.threads = 1, .waiting_max = 16};
constexpr const char* retry_after_s = "1";

constexpr std::string_view events_path = "/v1/events";
constexpr std::string_view stream_path = "/v1/events/stream";

HttpResponse not_allowed(const std::string& allowed) {
  auto refusal = problem(405, "only " + allowed + " is answered here");
  refusal.headers.emplace("Allow", allowed);
  return refusal;
}

// One behind us does not answer.
HttpResponse silent(const std::string& what) {
  auto refusal = problem(503, what);
  refusal.headers.emplace("Retry-After", retry_after_s);
  return refusal;
}

HttpResponse busy(const std::string& what) {
  auto refusal = problem(503, what, R"("part":"gateway")");
  refusal.headers.emplace("Retry-After", retry_after_s);
  return refusal;
}

// A thread of a crew outlives what it works on: with no descriptors left, say, one request fails and not all.
template <typename Work>
void answer(Exchange& exchange, Work work) try {
  exchange.answer(work());
} catch (const NotReachable& error) {
  exchange.answer(silent(error.what()));
} catch (const std::exception& error) {
  spdlog::error("request_failed path={} error={}", in_quotes(exchange.request().path), error.what());
  exchange.answer(problem(500, "the gateway failed at this request"));
}

bool is_api_path(std::string_view path) {
  return path.starts_with("/v1/") || path == "/openapi.json";
}

bool is_state_changing(std::string_view method) {
  return method != "GET" && method != "HEAD" && method != "OPTIONS";
}

// What the edge itself serves, and how it may be asked for.
std::optional<HttpResponse> wrong_method(const HttpRequest& head) {
  const bool get = head.method == "GET" || head.method == "HEAD";
  if (head.path == events_path)
    return head.method == "POST" ? std::nullopt : std::optional{not_allowed("POST")};
  const bool ours = head.path == stream_path || head.path == "/healthz" || head.path == "/readyz" ||
                    head.path == "/metrics" || !is_api_path(head.path);
  return ours && !get ? std::optional{not_allowed("GET, HEAD")} : std::nullopt;
}

// A form, which any page may send anywhere, is none of these.
std::optional<HttpResponse> wrong_content(const HttpRequest& head) {
  if (!is_state_changing(head.method) || !is_api_path(head.path) || head.path == events_path)
    return std::nullopt;
  const auto written = head.header("content-type");
  const auto type = written ? parse_media_type(*written) : std::nullopt;
  if (type && type->name == "application/json" && type->is_utf8()) return std::nullopt;
  return problem(415, "Content-Type must be application/json, in UTF-8");
}

}  // namespace

Edge::Edge(const config::Mesh& mesh, EdgeParts parts)
    : settings_{mesh.model.gateway},
      parts_{std::move(parts)},
      gatekeeper_{settings_},
      gathering_{parts_.after_turn},
      watching_{watching_size},
      querying_{{.threads = settings_.queries_max, .waiting_max = settings_.queries_waiting_max}},
      waiting_{{.threads = settings_.waits_max, .waiting_max = 0}},
      // As many wait as there are connections: each has one request under way.
      reading_{{.threads = reading_threads, .waiting_max = settings_.connections_max}} {
  for (std::size_t i = 0; i < reading_threads + 1; ++i)
    bindings_.push_back(std::make_unique<CloudEventsHttp>(
        mesh.schemas, parts_.topic_types, BindingLimits{.events_max = settings_.batch_events_max}));
}

HttpDuties Edge::duties() {
  return {.admit = [this](const HttpRequest& head) { return admit(head); },
          .handle = [this](std::shared_ptr<Exchange> exchange) { handle(exchange); },
          .answered =
              [this](const HttpRequest& request, int status, std::chrono::nanoseconds took) {
                parts_.request_times.note(request, status, took);
              }};
}

std::optional<HttpResponse> Edge::admit(const HttpRequest& head) const {
  if (auto refusal = gatekeeper_.refusal(head)) return refusal;
  if (auto refusal = wrong_method(head)) return refusal;
  if (parts_.access == Access::read_only && is_state_changing(head.method))
    return problem(403, "this gateway is read-only (--read-only): nothing is published or changed here");
  return wrong_content(head);
}

void Edge::handle(const std::shared_ptr<Exchange>& exchange) {
  const auto& path = exchange->request().path;
  if (path == events_path) return publish(exchange);
  if (path == stream_path) return stream(exchange);
  if (path == "/healthz") return exchange->answer(alive());
  if (path == "/readyz" || path == "/metrics") return watch(exchange);
  if (is_api_path(path)) return query(exchange);
  exchange->answer(parts_.console.answer(exchange->request()));
}

void Edge::publish(const std::shared_ptr<Exchange>& exchange) {
  auto wait = read_wait_request(exchange->request());
  if (const auto* refusal = std::get_if<HttpResponse>(&wait)) return exchange->answer(*refusal);
  const auto& wanted = std::get<std::optional<WaitWish>>(wait);
  if (exchange->request().body.size() <= read_at_once_bytes_max) {
    offer(exchange, *bindings_.back(), wanted);
    return;
  }
  const bool taken = reading_.take(
      [this, exchange, wanted](std::size_t thread) { offer(exchange, *bindings_[thread], wanted); });
  if (!taken) exchange->answer(busy("too many requests wait to be read"));
}

void Edge::stop() {
  for (Crew* crew : {&reading_, &querying_, &waiting_, &watching_}) crew->stop();
  gathering_.stop();
}

void Edge::offer(const std::shared_ptr<Exchange>& exchange, const CloudEventsHttp& binding,
                 const std::optional<WaitWish>& wanted) {
  const std::size_t bytes = exchange->request().body.size();
  auto read = binding.read(exchange->request());
  if (read.refused) return exchange->answer(answer_of(*read.refused));
  if (wanted && read.batch)
    return exchange->answer(problem(400, "wait: is for one event, a batch may be of many flows"));
  auto intake = std::make_shared<Intake>(std::move(read));
  // Before the offer, which may be answered at once. A tracker that is silent ends the wait itself.
  const auto patience =
      settings_.publish_timeout + (wanted ? wanted->timeout + BusClients::ask_timeout : 0ms);
  exchange->answer_after(patience, [intake] { return intake->answer(); });
  gathering_.offer(bytes, [this, exchange, intake, wanted] {
    intake->offer(
        [this](const Outgoing& event, PublishCallback callback) {
          parts_.publisher.publish_async(event, std::move(callback));
        },
        [this, exchange, intake, wanted] {
          settle(exchange, *intake, wanted);
          gathering_.answered();
        });
  });
}

void Edge::settle(const std::shared_ptr<Exchange>& exchange, const Intake& intake,
                  const std::optional<WaitWish>& wanted) {
  const auto taken = intake.taken();
  if (!wanted || !taken) return exchange->answer(intake.answer());
  // On the publisher's thread, which must not wait.
  const bool waits = waiting_.take([this, exchange, taken = *taken, wish = *wanted](std::size_t) {
    answer(*exchange, [&] { return waited(taken, wish, parts_.bus, parts_.wait_json); });
  });
  if (!waits) exchange->answer(not_waited(*taken, "too many requests wait for a flow (gateway.waits_max)"));
}

void Edge::stream(const std::shared_ptr<Exchange>& exchange) {
  auto wanted = read_stream_request(exchange->request());
  if (const auto* refusal = std::get_if<HttpResponse>(&wanted)) return exchange->answer(*refusal);
  auto opened = parts_.feeds.open(std::get<StreamRequest>(wanted));
  if (const auto* refusal = std::get_if<HttpResponse>(&opened)) return exchange->answer(*refusal);
  exchange->stream(std::get<std::shared_ptr<TextSource>>(std::move(opened)));
}

void Edge::watch(const std::shared_ptr<Exchange>& exchange) {
  const bool taken = watching_.take([this, exchange](std::size_t) {
    answer(*exchange,
           [&] { return exchange->request().path == "/readyz" ? parts_.readiness() : parts_.metrics(); });
  });
  if (!taken) exchange->answer(busy("too many ask how the gateway is"));
}

void Edge::query(const std::shared_ptr<Exchange>& exchange) {
  const auto& path = exchange->request().path;
  Crew& crew = path.starts_with("/v1/flows/") && path.ends_with("/wait") ? waiting_ : querying_;
  const bool taken = crew.take([this, exchange](std::size_t) {
    answer(*exchange, [&] { return answer_query(exchange->request()); });
  });
  if (!taken)
    exchange->answer(
        busy("too many requests wait for broker and tracker (gateway.queries_max, gateway.waits_max)"));
}

HttpResponse Edge::alive() const {
  const bool read_only = parts_.access == Access::read_only;
  return {
      200, "application/json", read_only ? R"({"status":"up","read_only":true})" : R"({"status":"up"})", {}};
}

HttpResponse Edge::answer_query(const HttpRequest& request) const {
  if (parts_.api) {
    if (auto response = parts_.api(request)) return *std::move(response);
  }
  return problem(404, "there is nothing at " + in_quotes(request.path));
}

}  // namespace reel::gateway
