// What operators do in a walk, by commands.
#pragma once

#include "scene.h"

namespace reel::broker::test {

class Operators {
 public:
  explicit Operators(Scene& scene) : scene_{scene} {}

  /// Or `over`: resumes.
  void pause(bool over);
  void resume(const std::string& service);
  void letters(bool redrive);
  void letters(const std::string& service, const std::set<Place>& places, bool redrive);
  void hurry(bool retry);
  void replay();
  void cancel();
  void forget();

 private:
  std::uint64_t tell(const std::string& service, v1::Command command);
  void expect(std::uint64_t count, std::uint64_t expected);

  Scene& scene_;
};

}  // namespace reel::broker::test
