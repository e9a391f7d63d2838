#include "event/topic.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <set>

using namespace reel;

namespace {

std::vector<std::string> split(const std::string& name) {
  std::vector<std::string> tokens{""};
  for (const char c : name) c == '.' ? tokens.emplace_back() : tokens.back() += c;
  return tokens;
}

// The rule as a person would write it down, token by token.
bool naive_matches(const std::string& pattern, const std::string& topic) {
  const auto wanted = split(pattern);
  const auto tokens = split(topic);
  if (tokens.front() == "reel" && (wanted.front() == "*" || wanted.front() == ">")) return false;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (wanted[i] == ">" && i + 1 == wanted.size()) return tokens.size() > i;
    if (i >= tokens.size() || (wanted[i] != "*" && wanted[i] != tokens[i])) return false;
  }
  return wanted.size() == tokens.size();
}

std::string joined(const std::vector<std::string>& tokens) {
  std::string name;
  for (const auto& token : tokens) name += (name.empty() ? "" : ".") + token;
  return name;
}

rc::Gen<std::string> topics() {
  return rc::gen::map(rc::gen::resize(4, rc::gen::nonEmpty(rc::gen::container<std::vector<std::string>>(
                                             rc::gen::element<std::string>("a", "b", "c", "reel")))),
                      joined);
}

rc::Gen<std::string> patterns() {
  return rc::gen::map(
      rc::gen::pair(rc::gen::resize(4, rc::gen::nonEmpty(rc::gen::container<std::vector<std::string>>(
                                           rc::gen::element<std::string>("a", "b", "*", "reel", "a*")))),
                    rc::gen::arbitrary<bool>()),
      [](const auto& drawn) { return joined(drawn.first) + (drawn.second ? ".>" : ""); });
}

}  // namespace

TEST_CASE("a topic is dotted lower-case tokens, and a refusal names the position") {
  CHECK_FALSE(check_topic("order.placed"));
  CHECK_FALSE(check_topic("a"));
  CHECK(check_topic("").value() == "the topic is empty");
  CHECK(check_topic("order..placed").value() == "empty token at position 7");
  CHECK(check_topic(".order").value() == "empty token at position 1");
  CHECK(check_topic("order.").value() == "empty token at position 7");
  CHECK(check_topic("order.*").value() == "wildcard '*' at position 7");
  CHECK(check_topic("order.>").value() == "wildcard '>' at position 7");
  CHECK(check_topic("Order").value() == "character 'O' is not one of a-z 0-9 _ - at position 1");
  CHECK(check_topic("or der").value() == "character that is not one of a-z 0-9 _ - at position 3");
  CHECK(check_topic(std::string(300, 'a')).value() == "the topic is 300 bytes long, at most 256 are allowed");
}

TEST_CASE("a pattern may have wildcards, > only at the end") {
  CHECK_FALSE(check_pattern("order.*"));
  CHECK_FALSE(check_pattern(">"));
  CHECK_FALSE(check_pattern("foo*.bar"));
  CHECK(check_pattern("order.>.placed").value() == "'>' before the last token at position 7");
  CHECK(check_pattern("order..*").value() == "empty token at position 7");
}

TEST_CASE("wildcards match whole tokens only, and leading ones do not see the system's topics") {
  CHECK(matches("order.*", "order.placed"));
  CHECK_FALSE(matches("order.*", "order"));
  CHECK_FALSE(matches("order.*", "order.placed.late"));
  CHECK(matches("order.>", "order.placed.late"));
  CHECK_FALSE(matches("order.>", "order"));
  CHECK_FALSE(matches("foo*", "foobar"));
  CHECK(matches(">", "order"));
  CHECK_FALSE(matches(">", "reel.delivery"));
  CHECK_FALSE(matches("*.delivery", "reel.delivery"));
  CHECK(matches("reel.>", "reel.delivery"));
}

TEST_CASE("matches and the trie agree with the naive rule") {
  CHECK(rc::check([] {
    const auto topic = *topics();
    const auto wanted = *rc::gen::container<std::vector<std::string>>(patterns());
    TopicTrie trie;
    std::set<std::size_t> expected;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      trie.insert(wanted[i], i);
      RC_ASSERT(matches(wanted[i], topic) == naive_matches(wanted[i], topic));
      if (naive_matches(wanted[i], topic)) expected.insert(i);
    }
    const auto found = trie.match(topic);
    RC_ASSERT((found == std::vector<std::size_t>{expected.begin(), expected.end()}));

    for (std::size_t i = 0; i < wanted.size(); i += 2) {
      trie.erase(wanted[i], i);
      expected.erase(i);
    }
    const auto left = trie.match(topic);
    RC_ASSERT((left == std::vector<std::size_t>{expected.begin(), expected.end()}));
  }));
}
