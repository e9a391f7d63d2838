// Topics and patterns as strangers write them: two strings, parted by a newline. What passes its check must
// be matched without a crash, and alone as in a trie.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "event/topic.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  const std::size_t newline = text.find('\n');
  const std::string_view pattern = text.substr(0, newline);
  const std::string_view topic = newline == text.npos ? std::string_view{} : text.substr(newline + 1);
  if (reel::check_pattern(pattern) || reel::check_topic(topic)) return 0;

  reel::TopicTrie trie;
  trie.insert(pattern, 1);
  if (reel::matches(pattern, topic) != (trie.match(topic).size() == 1)) std::abort();
  trie.erase(pattern, 1);
  if (!trie.match(topic).empty()) std::abort();
  return 0;
}
