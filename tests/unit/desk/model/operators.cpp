#include "operators.h"

#include <algorithm>

namespace reel::broker::test {

std::uint64_t Operators::tell(const std::string& service, v1::Command command) {
  command.set_by("ada@host");
  command.set_service(service);
  v1::Request request;
  *request.mutable_command()->mutable_command() = std::move(command);
  const auto reply = scene_.world.asks(std::move(request));
  if (!reply.error().empty()) scene_.looks("a command is refused: " + reply.error());
  return reply.command().count();
}

void Operators::expect(std::uint64_t count, std::uint64_t expected) {
  scene_.looks(count == expected
                   ? ""
                   : "a command is about " + std::to_string(count) + ", not " + std::to_string(expected));
}

void Operators::pause(bool over) {
  const auto service = scene_.some_service();
  if (!scene_.naive.services[service].known()) return;
  const LogTime until = scene_.one_in(3) ? 0 : scene_.naive.now + (1 + scene_.upto(40)) * time_unit;
  if (over) return resume(service);
  scene_.say(service + " is paused");
  v1::Command command;
  command.mutable_pause()->set_until(until);
  scene_.naive.services[service].paused_until = until == 0 ? ~LogTime{0} : until;
  expect(tell(service, std::move(command)), 1);
}

void Operators::resume(const std::string& service) {
  scene_.say(service + " is resumed");
  v1::Command command;
  command.mutable_resume();
  scene_.naive.services[service].paused_until = 0;
  expect(tell(service, std::move(command)), 1);
}

void Operators::letters(bool redrive) {
  const auto service = scene_.some_service();
  std::set<Place> places;
  for (const auto& [place, key] : scene_.naive.services[service].dead) {
    if (scene_.one_in(2)) places.insert(place);
  }
  if (!places.empty()) letters(service, places, redrive);
}

void Operators::letters(const std::string& service, const std::set<Place>& places, bool redrive) {
  v1::Command command;
  auto& offsets = redrive ? *command.mutable_redrive() : *command.mutable_discard();
  std::string line = service + (redrive ? ": redriven are" : ": discarded are");
  for (const auto place : places) {
    offsets.add_offsets(scene_.naive.log[place].offset);
    line += " " + std::to_string(scene_.naive.log[place].offset);
  }
  scene_.say(line);
  const auto expected =
      redrive ? scene_.naive.redrives(service, places) : scene_.naive.discards(service, places);
  expect(tell(service, std::move(command)), expected);
}

void Operators::hurry(bool retry) {
  const auto service = scene_.some_service();
  std::vector<Offset> failed;
  const auto& withdrawn = scene_.naive.services[service].withdrawn;
  for (const auto& owed : scene_.naive.services[service].line) {
    if (owed.failed() && !withdrawn.contains(owed.place)) failed.push_back(owed.offset);
  }
  if (failed.empty()) return;
  const auto offset = scene_.any(failed);
  scene_.say(service + (retry ? ": retried now is " : ": given up is ") + std::to_string(offset));
  v1::Command command;
  (retry ? command.mutable_retry_now() : command.mutable_give_up())->add_offsets(offset);
  const bool expected =
      retry ? scene_.naive.retries_now(service, offset) : scene_.naive.gives_up(service, offset);
  expect(tell(service, std::move(command)), expected ? 1 : 0);
}

void Operators::replay() {
  const std::string service = "stock";
  if (scene_.naive.log.empty() || !scene_.naive.services[service].replayed_to_read.empty()) return;
  const auto from = scene_.upto(scene_.naive.log.size() - 1);
  const auto to = std::min(scene_.naive.log.size() - 1, from + 1 + scene_.upto(6));
  if (from >= to || scene_.naive.log[from].offset < scene_.naive.begin) return;
  scene_.say(service + ": replayed is from " + std::to_string(scene_.naive.log[from].offset) + " to " +
             std::to_string(scene_.naive.log[to].offset));
  v1::Command command;
  command.mutable_replay()->set_from_offset(scene_.naive.log[from].offset);
  command.mutable_replay()->set_to_offset(scene_.naive.log[to].offset);
  scene_.naive.replays(service, from, to);
  expect(tell(service, std::move(command)), 1);
}

void Operators::forget() {
  const auto service = scene_.some_service();
  const auto& known = scene_.naive.services[service];
  if (!known.known() || !known.instances.empty()) return;
  scene_.say(service + " is forgotten");
  v1::Command command;
  command.mutable_forget();
  scene_.naive.forgets(service);
  expect(tell(service, std::move(command)), 1);
}

void Operators::cancel() {
  if (scene_.naive.delayed.empty()) return;
  const auto offset = scene_.any(scene_.naive.delayed).offset;
  scene_.say("cancelled is " + std::to_string(offset));
  v1::Command command;
  command.set_cancel_delayed(offset);
  const bool expected = scene_.naive.cancels(offset);
  expect(tell("", std::move(command)), expected ? 1 : 0);
}

}  // namespace reel::broker::test
