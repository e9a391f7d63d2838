#include "gateway/http/static_files.h"

#include <zlib.h>

#include <fstream>
#include <iterator>
#include <stdexcept>

#include "event/quoted_text.h"
#include "event/uuid.h"
#include "gateway/http/target.h"

namespace reel::gateway {
namespace {

namespace fs = std::filesystem;

/// Everything from here, styles in the page too (charts and graphs place themselves by them); framed by
/// nobody.
constexpr const char* content_policy =
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; object-src 'none'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

constexpr const char* no_console =
    "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Reel</title>"
    "<h1>Reel</h1><p>The gateway runs; the console's files are not installed beside it "
    "(<code>--console DIR</code> says where they are).</p>"
    "<p><a href=\"/readyz\">/readyz</a> <a href=\"/metrics\">/metrics</a></p></html>\n";

std::string content_type_of(const fs::path& path) {
  static const std::map<std::string, std::string> known{{".html", "text/html; charset=utf-8"},
                                                        {".js", "text/javascript; charset=utf-8"},
                                                        {".mjs", "text/javascript; charset=utf-8"},
                                                        {".css", "text/css; charset=utf-8"},
                                                        {".json", "application/json"},
                                                        {".svg", "image/svg+xml"},
                                                        {".png", "image/png"},
                                                        {".ico", "image/x-icon"},
                                                        {".woff2", "font/woff2"},
                                                        {".txt", "text/plain; charset=utf-8"},
                                                        {".webmanifest", "application/manifest+json"},
                                                        {".map", "application/json"}};
  const auto found = known.find(path.extension().string());
  return found == known.end() ? "application/octet-stream" : found->second;
}

// Empty where it fails or gains nothing.
std::string gzip(const std::string& bytes) {
  z_stream stream{};
  constexpr int gzip_format = 16;
  if (deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, MAX_WBITS + gzip_format, 8, Z_DEFAULT_STRATEGY) !=
      Z_OK)
    return {};
  std::string packed(deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  const bool whole = deflate(&stream, Z_FINISH) == Z_STREAM_END;
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return whole && packed.size() < bytes.size() ? packed : std::string{};
}

bool accepts_gzip(const HttpRequest& request) {
  const auto accepted = request.header("accept-encoding");
  return accepted && accepted->find("gzip") != accepted->npos && accepted->find("gzip;q=0") == accepted->npos;
}

std::string tag_of(const std::string& bytes) {
  const auto hash = hash_128({bytes});
  return "\"" + std::to_string(hash.high) + std::to_string(hash.low) + "\"";
}

}  // namespace

StaticFiles::StaticFiles(const fs::path& folder) {
  std::error_code error;
  std::size_t bytes = 0;
  for (const auto& entry : fs::recursive_directory_iterator{folder, error}) {
    if (!entry.is_regular_file()) continue;
    bytes += entry.file_size();
    if (bytes > static_bytes_max || files_.size() == static_files_max)
      throw std::runtime_error{"the console's folder " + folder.string() +
                               " has more than 64 MiB or 2,000 files: is it the right one?"};
    std::ifstream in{entry.path(), std::ios::binary};
    std::string text{std::istreambuf_iterator<char>{in}, {}};
    File file{content_type_of(entry.path()), {}, {}, tag_of(text)};
    if (auto packed = gzip(text); !packed.empty())
      file.gzipped = std::make_shared<const std::string>(std::move(packed));
    file.bytes = std::make_shared<const std::string>(std::move(text));
    files_.emplace("/" + fs::relative(entry.path(), folder).generic_string(), std::move(file));
  }
}

HttpResponse StaticFiles::answer(const HttpRequest& request) const {
  if (request.method != "GET") {
    auto refusal = problem(405, "only GET is answered here");
    refusal.headers.emplace("Allow", "GET, HEAD");
    return refusal;
  }
  const auto path = percent_decoded(request.path).value_or("/");
  const auto found = files_.find(path);
  if (found != files_.end()) return answer(path, found->second, request);
  const auto last = path.substr(path.rfind('/'));
  const auto index = files_.find("/index.html");
  const bool is_page = last.find('.') == last.npos;
  if (is_page && index != files_.end()) return answer("/index.html", index->second, request);
  if (path == "/")
    return {200, "text/html; charset=utf-8", no_console, {{"Content-Security-Policy", content_policy}}};
  return problem(404, "there is nothing at " + in_quotes(path));
}

HttpResponse StaticFiles::answer(const std::string& path, const File& file,
                                 const HttpRequest& request) const {
  HttpResponse response{
      200, file.content_type, {}, {{"ETag", file.tag}, {"Content-Security-Policy", content_policy}}};
  // What has a hash in its name never changes; pages and the rest are asked for again.
  const bool hashed = path.starts_with("/assets/");
  response.headers.emplace("Cache-Control", hashed ? "public, max-age=31536000, immutable" : "no-cache");
  response.headers.emplace("Vary", "Accept-Encoding");
  if (request.header("if-none-match") == file.tag) {
    response.status = 304;
    return response;
  }
  const bool packed = file.gzipped && accepts_gzip(request);
  if (packed) response.headers.emplace("Content-Encoding", "gzip");
  response.shared_body = packed ? file.gzipped : file.bytes;
  return response;
}

}  // namespace reel::gateway
