#include "journal/mailbox.h"

#include <doctest/doctest.h>

#include <thread>

using namespace reel::broker;

TEST_CASE("a mailbox gives out all that was put in, in order") {
  Mailbox<int> box;
  CHECK(box.take().empty());
  box.put(1);
  box.put(2);
  CHECK(box.take() == std::vector{1, 2});
  CHECK(box.take().empty());
}

TEST_CASE("a mailbox rings when it has something, and only then") {
  Mailbox<int> box;
  const auto rings = [&box] {
    pollfd bell{.fd = box.fd(), .events = POLLIN, .revents = 0};
    return ::poll(&bell, 1, 0) == 1;
  };
  CHECK_FALSE(rings());
  box.put(1);
  CHECK(rings());
  (void)box.take();
  CHECK_FALSE(rings());
  box.close();
  CHECK(rings());
}

TEST_CASE("nothing is lost between threads") {
  Mailbox<int> box;
  constexpr int each = 20'000;
  const auto put_all = [&box] {
    for (int i = 0; i < each; ++i) box.put(1);
  };
  std::thread one{put_all};
  std::thread two{put_all};
  int got = 0;
  while (got < 2 * each) {
    box.wait();
    for (const int item : box.take()) got += item;
  }
  one.join();
  two.join();
  CHECK(got == 2 * each);
}
