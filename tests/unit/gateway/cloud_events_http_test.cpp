// CloudEvents over HTTP: each rule of the HTTP binding, and what comes of breaking it.
#include "gateway/events/cloud_events_http.h"

#include <doctest/doctest.h>

#include "event/schema_set.h"

using namespace reel;
using namespace reel::gateway;

namespace {

/// A binding for three topics, and requests in few words.
struct BindingBench {
  SchemaSet schemas;
  CloudEventsHttp binding{schemas,
                          {{"greeting.sent", "google.protobuf.StringValue"},
                           {"order.placed", "google.protobuf.Struct"},
                           {"reel.flow.overdue", "google.protobuf.StringValue"}},
                          {.events_max = 3}};

  [[nodiscard]] static HttpRequest post(const std::string& content_type, const std::string& body) {
    HttpRequest request;
    request.method = "POST";
    request.path = "/v1/events";
    if (!content_type.empty()) request.headers.emplace("content-type", content_type);
    request.body = body;
    return request;
  }
  [[nodiscard]] static HttpRequest binary(const std::string& body = R"("hello")",
                                          const std::string& content_type = "application/json") {
    auto request = post(content_type, body);
    request.headers.emplace("ce-specversion", "1.0");
    request.headers.emplace("ce-id", "e-1");
    request.headers.emplace("ce-source", "/shop");
    request.headers.emplace("ce-type", "greeting.sent");
    return request;
  }
  [[nodiscard]] static HttpRequest with(HttpRequest request, const std::string& header,
                                        const std::string& value) {
    request.headers.erase(header);
    request.headers.emplace(header, value);
    return request;
  }
  [[nodiscard]] static HttpRequest structured(const std::string& members) {
    return post("application/cloudevents+json",
                R"({"specversion":"1.0","id":"e-1","source":"/shop","type":"greeting.sent")" + members + "}");
  }

  /// The one event; fails the test where there is none.
  [[nodiscard]] EventDraft event(const HttpRequest& request) const {
    const auto read = binding.read(request);
    REQUIRE_MESSAGE(!read.refused, (read.refused ? read.refused->text : ""));
    REQUIRE(read.entries.size() == 1);
    REQUIRE_MESSAGE(read.entries[0].event, read.entries[0].fault.text);
    return *read.entries[0].event;
  }
  /// "400 time: …": status, attribute and sentence of what is wrong.
  [[nodiscard]] std::string wrong(const HttpRequest& request) const {
    const auto read = binding.read(request);
    if (!read.refused && (read.entries.size() != 1 || read.entries[0].event)) return "nothing is wrong";
    const auto& fault = read.refused ? *read.refused : read.entries[0].fault;
    return std::to_string(fault.status) + " [" + fault.attribute + "] " + fault.text;
  }
};

}  // namespace

TEST_CASE("in binary mode the headers are the attributes and the body is the payload") {
  const BindingBench bench;
  auto request = BindingBench::binary();
  request.headers.emplace("ce-subject", "order-7");
  request.headers.emplace("ce-time", "2026-03-01T12:00:00Z");
  request.headers.emplace("ce-correlationid", "flow-7");
  request.headers.emplace("ce-causationid", "e-0");
  request.headers.emplace("ce-partitionkey", "k");
  request.headers.emplace("ce-delivertime", "2026-03-01T12:00:01Z");
  request.headers.emplace("ce-expirytime", "2026-03-01T12:00:02Z");
  request.headers.emplace("ce-traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
  request.headers.emplace("ce-tracestate", "a=b");
  request.headers.emplace("ce-tenant", "blue");
  const auto event = bench.event(request);
  CHECK(event.topic == "greeting.sent");
  CHECK(event.id == "e-1");
  CHECK(event.source == "/shop");
  CHECK(event.subject == "order-7");
  CHECK(event.time == 1'772'366'400'000'000'000u);
  CHECK(event.correlationid == "flow-7");
  CHECK(event.causationid == "e-0");
  CHECK(event.partitionkey == "k");
  CHECK(event.delivertime == event.time + 1'000'000'000u);
  CHECK(event.expirytime == event.time + 2'000'000'000u);
  CHECK(event.traceparent == "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
  CHECK(event.tracestate == "a=b");
  REQUIRE(event.attributes.size() == 1);
  CHECK(event.attributes[0] == std::pair<std::string, std::string>{"tenant", "blue"});
  CHECK(event.dataschema == "google.protobuf.StringValue");
  CHECK(event.data == "\x0a\x05hello");
}

TEST_CASE("the payload is JSON, or protobuf as it is") {
  const BindingBench bench;
  const std::string hello = "\x0a\x05hello";
  for (const char* type :
       {"application/json", "application/json; charset=utf-8", "application/json;charset=\"UTF-8\"",
        "Application/JSON ; Charset=utf-8; q=1", "text/vnd.greeting+json"}) {
    CAPTURE(type);
    CHECK(bench.event(BindingBench::binary(R"("hello")", type)).data == hello);
  }
  for (const char* type :
       {"application/protobuf", "application/x-protobuf", "application/protobuf; proto=x"}) {
    CAPTURE(type);
    CHECK(bench.event(BindingBench::binary(hello, type)).data == hello);
  }
  // No payload is a payload without anything in it.
  CHECK(bench.event(BindingBench::binary("", "application/json")).data.empty());
  CHECK(bench.event(BindingBench::binary("", "")).data.empty());
}

TEST_CASE("a header's value is unquoted, then decoded once, and is UTF-8") {
  CHECK(header_text("plain") == "plain");
  CHECK(header_text("Euro%20%E2%82%AC%20%F0%9F%98%80") == "Euro \u20ac \U0001F600");
  CHECK(header_text("%e2%82%ac") == "\u20ac");
  CHECK(header_text("%41") == "A");
  CHECK(header_text("\"quoted \\\" text\"") == "quoted \" text");
  CHECK(header_text("\"%20\"") == " ");
  CHECK(header_text("%2520") == "%20");  // one round
  CHECK(header_text("") == "");
  CHECK_FALSE(header_text("%C0%A0"));  // an overlong space
  CHECK_FALSE(header_text("%ED%A0%80"));
  CHECK_FALSE(header_text("100%"));
  CHECK_FALSE(header_text("%4"));
  CHECK_FALSE(header_text("%zz"));
  CHECK_FALSE(header_text("\"open"));
  CHECK_FALSE(header_text("\"closed\" and more"));
  CHECK_FALSE(header_text("\xff"));

  const BindingBench bench;
  CHECK(bench.event(BindingBench::with(BindingBench::binary(), "ce-subject", "Euro%20%E2%82%AC")).subject ==
        "Euro \u20ac");
  CHECK(bench.wrong(BindingBench::with(BindingBench::binary(), "ce-subject", "%C0%A0")) ==
        "400 [subject] header 'ce-subject' does not decode to UTF-8 text");
}

TEST_CASE("an event in binary mode that is none is refused, and the attribute is named") {
  const BindingBench bench;
  const auto without = [](const std::string& header) {
    auto request = BindingBench::binary();
    request.headers.erase(header);
    return request;
  };
  CHECK(bench.wrong(without("ce-id")) == "400 [id] id is missing: every CloudEvent has one");
  CHECK(bench.wrong(without("ce-source")) == "400 [source] source is missing: every CloudEvent has one");
  CHECK(bench.wrong(without("ce-type")) == "400 [type] type is missing: every CloudEvent has one");

  struct Case {
    const char* header;
    const char* value;
    const char* wrong;
  };
  const Case cases[] = {
      {"ce-specversion", "0.3", "400 [specversion] specversion: expected \"1.0\", got '\"0.3\"'"},
      {"ce-id", "", "400 [id] id is empty; leave it out where there is none"},
      {"ce-source", "", "400 [source] source is empty; leave it out where there is none"},
      {"ce-subject", "", "400 [subject] subject is empty; leave it out where there is none"},
      {"ce-time", "yesterday", "400 [time] time: 'yesterday' is not a time such as 2026-03-01T12:00:00Z"},
      {"ce-time", "", "400 [time] time is empty; leave it out where there is none"},
      {"ce-traceparent", "", "400 [traceparent] traceparent is empty; leave it out where there is none"},
      {"ce-correlationid", "",
       "400 [correlationid] correlationid is empty; leave it out where there is none"},
      {"ce-my_name", "x",
       "400 [my_name] attribute name 'my_name' may have only lower-case letters and digits"},
      {"ce-", "x", "400 [] an attribute's name is empty"},
      {"ce-datacontenttype", "application/json",
       "400 [datacontenttype] the payload's type stands in Content-Type, not in ce-datacontenttype"},
      {"ce-data", "x", "400 [data] in this mode the payload is the body, not a header"},
      {"ce-type", "greeting.*", "400 [type] topic 'greeting.*': wildcard '*' at position 10"},
      {"ce-type", "greeting.snt", "422 [type] unknown topic 'greeting.snt', did you mean 'greeting.sent'?"},
      {"ce-type", "reel.flow.overdue",
       "403 [type] topic reel.flow.overdue is the system's own: it alone publishes there"},
      {"ce-dataschema", "shop.v1.Other",
       "400 [dataschema] topic greeting.sent carries google.protobuf.StringValue, not shop.v1.Other"},
  };
  for (const auto& [header, value, wrong] : cases) {
    CAPTURE(header);
    CHECK(bench.wrong(BindingBench::with(BindingBench::binary(), header, value)) == wrong);
  }
  // An extension may be empty: it is a text.
  CHECK(bench.event(BindingBench::with(BindingBench::binary(), "ce-tenant", "")).attributes.at(0).second ==
        "");

  auto twice = BindingBench::binary();
  twice.headers.emplace("ce-id", "e-2");
  CHECK(bench.wrong(twice) == "400 [id] header 'ce-id' stands there twice");
}

TEST_CASE("a payload that is none is refused") {
  const BindingBench bench;
  CHECK(bench.wrong(BindingBench::binary("{", "application/json")).starts_with("400 [data] "));
  CHECK(bench.wrong(BindingBench::binary("17", "application/json")).starts_with("400 [data] "));
  CHECK(bench.wrong(BindingBench::binary("\x0a\x05hel", "application/protobuf"))
            .starts_with("400 [data] data: "));
  CHECK(bench.wrong(BindingBench::binary("hello", "text/plain")) ==
        "415 [datacontenttype] data is 'text/plain', only application/json and application/protobuf can be "
        "read");
  CHECK(bench.wrong(BindingBench::binary("hello", "")) ==
        "415 [datacontenttype] there is a body and no Content-Type that says what it is");
  CHECK(bench.wrong(BindingBench::binary("\"h\"", "application/json; charset=iso-8859-1")) ==
        "415 [datacontenttype] Content-Type 'application/json; charset=iso-8859-1': only UTF-8 is read");
  CHECK(bench.wrong(BindingBench::binary("\"h\"", "json")) ==
        "415 [datacontenttype] Content-Type 'json' is no media type");
  CHECK(bench.wrong(BindingBench::binary("\"h\"", "application/json; charset=\"")) ==
        "415 [datacontenttype] Content-Type 'application/json; charset=\"' is no media type");
  // Deeper than anything that is meant.
  CHECK(bench.wrong(BindingBench::binary(std::string(100'000, '['), "application/json"))
            .starts_with("400 [data] "));
}

TEST_CASE("in structured mode the body is the event") {
  const BindingBench bench;
  CHECK(bench.event(BindingBench::structured(R"(,"data":"hello")")).data == "\x0a\x05hello");
  CHECK(bench
            .event(BindingBench::structured(
                R"(,"data_base64":"CgVoZWxsbw==","datacontenttype":"application/protobuf")"))
            .data == "\x0a\x05hello");
  // null is as good as absent; the headers may repeat the attributes, and are not looked at.
  CHECK(bench
            .event(BindingBench::with(BindingBench::structured(R"(,"subject":null,"data":"hello")"), "ce-id",
                                      "other"))
            .id == "e-1");
  for (const char* type : {"application/cloudevents+json; charset=UTF-8", "APPLICATION/CloudEvents+JSON"}) {
    CAPTURE(type);
    CHECK(
        bench.event(BindingBench::with(BindingBench::structured(R"(,"data":"hello")"), "content-type", type))
            .id == "e-1");
  }

  CHECK(bench.wrong(BindingBench::structured(R"(,"subject":"")")) ==
        "400 [subject] subject is empty; leave it out where there is none");
  CHECK(bench.wrong(BindingBench::structured(R"(,"BadName":"x")")) ==
        "400 [BadName] attribute name 'BadName' may have only lower-case letters and digits");
  CHECK(bench.wrong(BindingBench::structured(R"(,"time":17)")) ==
        "400 [time] time: expected a string, got number");
  CHECK(bench.wrong(BindingBench::structured(R"(,"tenant":{})")) ==
        "400 [tenant] attribute 'tenant': expected a string, a number, true or false, got object");
  CHECK(bench.wrong(BindingBench::post("application/cloudevents+json",
                                       R"({"type":"greeting.sent","data":"hello"})")) ==
        "400 [specversion] specversion is missing: every CloudEvent has one");
  CHECK(bench.wrong(BindingBench::post("application/cloudevents+json", "[]")) ==
        "400 [] expected a JSON object, got array");
  CHECK(bench.wrong(BindingBench::post("application/cloudevents+json", "{")).starts_with("400 [] "));
  CHECK(bench.wrong(BindingBench::post("application/cloudevents+json", "")).starts_with("400 [] "));
  CHECK(bench.wrong(BindingBench::post("application/cloudevents+avro", "x"))
            .starts_with("415 [datacontenttype] of CloudEvents' formats only JSON is read"));
}

TEST_CASE("in batched mode each event is judged for itself") {
  const BindingBench bench;
  const std::string good =
      R"({"specversion":"1.0","id":"e-1","source":"/s","type":"greeting.sent","data":"a"})";
  const auto batch = [](const std::string& body) {
    return BindingBench::post("application/cloudevents-batch+json", body);
  };
  const auto read = bench.binding.read(batch("[" + good + R"(,{"specversion":"1.0","id":"e-2"},17])"));
  REQUIRE(!read.refused);
  CHECK(read.batch);
  REQUIRE(read.entries.size() == 3);
  CHECK(read.entries[0].event);
  CHECK(read.entries[1].fault.attribute == "source");
  CHECK(read.entries[2].fault.text == "expected a JSON object, got number");

  CHECK(bench.binding.read(batch("[]")).entries.empty());
  CHECK(bench.wrong(batch(good)) == "400 [] a batch is a JSON array, this is object");
  CHECK(bench.wrong(batch("[" + good + "," + good + "," + good + "," + good + "]")) ==
        "413 [] the batch has 4 events, at most 3 are taken (gateway.batch_events_max)");
}

TEST_CASE("plain JSON is the short form, which needs no more than a type") {
  const BindingBench bench;
  const auto event =
      bench.event(BindingBench::post("application/json", R"({"type":"greeting.sent","data":"hello"})"));
  CHECK(event.topic == "greeting.sent");
  CHECK(event.source == "http");
  CHECK(event.id.empty());  // made when it is published
  CHECK(bench.wrong(BindingBench::post("application/json", R"({"data":"hello"})")) ==
        "400 [type] type is missing: the topic to publish to");
  // With an attribute in a header it is binary mode, and of that nothing may be missing.
  auto binary = BindingBench::post("application/json", R"({"type":"greeting.sent","data":"hello"})");
  binary.headers.emplace("ce-id", "one");
  CHECK(bench.wrong(binary) == "400 [specversion] specversion is missing: every CloudEvent has one");
  // Anything else must be a CloudEvent.
  CHECK(bench.wrong(BindingBench::post("application/protobuf", "x")) ==
        "400 [specversion] specversion is missing: every CloudEvent has one");
}

TEST_CASE("the request's trace context counts where the event has none") {
  const BindingBench bench;
  const std::string parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  auto request = BindingBench::structured(R"(,"data":"hello")");
  request.headers.emplace("traceparent", parent);
  request.headers.emplace("tracestate", "vendor=1");
  CHECK(bench.event(request).traceparent == parent);
  CHECK(bench.event(request).tracestate == "vendor=1");

  const std::string own = "00-11111111111111111111111111111111-2222222222222222-00";
  auto with_own = BindingBench::structured(R"(,"data":"hello","traceparent":")" + own + "\"");
  with_own.headers.emplace("traceparent", parent);
  CHECK(bench.event(with_own).traceparent == own);

  // One that the W3C would not accept is none.
  for (const char* bad : {"", "00-0", "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
                          "00-00000000000000000000000000000000-b7ad6b7169203331-01",
                          "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
                          "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
                          "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more"}) {
    CAPTURE(bad);
    CHECK_FALSE(is_traceparent(bad));
    CHECK(bench.event(BindingBench::with(request, "traceparent", bad)).traceparent.empty());
  }
  CHECK(is_traceparent("01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more"));
}
