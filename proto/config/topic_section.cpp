// topics: what may be published, and as which type.
#include <algorithm>

#include "config/sections.h"
#include "config/service_name.h"
#include "event/nearest_name.h"
#include "event/topic.h"

namespace reel::config {
namespace {

std::string lower(std::string name) {
  for (auto& c : name) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return name;
}

void check_name(const std::string& name, const Value& value) {
  if (const auto wrong = check_topic(name)) {
    const auto respelled = lower(name);
    const bool is_case = respelled != name && !check_topic(respelled);
    value.refuse_key("topic '" + shown(name) + "' is not valid: " + *wrong,
                     did_you_mean(is_case ? respelled : ""));
  } else if (is_system_topic(name)) {
    value.refuse_key("topic '" + name + "' is reserved, names under 'reel.' are the system's own");
  }
}

bool is_full_name(std::string_view type) {
  bool begins = true;
  for (const char c : type) {
    const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    const bool is_digit = c >= '0' && c <= '9';
    if (begins ? !is_letter : !(is_letter || is_digit || c == '.')) return false;
    begins = c == '.';
  }
  return !begins;
}

std::string read_type(const Value& value, const Loading& loading) {
  auto type = value.text().value_or("");
  if (type.empty()) return type;
  if (!is_full_name(type)) {
    value.refuse_value("must be a message's full name such as shop.v1.OrderPlaced");
  } else if (loading.types && !loading.types->contains(type)) {
    const auto meant = std::string{nearest_name(type, *loading.types).value_or("")};
    value.refuse("unknown type '" + shown(type) + "' of '" + shown(value.path()) + "'", did_you_mean(meant));
    type = meant;
  }
  return type;
}

void read_publishers(Section& section, std::vector<std::string>& target) {
  for (const auto& item : section.list("publishers")) {
    const auto name = item.text();
    if (!name) continue;
    if (const auto wrong = check_service_name(*name))
      item.refuse("service name '" + shown(*name) + "' is not valid: " + *wrong);
    target.push_back(*name);
  }
}

void read_importance(Section& section, Topic::Importance& target) {
  const auto value = section.find("importance");
  const auto text = value ? value->text() : std::nullopt;
  if (!text || *text == "normal") return;
  if (*text != "low") return value->refuse_value("must be normal or low");
  target = Topic::Importance::low;
}

}  // namespace

void read_topics(Section& root, Loading& loading) {
  const bool rehearsed = loading.purpose == Purpose::rehearse;
  const bool named = root.has("routes") || root.has("flows");
  const bool needed = named && !rehearsed;
  const auto topics = needed ? root.need("topics") : root.find("topics");
  if (!topics) {
    loading.topics_known = !named;
    return;
  }
  const auto before = loading.problems.count();
  auto section = topics->section();
  loading.topics_known = loading.problems.count() == before || !section.named().empty();
  for (const auto& [name, value] : section.named()) {
    check_name(name, value);
    auto& topic = loading.model.topics[name];
    topic.place = value.key_place();
    auto body = value.section(did_you_mean("{type: " + value.as_written() + '}'));
    if (const auto type = rehearsed ? body.find("type") : body.need("type"))
      topic.type = read_type(*type, loading);
    body.read_flag("durable", topic.durable);
    body.read_flag("require_subscriber", topic.require_subscriber);
    read_publishers(body, topic.publishers);
    read_importance(body, topic.importance);
    if (topic.require_subscriber && !topic.durable) {
      body.refuse_at({"require_subscriber"},
                     "'require_subscriber' of a topic that is not durable would refuse every event: only the "
                     "live tap carries it");
    }
  }
}

std::optional<std::string> read_topic_name(const Value& value, const Loading& loading) {
  auto name = value.text();
  if (!name || !loading.topics_known || loading.model.topics.contains(*name)) return name;
  std::string meant;
  if (loading.problems.room()) {
    std::vector<std::string_view> names;
    for (const auto& [known, topic] : loading.model.topics) names.emplace_back(known);
    meant = nearest_name(*name, names).value_or("");
  }
  value.refuse("unknown topic '" + shown(*name) + "' in '" + shown(value.path()) + "'", did_you_mean(meant));
  if (meant.empty()) return std::nullopt;
  return meant;
}

}  // namespace reel::config
