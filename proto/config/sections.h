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
};

void read_topics(Section& root, Loading& loading);    // topic_section.cpp
void read_routes(Section& root, Loading& loading);    // route_section.cpp
void read_services(Section& root, Loading& loading);  // service_section.cpp
void read_flows(Section& root, Loading& loading);     // flow_section.cpp
void read_programs(Section& root, Loading& loading);  // program_section.cpp: broker, tracker, gateway

/// The topic that `value` names. An unknown one is a problem, and gives what was probably meant, so that one
/// slip is one problem; nothing where that is not clear.
[[nodiscard]] std::optional<std::string> read_topic_name(const Value& value, const Loading& loading);

/// An absolute path, from one relative to the file's folder.
[[nodiscard]] std::string resolved(const std::string& path, const Loading& loading);

}  // namespace reel::config
