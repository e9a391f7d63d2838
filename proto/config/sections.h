// The sections of reel.yaml, each in a file of its own. Inside this folder only; load.h is the way in.
//
// They are read in the order of this page, which is not the file's: topics before what names topics, routes
// before the flows that may run through them.
#pragma once

#include <filesystem>
#include <optional>
#include <set>
#include <string>

#include "config/load.h"
#include "config/model.h"
#include "config/reader.h"

namespace reel::config {

/// What is known while the file is read.
struct Loading {
  Model& model;
  Problems& problems;
  /// Where relative paths start.
  std::filesystem::path folder;
  /// Message types a topic may have; nothing where they are not known.
  std::optional<std::set<std::string>> types;
  /// The type of this full name; empty where types are not known.
  TypeFinder find_type = nullptr;
  /// false where `topics` is missing or no map: then every topic would be unknown, which helps nobody.
  bool topics_known = true;
  Purpose purpose = Purpose::run;
};

void read_topics(Section& root, Loading& loading);  // topic_section.cpp
void read_routes(Section& root, Loading& loading);  // route_section.cpp
/// Before the services, since each target is one, with a policy of its own that the file may change.
void read_alerts(Section& root, Loading& loading);    // alert_section.cpp
void read_services(Section& root, Loading& loading);  // service_section.cpp
void read_flows(Section& root, Loading& loading);     // flow_section.cpp
void warn_of_retention(const Loading& loading);       // flow_section.cpp
void read_programs(Section& root, Loading& loading);  // program_section.cpp: broker, tracker, gateway
void read_traces(Section& root, Loading& loading);    // trace_section.cpp

/// The keys by which a service is an adapter, once its other keys are read. adapter_section.cpp
void read_adapter(Section& section, Service& service, const Loading& loading);

/// Where to reach outward: an http or https URL, with `headers` of one's own (headers.cpp); a program and its
/// arguments, without a shell.
void read_url(const Value& value, std::string& target);
void read_headers(Section& section, Headers& headers);
void read_command(const Value& value, std::vector<std::string>& target, const Loading& loading);

/// The topic that `value` names. An unknown one is a problem, and gives what was probably meant, so that one
/// slip is one problem; nothing where that is not clear.
[[nodiscard]] std::optional<std::string> read_topic_name(const Value& value, const Loading& loading);

/// What events on `topic` carry; nullptr where that is not known.
[[nodiscard]] const google::protobuf::Descriptor* type_of(const std::string& topic, const Loading& loading);

/// A topic of the file that the tracker can see, with the value that names it.
struct SeenTopic {
  std::string topic;
  Value value;
};
[[nodiscard]] std::optional<SeenTopic> read_seen_topic(const Value& value, const Loading& loading);
[[nodiscard]] std::vector<SeenTopic> read_seen_topics(const Value& value, const Loading& loading);

/// The path of a field in events of `topic`; empty where it is none.
[[nodiscard]] std::string read_field(const Value& value, const std::string& topic, const Loading& loading);
/// `severity`, `owner`, `runbook` and `warn_at`, which expectations and whole flows have.
struct Concern {
  double warn_at = 0;
  Severity severity = Severity::none;
  std::string owner;
  std::string runbook;
};
[[nodiscard]] Concern read_concern(Section& section);
/// One item of a flow's `expect`. `after` is the topic it begins with, where it has one.
struct ReadExpectation {
  Expectation expectation;
  std::optional<SeenTopic> after;
};
[[nodiscard]] ReadExpectation read_expectation(const Value& item, const Loading& loading);

/// An absolute path, from one relative to the file's folder.
[[nodiscard]] std::string resolved(const std::string& path, const Loading& loading);

}  // namespace reel::config
