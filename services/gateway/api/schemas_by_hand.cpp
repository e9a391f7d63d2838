// The schemas of what is no protobuf message.
#include "gateway/api/schemas.h"

namespace reel::gateway {
namespace {

constexpr auto common = R"({
  "Problem": {
    "description": "RFC 9457.",
    "type": "object",
    "properties": {
      "type": {"type": "string"},
      "title": {"type": "string"},
      "status": {"type": "integer"},
      "detail": {"type": "string", "description": "One sentence for people."},
      "outcome": {"type": "string", "description": "Of an event that was not taken: what became of it."},
      "reason": {"type": "string", "description": "Of an event that was not taken: the broker's, `unknown_topic`."},
      "attribute": {"type": "string", "description": "Of an event that was not taken: where it is wrong."},
      "part": {
        "type": "string",
        "enum": ["gateway"],
        "description": "Stands there where the gateway itself has too much to do, and not one of those behind it."
      }
    },
    "required": ["type", "title", "status", "detail"]
  },
  "CloudEvent": {
    "description": "CloudEvents 1.0, JSON format. `type` is the topic. Further attributes are texts.",
    "type": "object",
    "properties": {
      "specversion": {"type": "string"},
      "type": {"type": "string"},
      "source": {"type": "string"},
      "id": {"type": "string"},
      "subject": {"type": "string"},
      "time": {"type": "string", "format": "date-time"},
      "datacontenttype": {"type": "string"},
      "dataschema": {"type": "string", "description": "The payload's type, `shop.v1.OrderPlaced`."},
      "correlationid": {"type": "string", "description": "The flow it belongs to."},
      "causationid": {"type": "string"},
      "partitionkey": {"type": "string"},
      "traceparent": {"type": "string"},
      "tracestate": {"type": "string"},
      "delivertime": {"type": "string", "format": "date-time"},
      "expirytime": {"type": "string", "format": "date-time"},
      "reeloffset": {"type": "integer", "minimum": 0, "description": "Its place in the journal."},
      "recordedtime": {"type": "string", "format": "date-time", "description": "Log time."},
      "data": {"description": "The payload as protobuf JSON."},
      "data_base64": {"type": "string", "description": "Instead, where its type is not known."}
    },
    "required": ["type"]
  },
  "StoredEvent": {
    "type": "object",
    "properties": {"event": {"$ref": "#/components/schemas/CloudEvent"}},
    "required": ["event"]
  },
  "EventStory": {
    "description": "As `reel event -o json` prints it.",
    "type": "object",
    "properties": {
      "id": {"type": "string"},
      "type": {"type": "string"},
      "source": {"type": "string"},
      "correlationid": {"type": "string"},
      "causationid": {"type": "string"},
      "state": {"type": "string", "enum": ["dead", "parked", "retrying", "waiting", "settled", "unrouted"]},
      "reeloffset": {"type": "integer", "minimum": 0},
      "recordedtime": {"type": "string", "format": "date-time"},
      "led_to": {
        "type": "array",
        "items": {
          "type": "object",
          "properties": {
            "reeloffset": {"type": "integer", "minimum": 0},
            "recordedtime": {"type": "string", "format": "date-time"},
            "type": {"type": "string"},
            "id": {"type": "string"},
            "source": {"type": "string"}
          },
          "required": ["reeloffset", "recordedtime", "type", "id", "source"]
        }
      },
      "services": {"type": "array", "items": {"$ref": "#/components/schemas/PictureDelivery"}},
      "told_until": {"type": "string", "format": "date-time"}
    },
    "required": ["id", "type", "source", "correlationid", "state", "reeloffset", "recordedtime", "led_to", "services",
                 "told_until"]
  },
  "Explanation": {
    "type": "object",
    "properties": {
      "verdicts": {
        "type": "array",
        "items": {
          "type": "object",
          "properties": {
            "kind": {"type": "string", "enum": ["route", "service"]},
            "name": {"type": "string", "description": "The service, or the topic that the route derives."},
            "pattern": {"type": "string", "description": "Of topics."},
            "when": {"type": "string", "description": "JSON; only what this says yes to."},
            "matched": {"type": "boolean"},
            "path": {"type": "string", "description": "Where it does not match: the first field that said no."},
            "expected": {"type": "string"},
            "actual": {"type": "string"},
            "combinations": {"type": "integer", "minimum": 2, "description": "Ways in which the pattern could match; the path is of the one that came closest."}
          },
          "required": ["kind", "name", "pattern", "matched"]
        }
      }
    },
    "required": ["verdicts"]
  },
  "LastEvents": {
    "type": "object",
    "properties": {
      "events": {"type": "array", "items": {"$ref": "#/components/schemas/CloudEvent"}},
      "next": {"type": "string", "description": "`after` of the next page; empty: there is none."}
    },
    "required": ["events", "next"]
  },
  "DeadGroups": {
    "type": "object",
    "properties": {
      "groups": {
        "type": "array",
        "items": {
          "type": "object",
          "properties": {
            "service": {"type": "string"},
            "group": {"type": "string", "description": "What `reel dead --error` takes."},
            "error": {"type": "string", "description": "Without the numbers, ids and names in it."},
            "count": {"type": "integer", "minimum": 0},
            "first_failed_at": {"type": "string", "format": "date-time"},
            "last_failed_at": {"type": "string", "format": "date-time"},
            "example": {"type": "integer", "minimum": 0, "description": "Offset of the one that failed last."}
          },
          "required": ["service", "group", "error", "count", "first_failed_at", "last_failed_at", "example"]
        }
      },
      "looked_at": {"type": "integer", "minimum": 0, "description": "Letters that were counted."},
      "next": {"type": "integer", "minimum": 0, "description": "Not 0: there are more to count, from here."},
      "next_service": {"type": "string"}
    },
    "required": ["groups", "looked_at", "next", "next_service"]
  },
  "Trace": {"description": "An ExportTraceServiceRequest of OTLP, as JSON.", "type": "object"},
  "Spans": {
    "description": "Times of something: how many, and their percentiles, within 0.8 %. Null where there are none.",
    "type": "object",
    "properties": {
      "count": {"type": "integer", "minimum": 0},
      "least_ms": {"type": ["number", "null"]},
      "most_ms": {"type": ["number", "null"]},
      "p50_ms": {"type": ["number", "null"]},
      "p95_ms": {"type": ["number", "null"]},
      "p99_ms": {"type": ["number", "null"]}
    },
    "required": ["count", "least_ms", "most_ms", "p50_ms", "p95_ms", "p99_ms"]
  },
  "Openapi": {"description": "OpenAPI 3.1.", "type": "object"},
  "Schema": {
    "type": "object",
    "properties": {
      "type": {"type": "string"},
      "file": {"type": "string", "description": "The .proto file it is from."},
      "text": {"type": "string", "description": "The message, and behind it those it is made of, as a .proto file has them."},
      "topics": {"type": "array", "items": {"type": "string"}, "description": "Those whose payload it is."}
    },
    "required": ["type", "file", "text", "topics"]
  },
  "Published": {
    "type": "object",
    "properties": {
      "outcome": {"type": "string", "enum": ["accepted", "duplicate"]},
      "offset": {"type": "integer", "minimum": 0},
      "id": {"type": "string"},
      "correlationid": {"type": "string"},
      "matched": {"type": "integer", "minimum": 0, "description": "How many services get it."},
      "delayed": {"type": "boolean", "description": "It waits for its delivertime."},
      "wait": {"$ref": "#/components/schemas/WaitReply"},
      "wait_error": {"type": "string", "description": "Why the flow was not waited for to the end."}
    },
    "required": ["outcome", "offset", "id"]
  },
  "PublishedEntry": {
    "description": "Of a batch: an event that was published, or the problem it was refused with.",
    "type": "object",
    "properties": {
      "status": {"type": "integer"},
      "outcome": {"type": "string"},
      "offset": {"type": "integer", "minimum": 0},
      "id": {"type": "string"},
      "correlationid": {"type": "string"},
      "matched": {"type": "integer", "minimum": 0},
      "delayed": {"type": "boolean"},
      "reason": {"type": "string"},
      "attribute": {"type": "string"},
      "detail": {"type": "string"}
    }
  },
  "Readiness": {
    "type": "object",
    "properties": {
      "ready": {"type": "boolean"},
      "checks": {
        "type": "object",
        "additionalProperties": {
          "type": "object",
          "properties": {
            "ok": {"type": "boolean"},
            "detail": {"type": "string"},
            "lag_ms": {"type": "number"}
          },
          "required": ["ok"]
        }
      }
    },
    "required": ["ready", "checks"]
  }
})";

constexpr auto definitions = R"({
  "Definitions": {
    "type": "object",
    "properties": {
      "digest": {"type": "string", "description": "Of the configuration they stand in."},
      "definitions": {"type": "array", "items": {"$ref": "#/components/schemas/Definition"}}
    },
    "required": ["digest", "definitions"]
  },
  "Definition": {
    "description": "A flow definition as in reel.yaml (docs/flows.md). What is not said there is empty, null or 0.",
    "type": "object",
    "properties": {
      "name": {"type": "string"},
      "start": {"type": "string", "description": "The topic that makes a flow one of these; empty: any `after`."},
      "when": {"type": ["object", "null"], "description": "Pattern that the start event matches."},
      "end": {"type": "array", "items": {"type": "string"}},
      "within_ms": {"type": ["number", "null"]},
      "warn_at": {"type": "number", "description": "Share of the time after which a warning is given; 0: none."},
      "severity": {"$ref": "#/components/schemas/Severity"},
      "owner": {"type": "string"},
      "runbook": {"type": "string"},
      "on_overdue_publish": {"type": "string"},
      "correlate_by": {"type": "object", "additionalProperties": {"type": "string"}},
      "expectations": {"type": "array", "items": {"$ref": "#/components/schemas/DefinedExpectation"}}
    },
    "required": ["name", "start", "when", "end", "within_ms", "warn_at", "severity", "owner", "runbook",
                 "on_overdue_publish", "correlate_by", "expectations"]
  },
  "Severity": {"type": "string", "enum": ["", "info", "warning", "critical"]},
  "DefinedExpectation": {
    "description": "Exactly one of any_of, all_of and never is not empty. `flow NAME` in them is a sub-flow.",
    "type": "object",
    "properties": {
      "after": {"type": "string", "description": "Empty with `every_ms`."},
      "any_of": {"type": "array", "items": {"type": "string"}},
      "all_of": {"type": "array", "items": {"type": "string"}},
      "never": {"type": "array", "items": {"type": "string"}},
      "when": {"type": ["object", "null"], "description": "Pattern that the `after` event matches."},
      "where": {
        "type": "array",
        "items": {
          "type": "object",
          "properties": {
            "field": {"type": "string", "description": "Of the expected event."},
            "comparison": {"type": "string", "enum": ["=", "!=", "<", "<=", ">", ">="]},
            "after_field": {"type": "string", "description": "Of the `after` event."}
          },
          "required": ["field", "comparison", "after_field"]
        }
      },
      "each": {
        "anyOf": [
          {
            "type": "object",
            "properties": {"item": {"type": "string"}, "matches": {"type": "string"}},
            "required": ["item", "matches"]
          },
          {"type": "null"}
        ]
      },
      "at_least": {"type": "integer", "minimum": 0},
      "at_most": {"type": "integer", "minimum": 0},
      "not_before_ms": {"type": ["number", "null"]},
      "until": {"type": "array", "items": {"type": "string"}},
      "within_ms": {"type": ["number", "null"]},
      "from_start": {"type": "boolean"},
      "by": {"type": "string", "description": "Path in the `after` event of the time by which it is to come."},
      "extended_by": {"type": "array", "items": {"type": "string"}},
      "every_ms": {"type": ["number", "null"]},
      "per": {"type": "string"},
      "warn_at": {"type": "number"},
      "severity": {"$ref": "#/components/schemas/Severity"},
      "owner": {"type": "string"},
      "runbook": {"type": "string"}
    },
    "required": ["after", "any_of", "all_of", "never", "when", "where", "each", "at_least", "at_most",
                 "not_before_ms", "until", "within_ms", "from_start", "by", "extended_by", "every_ms", "per",
                 "warn_at", "severity", "owner", "runbook"]
  }
})";

constexpr auto picture = R"({
  "Picture": {
    "description": "What `reel flow ID -o json` prints. Without `longest` and `clocks` where deliveries could not be read.",
    "type": "object",
    "properties": {
      "correlationid": {"type": "string"},
      "state": {"$ref": "#/components/schemas/FlowState"},
      "definitions": {"type": "array", "items": {"type": "string"}},
      "events": {"type": "integer", "minimum": 0},
      "first_topic": {"type": "string"},
      "last_topic": {"type": "string"},
      "started_at": {"type": "string", "format": "date-time"},
      "last_at": {"type": "string", "format": "date-time"},
      "overdue": {"type": "array", "items": {"$ref": "#/components/schemas/PictureExpectation"}},
      "ends": {"type": "array", "items": {"type": "string"}},
      "parent": {"type": "string"},
      "watermark": {"type": "string", "format": "date-time"},
      "steps": {"type": "array", "items": {"$ref": "#/components/schemas/PictureStep"}},
      "expectations": {"type": "array", "items": {"$ref": "#/components/schemas/PictureExpectation"}},
      "next": {"type": "integer", "minimum": 0, "description": "`after` of the next page; 0: these are all steps."},
      "longest": {
        "description": "The longest part of any gap.",
        "anyOf": [
          {
            "type": "object",
            "properties": {
              "id": {"type": "string"},
              "part": {"type": ["string", "null"], "enum": ["wait", "retries", "handling", "publishing", null]},
              "ms": {"type": "number"}
            },
            "required": ["id", "part", "ms"]
          },
          {"type": "null"}
        ]
      },
      "clocks": {"type": "array", "items": {"$ref": "#/components/schemas/PictureClock"}}
    },
    "required": ["correlationid", "state", "definitions", "events", "first_topic", "last_topic", "started_at",
                 "last_at", "overdue", "ends", "watermark", "steps", "expectations", "next"]
  },
  "PictureStep": {
    "type": "object",
    "properties": {
      "reeloffset": {"type": "integer", "minimum": 0},
      "recordedtime": {"type": "string", "format": "date-time"},
      "id": {"type": "string"},
      "type": {"type": "string"},
      "source": {"type": "string"},
      "time": {"type": "string", "format": "date-time"},
      "causationid": {"type": "string"},
      "low_importance": {"type": "boolean", "description": "Views may leave it out until it is asked for."},
      "part": {
        "description": "A flow that is a part of this one began.",
        "type": "object",
        "properties": {"correlationid": {"type": "string"}, "state": {"$ref": "#/components/schemas/FlowState"}},
        "required": ["correlationid", "state"]
      },
      "gap": {"$ref": "#/components/schemas/PictureGap"},
      "services": {"type": "array", "items": {"$ref": "#/components/schemas/PictureDelivery"}}
    },
    "required": ["reeloffset", "recordedtime", "id", "type", "source", "time"]
  },
  "PictureGap": {
    "description": "From cause to effect, and where it is known of what it is made.",
    "type": "object",
    "properties": {
      "total_ms": {"type": "number"},
      "wait_ms": {"type": "number"},
      "retries_ms": {"type": "number"},
      "handling_ms": {"type": "number"},
      "publishing_ms": {"type": "number"}
    },
    "required": ["total_ms"]
  },
  "PictureDelivery": {
    "description": "What became of the event for one service.",
    "type": "object",
    "properties": {
      "service": {"type": "string"},
      "matched": {"type": "boolean"},
      "state": {
        "type": "string",
        "enum": ["waiting", "in_flight", "retrying", "acked", "dead", "parked", "expired", "discarded", "withdrawn",
                 "doubtful"]
      },
      "settled_at": {"type": "string", "format": "date-time"},
      "steps": {"type": "array", "items": {"$ref": "#/components/schemas/PictureDeliveryStep"}}
    },
    "required": ["service", "matched", "state", "steps"]
  },
  "PictureDeliveryStep": {
    "type": "object",
    "properties": {
      "what": {
        "type": "string",
        "enum": ["delivered", "acked", "nacked", "timed_out", "instance_lost", "dead", "expired", "parked", "redriven",
                 "resumed", "replayed", "discarded", "retry_now", "given_up", "paused", "unpaused", "forgotten",
                 "unsubscribed"]
      },
      "time": {"type": "string", "format": "date-time"},
      "record": {"type": "integer", "minimum": 0, "description": "Offset of the record that says so."},
      "instance": {"type": "string"},
      "delivery": {"type": "integer", "minimum": 0},
      "attempt": {"type": "integer", "minimum": 0},
      "error_type": {"type": "string"},
      "error": {"type": "string"},
      "until": {"type": "string", "format": "date-time"},
      "retry_at": {"type": "string", "format": "date-time"},
      "by": {"type": "string"},
      "note": {"type": "string"}
    },
    "required": ["what", "time", "record"]
  },
  "PictureExpectation": {
    "type": "object",
    "properties": {
      "verdict": {
        "type": "string",
        "enum": ["unknown", "waiting", "met", "overdue", "met late", "cancelled", "broken", "waived"]
      },
      "definition": {"type": "string"},
      "after": {"type": "string"},
      "expected": {"type": "array", "items": {"type": "string"}},
      "any_of": {"type": "boolean"},
      "missing": {"type": "array", "items": {"type": "string"}},
      "owner": {"type": "string"},
      "armed_at": {"type": "string", "format": "date-time"},
      "deadline": {"type": "string", "format": "date-time"},
      "settled_at": {"type": "string", "format": "date-time"},
      "late_ms": {"type": "integer", "minimum": 0},
      "left_ms": {"type": "integer", "minimum": 0},
      "after_id": {"type": "string"},
      "impossible": {"type": "boolean"},
      "never": {"type": "boolean"},
      "at_most": {"type": "integer", "minimum": 0},
      "not_before_ms": {"type": "integer", "minimum": 0},
      "needed": {"type": "integer", "minimum": 0},
      "seen": {"type": "integer", "minimum": 0},
      "missing_items": {"type": "array", "items": {"type": "string"}},
      "severity": {"type": "string"},
      "runbook": {"type": "string"}
    },
    "required": ["verdict", "definition", "after", "expected", "any_of", "missing", "owner", "armed_at"]
  },
  "PictureClock": {
    "description": "How far a service's clock is ahead of the broker's.",
    "type": "object",
    "properties": {
      "service": {"type": "string"},
      "events": {"type": "integer", "minimum": 0},
      "ahead_ms": {"type": "number"},
      "at_least_ms": {"type": "number"},
      "at_most_ms": {"type": ["number", "null"]},
      "contradictory": {"type": "boolean"}
    },
    "required": ["service", "events", "ahead_ms", "at_least_ms", "at_most_ms"]
  }
})";

}  // namespace

const Json& schemas_by_hand() {
  static const Json all = [] {
    Json schemas = Json::object();
    for (const auto* text : {common, definitions, picture}) schemas.update(Json::parse(text));
    return schemas;
  }();
  return all;
}

}  // namespace reel::gateway
