#include "shop/faults.h"

#include <doctest/doctest.h>

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "reel/testing.h"
#include "shop/v1/orders.pb.h"

namespace {

using reel::TestDelivery;
using shop::v1::OrderCancelled;
using shop::v1::OrderPlaced;

/// A service with one handler, which has these faults.
class FaultyService {
 public:
  explicit FaultyService(const shop::Arguments& arguments)
      : faults_{"payments", arguments, [this](const std::string& line) { reports.push_back(line); }} {
    bus_.service().on<OrderPlaced>("order.placed", [this](const OrderPlaced&, reel::Context& flow) {
      faults_.strike(flow);
      faults_.publish(flow, "payment.captured", OrderCancelled{});
    });
  }

  TestDelivery handles(const std::string& flow, std::uint32_t attempt = 1) {
    return bus_.deliver("order.placed", OrderPlaced{}, {.correlationid = flow}, attempt);
  }
  /// Of order-1 … order-1000, those whose handling published something.
  std::vector<std::string> published() {
    std::vector<std::string> flows;
    for (const auto& event : bus_.published()) flows.push_back(event.correlationid);
    return flows;
  }
  void handles_a_thousand() {
    for (int i = 1; i <= 1000; ++i) CHECK(handles("order-" + std::to_string(i)).handled());
  }

  std::vector<std::string> reports;

 private:
  shop::Faults faults_;
  reel::TestBus bus_{"payments"};
};

/// What a service says to these flags; empty: nothing, they are fine.
std::string complaint(const std::string& flags, shop::Arguments& arguments) {
  CLI::App app;
  shop::add_flags(app, arguments);
  try {
    app.parse(flags, false);
    return "";
  } catch (const CLI::ParseError& error) {
    return error.what();
  }
}

}  // namespace

TEST_CASE("without flags nothing goes wrong") {
  FaultyService service{shop::Arguments{}};
  service.handles_a_thousand();
  CHECK(service.published().size() == 1000);
  CHECK(service.reports.empty());
}

TEST_CASE("a dropped follow-up is handled, not published, and told") {
  FaultyService service{{.drop = 1}};
  CHECK(service.handles("order-7").handled());
  CHECK(service.published().empty());
  CHECK(service.reports == std::vector<std::string>{R"({"dropped":"payment.captured","flow":"order-7"})"});
}

TEST_CASE("a share of the flows is hit, and in every run the same ones") {
  FaultyService service{{.drop = 0.05}};
  service.handles_a_thousand();
  const std::size_t dropped = 1000 - service.published().size();
  CHECK(dropped == service.reports.size());
  CHECK(dropped > 30);
  CHECK(dropped < 70);

  FaultyService again{{.drop = 0.05}};
  again.handles_a_thousand();
  CHECK(again.published() == service.published());
}

TEST_CASE("a failing event fails at its first attempt only") {
  FaultyService service{{.fail = 1}};
  const TestDelivery first = service.handles("order-7", 1);
  CHECK(first.retried());
  CHECK(first.error == "payments failed on purpose");
  CHECK(service.handles("order-7", 2).handled());
  CHECK(service.published() == std::vector<std::string>{"order-7"});
}

TEST_CASE("an event that fails and is dropped is dropped at its second attempt") {
  FaultyService service{{.drop = 1, .fail = 1}};
  CHECK(service.handles("order-7", 1).retried());
  CHECK(service.reports.empty());
  CHECK(service.handles("order-7", 2).handled());
  CHECK(service.reports.size() == 1);
}

TEST_CASE("a share of nothing includes nobody, a share of all everybody") {
  for (int i = 0; i < 1000; ++i) {
    const std::string name = "order-" + std::to_string(i);
    CHECK_FALSE(shop::among(0, "declined", name));
    CHECK(shop::among(1, "declined", name));
  }
}

TEST_CASE("faults are told on the command line") {
  shop::Arguments arguments;
  CHECK(
      complaint("--drop 5% --slow 2s --fail 0.1 --crash-after 40 --check-fails down --broker tcp://bus:5555",
                arguments) == "");
  CHECK(arguments.drop == doctest::Approx(0.05));
  CHECK(arguments.slow == std::chrono::seconds{2});
  CHECK(arguments.fail == doctest::Approx(0.1));
  CHECK(arguments.crash_after == 40);
  CHECK_THROWS_WITH_AS((shop::Faults{"payments", arguments}.check()), "down", std::runtime_error);
  CHECK_NOTHROW(shop::Faults{"payments", shop::Arguments{}}.check());
  CHECK(arguments.options().brokers == std::vector<std::string>{"tcp://bus:5555"});
}

TEST_CASE("a flag that makes no sense is answered with what would") {
  struct Case {
    const char* flags;
    const char* complaint;
  };
  for (const Case& wrong : {
           Case{"--drop 105%", "'105%' is not a share such as 5% or 0.05"},
           Case{"--drop five", "'five' is not a share such as 5% or 0.05"},
           Case{"--drop nan", "'nan' is not a share such as 5% or 0.05"},
           Case{"--fail 5percent", "'5percent' is not a share such as 5% or 0.05"},
           Case{"--slow 2", "'2' is not a duration such as 200ms or 2s, 10 minutes at most"},
           Case{"--slow 1e9s", "'1e9s' is not a duration such as 200ms or 2s, 10 minutes at most"},
       }) {
    CAPTURE(wrong.flags);
    shop::Arguments arguments;
    CHECK(complaint(wrong.flags, arguments) == wrong.complaint);
  }
}
