#include "gateway/traces/trace_request.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <utility>

#include "outward/retry_after.h"

namespace reel::gateway {
namespace {

using namespace std::chrono_literals;

/// Before the second attempt; twice as long before each further one, up to the second.
constexpr std::chrono::milliseconds first_wait = 1s;
constexpr std::chrono::milliseconds longest_wait = 30s;

bool passes(int status) {
  return status == 0 || status == 429 || status == 502 || status == 503 || status == 504;
}

}  // namespace

TraceRequest::TraceRequest(std::string body, std::size_t flows, std::chrono::milliseconds retry_for, Time now)
    : body_{std::move(body)}, flows_{flows}, due_{now}, last_chance_{now + retry_for}, wait_{first_wait} {}

TraceRequest::Outcome TraceRequest::answered(const outward::Answer& answer, Time now) {
  if (answer.ok()) return Outcome::taken;
  if (!passes(answer.status)) return Outcome::refused;
  const auto asked = outward::retry_after_of(answer.retry_after);
  due_ = now + std::max<std::chrono::milliseconds>(wait_, asked.value_or(0s));
  wait_ = std::min(2 * wait_, longest_wait);
  return due_ > last_chance_ ? Outcome::given_up : Outcome::again;
}

std::uint64_t rejected_spans(const std::string& answer_body) {
  const auto answer = nlohmann::json::parse(answer_body, nullptr, false);
  if (!answer.is_object()) return 0;
  const auto partial = answer.find("partialSuccess");
  if (partial == answer.end() || !partial->is_object()) return 0;
  const auto rejected = partial->find("rejectedSpans");
  if (rejected == partial->end()) return 0;
  if (rejected->is_number_unsigned()) return rejected->get<std::uint64_t>();
  if (!rejected->is_string()) return 0;
  // A 64-bit number is text in protobuf's JSON.
  const auto& text = rejected->get_ref<const std::string&>();
  std::uint64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  return error == std::errc{} && end == text.data() + text.size() ? count : 0;
}

}  // namespace reel::gateway
