#include "search/expression.h"

#include <algorithm>
#include <array>

#include "event/nearest_name.h"
#include "event/quoted_text.h"
#include "event/topic.h"
#include "search/literals.h"

namespace reel::search {
namespace {

using Where = v1::FlowWhere;

/// Attributes of an event's envelope that need no brackets: those that flows do not have.
constexpr std::array<std::string_view, 13> event_fields{"data",         "subject",       "type",
                                                        "time",         "correlationid", "causationid",
                                                        "partitionkey", "dataschema",    "datacontenttype",
                                                        "traceparent",  "tracestate",    "delivertime",
                                                        "expirytime"};

constexpr std::array<std::string_view, 5> keywords{"and", "or", "not", "in", "like"};

class Tokens {
 public:
  explicit Tokens(std::string_view text) : tokens_{tokens_of(text)} {}

  [[nodiscard]] const Token& peek(std::size_t ahead = 0) const {
    return tokens_[std::min(at_ + ahead, tokens_.size() - 1)];
  }
  Token take() { return tokens_[at_ + 1 < tokens_.size() ? at_++ : at_]; }
  bool take_keyword(std::string_view keyword) {
    if (!peek().is_keyword(keyword)) return false;
    (void)take();
    return true;
  }

 private:
  std::vector<Token> tokens_;
  std::size_t at_ = 0;
};

bool is_any_keyword(const Token& token) {
  return std::any_of(keywords.begin(), keywords.end(),
                     [&](std::string_view keyword) { return token.is_keyword(keyword); });
}

/// AND, OR, NOT and parentheses, the same for flows and within an event.
class Grammar {
 public:
  explicit Grammar(Tokens& tokens) : tokens_{tokens} {}
  virtual ~Grammar() = default;

  void expression(int depth) {
    conjunction(depth);
    while (tokens_.take_keyword("or")) {
      conjunction(depth);
      emit(Where::OPERATOR_OR);
    }
  }

 protected:
  virtual void test(int depth) = 0;
  virtual void put(Where::Operator op) = 0;
  [[nodiscard]] virtual std::string wanted() const = 0;

  void emit(Where::Operator op) {
    if (++nodes_ > where_nodes_max)
      throw Fault{tokens_.peek().place, "a condition has at most " + std::to_string(where_nodes_max) +
                                            " tests, ands, ors and nots"};
    put(op);
  }

  /// What stands behind a field or an attribute.
  [[nodiscard]] Comparison comparison();
  /// Puts a test for each value, by `one`, and joins them.
  template <typename One>
  void put_tests(const Comparison& comparison, One one) {
    if (comparison.values.empty()) one(Token{});
    for (std::size_t i = 0; i < comparison.values.size(); ++i) {
      one(comparison.values[i]);
      if (i > 0) emit(Where::OPERATOR_OR);
    }
    if (comparison.negated) emit(Where::OPERATOR_NOT);
  }

  Tokens& tokens_;

 private:
  void conjunction(int depth) {
    negation(depth);
    while (tokens_.take_keyword("and")) {
      negation(depth);
      emit(Where::OPERATOR_AND);
    }
  }
  void negation(int depth) {
    std::size_t nots = 0;
    while (tokens_.take_keyword("not")) ++nots;
    primary(depth);
    for (; nots > 0; --nots) emit(Where::OPERATOR_NOT);
  }
  void primary(int depth) {
    if (!tokens_.peek().is("(")) {
      const Token& token = tokens_.peek();
      const bool pattern = token.is(">") && tokens_.peek(1).is("[");
      if ((token.type != Token::Type::word && !pattern) || is_any_keyword(token))
        throw Fault{token.place, wanted() + " is expected, not " + token.shown()};
      return test(depth);
    }
    const Token open = tokens_.take();
    if (depth == expression_depth_max)
      throw Fault{open.place,
                  "more than " + std::to_string(expression_depth_max) + " parentheses inside one another"};
    expression(depth + 1);
    close(open, ")");
  }

  [[nodiscard]] Token value();

 protected:
  void close(const Token& open, std::string_view sign) {
    if (tokens_.peek().is(sign)) {
      (void)tokens_.take();
      return;
    }
    const Token& token = tokens_.peek();
    if (token.type == Token::Type::end)
      throw Fault{open.place, "'" + open.text + "' is not closed", "'" + std::string{sign} + "' is missing"};
    throw Fault{token.place, "'and', 'or' or '" + std::string{sign} + "' is expected, not " + token.shown()};
  }

 private:
  std::size_t nodes_ = 0;
};

Token Grammar::value() {
  const Token& token = tokens_.peek();
  const bool is_value = token.type == Token::Type::word || token.type == Token::Type::quoted;
  if (!is_value || is_any_keyword(token)) {
    throw Fault{token.place, "a value is expected, not " + token.shown(),
                is_any_keyword(token) ? "in quotes it would be one" : ""};
  }
  return tokens_.take();
}

Comparison Grammar::comparison() {
  static constexpr std::array<std::pair<std::string_view, Where::Comparison>, 6> signs{
      {{"==", Where::COMPARISON_EQUAL},
       {"!=", Where::COMPARISON_EQUAL},
       {"<", Where::COMPARISON_LESS},
       {"<=", Where::COMPARISON_LESS_OR_EQUAL},
       {">", Where::COMPARISON_GREATER},
       {">=", Where::COMPARISON_GREATER_OR_EQUAL}}};
  Comparison comparison;
  if (tokens_.peek().is_keyword("not") &&
      (tokens_.peek(1).is_keyword("in") || tokens_.peek(1).is_keyword("like"))) {
    comparison.negated = true;
    (void)tokens_.take();
  }
  comparison.sign = tokens_.peek();
  if (tokens_.take_keyword("in")) {
    comparison.how = Where::COMPARISON_EQUAL;
    const Token open = tokens_.peek();
    if (!open.is("(")) throw Fault{open.place, "'(' is expected behind 'in', not " + open.shown()};
    do {
      (void)tokens_.take();
      comparison.values.push_back(value());
    } while (tokens_.peek().is(","));
    const Token& end = tokens_.peek();
    if (!end.is(")")) throw Fault{end.place, "',' or ')' is expected, not " + end.shown()};
    (void)tokens_.take();
    return comparison;
  }
  if (tokens_.take_keyword("like")) {
    comparison.how = Where::COMPARISON_LIKE;
    comparison.values.push_back(value());
    return comparison;
  }
  for (const auto& [sign, how] : signs) {
    if (!comparison.sign.is(sign)) continue;
    (void)tokens_.take();
    comparison.how = how;
    comparison.negated = sign == "!=";
    comparison.values.push_back(value());
    return comparison;
  }
  return comparison;
}

FieldPath field_of(const Token& token, const std::string& path) {
  auto compiled = FieldPath::compile(path);
  if (!compiled.path) throw Fault{token.place, "the field " + in_quotes(path) + " " + compiled.error};
  return *std::move(compiled.path);
}

/// What stands between the brackets of order.placed[…]: tests of one event.
class EventGrammar final : public Grammar {
 public:
  using Grammar::Grammar;

  [[nodiscard]] EventCondition take() { return EventCondition{std::move(nodes_)}; }

  void test_of(const Token& field, const std::string& path) {
    FieldTest test{.path = field_of(field, path), .place = field.place};
    const Comparison written = comparison();
    test.how = written.how;
    put_tests(written, [&](const Token& value) {
      if (value.type != Token::Type::end) compare_with(test, value);
      emit(Where::OPERATOR_TEST);
      nodes_.back().test.push_back(test);
    });
  }

 private:
  void test(int) override {
    const Token field = tokens_.take();
    test_of(field, field.text);
  }
  void put(Where::Operator op) override { nodes_.push_back({op, {}}); }
  [[nodiscard]] std::string wanted() const override { return "a field of an event"; }

  std::vector<EventCondition::Node> nodes_;
};

class FlowGrammar final : public Grammar {
 public:
  using Grammar::Grammar;

  FlowQuery run() {
    expression(0);
    const Token& rest = tokens_.peek();
    if (rest.type != Token::Type::end)
      throw Fault{rest.place, "'and' or 'or' is expected, not " + rest.shown()};
    return std::move(query_);
  }

 private:
  void test(int depth) override;
  void event_test(const Token& token);
  void put_event(const Token& token, const std::string& topics, EventCondition condition);
  void put_node(const Where::Node& node) {
    if (++tests_ > where_tests_max)
      throw Fault{tokens_.peek().place,
                  "a condition has at most " + std::to_string(where_tests_max) + " tests"};
    emit(Where::OPERATOR_TEST);
    *query_.where.mutable_nodes(query_.where.nodes_size() - 1) = node;
  }
  void put(Where::Operator op) override { query_.where.add_nodes()->set_op(op); }
  [[nodiscard]] std::string wanted() const override { return "an attribute or a field"; }

  FlowQuery query_;
  unsigned tests_ = 0;
};

void FlowGrammar::test(int depth) {
  const Token token = tokens_.take();
  if (tokens_.peek().is("[")) {
    const Token open = tokens_.take();
    EventGrammar within{tokens_};
    within.expression(depth + 1);
    close(open, "]");
    return put_event(token, token.text, within.take());
  }
  const FlowAttribute* const attribute = flow_attribute(token.text);
  if (attribute == nullptr) return event_test(token);
  const Comparison written = comparison();
  check_comparison(*attribute, written);
  put_tests(written, [&](const Token& value) {
    Where::Node node;
    node.set_attribute(attribute->number);
    if (written.how != Where::COMPARISON_EXISTS) node = flow_test(*attribute, written, value);
    put_node(node);
  });
}

std::string hint_for(const std::string& name) {
  std::vector<std::string_view> names{event_fields.begin(), event_fields.end()};
  for (const FlowAttribute& attribute : flow_attributes()) names.push_back(attribute.name);
  if (const auto near = nearest_name(name, names)) return config::did_you_mean(std::string{*near});
  if (name.find('.') == std::string::npos || check_pattern(name)) return {};
  return "did you mean topic == " + name + ", or " + name + "[…]?";
}

// data.customer of any event, or order.placed.data.customer.
void FlowGrammar::event_test(const Token& token) {
  const std::string_view text = token.text;
  const auto data = text.find(".data.");
  std::string topics = ">";
  std::string path = token.text;
  const std::string_view first = text.substr(0, text.find('.'));
  if (std::find(event_fields.begin(), event_fields.end(), first) == event_fields.end()) {
    if (data == std::string_view::npos)
      throw Fault{token.place, "flows have no " + in_quotes(token.text), hint_for(token.text)};
    topics = text.substr(0, data);
    path = text.substr(data + 1);
  }
  // Each value, and what is negated, is asked of the flow: no event of it may have that value.
  const FieldTest field{.path = field_of(token, path), .place = token.place};
  const Comparison written = comparison();
  put_tests(written, [&](const Token& value) {
    FieldTest test = field;
    test.how = written.how;
    if (value.type != Token::Type::end) compare_with(test, value);
    put_event(token, topics, EventCondition{{{Where::OPERATOR_TEST, {std::move(test)}}}});
  });
}

void FlowGrammar::put_event(const Token& token, const std::string& topics, EventCondition condition) {
  if (const auto wrong = check_pattern(topics))
    throw Fault{token.place, in_quotes(topics) + " is no topic: " + *wrong};
  Where::Node node;
  node.set_attribute(Where::ATTRIBUTE_EVENT);
  node.set_text(topics);
  put_node(node);
  query_.terms.push_back({tests_ - 1, topics, token.place, std::move(condition)});
}

std::string report_of(const std::string& name, std::string_view text, const Fault& fault) {
  config::Problems problems{name, text};
  problems.add(fault.place, fault.what, fault.hint);
  return problems.report();
}

}  // namespace

ParsedExpression parse_expression(const std::string& name, std::string_view text) {
  if (text.size() > expression_bytes_max) {
    return {std::nullopt, name + ": longer than " + std::to_string(expression_bytes_max) + " bytes"};
  }
  try {
    Tokens tokens{text};
    return {FlowGrammar{tokens}.run(), {}};
  } catch (const Fault& fault) {
    return {std::nullopt, report_of(name, text, fault)};
  }
}

std::optional<std::string> misfit(const FlowQuery& query, const std::vector<TopicType>& topics,
                                  const std::string& name, std::string_view text) {
  config::Problems problems{name, text};
  std::vector<std::string_view> names;
  for (const TopicType& topic : topics) names.push_back(topic.topic);
  for (const EventTerm& term : query.terms) {
    std::vector<TopicType> meant;
    std::copy_if(topics.begin(), topics.end(), std::back_inserter(meant),
                 [&](const TopicType& topic) { return matches(term.topics, topic.topic); });
    if (meant.empty()) {
      const auto near = nearest_name(term.topics, names);
      problems.add(term.place, "there is no topic " + in_quotes(term.topics),
                   config::did_you_mean(std::string{near.value_or("")}));
    }
    term.condition.check_fields(meant, problems);
  }
  return problems.empty() ? std::nullopt : std::optional{problems.report()};
}

FlowQuery single_test(v1::FlowWhere::Attribute attribute, v1::FlowWhere::Comparison how, std::string text,
                      std::uint64_t number) {
  FlowQuery query;
  auto& node = *query.where.add_nodes();
  node.set_attribute(attribute);
  node.set_how(how);
  node.set_text(std::move(text));
  node.set_number(number);
  return query;
}

void join(FlowQuery& to, const FlowQuery& more, v1::FlowWhere::Operator with) {
  if (more.where.nodes().empty()) return;
  const bool first = to.where.nodes().empty();
  const auto tests = std::count_if(to.where.nodes().begin(), to.where.nodes().end(),
                                   [](const Where::Node& node) { return node.op() == Where::OPERATOR_TEST; });
  to.where.mutable_nodes()->MergeFrom(more.where.nodes());
  if (!first) to.where.add_nodes()->set_op(with);
  for (EventTerm term : more.terms) {
    term.test += static_cast<unsigned>(tests);
    to.terms.push_back(std::move(term));
  }
}

}  // namespace reel::search
