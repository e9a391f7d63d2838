#include "delay/delays.h"

#include <doctest/doctest.h>

#include "delay_bench.h"

using namespace reel;
using namespace reel::broker;

TEST_CASE("events come out when they are due, the earliest first, and once") {
  Delays delays{10};
  CHECK(delays.next_due() == 0);
  CHECK(delays.apply(delay_batch(1, "a", 300)) == 0);
  CHECK(delays.apply(delay_batch(2, "b", 100)) == 0);
  CHECK(delays.apply(delay_batch(3, "c", 200)) == 0);
  CHECK(delays.next_due() == 100);
  CHECK(text_of(delays.take_due(99, 10)) == "");
  CHECK(text_of(delays.take_due(200, 1)) == "2@100");
  CHECK(text_of(delays.take_due(200, 10)) == "3@200");
  CHECK(text_of(delays.take_due(200, 10)) == "");
  CHECK(text_of(delays) == "1@300");
}

TEST_CASE("a taken event is kept until the journal says that it is over, and is not taken again") {
  Delays delays{10};
  delays.apply(delay_batch(5, "a", 100));
  delays.apply(delay_batch(6, "b", 200));
  CHECK(delays.take(5));
  CHECK_FALSE(delays.take(5));
  CHECK(delays.oldest() == 5);
  CHECK(delays.room() == 8);
  delays.apply(ended_batch(7, {5}));
  CHECK(delays.oldest() == 6);
  CHECK(delays.room() == 9);
  CHECK_FALSE(delays.take(5));
  CHECK_FALSE(delays.take(4));
  delays.apply(ended_batch(8, {6, 6, 99}));
  CHECK(delays.oldest() == 0);
  CHECK(delays.room() == 10);
}

TEST_CASE("a moved event waits where it was written again, and its old place is free") {
  Delays delays{10};
  const auto first = delay_batch(1, "a", 100, true);
  delays.apply(first);
  CHECK(delays.take(1));
  const auto again = move_batch(9, first);
  CHECK(delays.find("shop/1", "a") == 1);
  CHECK(delays.apply(again) == 0);
  CHECK(text_of(delays) == "9@100");
  CHECK(delays.oldest() == 9);
  CHECK(delays.room() == 9);
  CHECK(delays.find("shop/1", "a") == 9);
  CHECK(delayed_at(again, 9)->moved_from() == 1);
  CHECK(delayed_at(again, 9)->event() == delayed_event("a", 100));
}

TEST_CASE("a moved event is known also where its first record is gone from the journal") {
  Delays delays{10};
  delays.apply(move_batch(9, delay_batch(1, "a", 100)));
  CHECK(text_of(delays) == "9@100");
}

TEST_CASE("the ids that publishers chose are known while the event waits, from before its commit on") {
  Delays delays{10};
  const auto batch = delay_batch(1, "a", 100, true);
  delays.expect(batch);
  CHECK(delays.find("shop/1", "a") == 1);
  CHECK(delays.room() == 9);
  delays.apply(batch);
  CHECK(delays.room() == 9);
  CHECK(delays.find("shop/1", "a") == 1);
  CHECK_FALSE(delays.find("shop/2", "a"));
  delays.apply(delay_batch(2, "b", 100));
  CHECK_FALSE(delays.find("shop/1", "b"));
  delays.apply(ended_batch(3, {1, 2}));
  CHECK_FALSE(delays.find("shop/1", "a"));
}

TEST_CASE("no more are kept than there is room for") {
  Delays delays{2};
  CHECK(delays.room() == 2);
  delays.expect(delay_batch(1, "a", 100));
  delays.apply(delay_batch(1, "a", 100));
  delays.expect(delay_batch(2, "b", 100));
  CHECK(delays.room() == 0);
  delays.apply(delay_batch(2, "b", 100));
  delays.apply(delay_batch(3, "c", 100));  // of a broker that had more room
  CHECK(delays.room() == 0);
  delays.apply(ended_batch(4, {1, 2}));
  CHECK(delays.room() == 1);
}

TEST_CASE("what waits is listed page by page in the order of due times") {
  Delays delays{10};
  for (const Offset offset : {1, 2, 3, 4}) delays.apply(delay_batch(offset, "a", offset == 4 ? 50 : 100));
  const auto first = delays.page({}, 2);
  CHECK(text_of(first) == "4@50 1@100");
  CHECK(text_of(delays.page(first.back(), 2)) == "2@100 3@100");
  CHECK(text_of(delays.page({100, 3}, 2)) == "");
  CHECK(delays.between(2, 4, 10) == std::vector<Offset>{2, 3});
  CHECK(delays.between(1, 5, 1) == std::vector<Offset>{1});
  CHECK(delays.take(2));
  CHECK(delays.between(1, 5, 10) == std::vector<Offset>{1, 3, 4});
}

TEST_CASE("a snapshot brings back what waited, and what was on its way out") {
  Delays delays{10};
  delays.apply(delay_batch(1, "a", 100, true));
  delays.apply(delay_batch(2, "b", 200));
  delays.apply(delay_batch(3, "c", 300));
  delays.apply(ended_batch(4, {2}));
  CHECK(delays.take(1));
  v1::Snapshot snapshot;
  delays.save(snapshot);
  Delays again{10};
  again.load(snapshot);
  CHECK(text_of(again) == "1@100 3@300");
  CHECK(again.find("shop/1", "a") == 1);
  CHECK(again.room() == 8);
}

TEST_CASE("records before the snapshot's end are not taken twice") {
  Delays delays{10};
  CHECK(delays.apply(delay_batch(5, "a", 100), 6) == 0);
  CHECK(text_of(delays) == "");
}

TEST_CASE("what stood where the journal no longer reaches is lost, and counted") {
  Delays delays{10};
  for (const Offset offset : {1, 2, 3}) delays.apply(delay_batch(offset, "a", 100));
  CHECK(delays.forget_below(3) == 2);
  CHECK(text_of(delays) == "3@100");
}

TEST_CASE("a record that cannot be read is counted and changes nothing") {
  Delays delays{10};
  BatchWriter writer;
  writer.begin_run({.source = broker_source, .topic = delayed_topic, .dataschema = "reel.v1.Delayed"});
  writer.add({.id = "a", .correlationid = "c", .data = "\x0a\x05x"});
  writer.add({.id = "b", .correlationid = "c", .data = ""});
  writer.begin_run({.source = broker_source, .topic = delayed_ended_topic, .dataschema = "T"});
  writer.add({.id = "c", .correlationid = "c", .data = "\x0a\x05x"});
  StoredBatch batch;
  batch.first_offset = 1;
  batch.append_own(writer.take());
  CHECK(delays.apply(batch) == 3);
  CHECK(text_of(delays) == "");
  CHECK_FALSE(delayed_at(batch, 1));
  CHECK_FALSE(delayed_at(batch, 3));
  CHECK_FALSE(delayed_at(batch, 4));
}

TEST_CASE("only the broker's own records count") {
  Delays delays{10};
  BatchWriter writer;
  writer.begin_run({.source = "somebody", .topic = delayed_topic, .dataschema = "reel.v1.Delayed"});
  v1::Delayed delayed;
  delayed.set_due(100);
  delayed.set_event(delayed_event("a", 100));
  const auto data = delayed.SerializeAsString();
  writer.add({.id = "a", .correlationid = "c", .data = data});
  StoredBatch batch;
  batch.first_offset = 1;
  batch.append_own(writer.take());
  CHECK(delays.apply(batch) == 0);
  CHECK(text_of(delays) == "");
}
