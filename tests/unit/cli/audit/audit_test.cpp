// The conservation check on little journals: what is sound passes, and each kind of exception, planted on
// purpose, is found.
#include "cli/audit/audit.h"

#include <doctest/doctest.h>

#include "cli/audit/audit_text.h"
#include "journal_in_words.h"

using namespace reel::cli;
using namespace reel::story;
using reel::StreamEvent;
using reel::test::JournalInWords;

namespace {

/// What `reel verify` would find in the journal from `begin` on.
class Verified {
 public:
  explicit Verified(const std::string& words, std::uint64_t begin = 1, ContentFilter filter = {})
      : journal_{words}, interests_{std::move(filter)}, audit_{interests_, begin} {
    for (const StreamEvent& event : journal_.events()) {
      if (event.offset >= begin) (void)interests_.learn(event);
    }
    interests_.cover(begin, journal_.end());
    for (const StreamEvent& event : journal_.events()) {
      if (event.offset >= begin) audit_.see(event);
    }
    audit_.finish(journal_.end());
  }

  [[nodiscard]] const Audit& audit() const { return audit_; }
  [[nodiscard]] const Account& of(const std::string& service) const {
    for (const Account* account : audit_.accounts()) {
      if (account->service == service) return *account;
    }
    throw std::invalid_argument{"no such service"};
  }
  /// "lost payments 2: why", a line each.
  [[nodiscard]] std::string findings() const {
    std::string text;
    for (const Finding& finding : audit_.findings()) {
      text += std::string{to_string(finding.kind)} + " " + finding.service + " " +
              std::to_string(finding.offset) + ": " + finding.why + "\n";
    }
    return text;
  }
  [[nodiscard]] std::string text() const {
    std::string text;
    for (const std::string& line :
         audit_lines({.audit = audit_, .service = {}, .findings = listed()}, Terminal::none()))
      text += line + "\n";
    return text;
  }

 private:
  [[nodiscard]] std::vector<ListedFinding> listed() const {
    std::vector<ListedFinding> listed;
    for (const Finding& finding : audit_.findings()) {
      listed.push_back({.finding = finding, .topic = {}, .id = {}});
      for (const StreamEvent& event : journal_.events()) {
        if (event.offset != finding.offset) continue;
        listed.back().topic = event.topic;
        listed.back().id = event.id;
      }
    }
    return listed;
  }

  JournalInWords journal_;
  Interests interests_;
  Audit audit_;
};

/// "acked 3, waiting 1": what is not 0, besides matched.
std::string ends(const Tally& tally) {
  std::string text;
  const auto add = [&](const char* name, std::uint64_t count) {
    if (count > 0) text += (text.empty() ? "" : ", ") + std::string{name} + " " + std::to_string(count);
  };
  add("acked", tally.acked);
  add("dead", tally.dead);
  add("discarded", tally.discarded);
  add("expired", tally.expired);
  add("parked", tally.parked);
  add("again", tally.again);
  add("withdrawn", tally.withdrawn);
  add("lost", tally.lost);
  add("waiting", tally.waiting);
  CHECK(tally.matched == tally.accounted());
  return text;
}

}  // namespace

TEST_CASE("a journal in which everything ended as it must is told as one table") {
  const Verified verified{R"(
    payments wants order.*
    shipping wants order.placed
    order.placed
    order.cancelled
    price.tick
    order.placed
    payments report delivered 3-4 acked 3-4 floor 5
    payments report delivered 6 nacked 6
    shipping report acked 3 dead 6 floor 7
    payments report delivered 6#2 acked 6 floor 8
    order.placed
    shipping redrives 6
    shipping report acked 12
  )"};
  CHECK(verified.text() ==
        "offsets 1 to 13, 2026-03-01 10:02:11 to 2026-03-01 10:02:11: 13 events\n"
        "SERVICE              MATCHED  ACKED  DEAD  DISCARDED  EXPIRED  PARKED  AGAIN  WITHDRAWN  LOST  "
        "WAITING\n"
        "payments                   4      3     0          0        0       0      0          0     0       "
        " 1\n"
        "shipping                   3      1     0          0        0       0      1          0     0       "
        " 1\n"
        "shipping, once more        1      1     0          0        0       0      0          0     0       "
        " 0\n"
        "every delivery is accounted for\n");
}

TEST_CASE("an event without an ending below the floor is lost, and is told by id and offset") {
  const Verified verified{R"(
    payments wants order.placed
    order.placed
    order.placed
    payments report acked 3 floor 4
  )"};
  CHECK(verified.text() ==
        "offsets 1 to 4, 2026-03-01 10:02:11 to 2026-03-01 10:02:11: 4 events\n"
        "SERVICE   MATCHED  ACKED  DEAD  DISCARDED  EXPIRED  PARKED  AGAIN  WITHDRAWN  LOST  WAITING\n"
        "payments        2      1     0          0        0       0      0          0     1        0\n"
        "EXCEPTION  SERVICE   OFFSET  TOPIC         ID       WHY\n"
        "lost       payments       2  order.placed  event-2  no ending, and below the floor 4 reported at "
        "offset 4\n"
        "1 exception\n");
}

TEST_CASE("a redelivery without an ending below the floor is lost") {
  const Verified verified{R"(
    payments wants order.placed
    order.placed
    payments report dead 2 floor 3
    payments redrives 2
    payments report floor 6
  )"};
  CHECK(verified.findings() ==
        "lost payments 4: redelivered, no ending, and below the floor 6 reported at offset 5\n");
}

TEST_CASE("an ending of what no pattern matches is a stray") {
  const Verified verified{R"(
    payments wants order.placed
    price.tick
    payments report acked 2
    payments report dead 1
  )"};
  CHECK(verified.findings() ==
        "stray payments 2: settled at offset 3, but no pattern of the service matches it\n"
        "stray payments 1: settled at offset 4, but no pattern of the service matches it\n");
}

TEST_CASE("an ending far below the floor is a stray, one of what is not there yet too") {
  const Verified verified{R"(
    payments wants order.placed
    order.placed
    payments report acked 2 floor 4
    payments report acked 2
    payments report acked 6-7
    order.placed
  )"};
  CHECK(verified.findings() ==
        "stray payments 2: settled at offset 4, below the floor 4\n"
        "stray payments 6: acked at offset 5, before it was there\n");
}

TEST_CASE("a range that lies about its length costs nothing") {
  const Verified verified{R"(
    payments wants order.placed
    payments report acked 1-4294967295
  )"};
  CHECK(verified.audit().findings_count() == 2);
}

TEST_CASE("a second ending of one delivery is found, with a redelivery in between it is another one") {
  const Verified twice{R"(
    payments wants order.placed
    order.placed
    order.placed
    payments report acked 3
    payments report dead 3
  )"};
  CHECK(twice.findings() == "twice payments 3: settled again at offset 5, with no redelivery in between\n");
  const Verified again{R"(
    payments wants order.placed
    order.placed
    payments report acked 2 floor 3
    payments replays 2
    payments report acked 4 floor 6
  )"};
  CHECK(again.findings() == "");
  CHECK(ends(again.of("payments").first) == "acked 1");
  CHECK(ends(again.of("payments").again) == "acked 1");
}

TEST_CASE("offsets that are not handed out are a hole, in the middle and at the end") {
  const Verified verified{R"(
    payments wants order.placed
    nothing
    nothing
    order.placed
    nothing
  )"};
  CHECK(verified.findings() ==
        "hole  2: the journal did not hand out 2 offsets from here on\n"
        "hole  5: the journal did not hand it out\n");
}

TEST_CASE("a record that is none is found, and what it would have said is not believed") {
  for (const char* topic :
       {"reel.delivery", "reel.ledger", "reel.subscription", "reel.control", "reel.redelivery.payments"}) {
    CAPTURE(topic);
    const Verified verified{std::string{"broken "} + topic};
    CHECK(verified.findings() ==
          std::string{"unreadable  1: what stands on "} + topic + " is not the broker's record\n");
  }
}

TEST_CASE("of one kind and service the first findings are kept, and all are counted") {
  std::string words = "payments wants order.placed\n";
  for (int i = 0; i < 150; ++i) words += "order.placed\n";
  words += "payments report floor 152\n";
  const Verified verified{words};
  CHECK(verified.audit().findings().size() == findings_kept_max);
  CHECK(verified.audit().findings_count() == 150);
  CHECK(verified.of("payments").findings == 150);
  CHECK(verified.of("payments").first.lost == 150);
}

TEST_CASE("a service that begins with the oldest event wants what stands before its subscription") {
  const Verified verified{R"(
    order.placed
    order.placed
    payments wants order.placed@2
    payments report acked 2 floor 4
  )"};
  CHECK(verified.findings() == "");
  CHECK(ends(verified.of("payments").first) == "acked 1");
  const Verified passed_over{R"(
    order.placed
    payments wants order.placed@1
    payments report floor 3
  )"};
  CHECK(passed_over.audit().findings_count() == 1);
}

TEST_CASE("with the last pattern that matched it an unsettled event is withdrawn, and may still be settled") {
  const Verified verified{R"(
    payments wants order.placed order.* refund.*
    order.placed
    order.cancelled
    refund.asked
    refund.asked
    payments wants order.placed@1
    payments report acked 4 floor 7
  )"};
  CHECK(verified.findings() == "lost payments 2: no ending, and below the floor 7 reported at offset 7\n");
  CHECK(ends(verified.of("payments").first) == "acked 1, withdrawn 2, lost 1");
}

TEST_CASE("a forgotten service is owed nothing, and begins anew when it subscribes again") {
  const Verified verified{R"(
    payments wants order.placed
    order.placed
    order.placed
    order.placed
    payments report acked 2 dead 3
    payments parks 4
    payments forgets
    payments wants order.placed@2
    payments report acked 2-4 floor 8
  )"};
  CHECK(verified.findings() == "");
  CHECK(ends(verified.of("payments").first) == "acked 4, withdrawn 2");
}

TEST_CASE("parked, expired and discarded events are endings, and resumed ones go on under another offset") {
  const Verified verified{R"(
    payments wants order.placed
    order.placed
    order.placed
    order.placed
    order.placed
    payments report dead 2 expired 5
    payments parks 3-4
    payments discards 2
    payments resumes 3
    payments resumes 4
    payments report acked 9 floor 10
    payments parks 10<4
    payments report floor 13
  )"};
  CHECK(verified.findings() == "");
  CHECK(ends(verified.of("payments").first) == "discarded 1, expired 1, again 2");
  CHECK(ends(verified.of("payments").again) == "acked 1, parked 1");
}

TEST_CASE("a dead letter is one wherever it died, and is redriven from there") {
  const Verified verified{R"(
    payments wants order.placed
    order.placed
    payments report dead 2
    payments redrives 2
    payments report dead 4<2
    payments redrives 2
    payments report acked 6
  )"};
  CHECK(verified.findings() == "");
  CHECK(ends(verified.of("payments").first) == "again 1");
  CHECK(ends(verified.of("payments").again) == "acked 1, again 1");
}

TEST_CASE("a letter that is replayed and dies again is one letter, and gone when it is redriven") {
  const std::string dead_twice = R"(
    payments wants order.placed
    order.placed
    payments report dead 2
    payments replays 2
    payments report dead 4<2
  )";
  const Verified before{dead_twice};
  CHECK(before.findings() == "");
  CHECK(ends(before.of("payments").first) == "again 1");
  CHECK(ends(before.of("payments").again) == "dead 1");
  const Verified after{dead_twice + R"(
    payments redrives 2
    payments report acked 6
  )"};
  CHECK(after.findings() == "");
  CHECK(ends(after.of("payments").first) == "again 1");
  CHECK(ends(after.of("payments").again) == "acked 1, again 1");
}

TEST_CASE("a stretch from the middle judges what it can tell, and counts what it cannot") {
  const std::string words = R"(
    payments wants order.placed refund.*
    order.placed
    order.placed
    refund.asked
    payments report acked 2-4 floor 5
    payments wants order.placed@1
    order.placed
    order.placed
    payments report acked 8
  )";
  CHECK(Verified{words}.findings() == "");
  const Verified verified{words, 3};
  CHECK(verified.findings() == "");
  // Of 2 it does not know, that 4 was refund.* nothing tells any more.
  CHECK(verified.of("payments").earlier == 1);
  CHECK(verified.of("payments").unjudged == 1);
  CHECK(ends(verified.of("payments").first) == "acked 2, waiting 1");
}

TEST_CASE("in a stretch that is all the journal, a service that never subscribed can settle nothing") {
  const std::string words = R"(
    order.placed
    order.placed
    payments report acked 2
  )";
  CHECK(Verified{words}.findings() ==
        "stray payments 2: settled at offset 3, but no pattern of the service matches it\n");
  CHECK(Verified{words, 2}.of("payments").unjudged == 1);
}

TEST_CASE(
    "a filter says who wants an event; where it cannot tell, the event may be settled and need not be") {
  const std::string words = R"(
    payments wants order.placed when large
    order.placed
    order.placed
    payments report acked 2 floor 4
    order.placed
  )";
  const auto says = [](Answer answer) {
    return [answer](const std::string& when, const StreamEvent& event) {
      CHECK(when == "large");
      return event.offset == 2 ? Answer::yes : answer;
    };
  };
  CHECK(Verified{words, 1, says(Answer::no)}.findings() == "");
  CHECK(Verified{words, 1, says(Answer::yes)}.findings() ==
        "lost payments 3: no ending, and below the floor 4 reported at offset 4\n");
  const Verified unknown{words, 1, says(Answer::unknown)};
  CHECK(unknown.findings() == "");
  CHECK(unknown.of("payments").doubtful == 1);
  CHECK(ends(Verified{words}.of("payments").first) == "acked 1");
}

TEST_CASE("another filter on a pattern leaves in doubt what stood before it") {
  const auto small_and_large = [](const std::string& when, const StreamEvent& event) {
    return (when == "large") == (event.offset % 2 == 0) ? Answer::yes : Answer::no;
  };
  const Verified verified{R"(
    payments wants order.placed when large
    order.placed
    order.placed
    payments wants order.placed@1 when small
    order.placed
    payments report acked 5 floor 6
  )",
                          1, small_and_large};
  CHECK(verified.findings() == "");
  CHECK(ends(verified.of("payments").first) == "acked 1, withdrawn 1");
}

TEST_CASE("the ledger's own topic and redeliveries go to nobody by pattern") {
  const Verified verified{R"(
    watcher wants reel.>
    payments wants order.placed
    order.placed
    payments report acked 3 floor 4
    payments replays 3
    watcher ledger acked 1-2
    watcher ledger acked 4 floor 9
  )"};
  CHECK(verified.findings() == "");
  CHECK(ends(verified.of("watcher").first) == "acked 3");
}

TEST_CASE("the broker's count of what waits must be the journal's") {
  const Verified verified{R"(
    payments wants order.placed
    order.placed
    order.placed
    payments report dead 2
    payments redrives 2
  )"};
  using Agreement = Audit::Agreement;
  CHECK(verified.audit().compare("payments", 2, false) == Agreement::yes);
  CHECK(verified.audit().compare("payments", 1, false) == Agreement::too_little);
  CHECK(verified.audit().compare("payments", 1, true) == Agreement::yes);
  CHECK(verified.audit().compare("payments", 3, true) == Agreement::too_much);
  CHECK(verified.audit().compare("nobody", 0, false) == Agreement::yes);
  CHECK(verified.audit().compare("nobody", 1, false) == Agreement::too_much);
}

TEST_CASE("an audit as JSON has a line for each service, each finding and the whole") {
  const Verified verified{R"(
    payments wants order.placed
    order.placed
    payments report floor 3
  )"};
  const auto lines =
      audit_json({.audit = verified.audit(),
                  .service = {},
                  .findings = {{verified.audit().findings().at(0), "order.placed", "event-2"}}});
  std::string text;
  for (const auto& line : lines) text += line_of(line) + "\n";
  CHECK(
      text ==
      R"({"service":"payments","first":{"matched":1,"acked":0,"dead":0,"discarded":0,"expired":0,"parked":0,"again":0,"withdrawn":0,"lost":1,"waiting":0},"earlier":0,"unjudged":0,"doubtful":0,"exceptions":1}
{"exception":"lost","service":"payments","reeloffset":2,"type":"order.placed","id":"event-2","why":"no ending, and below the floor 3 reported at offset 3"}
{"from":1,"to":4,"events":3,"exceptions":1,"clean":false}
)");
}
