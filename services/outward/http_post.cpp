#include "outward/http_post.h"

#include <httplib.h>

#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

#include "config/http_url.h"
#include "event/quoted_text.h"

namespace reel::outward {
namespace {

using Clock = std::chrono::steady_clock;

/// Of an answer's body that a sentence repeats.
constexpr std::size_t told_bytes_max = 200;

// Ends a request that takes too long as a whole: each read has a timeout, but a server that sends a byte now
// and then would never meet it.
class Alarm {
 public:
  Alarm(httplib::Client& client, Clock::time_point deadline, std::stop_token stop)
      : thread_{[this, &client, deadline, outer = std::move(stop)](const std::stop_token& over) {
          const std::stop_callback wake{outer, [this] {
                                          const std::lock_guard lock{mutex_};
                                          came_.notify_all();
                                        }};
          std::unique_lock lock{mutex_};
          const auto ended = [&] { return outer.stop_requested(); };
          came_.wait_until(lock, over, deadline, ended);
          // Between two requests of the library's own there is nothing to stop yet: so until it is over.
          while (!over.stop_requested()) {
            rang_ = true;
            client.stop();
            came_.wait_for(lock, over, std::chrono::milliseconds{20}, [] { return false; });
          }
        }} {}
  ~Alarm() { end(); }
  /// Whether it rang before the request was over.
  bool end() {
    if (thread_.joinable()) {
      thread_.request_stop();
      thread_.join();
    }
    return rang_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable_any came_;
  bool rang_ = false;
  std::jthread thread_;
};

std::string failure_text(httplib::Error error) {
  switch (error) {
    case httplib::Error::Connection: return "cannot be connected to";
    case httplib::Error::Read: return "ended the connection without an answer";
    case httplib::Error::Write: return "ended the connection before it had read everything";
    case httplib::Error::SSLConnection:
    case httplib::Error::SSLLoadingCerts: return "does not speak TLS with us";
    case httplib::Error::SSLServerVerification: return "has a certificate that this machine does not trust";
    default: return "failed: " + httplib::to_string(error);
  }
}

std::string header_of(const httplib::Response& response, const char* name) {
  return response.has_header(name) ? response.get_header_value(name) : std::string{};
}

void take_head(Answer& answer, const httplib::Response& response) {
  answer.status = response.status;
  answer.content_type = header_of(response, "Content-Type");
  answer.retry_after = header_of(response, "Retry-After");
}

httplib::Request request_for(const Post& what, const std::string& path) {
  httplib::Request request;
  request.method = "POST";
  request.path = path;
  request.headers = {{"User-Agent", what.user_agent}, {"Connection", "close"}};
  if (!what.content_type.empty()) request.headers.emplace("Content-Type", what.content_type);
  for (const auto& [name, value] : what.headers) {
    request.headers.erase(name);  // a User-Agent of one's own
    request.headers.emplace(name, value);
  }
  request.body = what.body;
  return request;
}

}  // namespace

std::string Answer::sentence() const {
  const std::string where = in_quotes(config::shown_http_url(url), config::url_bytes_max) + " ";
  if (status == 0) return where + failure;
  std::string text = where + "answered " + std::to_string(status);
  if (status >= 300 && status < 400) text += " (redirects are not followed)";
  if (!body.empty()) text += ": " + in_quotes(body, told_bytes_max);
  return text;
}

Answer post(const Post& what, const PostLimits& limits, std::stop_token stop) {
  Answer answer;
  answer.url = what.url;
  const auto [server, path] = config::split_http_url(what.url);
  httplib::Client client{server};
  if (!client.is_valid()) {
    answer.failure = "is no address";
    return answer;
  }
  client.set_connection_timeout(limits.timeout);
  // The alarm rings first: the library's own timeouts look like a connection that was ended.
  client.set_read_timeout(limits.timeout + std::chrono::seconds{5});
  client.set_write_timeout(limits.timeout + std::chrono::seconds{5});
  client.set_url_encode(false);  // it is written as it is to be sent
  client.set_tcp_nodelay(true);

  auto request = request_for(what, path);
  // The answerer's mind is known once the head of the answer is there, whatever becomes of the rest.
  request.response_handler = [&answer](const httplib::Response& response) {
    take_head(answer, response);
    return true;
  };
  request.content_receiver = [&](const char* data, std::size_t size, std::uint64_t, std::uint64_t) {
    const auto room = limits.answer_bytes_max - answer.body.size();
    answer.body.append(data, std::min(size, room));
    return size <= room;
  };

  Alarm alarm{client, Clock::now() + limits.timeout, stop};
  const auto result = client.send(request);
  const bool rang = alarm.end();
  answer.cut = !result;
  if (result) take_head(answer, *result);  // one without a body is not told of by the handler
  if (answer.status != 0) return answer;
  if (stop.stop_requested()) {
    answer.failure = "was given up: the program is stopping";
  } else if (rang) {
    answer.failure = "did not answer within " + std::to_string(limits.timeout.count()) + " ms";
  } else {
    answer.failure = failure_text(result.error());
  }
  return answer;
}

}  // namespace reel::outward
