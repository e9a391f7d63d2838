// Who wanted which events, and when: the subscriptions that a stretch of the journal tells of.
//
//   Interests interests{filter};
//   interests.learn(event);                       // the reel.subscription and reel.control records from the
//                                                 // stretch's begin to the journal's end, in order
//   interests.assume("payments", patterns);       // what the broker says of services without such a record
//   interests.cover(begin, end);
//   interests.wanting(event, wanted);             // then, for any event of the stretch
//
// A subscription may reach back: a service that begins with the oldest event wants what stands before its own
// record. So all of the stretch's subscriptions are learned before its events are judged.
//
// Where the stretch is not the whole journal, the patterns in force at its begin follow from the first record
// that names the service, since a pattern that goes on keeps its `from_offset`, or, without one, from what
// the broker says now, since nothing has changed. Only a pattern that the first record dropped leaves no
// trace: what was settled before that record, and was wanted by none of the patterns known, cannot be judged.
//
// A service's subscriptions form stints: one ends when the service is forgotten or wants nothing any more,
// and the next begins anew, for old events too.
//
// Pure. Not thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "reel/stream.h"
#include "reel/v1/ledger.pb.h"

namespace reel::story {

/// What `when` says of an event; unknown where it is not understood here, or the event not readable.
enum class Answer { no, yes, unknown };

/// Whether an event is among what a subscription's `when` (JSON) asks for.
using ContentFilter = std::function<Answer(const std::string& when, const StreamEvent& event)>;

/// A service that wants an event.
struct Wanted {
  std::size_t service = 0;  ///< see Interests::name
  std::size_t stint = 0;
  /// Dropped with its last matching pattern by the record at this offset; never: never.
  std::uint64_t until = 0;
  /// Whether it is wanted cannot be told: it may be settled, and need not be.
  bool doubtful = false;
};

class Interests {
 public:
  static constexpr std::uint64_t never = std::numeric_limits<std::uint64_t>::max();

  explicit Interests(ContentFilter filter = {}) : filter_{std::move(filter)} {}

  /// A record of reel.subscription or reel.control; others say nothing about it. False where it cannot be
  /// read.
  bool learn(const StreamEvent& event);
  /// Of a service that no record named: these patterns have been in force all the time.
  void assume(const std::string& service, const std::vector<v1::Pattern>& patterns);

  /// The stretch is [begin, end); what was subscribed to behind it only tells of it where nothing before
  /// does.
  void cover(std::uint64_t begin, std::uint64_t end);

  /// Fills `wanted` with who wants the event, once for each of a service's stints.
  void wanting(const StreamEvent& event, std::vector<Wanted>& wanted);

  [[nodiscard]] std::size_t find_or_add(const std::string& service);
  [[nodiscard]] const std::string& name(std::size_t service) const { return services_[service].name; }
  [[nodiscard]] std::size_t count() const { return services_.size(); }
  [[nodiscard]] bool named(const std::string& service) const { return by_name_.contains(service); }
  /// Which stint a record at `offset` belongs to.
  [[nodiscard]] std::size_t stint_at(std::size_t service, std::uint64_t offset) const;
  [[nodiscard]] bool ended(std::size_t service, std::size_t stint, std::uint64_t offset) const;
  /// Before this offset not all of the service's patterns may be known. 0: all are, everywhere.
  [[nodiscard]] std::uint64_t known_from(std::size_t service) const;

 private:
  struct Interest {
    v1::Pattern pattern;
    std::uint64_t since = 0;  // of the record that brought it
    std::uint64_t until = never;
  };
  struct Stint {
    std::uint64_t since = 0;
    std::uint64_t until = never;
    std::vector<Interest> interests;
  };
  struct Service {
    std::string name;
    std::vector<Stint> stints;
    bool assumed = false;
    std::uint64_t first_record = never;
  };
  struct Candidate {
    std::size_t service;
    std::size_t stint;
    std::size_t interest;
  };

  void change(const v1::SubscriptionChanged& change, std::uint64_t offset);
  void forget(const std::string& service, std::uint64_t offset);
  [[nodiscard]] bool tells_of_stretch(const Service& service, const Interest& interest) const;
  [[nodiscard]] const std::vector<Candidate>& candidates(std::string_view topic);
  [[nodiscard]] bool doubtful(const Service& service, const Stint& stint, const Interest& interest,
                              std::uint64_t offset) const;

  std::uint64_t begin_ = 1;
  std::uint64_t end_ = never;
  ContentFilter filter_;
  std::vector<Service> services_;
  std::map<std::string, std::size_t> by_name_;
  std::unordered_map<std::string, std::vector<Candidate>> by_topic_;  // dropped when anything is learned
};

/// Parses a record's message. False where it is none.
[[nodiscard]] bool parse_record(google::protobuf::MessageLite& message, std::string_view data);

}  // namespace reel::story
