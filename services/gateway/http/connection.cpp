#include "gateway/http/connection.h"

#include <algorithm>

#include "event/media_type.h"
#include "gateway/http/target.h"

namespace reel::gateway {
namespace {

namespace http = beast::http;
using namespace std::chrono_literals;
using boost::system::error_code;

/// Of a stream, written at once: enough that a system call pays, little enough to hold for every client.
constexpr std::size_t piece_bytes_max = 64u << 10;
/// A stream that is never quiet is written to so often: events that come meanwhile travel together.
constexpr auto piece_interval = 50ms;
/// Of a request, read at once.
constexpr std::size_t read_bytes = 16u << 10;
/// A stream's source may take so long until it knows whether there is one.
constexpr auto opening_timeout = 5s;
/// After a refusal the rest of a request is read and dropped, so that the client comes to read the answer
/// instead of an error: so much of it, so long.
constexpr std::size_t linger_bytes_max = 16u << 20;
constexpr auto linger_time = 2s;

auto with(error_code& error) {
  return asio::redirect_error(asio::use_awaitable, error);
}

std::string text_of(beast::string_view view) {
  return {view.data(), view.size()};
}

bool is_head(const HttpRequest& request) {
  return request.method == "HEAD";
}

/// Why the parser stopped, for the client; nothing where there is nobody to tell.
std::optional<HttpResponse> refusal_of(const error_code& error) {
  if (error == http::error::header_limit || error == http::error::buffer_overflow)
    return problem(431, "the request's head is too long (gateway.header_bytes_max)");
  if (error == http::error::body_limit)
    return problem(413, "the request's body is too long (gateway.body_bytes_max)");
  if (error == http::error::end_of_stream || error == http::error::partial_message) return std::nullopt;
  if (error.category() == http::make_error_code(http::error::bad_method).category())
    return problem(400, "the request is not HTTP/1.1: " + error.message());
  return std::nullopt;  // timeout, reset
}

// Two ends that read a request's length differently are how one smuggles another: so only what can be read in
// one way.
std::optional<HttpResponse> ambiguous(const Connection::Parser& parser) {
  const auto& head = parser.get();
  const bool sized = head.count(http::field::content_length) > 0;
  const auto codings = head.count(http::field::transfer_encoding);
  if (head.version() != 11 && head.version() != 10)
    return problem(400, "only HTTP/1.1 and HTTP/1.0 are spoken here");
  if (codings == 0) return std::nullopt;
  if (sized) return problem(400, "a request has Content-Length or Transfer-Encoding, not both");
  if (codings > 1 || lower_case(text_of(head[http::field::transfer_encoding])) != "chunked" ||
      head.version() == 10)
    return problem(400, "of transfer encodings only 'chunked' is understood, and only in HTTP/1.1");
  return std::nullopt;
}

// One for all answers of a second.
const std::string& date_line() {
  static thread_local std::time_t written = 0;
  static thread_local std::string line;
  if (const auto now = std::time(nullptr); now != written) {
    std::tm utc{};
    gmtime_r(&now, &utc);
    char text[48];
    std::strftime(text, sizeof text, "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &utc);
    line = text;
    written = now;
  }
  return line;
}

// Written by hand: by Beast's serializer an answer's head cost as much as the rest of the answer.
std::string head_of(const HttpResponse& response, Connection::Afterwards afterwards) {
  std::string head;
  head.reserve(512);
  const auto add = [&head](std::string_view name, std::string_view value) {
    head.append(name).append(": ").append(value).append("\r\n");
  };
  const auto reason = http::obsolete_reason(http::int_to_status(static_cast<unsigned>(response.status)));
  head.append("HTTP/1.1 ").append(std::to_string(response.status)).append(" ");
  head.append(reason.data(), reason.size()).append("\r\n");
  add("Content-Type", response.content_type);
  for (const auto& [name, value] : response.headers) add(name, value);
  constexpr std::pair<const char*, const char*> unless_there[] = {
      {"Cache-Control", "no-store"},
      {"X-Content-Type-Options", "nosniff"},
      {"Referrer-Policy", "no-referrer"},
      {"Cross-Origin-Resource-Policy", "same-origin"}};
  for (const auto& [name, value] : unless_there) {
    if (!response.headers.contains(name)) add(name, value);
  }
  head += date_line();
  if (afterwards == Connection::Afterwards::closes) add("Connection", "close");
  if (afterwards == Connection::Afterwards::stays_if_told) add("Connection", "keep-alive");
  return head;
}

}  // namespace

/// One request and its answer. The connection waits on the timer, which an answer cancels.
class Connection::Turn final : public Exchange, public std::enable_shared_from_this<Turn> {
 public:
  Turn(asio::any_io_executor executor, HttpRequest request)
      : executor_{std::move(executor)}, request_{std::move(request)}, news_{executor_} {
    news_.expires_at(Clock::time_point::max());
  }

  [[nodiscard]] const HttpRequest& request() const override { return request_; }

  void answer(HttpResponse given) override {
    asio::post(executor_, [turn = shared_from_this(), given = std::move(given)]() mutable {
      if (turn->answered_ || turn->source) return;
      turn->answered_ = true;
      turn->response = std::move(given);
      turn->news_.cancel();
    });
  }
  void answer_after(std::chrono::milliseconds time, std::function<HttpResponse()> given) override {
    asio::post(executor_, [turn = shared_from_this(), time, given = std::move(given)]() mutable {
      turn->deadline = Clock::now() + time;
      turn->otherwise = std::move(given);
      turn->news_.cancel();
    });
  }
  void stream(std::shared_ptr<TextSource> given) override {
    asio::post(executor_, [turn = shared_from_this(), given = std::move(given)]() mutable {
      if (turn->answered_ || turn->source) return;
      turn->source = std::move(given);
      turn->news_.cancel();
    });
  }

  /// Until something is said, or the time has come. Every wait looks for itself at what is new.
  asio::awaitable<void> news(Clock::time_point until) {
    error_code ignored;
    news_.expires_at(until);
    co_await news_.async_wait(with(ignored));
  }
  void wake() { news_.cancel(); }
  /// From any thread; many calls before the first is seen are one.
  void wake_from_elsewhere() {
    if (woken_.exchange(true)) return;
    asio::post(executor_, [turn = shared_from_this()] {
      turn->woken_ = false;
      turn->fresh = true;
      turn->news_.cancel();
    });
  }

  std::optional<HttpResponse> response;
  std::optional<Clock::time_point> deadline;
  std::function<HttpResponse()> otherwise;
  std::shared_ptr<TextSource> source;
  bool fresh = true;  // the source may have something
  bool hung_up = false;

 private:
  asio::any_io_executor executor_;
  HttpRequest request_;
  asio::steady_timer news_;
  bool answered_ = false;
  std::atomic<bool> woken_{false};
};

Connection::Connection(asio::ip::tcp::socket socket, Premises& premises)
    : premises_{premises},
      socket_{std::move(socket)},
      // A head of the longest kind, and what came with it.
      buffer_{premises.settings.header_bytes_max + piece_bytes_max},
      place_{premises.connections.end()} {
  ++premises_.open;
  ++premises_.accepted;
  error_code ignored;
  socket_.set_option(asio::ip::tcp::no_delay{true}, ignored);
  socket_.non_blocking(true, ignored);
}

Connection::~Connection() {
  give_back_bytes();
  --premises_.open;
  if (place_ != premises_.connections.end()) premises_.connections.erase(place_);
}

void Connection::close() {
  closed_ = true;
  error_code ignored;
  socket_.close(ignored);
  if (turn_) turn_->wake();
}

void Connection::look_at_clock(Clock::time_point now) {
  if (deadline_ && now >= *deadline_) close();
  if (turn_ && turn_->deadline && now >= *turn_->deadline) turn_->wake();
}

void Connection::wind_up() {
  winding_up_ = true;
  if (owing_since_) close();
}

bool Connection::take_bytes(std::uint64_t bytes) {
  if (premises_.bodies_bytes + bytes > premises_.settings.bodies_bytes_max) return false;
  premises_.bodies_bytes += bytes;
  held_bytes_ += bytes;
  return true;
}

void Connection::give_back_bytes() {
  premises_.bodies_bytes -= std::exchange(held_bytes_, 0);
}

asio::awaitable<void> Connection::run() {
  const auto self = shared_from_this();
  place_ = premises_.connections.insert(premises_.connections.end(), weak_from_this());
  while (!closed_ && !winding_up_) {
    if (!co_await await_first_byte()) break;
    if (!co_await serve_one()) break;
    if (++requests_ >= premises_.settings.requests_per_connection_max) break;
  }
  error_code ignored;
  socket_.shutdown(asio::ip::tcp::socket::shutdown_both, ignored);
  socket_.close(ignored);
}

asio::awaitable<bool> Connection::await_first_byte() {
  owing_since_ = Clock::now();
  if (buffer_.size() > 0) co_return true;  // sent along with the last request
  allow(premises_.settings.idle_timeout);
  error_code error;
  const auto got = co_await socket_.async_read_some(buffer_.prepare(read_bytes), with(error));
  if (error) co_return false;
  buffer_.commit(got);
  co_return true;
}

// What is there is parsed at once; only for what is not, anybody waits.
asio::awaitable<error_code> Connection::parse_some(Parser& parser) {
  error_code error;
  if (buffer_.size() > 0) {
    buffer_.consume(parser.put(buffer_.data(), error));
    if (error != http::error::need_more) co_return error;
    error = {};
  }
  if (buffer_.size() >= buffer_.max_size()) co_return http::error::buffer_overflow;
  const auto room = std::min(read_bytes, buffer_.max_size() - buffer_.size());
  buffer_.commit(co_await socket_.async_read_some(buffer_.prepare(room), with(error)));
  if (error == asio::error::eof) error = http::error::partial_message;
  co_return error;
}

asio::awaitable<std::optional<HttpResponse>> Connection::read_head(Parser& parser, HttpRequest& request) {
  parser.header_limit(premises_.settings.header_bytes_max);
  parser.body_limit(premises_.settings.body_bytes_max);
  allow(premises_.settings.header_timeout);
  error_code error;
  while (!error && !parser.is_header_done()) error = co_await parse_some(parser);
  const auto& head = parser.get();
  request.method = text_of(head.method_string());
  if (error) {
    auto refusal = refusal_of(error);
    if (!refusal) closed_ = true;
    co_return refusal;
  }
  if (auto refusal = ambiguous(parser)) co_return refusal;
  auto target = parse_target({head.target().data(), head.target().size()});
  if (!target) co_return problem(400, "the request's target is no path of this server");
  request.path = std::move(target->path);
  request.query = std::move(target->query);
  for (const auto& field : head)
    request.headers.emplace(lower_case(text_of(field.name_string())), text_of(field.value()));
  co_return premises_.duties.admit(request);
}

asio::awaitable<std::optional<HttpResponse>> Connection::read_body(Parser& parser, HttpRequest& request) {
  const auto expected = parser.get().version() == 10 ? std::nullopt : request.header("expect");
  if (expected && lower_case(*expected) != "100-continue")
    co_return problem(417, "of Expect only 100-continue is known");
  if (expected && !parser.is_done()) {
    if (!co_await write_text("HTTP/1.1 100 Continue\r\n\r\n")) {
      closed_ = true;  // what has not come is not to be handled as if it were empty
      co_return std::nullopt;
    }
  }
  allow(premises_.settings.body_timeout);
  parser.eager(true);
  std::size_t counted = 0;
  while (!parser.is_done()) {
    if (const auto error = co_await parse_some(parser)) {
      auto refusal = refusal_of(error);
      if (!refusal) closed_ = true;
      co_return refusal;
    }
    const auto size = parser.get().body().size();
    if (!take_bytes(size - counted))
      co_return problem(503, "too many bodies are under way (gateway.bodies_bytes_max)");
    counted = size;
  }
  request.body = std::move(parser.get().body());
  co_return std::nullopt;
}

asio::awaitable<bool> Connection::serve_one() {
  Parser parser;
  HttpRequest request;
  const auto began = Clock::now();
  auto refusal = co_await read_head(parser, request);
  if (!refusal && !closed_) refusal = co_await read_body(parser, request);
  if (closed_) co_return false;
  owing_since_.reset();
  deadline_.reset();
  const bool head_only = is_head(request);
  if (refusal) {
    // What is left of it was not read, so what follows is no request.
    const int status = refusal->status;
    (void)co_await answer(*std::move(refusal), Afterwards::closes, head_only);
    premises_.duties.answered(request, status, Clock::now() - began);
    if (!parser.is_done()) co_await linger();
    co_return false;
  }
  if (head_only) request.method = "GET";
  const auto turn = std::make_shared<Turn>(socket_.get_executor(), std::move(request));
  turn_ = turn;
  premises_.duties.handle(turn);
  co_await await_answer(turn);
  bool goes_on = false;
  int status = 0;
  if (turn->response) {
    status = turn->response->status;
    goes_on = co_await answer(*std::move(turn->response), afterwards(parser), head_only);
  } else if (turn->source) {
    status = co_await stream(turn, head_only);
  }
  turn_.reset();
  turn->source.reset();  // the turn may live on where it was to be answered
  give_back_bytes();
  if (status != 0) premises_.duties.answered(turn->request(), status, Clock::now() - began);
  co_return goes_on && !winding_up_;
}

asio::awaitable<void> Connection::await_answer(const std::shared_ptr<Turn>& turn) {
  while (!turn->response && !turn->source && !closed_) {
    if (turn->deadline && Clock::now() >= *turn->deadline) {
      turn->response = turn->otherwise();
      break;
    }
    co_await turn->news(Clock::time_point::max());
  }
}

// To be asked when the answer is there: it may have taken long, and this be the last one by now.
Connection::Afterwards Connection::afterwards(const Parser& parser) const {
  const bool is_last = winding_up_ || requests_ + 1 >= premises_.settings.requests_per_connection_max;
  if (is_last || !parser.keep_alive()) return Afterwards::closes;
  return parser.get().version() == 10 ? Afterwards::stays_if_told : Afterwards::stays;
}

asio::awaitable<bool> Connection::answer(HttpResponse response, Afterwards afterwards, bool head_only) {
  const bool stays = afterwards != Afterwards::closes;
  // What is shared is there anyway.
  const auto own_bytes = response.shared_body ? 0 : response.body.size();
  if (!take_bytes(own_bytes) && own_bytes > piece_bytes_max)
    response = problem(503, "too many answers wait to be taken (gateway.bodies_bytes_max)");
  // So that a shell's prompt does not stand behind it.
  if (response.content_type.ends_with("json") && !response.body.empty()) response.body += '\n';
  const bool bodiless = head_only || response.status == 304;
  std::string head = head_of(response, afterwards);
  if (response.status != 304) head += "Content-Length: " + std::to_string(response.text().size()) + "\r\n";
  head += "\r\n";
  // A small body goes along with the head; a large one is not copied.
  if (bodiless || response.text().size() > piece_bytes_max) {
    const bool well = co_await write_text(head);
    co_return well && (bodiless || co_await write_text(response.text())) && stays;
  }
  co_return co_await write_text(head + response.text()) && stays;
}

// ---- streams

// What the system takes at once is written without ado.
asio::awaitable<bool> Connection::write_text(const std::string& text) {
  error_code error;
  const auto written = socket_.write_some(asio::buffer(text), error);
  if (error == asio::error::would_block || error == asio::error::try_again) error = {};
  if (error) co_return false;
  if (written == text.size()) co_return true;
  allow(premises_.settings.write_timeout);
  co_await asio::async_write(socket_, asio::buffer(text) + written, with(error));
  deadline_.reset();
  co_return !error;
}

asio::awaitable<bool> Connection::write_stream_head(const HttpResponse& head) {
  co_return co_await write_text(head_of(head, Afterwards::closes) + "\r\n" +
                                head.body);  // its end is the connection's
}

// A client of a stream says nothing more; that it hangs up is what can be read of it. Beside the writes, on
// the socket itself, since the deadline is theirs.
void Connection::watch_for_hang_up() {
  auto byte = std::make_shared<char>();
  socket_.async_read_some(asio::buffer(byte.get(), 1),
                          [self = shared_from_this(), turn = turn_, byte](error_code error, std::size_t) {
                            if (error == asio::error::operation_aborted || !turn) return;
                            turn->hung_up = true;
                            turn->wake();
                          });
}

asio::awaitable<int> Connection::stream(const std::shared_ptr<Turn>& turn, bool head_only) {
  auto& source = *turn->source;
  source.start([weak = std::weak_ptr<Turn>{turn}] {
    if (const auto there = weak.lock()) there->wake_from_elsewhere();
  });
  const auto opening_deadline = Clock::now() + opening_timeout;
  auto opening = source.opening();
  while (!opening && !closed_ && Clock::now() < opening_deadline) {
    co_await turn->news(opening_deadline);
    opening = source.opening();
  }
  if (!opening) opening = problem(503, "the broker does not answer");
  if (closed_ || opening->status != 200 || head_only) {
    source.stop();
    const int status = opening->status;
    if (!closed_) (void)co_await answer(*std::move(opening), Afterwards::closes, head_only);
    co_return status;
  }
  bool well = co_await write_stream_head(*opening);
  watch_for_hang_up();
  auto last_written = Clock::now();
  while (well && !closed_ && !turn->hung_up) {
    turn->fresh = false;
    auto piece = source.pull(piece_bytes_max);
    if (piece.kind != TextSource::Piece::Kind::nothing) {
      well = co_await write_text(piece.text);
      if (piece.kind == TextSource::Piece::Kind::end) break;
      last_written = Clock::now();
      if (piece.text.size() >= piece_bytes_max) continue;
      while (!turn->hung_up && !closed_ && Clock::now() < last_written + piece_interval)
        co_await turn->news(last_written + piece_interval);
      continue;
    }
    const auto beat_at = last_written + premises_.settings.stream_beat;
    while (!turn->fresh && !turn->hung_up && !closed_ && Clock::now() < beat_at) co_await turn->news(beat_at);
    if (Clock::now() >= beat_at) {
      well = co_await write_text(source.beat());
      last_written = Clock::now();
    }
  }
  source.stop();
  error_code ignored;
  socket_.cancel(ignored);  // the watch for a hang-up
  co_return 200;
}

asio::awaitable<void> Connection::linger() {
  error_code error;
  socket_.shutdown(asio::ip::tcp::socket::shutdown_send, error);
  allow(linger_time);
  std::size_t dropped = 0;
  buffer_.clear();
  while (!error && dropped < linger_bytes_max)
    dropped += co_await socket_.async_read_some(buffer_.prepare(piece_bytes_max), with(error));
}

}  // namespace reel::gateway
