#include "gateway/http/static_files.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <fstream>

using namespace reel::gateway;
namespace fs = std::filesystem;

namespace {

/// A small console, gone afterwards.
struct Folder {
  Folder() {
    std::string name = (fs::temp_directory_path() / "reel-static-XXXXXX").string();
    path = mkdtemp(name.data());
    fs::create_directories(path / "console/assets");
    std::ofstream{path / "secret"} << "not for you";
    std::ofstream{path / "console/index.html"} << "<html>" << std::string(5'000, 'x');
    std::ofstream{path / "console/assets/app-1a2b.js"} << "let a;";
  }
  ~Folder() { fs::remove_all(path); }
  fs::path path;
};

HttpRequest get(const std::string& path) {
  HttpRequest request;
  request.method = "GET";
  request.path = path;
  return request;
}

std::string header(const HttpResponse& response, const std::string& name) {
  const auto found = response.headers.find(name);
  return found == response.headers.end() ? "" : found->second;
}

}  // namespace

TEST_CASE("files are served from memory, and nothing else is") {
  const Folder folder;
  const StaticFiles files{folder.path / "console"};
  CHECK(files.count() == 2);
  const auto script = files.answer(get("/assets/app-1a2b.js"));
  CHECK(script.status == 200);
  CHECK(script.text() == "let a;");
  CHECK(script.content_type == "text/javascript; charset=utf-8");
  CHECK(header(script, "Cache-Control").find("immutable") != std::string::npos);
  CHECK(header(script, "Content-Security-Policy").starts_with("default-src 'self'"));

  // A page that navigates by itself.
  CHECK(files.answer(get("/")).text().starts_with("<html>"));
  CHECK(files.answer(get("/flows/order-7")).text().starts_with("<html>"));
  CHECK(files.answer(get("/nothing.js")).status == 404);
  // However the path came to be, the folder is all there is.
  for (const char* path : {"/../secret", "//secret", "/assets/../../secret", "/console/index.html.bak"}) {
    CAPTURE(path);
    CHECK(files.answer(get(path)).text().find("not for you") == std::string::npos);
  }
  auto post = get("/");
  post.method = "POST";
  CHECK(files.answer(post).status == 405);
}

TEST_CASE("what is worth it is packed, and what is known is not sent again") {
  const Folder folder;
  const StaticFiles files{folder.path / "console"};
  auto request = get("/index.html");
  request.headers.emplace("accept-encoding", "gzip, br");
  const auto packed = files.answer(request);
  CHECK(header(packed, "Content-Encoding") == "gzip");
  CHECK(packed.text().size() < 500);
  request.headers.emplace("if-none-match", header(packed, "ETag"));
  CHECK(files.answer(request).status == 304);
  CHECK(files.answer(request).text().empty());
}

TEST_CASE("without a console there is a page that says so") {
  const StaticFiles files{"/no/such/folder"};
  CHECK(files.count() == 0);
  CHECK(files.answer(get("/")).text().find("--console") != std::string::npos);
  CHECK(files.answer(get("/flows")).status == 404);
}

TEST_CASE("many answers with one file share it") {
  const Folder folder;
  const StaticFiles files{folder.path / "console"};
  const auto one = files.answer(get("/"));
  const auto other = files.answer(get("/flows/order-7"));
  CHECK(one.body.empty());
  CHECK(one.shared_body.get() == other.shared_body.get());
}
