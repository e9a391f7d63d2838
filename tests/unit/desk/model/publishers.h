// The publishers of a walk, who also send again what was answered, or was not.
#pragma once

#include "scene.h"

namespace reel::broker::test {

class Publishers {
 public:
  explicit Publishers(Scene& scene) : scene_{scene} {}

  void open();
  void publish();
  void publish_again();

 private:
  struct Batch {
    std::uint64_t sequence = 0;
    std::vector<Draft> drafts;
  };
  struct Publisher {
    std::uint64_t sequence = 0;
    std::vector<Batch> sent;
  };

  void send(const std::string& name, const Batch& batch);

  Scene& scene_;
  std::map<std::string, Publisher> publishers_{{"shop", {}}, {"app", {}}};
  std::uint64_t ids_ = 0;
};

}  // namespace reel::broker::test
