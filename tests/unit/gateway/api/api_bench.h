// An Api between a bus of cardboard and a request of one line.
//
//   ApiBench bench;
//   bench.bus.broker.mutable_status()->set_version("1");
//   const Answer answer = bench.get("/v1/status");
//   CHECK(answer.status == 200);
//   CHECK(answer.json["version"] == "1");
#pragma once

#include <nlohmann/json.hpp>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "../../cli/audit/journal_in_words.h"
#include "config/model.h"
#include "gateway/api/api.h"
#include "gateway/bus.h"
#include "story/journal.h"

namespace reel::test {

using Json = nlohmann::ordered_json;

/// 2026-03-01T12:00:00Z
inline constexpr std::uint64_t noon = 1'772'366'400'000'000'000;

/// A reel.v1.Event whose payload is a google.protobuf.StringValue.
[[nodiscard]] std::string encoded_event(const std::string& text);

/// Answers each question with a message of its kind that is filled, or empty, or as a test has said.
class FakeBus : public gateway::Bus {
 public:
  v1::Reply ask_broker(v1::Request request) override {
    return answer(std::move(request), broker_is_there, "broker");
  }
  v1::Reply ask_tracker(v1::Request request) override {
    return answer(std::move(request), tracker_is_there, "tracker");
  }

  bool broker_is_there = true;
  bool tracker_is_there = true;
  /// Whether answers have something in every field.
  bool filled = true;
  /// What it refuses with, where that is not empty.
  std::string error;
  /// Instead of what it makes up.
  std::function<void(const v1::Request&, v1::Reply&)> tell;
  /// The questions, but for those about schemas.
  std::vector<v1::Request> asked;
  int asked_for_schemas = 0;
  v1::SchemasReply schemas;

 private:
  v1::Reply answer(v1::Request request, bool there, const std::string& who);
};

/// The events of a little journal in words.
class FakeJournal : public story::Journal {
 public:
  explicit FakeJournal(std::shared_ptr<JournalInWords> words) : words_{std::move(words)} {}
  std::uint64_t read(const story::JournalReading& reading,
                     const std::function<bool(const StreamEvent&)>& each) const override;

 private:
  std::shared_ptr<JournalInWords> words_;
};

struct Answer {
  int status = 0;
  Json json;
  std::string text;
  std::string type;
  std::multimap<std::string, std::string> headers;
  /// Of a problem document.
  [[nodiscard]] std::string detail() const { return json.value("detail", ""); }
};

class ApiBench {
 public:
  explicit ApiBench(const std::string& journal = "order.placed");

  FakeBus bus;
  config::Model model;
  JournalInWords& journal() { return *words_; }

  /// "/v1/flows?state=open&limit=3"; no percent signs in it.
  Answer get(const std::string& target) { return send("GET", target); }
  Answer post(const std::string& target, const std::string& body,
              const std::string& content_type = "application/json");
  Answer send(const std::string& method, const std::string& target, const std::string& body = "",
              const std::string& content_type = "");
  /// Whether it is a path of the API's at all.
  bool takes(const std::string& method, const std::string& path);

 private:
  std::shared_ptr<JournalInWords> words_;
  gateway::Api api_;
};

}  // namespace reel::test
