#include "alerts/http_post.h"

#include <httplib.h>

#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

#include "config/http_url.h"
#include "event/quoted_text.h"

namespace reel::alerts {
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

std::string answer_text(int status, const std::string& body) {
  std::string text = "answered " + std::to_string(status);
  if (status >= 300 && status < 400) text += " (redirects are not followed)";
  if (!body.empty()) text += ": " + in_quotes(body, told_bytes_max);
  return text;
}

}  // namespace

Sent http_post(const std::string& url, const std::string& json, std::chrono::milliseconds timeout,
               std::stop_token stop) {
  const auto [server, path] = config::split_http_url(url);
  httplib::Client client{server};
  const std::string where = in_quotes(url, config::url_bytes_max) + " ";
  if (!client.is_valid()) return {false, where + "is no address"};
  // The alarm rings first: the library's own timeouts look like a connection that was ended.
  const auto behind_alarm = timeout + std::chrono::seconds{5};
  client.set_connection_timeout(timeout);
  client.set_read_timeout(behind_alarm);
  client.set_write_timeout(behind_alarm);
  client.set_url_encode(false);  // it is written as it is to be sent
  client.set_tcp_nodelay(true);

  std::string body;
  int status = 0;
  bool enough = false;
  httplib::Request request;
  request.method = "POST";
  request.path = path;
  request.headers = {
      {"Content-Type", "application/json"}, {"User-Agent", "reel-alerts"}, {"Connection", "close"}};
  request.body = json;
  request.response_handler = [&status](const httplib::Response& response) {
    status = response.status;
    return true;
  };
  request.content_receiver = [&](const char* data, std::size_t size, std::uint64_t, std::uint64_t) {
    body.append(data, std::min(size, answer_bytes_max - body.size()));
    enough = body.size() == answer_bytes_max;
    return !enough;
  };

  Alarm alarm{client, Clock::now() + timeout, stop};
  const auto result = client.send(request);
  const bool rang = alarm.end();
  if (result) status = result->status;
  // Its mind is known once the head of the answer is there, whatever becomes of the rest.
  if (status != 0) return {status >= 200 && status < 300, where + answer_text(status, body)};
  if (stop.stop_requested()) return {false, where + "was given up: reel-alerts is stopping"};
  if (rang) return {false, where + "did not answer within " + std::to_string(timeout.count()) + " ms"};
  return {false, where + failure_text(result.error())};
}

}  // namespace reel::alerts
