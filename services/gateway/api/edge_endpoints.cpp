#include "gateway/api/edge_endpoints.h"

#include "gateway/api/questions.h"

namespace reel::gateway {
namespace {

using Asked = Endpoint::Asked;
using Kind = Parameter::Kind;

constexpr auto publishing = R"({
  "description": "CloudEvents 1.0 over HTTP in its three modes. Binary: attributes are headers `ce-*`, the body is the payload. Structured: one event as JSON. Batched: an array of them. Publishing the same (source, id) again answers with the first one's offset.",
  "requestBody": {
    "required": true,
    "content": {
      "application/cloudevents+json": {"schema": {"$ref": "#/components/schemas/CloudEvent"}},
      "application/cloudevents-batch+json": {
        "schema": {"type": "array", "items": {"$ref": "#/components/schemas/CloudEvent"}}
      },
      "application/json": {"schema": {"description": "Binary mode: the payload as protobuf JSON."}},
      "application/protobuf": {
        "schema": {"type": "string", "format": "binary", "description": "Binary mode: the payload, encoded."}
      }
    }
  },
  "responses": {
    "200": {
      "description": "It was there already: this is what became of it then.",
      "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Published"}}}
    },
    "202": {
      "description": "Accepted; an array, an entry for each event, for a batch.",
      "content": {
        "application/json": {
          "schema": {
            "anyOf": [
              {"$ref": "#/components/schemas/Published"},
              {"type": "array", "items": {"$ref": "#/components/schemas/PublishedEntry"}}
            ]
          }
        }
      }
    },
    "207": {
      "description": "Of a batch, not all: an entry for each event says which.",
      "content": {
        "application/json": {
          "schema": {"type": "array", "items": {"$ref": "#/components/schemas/PublishedEntry"}}
        }
      }
    },
    "429": {"$ref": "#/components/responses/Problem"},
    "503": {"$ref": "#/components/responses/Problem"}
  }
})";

constexpr auto streaming = R"({
  "description": "Each event has its offset as `id` and one CloudEvents object as `data`; who returns with Last-Event-ID goes on behind it. An event `gap` names offsets that did not come and never will, and its `detail` says why: the journal no longer has them, or its broker came back without them. Comments come while nothing happens, with an `id` where all up to there has come.",
  "responses": {
    "200": {
      "description": "Server-sent events.",
      "content": {"text/event-stream": {"schema": {"type": "string"}}}
    }
  }
})";

constexpr auto alive = R"({
  "responses": {
    "200": {
      "description": "The process answers.",
      "content": {"application/json": {"schema": {
        "type": "object",
        "properties": {
          "status": {"type": "string"},
          "read_only": {"type": "boolean", "description": "Nothing is published or changed here: `--read-only`."}
        },
        "required": ["status"]
      }}}
    }
  }
})";

constexpr auto readiness = R"({
  "responses": {
    "200": {
      "description": "All checks hold.",
      "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Readiness"}}}
    },
    "503": {
      "description": "One does not.",
      "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Readiness"}}}
    }
  }
})";

constexpr auto metrics = R"({
  "responses": {
    "200": {
      "description": "Prometheus' text format.",
      "content": {"text/plain": {"schema": {"type": "string"}}}
    }
  }
})";

}  // namespace

std::vector<Endpoint> edge_endpoints() {
  return {
      {.method = "POST",
       .path = "/v1/events",
       .name = "publish",
       .summary = "Publishes one event, or a batch.",
       .asked = Asked::edge,
       .parameters = {{.name = "wait",
                       .kind = Kind::word,
                       .help = "Answer when the flow has come so far, with the flow.",
                       .words = {"settled", "completed"}},
                      {.name = "timeout",
                       .kind = Kind::duration,
                       .help = "How long to wait, 10s where it is not given.",
                       .most = wait_timeout_ms_max,
                       .otherwise = 10'000}},
       .described = publishing},
      {.path = "/v1/events/stream",
       .name = "streamEvents",
       .summary = "Events as they come, as server-sent events.",
       .asked = Asked::edge,
       .parameters = {{.name = "topics",
                       .help = "Patterns, with commas between them; everything where it is not given.",
                       .text_bytes_max = 8'192},
                      {.name = "from", .help = "`latest`, `earliest` or an offset."}},
       .described = streaming},
      {.path = "/healthz",
       .name = "getHealth",
       .summary = "Whether the gateway answers.",
       .asked = Asked::edge,
       .described = alive},
      {.path = "/readyz",
       .name = "getReadiness",
       .summary = "Whether broker and tracker can do their work.",
       .asked = Asked::edge,
       .described = readiness},
      {.path = "/metrics",
       .name = "getMetrics",
       .summary = "Figures for Prometheus.",
       .asked = Asked::edge,
       .described = metrics},
  };
}

}  // namespace reel::gateway
