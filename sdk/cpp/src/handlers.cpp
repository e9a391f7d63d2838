#include "handlers.h"

#include <google/protobuf/descriptor.h>

#include <stdexcept>
#include <utility>

#include "event/topic.h"

namespace reel::sdk {
namespace {

std::optional<EventPattern> compile(std::string_view pattern, const When& when,
                                    const google::protobuf::Descriptor* type) {
  if (when.json.empty()) return std::nullopt;
  auto result = EventPattern::compile(when.json, type);
  if (!result.pattern) {
    throw std::invalid_argument{"cannot handle '" + std::string{pattern} +
                                "': its when is no pattern: " + result.error.text()};
  }
  return std::move(result.pattern);
}

// A beat names no more than begun_max events that are being handled.
constexpr std::size_t batch_items_max = 10'000;

void check_bounds(const BatchHandler& handler) {
  const auto refuse = [&](const std::string& what) {
    throw std::invalid_argument{"cannot handle '" + handler.pattern + "' in batches: " + what};
  };
  const auto& options = handler.options;
  if (options.max_size < 1 || options.max_size > batch_items_max) {
    refuse("max_size is " + std::to_string(options.max_size) + ", must be between 1 and " +
           std::to_string(batch_items_max));
  }
  if (options.max_wait.count() < 0) {
    refuse("max_wait is " + std::to_string(options.max_wait.count()) + " ms, must not be negative");
  }
  if (options.max_bytes < 1) refuse("max_bytes is 0, must be at least 1");
}

// Whether a topic may be matched by both. Tokens that are literal must be the same ones.
bool may_meet(std::string_view one, std::string_view other) {
  const auto system_begins = [](std::string_view pattern) {
    return pattern == "reel" || pattern.starts_with("reel.");
  };
  const auto wild_begins = [](std::string_view pattern) {
    return pattern.starts_with('>') || pattern == "*" || pattern.starts_with("*.");
  };
  if ((system_begins(one) && wild_begins(other)) || (system_begins(other) && wild_begins(one))) return false;
  while (true) {
    const auto token = one.substr(0, one.find('.')), its = other.substr(0, other.find('.'));
    if (token == ">" || its == ">") return true;
    if (token != "*" && its != "*" && token != its) return false;
    const bool ends = token.size() == one.size(), other_ends = its.size() == other.size();
    if (ends || other_ends) return ends && other_ends;
    one.remove_prefix(token.size() + 1);
    other.remove_prefix(its.size() + 1);
  }
}

}  // namespace

void HandlerRegistry::check(std::string_view pattern, bool in_batches) const {
  const auto cannot = "cannot handle '" + std::string{pattern} + "'";
  if (const auto wrong = check_pattern(pattern)) throw std::invalid_argument{cannot + ": " + *wrong};
  for (const auto& entry : entries_) {
    if (entry.pattern == pattern) {
      throw std::invalid_argument{cannot + " twice: it has a handler already"};
    }
    if ((in_batches || entry.handler.batch) && may_meet(entry.pattern, pattern)) {
      throw std::invalid_argument{cannot + ": '" + entry.pattern +
                                  "' may match the same events, and one that is handled in batches has no "
                                  "other handler"};
    }
  }
}

void HandlerRegistry::add(std::string_view pattern, Handler handler, const When& when,
                          const google::protobuf::Descriptor* type) {
  check(pattern, false);
  auto compiled = compile(pattern, when, type);
  entries_.push_back({std::string{pattern}, when.json, {std::move(handler), std::move(compiled), nullptr}});
}

void HandlerRegistry::add_batch(BatchHandler handler, const When& when) {
  const auto pattern = handler.pattern;
  check(pattern, true);
  check_bounds(handler);
  auto compiled = compile(pattern, when, handler.type == nullptr ? nullptr : handler.type->GetDescriptor());
  handler.number = batches().size();
  entries_.push_back({pattern,
                      when.json,
                      {{}, std::move(compiled), std::make_unique<const BatchHandler>(std::move(handler))}});
}

std::vector<const BatchHandler*> HandlerRegistry::batches() const {
  std::vector<const BatchHandler*> batches;
  for (const auto& entry : entries_) {
    if (entry.handler.batch) batches.push_back(entry.handler.batch.get());
  }
  return batches;
}

std::vector<std::string> HandlerRegistry::patterns() const {
  std::vector<std::string> patterns;
  for (const auto& entry : entries_) patterns.push_back(entry.pattern);
  return patterns;
}

void HandlerRegistry::describe(v1::Subscribe& subscribe) const {
  for (const auto& entry : entries_) {
    subscribe.add_patterns(entry.pattern);
    if (entry.when.empty()) continue;
    auto& filter = *subscribe.add_filters();
    filter.set_pattern(entry.pattern);
    filter.set_when(entry.when);
  }
}

HandlerSet HandlerRegistry::match(std::string_view topic) const {
  HandlerSet set;
  if (check_topic(topic)) return set;
  for (const auto& entry : entries_) {
    if (matches(entry.pattern, topic)) set.handlers.push_back(&entry.handler);
  }
  return set;
}

const HandlerSet& HandlerCache::at(std::string_view topic) {
  // Topics come from the broker's configuration: a few, never one per event.
  const auto found = sets_.find(topic);
  if (found != sets_.end()) return found->second;
  return sets_.emplace(std::string{topic}, registry_.match(topic)).first->second;
}

}  // namespace reel::sdk
