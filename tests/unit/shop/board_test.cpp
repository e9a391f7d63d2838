#include "shop/demo/board.h"

#include <doctest/doctest.h>

#include <string>

namespace {

using shop::demo::View;

std::string drawn(const View& view) {
  std::string text;
  for (const std::string& line : board_lines(view, reel::cli::Terminal::none())) text += line + '\n';
  return text;
}

View busy() {
  View view;
  view.elapsed = std::chrono::seconds{83};
  view.open = 12;
  view.completed = 211;
  view.declined = 31;
  return view;
}

}  // namespace

TEST_CASE("the board counts orders, and is short while all is well") {
  CHECK(drawn(busy()) ==
        "the shop, on Reel  1m 23s\n"
        "\n"
        "    12 open     211 completed      31 declined       0 overdue\n"
        "\n"
        "  0 follow-ups dropped so far. Look closer from another terminal: build/release/bin/reel flow "
        "order-1\n"
        "  Ctrl-C stops everything.\n");
}

TEST_CASE("each overdue order stands with what is missing, how late it is and who owes it") {
  View view = busy();
  view.overdue = 2;
  view.dropped = 2;
  view.rows = {
      {"order-7", "payment.captured or payment.declined", std::chrono::milliseconds{3200}, "payments"},
      {"order-33", "shipment.dispatched", std::chrono::seconds{72}, "shipping"}};
  view.news = {"10:02:11.004 invoicing ended with exit code 1; started again"};
  CHECK(drawn(view) ==
        "the shop, on Reel  1m 23s\n"
        "\n"
        "    12 open     211 completed      31 declined       2 overdue\n"
        "\n"
        "  overdue   missing                                 late  owed by\n"
        "  order-7   payment.captured or payment.declined    3.2s  payments\n"
        "  order-33  shipment.dispatched                   1m 12s  shipping\n"
        "\n"
        "  10:02:11.004 invoicing ended with exit code 1; started again\n"
        "\n"
        "  2 follow-ups dropped so far. Look closer from another terminal: build/release/bin/reel flow "
        "order-7\n"
        "  Ctrl-C stops everything.\n");
}

TEST_CASE("an overdue flow is late by what the tracker's clock says") {
  reel::v1::FlowSummary flow;
  flow.set_correlationid("order-7");
  auto* expectation = flow.add_overdue();
  expectation->set_deadline(1'000'000'000);
  expectation->add_missing("shipment.delivered");
  expectation->add_missing("customer.notified");
  expectation->set_owner("shipping");

  const auto rows = shop::demo::rows_of(flow, 4'500'000'000);
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].missing == "shipment.delivered and customer.notified");
  CHECK(rows[0].late == std::chrono::milliseconds{3500});
  CHECK(shop::demo::rows_of(flow, 0)[0].late == std::chrono::nanoseconds{0});
}
