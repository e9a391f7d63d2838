#include "cli/pub_lines.h"

#include <spdlog/fmt/fmt.h>
#include <sys/stat.h>
#include <unistd.h>

#include <deque>
#include <iostream>
#include <mutex>
#include <optional>
#include <utility>

#include "cli/catalog.h"
#include "cli/duration_text.h"
#include "cli/inquiry.h"
#include "cli/interrupt.h"
#include "cli/progress.h"
#include "reel/publisher.h"
#include "story/flow_json.h"

namespace reel::cli {
namespace {

/// Refusals that wait to be printed by the reading thread; more only raise the count. A file in which every
/// line is wrong must not be held in memory as complaints.
constexpr std::size_t complaints_max = 10'000;
/// Longest line: one that never ends must not fill our memory. As much as the longest event in JSON.
constexpr std::size_t line_bytes_max = event_json_bytes_max;

/// A line that was not accepted, and why.
struct Complaint {
  std::uint64_t line = 0;
  v1::RefusalReason reason = v1::REFUSAL_UNKNOWN;
  std::string text;
};

/// What became of the lines so far. Filled by the connection's thread, emptied by the reading one.
class Tally {
 public:
  struct Counts {
    std::uint64_t accepted = 0;
    std::uint64_t duplicate = 0;
    std::uint64_t refused = 0;
    std::uint64_t unsent = 0;
    std::uint64_t unconfirmed = 0;
  };

  void count(std::uint64_t line, const PublishResult& result) {
    const std::scoped_lock lock{mutex_};
    switch (result.outcome) {
      case PublishOutcome::accepted: ++counts_.accepted; break;
      case PublishOutcome::duplicate: ++counts_.duplicate; break;
      case PublishOutcome::unavailable:
      case PublishOutcome::rejected: refuse_locked({line, result.reason, shown(result.text)}); break;
      case PublishOutcome::not_connected: ++counts_.unsent; break;
      default: ++counts_.unconfirmed; break;
    }
  }

  void refuse(Complaint complaint) {
    const std::scoped_lock lock{mutex_};
    refuse_locked(std::move(complaint));
  }

  void count_unsent() {
    const std::scoped_lock lock{mutex_};
    ++counts_.unsent;
  }

  [[nodiscard]] Counts counts() const {
    const std::scoped_lock lock{mutex_};
    return counts_;
  }

  [[nodiscard]] std::deque<Complaint> take_complaints() {
    const std::scoped_lock lock{mutex_};
    return std::exchange(complaints_, {});
  }

 private:
  void refuse_locked(Complaint complaint) {
    ++counts_.refused;
    if (complaints_.size() < complaints_max) complaints_.push_back(std::move(complaint));
  }

  mutable std::mutex mutex_;
  Counts counts_;
  std::deque<Complaint> complaints_;
};

/// Reads lines of bounded length, whatever the input is.
class Lines {
 public:
  /// False at the end. A line that is too long is skipped and `too_long` set.
  [[nodiscard]] bool next(std::string& line, bool& too_long) {
    line.clear();
    too_long = false;
    int byte = 0;
    while ((byte = buffer_->sbumpc()) != std::char_traits<char>::eof()) {
      ++bytes_;
      if (byte == '\n') break;
      if (line.size() < line_bytes_max) {
        line.push_back(static_cast<char>(byte));
      } else {
        too_long = true;
      }
    }
    ++number_;
    return byte != std::char_traits<char>::eof() || !line.empty();
  }
  [[nodiscard]] std::uint64_t number() const { return number_; }
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

 private:
  std::streambuf* buffer_ = std::cin.rdbuf();
  std::uint64_t number_ = 0;
  std::uint64_t bytes_ = 0;
};

/// How much there is to read, where standard input is a file.
std::uint64_t input_bytes() {
  struct stat status {};
  return fstat(STDIN_FILENO, &status) == 0 && S_ISREG(status.st_mode)
             ? static_cast<std::uint64_t>(status.st_size)
             : 0;
}

/// "bad JSON at line 1, column 7" of a text that is one line, whose number is said anyway.
std::string without_line(std::string sentence) {
  constexpr std::string_view line = "line 1, ";
  const std::size_t at = sentence.find(line);
  if (sentence.starts_with("bad JSON at ") && at != std::string::npos) sentence.erase(at, line.size());
  return sentence;
}

class LinePublisher {
 public:
  LinePublisher(Invocation& invocation, const std::string& source)
      : invocation_{invocation},
        source_{source},
        catalog_{Catalog::fetch(invocation.globals)},
        progress_{invocation.err, input_bytes()},
        publisher_{std::in_place, "reel", publisher_options(invocation.globals)} {}

  int run() {
    const Interrupt interrupt;
    std::string line;
    for (bool too_long = false; !interrupt.requested() && !lost_ && lines_.next(line, too_long);) {
      if (too_long) {
        tally_.refuse(
            {lines_.number(), v1::REFUSAL_TOO_LARGE, fmt::format("longer than {} bytes", line_bytes_max)});
      } else if (line.find_first_not_of(" \t\r") != std::string::npos) {
        publish(lines_.number(), line);
      }
      report();
    }
    wait_for_answers(interrupt);
    return summarise();
  }

 private:
  void publish(std::uint64_t number, const std::string& line) {
    const ReadDraft read = catalog_.json().read(line);
    if (!read.event) return tally_.refuse({number, read.reason, shown(without_line(read.error))});
    while (!offer(number, *read.event) && !lost_) {
      const bool room = publisher_->wait_for_room(invocation_.globals.timeout);
      lost_ = !room;
      report();
    }
    if (lost_) tally_.count_unsent();
  }

  /// False where it was not taken because too much waits for an answer.
  bool offer(std::uint64_t number, const EventDraft& draft) {
    const auto given = [](const std::string& id) {
      return id.empty() ? std::nullopt : std::optional<std::string_view>{id};
    };
    bool taken = true;
    // Back pressure is told inside the call, so `taken` is not touched after it.
    publisher_->publish_async({.topic = draft.topic,
                               .type = draft.dataschema,
                               .data = draft.data,
                               .id = given(draft.id),
                               .correlationid = given(draft.correlationid),
                               .causationid = draft.causationid,
                               .partitionkey = draft.partitionkey,
                               .subject = draft.subject,
                               .time = draft.time,
                               .deliver_at = draft.delivertime,
                               .expires_at = draft.expirytime,
                               .datacontenttype = draft.datacontenttype,
                               .traceparent = draft.traceparent,
                               .tracestate = draft.tracestate,
                               .attributes = draft.attributes,
                               .source = draft.source.empty() ? source_ : draft.source},
                              [this, number, &taken](const PublishResult& result) {
                                if (result.outcome == PublishOutcome::back_pressured) {
                                  taken = false;
                                } else {
                                  tally_.count(number, result);
                                }
                              });
    return taken;
  }

  /// Answers come for as long as they come: only silence for the whole timeout ends the wait.
  void wait_for_answers(const Interrupt& interrupt) {
    constexpr auto look_up = std::chrono::milliseconds{100};
    auto last_change = std::chrono::steady_clock::now();
    for (std::size_t waiting = 0, before = 0; (waiting = publisher_->flush(look_up)) > 0; before = waiting) {
      report();
      const auto now = std::chrono::steady_clock::now();
      if (waiting != before) last_change = now;
      if (interrupt.requested() || now - last_change > invocation_.globals.timeout) break;
    }
    publisher_.reset();  // afterwards every callback has been called
  }

  void report() {
    auto complaints = tally_.take_complaints();
    if (!complaints.empty()) progress_.clear();
    for (const Complaint& complaint : complaints) {
      invocation_.err.line(fmt::format("line {}: {}", complaint.line, complaint.text));
      if (!invocation_.globals.json) continue;
      Json object{{"line", complaint.line}};
      object.update(refusal_json(complaint.reason, complaint.text));
      invocation_.out.line(line_of(object));
    }
    if (!complaints.empty()) invocation_.err.flush();
    const Tally::Counts counts = tally_.counts();
    progress_.show(lines_.bytes(), counts.accepted + counts.duplicate);
  }

  int summarise() {
    report();
    progress_.clear();
    const Tally::Counts counts = tally_.counts();
    print(counts);
    if (counts.unconfirmed > 0) {
      throw Failure{exit_code::not_reachable,
                    fmt::format("the broker at {} did not confirm {} event{}: it may or may not have them",
                                shown(invocation_.globals.broker), count_text(counts.unconfirmed),
                                counts.unconfirmed == 1 ? "" : "s")};
    }
    if (lost_ || counts.unsent > 0) throw broker_not_reachable(invocation_.globals);
    return counts.refused == 0 ? exit_code::ok : exit_code::refused;
  }

  void print(const Tally::Counts& counts) {
    if (invocation_.globals.json) {
      invocation_.out.line(line_of({{"accepted", counts.accepted},
                                    {"duplicate", counts.duplicate},
                                    {"refused", counts.refused},
                                    {"unsent", counts.unsent},
                                    {"unconfirmed", counts.unconfirmed}}));
    } else {
      std::string text =
          fmt::format("{} accepted, {} refused", count_text(counts.accepted), count_text(counts.refused));
      if (counts.duplicate > 0) text += fmt::format(", {} duplicate", count_text(counts.duplicate));
      if (counts.unsent > 0) text += fmt::format(", {} not sent", count_text(counts.unsent));
      if (counts.unconfirmed > 0) text += fmt::format(", {} unconfirmed", count_text(counts.unconfirmed));
      invocation_.out.line(text + fmt::format(" in {}", elapsed_text(progress_.elapsed())));
    }
    invocation_.out.flush();
  }

  Invocation& invocation_;
  std::string source_;
  Catalog catalog_;
  Lines lines_;
  Tally tally_;  // before the publisher, whose callbacks use it until it is gone
  Progress progress_;
  bool lost_ = false;
  std::optional<Publisher> publisher_;
};

}  // namespace

int publish_lines(Invocation& invocation, const std::string& source) {
  return LinePublisher{invocation, source}.run();
}

}  // namespace reel::cli
