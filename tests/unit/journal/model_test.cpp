// Against the plainest model there is, a vector of words: whatever is appended, read, closed, crashed and
// deleted in whatever order, the journal holds what the model holds.
#include <doctest/doctest.h>
#include <rapidcheck.h>

#include "journal_bench.h"

using namespace reel;
using namespace reel::broker;

namespace {

struct Model {
  std::vector<std::string> words;  // of offset i + 1
  [[nodiscard]] Offset end() const { return words.size() + 1; }
};

// The events from `from` on, one a line: batches are not the model's concern.
std::string events_of(const std::string& read, Offset from) {
  std::string text;
  std::istringstream in{read};
  for (std::string item; in >> item;) {
    if (item != "|" && std::stoull(item) >= from) text += item + "\n";
  }
  return text;
}

std::string events_of(const Model& model, Offset from) {
  std::string text;
  for (auto offset = from; offset < model.end(); ++offset) {
    text += std::to_string(offset) + ":" + model.words[offset - 1] + "\n";
  }
  return text;
}

void append_some(JournalBench& bench, Model& model) {
  std::string batch;
  const auto count = *rc::gen::inRange(1, 6);
  for (int i = 0; i < count; ++i) {
    // Mostly small; now and then larger than a whole segment.
    const auto size = *rc::gen::weightedElement<std::size_t>({{8, 1}, {4, 60}, {1, 3000}});
    model.words.push_back(std::string(size, static_cast<char>('a' + model.words.size() % 26)));
    batch += (i > 0 ? " " : "") + model.words.back();
  }
  bench.write_later(batch);
}

void check_from(JournalBench& bench, const Model& model, Offset from) {
  from = std::max(from, bench.journal().begin_offset());
  RC_ASSERT(events_of(bench.read_from(from), from) == events_of(model, from));
}

}  // namespace

TEST_CASE("the journal holds what a vector would hold") {
  CHECK(rc::check("appends, reads, restarts and deletions in any order", [] {
    const auto sync = *rc::gen::element(config::Sync::always, config::Sync::interval, config::Sync::os);
    JournalBench bench{{.sync = sync,
                        .sync_interval = config::milliseconds{1},
                        .segment_bytes = *rc::gen::inRange<std::uint64_t>(200, 3000),
                        .retain_bytes = 6000}};
    Model model;
    const auto steps = *rc::gen::inRange(1, 40);
    for (int step = 0; step < steps; ++step) {
      switch (*rc::gen::weightedElement<int>({{8, 0}, {3, 1}, {1, 2}, {1, 3}, {1, 4}})) {
        case 0: append_some(bench, model); break;
        case 1:
          RC_ASSERT(bench.committed());
          check_from(bench, model, *rc::gen::inRange<Offset>(1, model.end() + 1));
          break;
        case 2: bench.reopen(); break;
        case 3:
          RC_ASSERT(bench.committed());
          bench.crash();
          break;
        case 4:
          RC_ASSERT(bench.committed());
          (void)bench.retain(*rc::gen::inRange<Offset>(1, model.end() + 1), 0);
          break;
        default: break;
      }
    }
    RC_ASSERT(bench.committed());
    RC_ASSERT(bench.journal().end_offset() == model.end());
    check_from(bench, model, 1);
    bench.reopen();
    RC_ASSERT(bench.notes() == "");
    check_from(bench, model, 1);
  }));
}
