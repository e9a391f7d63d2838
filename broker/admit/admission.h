#pragma once
#include <functional>
#include <memory>
#include <string_view>
#include <vector>
#include "config/model.h"
#include "event/schema_set.h"
#include "journal/stored_batch.h"
#include "reel/v1/wire.pb.h"
namespace reel::broker {
struct Admitted {
  std::unique_ptr<StoredBatch> durable;
  std::unique_ptr<StoredBatch> live;
  std::vector<v1::Refusal> refusals;
  std::uint32_t entries = 0;
};
class Admission {
 public:
  Admission(const config::Model&, const SchemaSet&) {}
  Admitted judge(std::shared_ptr<const void> owner, std::string_view bytes, bool,
                 const std::function<bool(std::uint32_t)>& keep = {}) {
    (void)keep;
    Admitted a;
    a.durable = std::make_unique<StoredBatch>();
    (void)a.durable->append(std::move(owner), bytes);
    a.entries = a.durable->count();
    return a;
  }
};
}  // namespace reel::broker
