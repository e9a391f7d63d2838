// One request on its way to one answer. The server makes it; whoever answers it may do so on any thread and
// at any time, and no thread waits meanwhile.
//
//   void handle(std::shared_ptr<Exchange> exchange) {
//     publisher.publish_async(event, [exchange](const PublishResult& result) {
//       exchange->answer(answer_of(result));
//     });
//     exchange->answer_after(5s, [] { return problem(503, "the broker does not answer"); });
//   }
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "gateway/http/message.h"

namespace reel::gateway {

/// What is written to a client piece by piece, pulled: a client that takes nothing asks for nothing.
class TextSource {
 public:
  /// What to do next.
  struct Piece {
    enum class Kind {
      text,     ///< write it and ask again
      nothing,  ///< wait until woken
      end,      ///< write it and close
    };
    Kind kind = Kind::nothing;
    std::string text;
  };
  virtual ~TextSource() = default;
  /// `wake` may be called on any thread when a `nothing` is over. Called before the first pull.
  virtual void start(std::function<void()> wake) = 0;
  /// Nothing as long as it is not known whether there will be a stream; then its answer's head, or a refusal.
  [[nodiscard]] virtual std::optional<HttpResponse> opening() = 0;
  /// At most about `bytes_max`.
  [[nodiscard]] virtual Piece pull(std::size_t bytes_max) = 0;
  /// What says that a quiet stream is still there.
  [[nodiscard]] virtual std::string beat() = 0;
  /// The client is gone.
  virtual void stop() = 0;
};

class Exchange {
 public:
  virtual ~Exchange() = default;
  [[nodiscard]] virtual const HttpRequest& request() const = 0;
  /// Of several answers the first counts.
  virtual void answer(HttpResponse response) = 0;
  /// Answers so where nobody else has after that time.
  virtual void answer_after(std::chrono::milliseconds time, std::function<HttpResponse()> otherwise) = 0;
  virtual void stream(std::shared_ptr<TextSource> source) = 0;
};

}  // namespace reel::gateway
