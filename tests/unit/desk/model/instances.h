// The instances of a walk's services: they come and go, hang, and answer in every way they may, late ones
// too.
#pragma once

#include "scene.h"

namespace reel::broker::test {

class Instances {
 public:
  explicit Instances(Scene& scene) : scene_{scene} {}

  void join(const std::string& service, const std::string& instance, std::uint32_t credit, bool from_start,
            const std::set<std::string>& names);
  void join_somebody();
  void join_again();
  void change();
  void end(StepKind kind);
  void pass(LogTime units);
  void answer(std::uint64_t share, std::uint64_t nack_share);
  void answer(const std::string session, const std::string& service, std::uint64_t share,
              std::uint64_t nack_share);
  void answer_late();

 private:
  void subscribe(const std::string& session, const std::string& service, const std::string& instance,
                 std::uint32_t credit, bool from_start, const std::set<std::string>& names);
  std::vector<Draft> emitted_for(const std::string& service, const NaiveBroker::Event& event);
  void settle(const std::string& session, const Answers& answers);

  Scene& scene_;
  std::uint64_t sessions_ = 0;
  std::vector<std::pair<std::string, Answers::To>> late_;
};

}  // namespace reel::broker::test
