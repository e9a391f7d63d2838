#include "search/expression.h"

#include <doctest/doctest.h>

#include "search/attributes.h"

using namespace reel;
using namespace reel::search;

namespace {

using Where = v1::FlowWhere;

std::string test_text(const Where::Node& node) {
  static const char* const signs[] = {" exists", "==", " like ", "<", "<=", ">", ">="};
  if (node.attribute() == Where::ATTRIBUTE_EVENT) return "event(" + node.text() + ")";
  const FlowAttribute* const attribute = flow_attribute(node.attribute());
  std::string text = std::string{attribute->name} + signs[node.how()];
  if (node.how() == Where::COMPARISON_EXISTS) return text;
  const bool is_text =
      attribute->kind == Kind::text || attribute->kind == Kind::topic || attribute->kind == Kind::state;
  return text + (is_text ? node.text() : std::to_string(node.number()));
}

/// What was parsed, as it will be evaluated, or the report.
std::string parsed(std::string_view text) {
  const auto [query, error] = parse_expression("--where", text);
  if (!query) return error;
  CHECK(check_where(query->where).value_or("") == "");
  std::string out;
  for (const auto& node : query->where.nodes()) {
    const char* const words[] = {"", "not", "and", "or"};
    out += out.empty() ? "" : "; ";
    out += node.op() == Where::OPERATOR_TEST ? test_text(node) : words[node.op()];
  }
  return out;
}

/// The report of one problem.
std::string at(int column, const std::string& what, const std::string& line, const std::string& hint = "") {
  return "--where:1:" + std::to_string(column) + ": " + what + "\n  " + line + "\n" +
         std::string(static_cast<std::size_t>(column) + 1, ' ') + "^" + (hint.empty() ? "" : " " + hint) +
         "\n--where: 1 problem";
}

}  // namespace

TEST_CASE("an expression becomes tests in postfix order") {
  CHECK(parsed("state == open") == "state==open");
  CHECK(parsed("state = open AND NOT owner == payments") == "state==open; owner==payments; not; and");
  CHECK(parsed("late or impossible and owner") == "late exists; impossible exists; owner exists; and; or");
  CHECK(parsed("(late or impossible) and owner") == "late exists; impossible exists; or; owner exists; and");
  CHECK(parsed("not not late") == "late exists; not; not");
  CHECK(parsed("definition != \"a b\"") == "definition==a b; not");
  CHECK(parsed("state in (open, overdue)") == "state==open; state==overdue; or");
  CHECK(parsed("state not in (open, overdue)") == "state==open; state==overdue; or; not");
  CHECK(parsed("flow like 'order-*' and flow not like '*-x'") ==
        "flow like order-*; flow like *-x; not; and");
  CHECK(parsed("topic == order.> and topic == order.*") == "topic==order.>; topic==order.*; and");
  CHECK(parsed("events >= 10 and age<1h and overdue > 500ms") ==
        "events>=10; age<3600000000000; and; overdue>500000000; and");
  CHECK(parsed("began >= 2026-03-01 and began < 2026-03-01T10:00:00Z") ==
        "began>=1772323200000000000; began<1772359200000000000; and");
}

TEST_CASE("what only payloads can say becomes a test of an event, bare, by topic or in brackets") {
  CHECK(parsed("data.customer == 'c1'") == "event(>)");
  CHECK(parsed("data.customer != 'c1'") == "event(>); not");
  CHECK(parsed("data.customer in (c1, c2)") == "event(>); event(>); or");
  CHECK(parsed("order.placed.data.total_cents >= 100000 and not state == completed") ==
        "event(order.placed); state==completed; not; and");
  CHECK(parsed("order.placed[data.total >= 100000 and (data.currency == EUR or not subject)]") ==
        "event(order.placed)");
  CHECK(parsed(">[tenant == 'x'] or order.*[data.a]") == "event(>); event(order.*); or");
}

TEST_CASE("what is wrong is said with its place and what was probably meant") {
  CHECK(parsed("") == at(1, "an attribute or a field is expected, not the end", ""));
  CHECK(parsed("stat == open") == at(1, "flows have no 'stat'", "stat == open", "did you mean 'state'?"));
  CHECK(parsed("state == opn") ==
        at(10, "'opn' is no state of a flow", "state == opn", "did you mean 'open'?"));
  CHECK(parsed("state == 7") == at(10, "'7' is no state of a flow", "state == 7",
                                   "there are open, overdue, completed and untracked"));
  CHECK(parsed("state < open") ==
        at(7, "'state' is not compared with '<'", "state < open", "it takes ==, != and in"));
  CHECK(parsed("owner > a") ==
        at(7, "'owner' is not compared with '>'", "owner > a", "it takes ==, !=, in and like"));
  CHECK(parsed("age like 1h") ==
        at(5, "'age' is not compared with 'like'", "age like 1h", "it takes ==, !=, <, <=, >, >= and in"));
  CHECK(parsed("late == true") ==
        at(6, "'late' is not compared with '=='", "late == true", "it stands alone"));
  CHECK(parsed("overdue > 10") ==
        at(11, "'10' is not a duration such as 500ms, 30s, 5m, 1h or 7d", "overdue > 10"));
  CHECK(parsed("overdue > '5 min'") == at(11, "'5 min' is not a duration such as 500ms, 30s, 5m, 1h or 7d",
                                          "overdue > '5 min'", "did you mean '5m'?"));
  CHECK(parsed("events > many") == at(10, "'many' is not a whole number", "events > many"));
  CHECK(parsed("began > noon") == at(9, "'noon' is not a time such as 2026-03-01T10:00:00Z", "began > noon"));
  CHECK(
      parsed("topic == Order") ==
      at(10, "'Order' is no topic: character 'O' is not one of a-z 0-9 _ - at position 1", "topic == Order"));
  CHECK(parsed("order.placed == 1") == at(1, "flows have no 'order.placed'", "order.placed == 1",
                                          "did you mean topic == order.placed, or order.placed[…]?"));
  CHECK(parsed("late and") == at(9, "an attribute or a field is expected, not the end", "late and"));
  CHECK(parsed("late owner") == at(6, "'and' or 'or' is expected, not 'owner'", "late owner"));
  CHECK(parsed("(late") == at(1, "'(' is not closed", "(late", "')' is missing"));
  CHECK(parsed("(late]") == at(6, "'and', 'or' or ')' is expected, not ']'", "(late]"));
  CHECK(parsed("a.b[data.x == 1") == at(4, "'[' is not closed", "a.b[data.x == 1", "']' is missing"));
  CHECK(parsed("a.b[]") == at(5, "a field of an event is expected, not ']'", "a.b[]"));
  CHECK(parsed("a.b[data..x]") ==
        at(5, "the field 'data..x' has an empty name between its dots", "a.b[data..x]"));
  CHECK(parsed("owner ==") == at(9, "a value is expected, not the end", "owner =="));
  CHECK(parsed("owner == and") ==
        at(10, "a value is expected, not 'and'", "owner == and", "in quotes it would be one"));
  CHECK(parsed("owner in a") == at(10, "'(' is expected behind 'in', not 'a'", "owner in a"));
  CHECK(parsed("owner in (a b)") == at(13, "',' or ')' is expected, not 'b'", "owner in (a b)"));
  CHECK(parsed("owner == 'a") ==
        at(10, "this text has no end", "owner == 'a", "its closing quote is missing"));
  CHECK(parsed("late && owner") == at(6, "'&' means nothing here", "late && owner", "did you mean 'and'?"));
  CHECK(parsed("!late") == at(1, "'!' means nothing here", "!late", "did you mean 'not' or '!='?"));
  CHECK(parsed("late ; owner") == at(6, "';' means nothing here", "late ; owner"));
  CHECK(parsed("flow like '**'") ==
        at(11, "two '*' behind each other say no more than one", "flow like '**'"));
  CHECK(parsed("late\nand x") == "--where:2:5: flows have no 'x'\n  and x\n      ^\n--where: 1 problem");
}

TEST_CASE("hostile expressions are refused, and cost nothing") {
  CHECK(parsed(std::string(9'000, 'a')) == "--where: longer than 8192 bytes");
  const std::string deep = std::string(5'000, '(') + "late";
  CHECK(parsed(deep).starts_with("--where:1:33: more than 32 parentheses inside one another\n"));
  const std::string brackets = std::string(32, '(') + "a[late]";
  CHECK(parsed(std::string(32, '(') + "late" + std::string(32, ')')) == "late exists");
  CHECK(parsed(std::string(2'000, ' ') + "not not late").ends_with("not; not"));
  std::string nots;
  for (int i = 0; i < 1'000; ++i) nots += "not ";
  CHECK(parsed(nots + "late")
            .starts_with("--where:1:4005: a condition has at most 256 tests, ands, ors and nots\n"));
  std::string many = "late";
  for (int i = 0; i < 64; ++i) many += " or late";
  CHECK(parsed(many).starts_with("--where:1:517: a condition has at most 64 tests\n"));
  CHECK(parsed("flow == '" + std::string(257, 'x') + "'")
            .starts_with("--where:1:9: this text is longer than 256 bytes\n"));
  CHECK(parsed("late \xff") == "--where:1:6: this is not UTF-8\n  late ?\n       ^\n--where: 1 problem");
  CHECK(parsed("l\x1bxe").starts_with("--where:1:2: a control character has no place here\n"));
  CHECK(parsed("überfällig").starts_with("--where:1:1: flows have no 'überfällig'\n"));
}

TEST_CASE("a condition from elsewhere is checked before it is evaluated") {
  const auto check = [](std::initializer_list<Where::Operator> operators) {
    Where where;
    for (const auto op : operators) {
      auto& node = *where.add_nodes();
      node.set_op(op);
      if (op == Where::OPERATOR_TEST) node.set_attribute(Where::ATTRIBUTE_LATE);
    }
    return check_where(where).value_or("fine");
  };
  CHECK(check({}) == "fine");
  CHECK(check({Where::OPERATOR_TEST, Where::OPERATOR_NOT}) == "fine");
  CHECK(check({Where::OPERATOR_NOT}) == "a condition's operator has nothing to work on");
  CHECK(check({Where::OPERATOR_TEST, Where::OPERATOR_AND}) ==
        "a condition's operator has nothing to work on");
  CHECK(check({Where::OPERATOR_TEST, Where::OPERATOR_TEST}) == "a condition leaves more than one answer");
  CHECK(check({static_cast<Where::Operator>(9)}) == "a condition has no operator number 9");

  const auto test = [](int attribute, int how, const std::string& text) {
    Where where;
    auto& node = *where.add_nodes();
    node.set_attribute(static_cast<Where::Attribute>(attribute));
    node.set_how(static_cast<Where::Comparison>(how));
    node.set_text(text);
    return check_where(where).value_or("fine");
  };
  CHECK(test(99, 0, "") == "flows have no attribute number 99");
  CHECK(test(Where::ATTRIBUTE_OWNER, 77, "") == "the attribute 'owner' cannot be compared like that");
  CHECK(test(Where::ATTRIBUTE_TOPIC, Where::COMPARISON_EQUAL, "a..b") ==
        "'a..b' is no topic: empty token at position 3");
  CHECK(test(Where::ATTRIBUTE_EVENT, 0, "") == "'' is no topic pattern: the pattern is empty");
  CHECK(test(Where::ATTRIBUTE_FLOW, Where::COMPARISON_LIKE, "**") ==
        "'**': two '*' behind each other say no more than one");
  CHECK(test(Where::ATTRIBUTE_FLOW, Where::COMPARISON_EQUAL, std::string(257, 'x')) ==
        "a text that flows are compared with is longer than 256 bytes");
  Where many;
  for (int i = 0; i < 257; ++i) many.add_nodes()->set_op(Where::OPERATOR_NOT);
  CHECK(check_where(many) == "a condition has at most 256 nodes, this one has 257");
}

TEST_CASE("queries are joined, and their terms still belong to their tests") {
  auto query = *parse_expression("a", "late or data.x == 1").query;
  join(query, *parse_expression("b", "owner and data.y == 2").query);
  REQUIRE(query.terms.size() == 2);
  CHECK(query.terms[0].test == 1);
  CHECK(query.terms[1].test == 3);
  CHECK(check_where(query.where) == std::nullopt);
  CHECK(query.where.nodes_size() == 7);
  FlowQuery none;
  join(none, single_test(Where::ATTRIBUTE_LATE, Where::COMPARISON_EXISTS, ""));
  CHECK(none.where.nodes_size() == 1);
}
