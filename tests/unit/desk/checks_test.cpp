// What instances say of themselves, and what the broker says of it to those who ask.
#include <sstream>

#include "desk_bench.h"

using namespace reel;
using namespace reel::broker;
using namespace reel::broker::test;
using namespace std::chrono_literals;

namespace {

void add(v1::SelfChecks& checks, const std::string& name, const std::string& reason = "",
         std::uint64_t lasting_ms = 0) {
  auto& check = *checks.add_checks();
  check.set_name(name);
  check.set_failed(!reason.empty());
  check.set_reason(reason);
  check.set_lasting_ms(lasting_ms);
}

v1::SelfChecks one(const std::string& name, const std::string& reason = "", std::uint64_t lasting_ms = 0) {
  v1::SelfChecks checks;
  add(checks, name, reason, lasting_ms);
  return checks;
}

/// "database 1/2 a: refused (3s), disk 0/2"
template <typename Checks>
std::string text_of(const Checks& checks, LogTime now) {
  std::ostringstream text;
  for (const auto& check : checks) {
    text << (text.tellp() > 0 ? ", " : "") << check.name() << ' ' << check.failed() << '/'
         << check.instances();
    for (const auto& failing : check.failing())
      text << ' ' << failing.instance() << ": " << failing.reason() << " ("
           << (now - failing.since()) / 1'000'000'000 << "s)";
  }
  return text.str();
}

/// As listed.
std::string listed(DeskBench& bench, const std::string& name = "payments") {
  v1::Request request;
  request.mutable_services();
  const auto reply = bench.asks(std::move(request));
  for (const auto& service : reply.services().services()) {
    if (service.service() == name) return text_of(service.checks(), reply.services().now());
  }
  return "no " + name;
}

/// And as told to who asks what became of an event.
std::string told_with_fate(DeskBench& bench, Offset offset) {
  v1::Request request;
  request.mutable_fates()->add_offsets(offset);
  const auto reply = bench.asks(std::move(request));
  REQUIRE(reply.fates().services_size() == 1);
  return text_of(reply.fates().services(0).failed_checks(), reply.fates().now());
}

v1::StatusReply status(DeskBench& bench) {
  v1::Request request;
  request.mutable_status();
  return bench.asks(std::move(request)).status();
}

}  // namespace

TEST_CASE("a service's checks are those of its instances as they said last, the failing ones first") {
  DeskBench bench;
  bench.joins("a", "payments", {"order.placed"});
  bench.joins("b", "payments", {"order.placed"});
  CHECK(listed(bench) == "");
  auto checks = one("card-reader");
  add(checks, "database", "refused", 3'000);
  bench.tells_checks("a", checks);
  bench.tells_checks("b", one("card-reader"));
  CHECK(listed(bench) == "database 1/1 a: refused (3s), card-reader 0/2");
  CHECK(status(bench).failed_checks() == 1);
  bench.publishes("order.placed", {"e1 k"});
  bench.rest();
  CHECK(told_with_fate(bench, bench.journal().end_offset() - 1) == "database 1/1 a: refused (3s)");

  SUBCASE("who fails for longest stands first") {
    bench.tells_checks("b", one("database", "no route", 5'000));
    CHECK(listed(bench) == "database 2/2 b: no route (5s) a: refused (3s), card-reader 0/1");
  }
  SUBCASE("it fails since then as long as it fails, whatever the reason") {
    bench.advance(1s);
    bench.tells_checks("a", one("database", "no route", 4'000));
    CHECK(listed(bench) == "database 1/1 a: no route (4s), card-reader 0/1");
    bench.advance(1s);
    bench.tells_checks("a", one("database", "refused"));  // from a client that does not say for how long
    CHECK(listed(bench) == "database 1/1 a: refused (5s), card-reader 0/1");
    bench.advance(5s);
    bench.tells_checks("a", one("database", "refused", 9'500));  // on a beat that was slow
    CHECK(listed(bench) == "database 1/1 a: refused (10s), card-reader 0/1");
  }
  SUBCASE("what failed, passed and fails again between two beats fails since then") {
    bench.advance(5s);
    bench.tells_checks("a", one("database", "refused", 2'000));
    CHECK(listed(bench) == "database 1/1 a: refused (2s), card-reader 0/1");
  }
  SUBCASE("one that passes again is no trouble") {
    bench.tells_checks("a", one("database"));
    CHECK(listed(bench) == "card-reader 0/1, database 0/1");
    CHECK(told_with_fate(bench, bench.journal().end_offset() - 1) == "");
    CHECK(status(bench).failed_checks() == 0);
  }
  SUBCASE("a beat without checks changes nothing") {
    bench.beats("a", {});
    CHECK(listed(bench) == "database 1/1 a: refused (3s), card-reader 0/2");
  }
  SUBCASE("what an instance said goes with it") {
    bench.leaves("a");
    CHECK(listed(bench) == "card-reader 0/1");
    CHECK(status(bench).failed_checks() == 0);
  }
}

TEST_CASE("who only publishes is listed with its checks, and told of where somebody asks for it") {
  DeskBench bench;
  bench.publishes("order.placed", {"e1 k"});
  CHECK(listed(bench, "publisher-7") == "no publisher-7");
  bench.tells_checks("publisher-7", one("bank", "refused", 3'000));
  CHECK(listed(bench, "publisher-7") == "bank 1/1 1: refused (3s)");
  CHECK(status(bench).failed_checks() == 1);
  v1::Request request;
  for (const char* name : {"publisher-7", "nobody"}) request.mutable_fates()->add_services(name);
  const auto fates = bench.asks(request).fates();
  REQUIRE(fates.services_size() == 1);
  CHECK(fates.services(0).service() == "publisher-7");
  CHECK(fates.services(0).instances() == 1);
  CHECK(text_of(fates.services(0).failed_checks(), fates.now()) == "bank 1/1 1: refused (3s)");
  for (int i = 0; i < 255; ++i) request.mutable_fates()->add_services("s");
  CHECK(bench.asks(request).error() ==
        "a question about fates names at most 256 events and as many flows and services");
}

TEST_CASE(
    "of checks that are too many, too long, twice or without a name there is as much as fits, and a count") {
  DeskBench bench;
  bench.joins("a", "payments", {"order.placed"});
  SUBCASE("too long, up to a whole character") {
    bench.tells_checks("a", one(std::string(63, 'n') + "\u00e9", std::string(255, 'r') + "\u00e9"));
    CHECK(listed(bench) == std::string(63, 'n') + " 1/1 a: " + std::string(255, 'r') + " (0s)");
    CHECK(status(bench).checks_cut() == 1);
  }
  SUBCASE("twice or without a name") {
    auto checks = one("disk");
    add(checks, "disk", "full");
    add(checks, "", "nobody");
    bench.tells_checks("a", checks);
    CHECK(listed(bench) == "disk 0/1");
    CHECK(status(bench).checks_cut() == 2);
  }
  SUBCASE("too many") {
    v1::SelfChecks checks;
    for (int i = 0; i < 1'000; ++i) add(checks, "check-" + std::to_string(100 + i), "no");
    bench.tells_checks("a", checks);
    const auto all = listed(bench);
    CHECK(all.starts_with("check-100 1/1"));
    CHECK(all.find("check-131 1/1") != std::string::npos);
    CHECK(all.find("check-132") == std::string::npos);
    CHECK(status(bench).checks_cut() == 968);
  }
  SUBCASE("a time that cannot be") {
    bench.tells_checks("a", one("disk", "full", ~std::uint64_t{0}));
    CHECK(listed(bench) == "disk 1/1 a: full (31622400s)");
  }
}

TEST_CASE("checks of an ephemeral subscriber are its service's") {
  DeskBench bench;
  v1::Subscribe from_now;
  from_now.set_ephemeral(true);
  bench.joins("a", "payments", {"order.placed"}, from_now);
  bench.tells_checks("a", one("database", "refused", 3'000));
  CHECK(listed(bench) == "database 1/1 a: refused (3s)");
  CHECK(listed(bench, "payments#1") == "");
  v1::Request request;
  request.mutable_fates()->add_services("payments");
  CHECK(text_of(bench.asks(request).fates().services(0).failed_checks(), 0).starts_with("database 1/1"));
  bench.joins("b", "payments", {"order.placed"});
  bench.tells_checks("b", one("database"));
  CHECK(listed(bench) == "database 1/2 a: refused (3s)");
  bench.leaves("a");
  CHECK(listed(bench) == "database 0/1");
  CHECK(status(bench).failed_checks() == 0);
}

TEST_CASE("checks of all instances together have a limit, and room again when one goes") {
  DeskBench bench;
  v1::SelfChecks checks;
  for (int i = 0; i < 32; ++i)
    add(checks, std::string(62, 'n') + std::to_string(10 + i), std::string(256, 'r'));
  // "payments" and "i-1000" with each check, and once more.
  constexpr int fit = (8 << 20) / (32 * (64 + 256) + 33 * (64 + 14));
  for (int i = 0; i <= fit; ++i) {
    bench.joins("i-" + std::to_string(1'000 + i), "payments", {"order.placed"});
    bench.tells_checks("i-" + std::to_string(1'000 + i), checks);
  }
  const auto cut = status(bench).checks_cut();
  CHECK(cut > 0);
  CHECK(cut < 32);
  bench.tells_checks("i-1000", {});
  bench.tells_checks("i-" + std::to_string(1'000 + fit), checks);
  CHECK(status(bench).checks_cut() == cut);
  bench.leaves("i-1001");
  bench.tells_checks("i-1000", checks);
  CHECK(status(bench).checks_cut() == cut);
}

TEST_CASE(
    "whatever thousands of clients say of themselves, an answer that tells it all is no larger than it may "
    "be") {
  auto model = desk_model();
  model.broker.sessions_max = 6'000;
  DeskBench bench{model};
  const std::string host(128, 'h');
  for (int i = 0; i < 5'000; ++i) {
    // Each under a name of its own, which only publishes; with names and no reasons worth their place.
    const auto name = std::string(120, 's') + std::to_string(i);
    bench.says_hello(name, std::string(128, 'i'), host);
    v1::SelfChecks checks;
    for (int check = 0; check < 32; ++check) add(checks, std::to_string(check), "r");
    bench.tells_checks(name, checks);
  }
  v1::Request request;
  request.mutable_services();
  const auto services = bench.asks(request).services();
  CHECK(services.ByteSizeLong() < checks_bytes_max);
  std::uint64_t told = 0;
  for (const auto& service : services.services()) told += static_cast<std::uint64_t>(service.checks_size());
  CHECK(told > 10'000);
  CHECK(status(bench).failed_checks() == told);
  CHECK(status(bench).checks_cut() == 5'000 * 32 - told);
}
