// The HTTP edge: which request is whose, who works on it, and what may wait for what.
//
//   Edge edge{mesh, {.bus = bus, .publisher = publisher, .feeds = feeds, …}};
//   HttpServer server{mesh.model.gateway, edge.duties()};
//
//   POST /v1/events              the server's thread reads small ones, two threads the others; the thread of
//                                the publisher answers
//   GET  /v1/events/stream       feeds; no thread
//   …/wait, POST …?wait=         a thread each, up to gateway.waits_max
//   everything else of /v1/      gateway.queries_max threads
//   /healthz                     the server's thread, at once
//   /readyz, /metrics            a thread of their own, so that they tell also where all others are busy
//   the rest                     files in memory, at once
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/mesh.h"
#include "gateway/bus.h"
#include "gateway/events/cloud_events_http.h"
#include "gateway/events/feeds.h"
#include "gateway/events/gathering.h"
#include "gateway/events/intake.h"
#include "gateway/health/request_times.h"
#include "gateway/http/crew.h"
#include "gateway/http/gatekeeper.h"
#include "gateway/http/server.h"
#include "gateway/http/static_files.h"
#include "gateway/wait_request.h"

namespace reel::gateway {

/// A gateway that is read-only refuses every request that would change anything, events among them.
enum class Access : std::uint8_t { all, read_only };

/// Whom the edge hands requests on to. All outlive it; functions may be called on any thread.
struct EdgeParts {
  Bus& bus;
  Publisher& publisher;
  Feeds& feeds;
  const StaticFiles& console;
  RequestTimes& request_times;
  Access access = Access::all;
  /// The system's own among them.
  TopicTypes topic_types;
  /// Queries and commands as JSON. Nothing: not its path.
  std::function<std::optional<HttpResponse>(const HttpRequest&)> api;
  WaitJson wait_json;
  /// Calls something after the server's turn; see gathering.h.
  Gathering::Later after_turn;
  std::function<HttpResponse()> readiness;
  std::function<HttpResponse()> metrics;
};

class Edge {
 public:
  Edge(const config::Mesh& mesh, EdgeParts parts);

  /// For the server. The edge outlives it.
  [[nodiscard]] HttpDuties duties();
  /// Once the server has stopped: nobody here works on. What the publisher still has to tell is told to the
  /// edge, which outlives it.
  void stop();

 private:
  [[nodiscard]] std::optional<HttpResponse> admit(const HttpRequest& head) const;
  void handle(const std::shared_ptr<Exchange>& exchange);
  void publish(const std::shared_ptr<Exchange>& exchange);
  void offer(const std::shared_ptr<Exchange>& exchange, const CloudEventsHttp& binding,
             const std::optional<WaitWish>& wanted);
  void settle(const std::shared_ptr<Exchange>& exchange, const Intake& intake,
              const std::optional<WaitWish>& wanted);
  void stream(const std::shared_ptr<Exchange>& exchange);
  void watch(const std::shared_ptr<Exchange>& exchange);
  void query(const std::shared_ptr<Exchange>& exchange);
  [[nodiscard]] HttpResponse alive() const;
  [[nodiscard]] HttpResponse answer_query(const HttpRequest& request) const;

  const config::Gateway settings_;
  const EdgeParts parts_;
  const Gatekeeper gatekeeper_;
  std::vector<std::unique_ptr<CloudEventsHttp>>
      bindings_;  // one for each reading thread, then the server's own
  Gathering gathering_;
  Crew watching_;
  Crew querying_;
  Crew waiting_;
  Crew reading_;
};

}  // namespace reel::gateway
