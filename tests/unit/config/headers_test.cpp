// Headers of one's own: what may be written, what it becomes, and that no value is ever told.
#include "config/headers.h"

#include <doctest/doctest.h>

#include <stdexcept>

#include "config_bench.h"

using namespace reel::config;

namespace {

Environment knows(std::map<std::string, std::string> variables) {
  return [variables = std::move(variables)](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional{found->second};
  };
}

// "Name: value" for each, or the sentence about what is wrong.
std::string sent(const Headers& headers, std::map<std::string, std::string> variables = {}) {
  try {
    std::string all;
    for (const auto& [name, value] : expanded(headers, knows(std::move(variables))))
      all += (all.empty() ? "" : "; ") + name + ": " + value;
    return all;
  } catch (const std::runtime_error& error) {
    return error.what();
  }
}

std::string of_headers(const std::string& headers) {
  return problem_of(
      "topics: {a: {type: A}}\nservices: {crm: {webhook: \"http://crm\", topics: [a], headers: " + headers +
      "}}\n");
}

}  // namespace

TEST_CASE("variables are replaced where they stand, and a $ alone stands for itself") {
  CHECK(sent({{"X-Plain", "a $5 {bill}"}}) == "X-Plain: a $5 {bill}");
  CHECK(sent({{"Authorization", "Bearer ${TOKEN}"}}, {{"TOKEN", "s3cret"}}) ==
        "Authorization: Bearer s3cret");
  CHECK(sent({{"X-Two", "${A}-${B_2}${A}"}}, {{"A", "1"}, {"B_2", ""}}) == "X-Two: 1-1");
  // What a variable holds is not looked into again.
  CHECK(sent({{"X-Once", "${A}"}}, {{"A", "${A}"}}) == "X-Once: ${A}");
}

TEST_CASE("a variable that is not set, or would break the request, is named; its value is not") {
  CHECK(sent({{"Authorization", "Bearer ${TOKEN}"}}) ==
        "header 'Authorization' needs the environment variable TOKEN, which is not set");
  CHECK(sent({{"Authorization", "${TOKEN}"}}, {{"TOKEN", "s3cret\nX-More: 1"}}) ==
        "header 'Authorization' has a line end or another character than plain ASCII once its variables are "
        "replaced");
  CHECK(sent({{"X-Long", "${A}${A}"}}, {{"A", std::string(5'000, 'a')}}) ==
        "header 'X-Long' has more than 8192 bytes once its variables are replaced");
}

TEST_CASE("the file keeps what is written, whatever the environment is") {
  const Model model = parse(R"(topics: {a: {type: A}}
services: {crm: {webhook: "http://crm", topics: [a], mode: binary, headers: {X-Key: "${NOT_SET_ANYWHERE}"}}}
)");
  const auto& crm = *model.services.at("crm").adapter;
  CHECK(crm.headers == Headers{{"X-Key", "${NOT_SET_ANYWHERE}"}});
  CHECK(crm.mode == CloudEventsMode::binary);
}

TEST_CASE("names and values that cannot be sent are refused, each with its place") {
  CHECK(of_headers("{X-Key: abc}") == "valid");
  CHECK(of_headers("{\"X Key\": abc}") == R"(reel.yaml:2:64: header 'X Key' is no name of an HTTP header
  services: {crm: {webhook: "http://crm", topics: [a], headers: {"X Key": abc}}}
                                                                 ^
)");
  CHECK(of_headers("{Content-type: text/plain}") ==
        R"(reel.yaml:2:64: header 'Content-type' is set by Reel itself
  services: {crm: {webhook: "http://crm", topics: [a], headers: {Content-type: text/plain}}}
                                                                 ^
)");
  CHECK(of_headers("{ce-id: mine}").find("header 'ce-id' is set by Reel itself") != std::string::npos);
  CHECK(
      of_headers("{X-Key: \"Bearer ${TOKEN\"}") ==
      R"(reel.yaml:2:71: 'services.crm.headers.X-Key' has a '${' that is not followed by the name of an environment variable and '}'
  services: {crm: {webhook: "http://crm", topics: [a], headers: {X-Key: "Bearer ${TOKEN"}}}
                                                                        ^
)");
  CHECK(of_headers("{X-Key: \"a\\nb\"}").find("has a line end or another character than plain ASCII") !=
        std::string::npos);
}

TEST_CASE("headers and mode are for webhooks, traces' settings for traces") {
  const auto with = [](const std::string& rest) {
    return problem_of("topics: {a: {type: A}}\n" + rest + "\n");
  };
  CHECK(with("services: {crm: {exec: [/bin/true], topics: [a], headers: {X-Key: abc}}}")
            .find("'headers' is for services with 'webhook'\n") != std::string::npos);
  CHECK(with("services: {crm: {headers: {X-Key: abc}}}")
            .find("'headers' is for services with 'webhook' or 'exec'\n") != std::string::npos);
  CHECK(with("services: {crm: {webhook: \"http://a\", topics: [a], mode: batched}}")
            .find("'services.crm.mode' is batched, must be structured or binary") != std::string::npos);
  CHECK(with("traces: {sample: 10%}").find("'sample' is for 'otlp': the URL that traces are sent to") !=
        std::string::npos);
  CHECK(with("traces: {otlp: \"http://127.0.0.1:4318/v1/traces\", sample: 10%}") == "valid");
}
