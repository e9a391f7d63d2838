#include "journal_bench.h"

#include <doctest/doctest.h>
#include <poll.h>
#include <stdlib.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <thread>

#include "event/batch.h"
#include "journal/segment.h"
#include "journal/segment_reader.h"

namespace reel::broker {

namespace fs = std::filesystem;

namespace {

fs::path new_directory() {
  auto name = (fs::temp_directory_path() / "reel-journal-XXXXXX").string();
  REQUIRE(::mkdtemp(name.data()) != nullptr);
  return name;
}

std::vector<std::string> words_of(std::string_view text) {
  std::istringstream in{std::string{text}};
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

}  // namespace

StoredBatchPtr batch_of(std::string_view words, Offset first_offset, LogTime log_time) {
  BatchWriter writer;
  writer.begin_run({.source = "test/1", .topic = "word.said", .dataschema = "test.Word"});
  for (const auto& word : words_of(words)) writer.add({.id = "i", .correlationid = "c", .data = word});
  auto batch = std::make_shared<StoredBatch>();
  batch->first_offset = first_offset;
  batch->log_time = log_time;
  batch->append_own(writer.take());
  return batch;
}

std::string text_of(const StoredBatch& batch) {
  std::string text;
  for (std::uint32_t i = 0; i < batch.count(); ++i) {
    const auto event = read_event(batch.events[i].bytes);
    REQUIRE(event);
    text += (i > 0 ? " " : "") + std::to_string(batch.first_offset + i) + ":" + std::string{event->data};
  }
  return text;
}

JournalBench::JournalBench(config::Journal options) : options_{options}, directory_{new_directory()} {}

JournalBench::~JournalBench() {
  journal_.reset();
  std::error_code ignored;
  fs::remove_all(directory_, ignored);
}

Journal& JournalBench::journal() {
  if (!journal_) {
    journal_.emplace(directory_, options_);
    next_offset_ = journal_->end_offset();
    next_log_time_ = std::max(next_log_time_, journal_->last_log_time() + 1);
    failure_.clear();
  }
  return *journal_;
}

void JournalBench::write(std::string_view words) {
  write_later(words);
  REQUIRE(committed());
}

void JournalBench::write_later(std::string_view words) {
  auto& to = journal();
  auto batch = batch_of(words, next_offset_, next_log_time_);
  next_offset_ += batch->count();
  next_log_time_ += batch->count();
  to.append(std::move(batch));
  to.commit();
}

bool JournalBench::committed() {
  while (journal().end_offset() < next_offset_ && failure_.empty()) collect();
  return failure_.empty();
}

void JournalBench::recover() {
  while (journal().end_offset() < next_offset_ || !failure_.empty()) collect();
}

void JournalBench::collect() {
  pollfd bell{.fd = journal().event_fd(), .events = POLLIN, .revents = 0};
  constexpr int patience_ms = 20'000;
  REQUIRE_MESSAGE(::poll(&bell, 1, patience_ms) == 1, "the journal does not answer");
  take_done();
}

Offset JournalBench::committed_now() {
  take_done();
  return journal().end_offset();
}

void JournalBench::take_done() {
  for (auto& done : journal().take_done()) {
    if (auto* const read = std::get_if<ReadDone>(&done)) reads_.push_back(std::move(*read));
    if (std::holds_alternative<Committed>(done)) failure_.clear();
    if (const auto* const failing = std::get_if<WriteFailing>(&done)) failure_ = shorten(failing->error);
    if (const auto* const failed = std::get_if<DeleteFailed>(&done)) delete_failure_ = shorten(failed->error);
  }
}

void JournalBench::close() {
  journal_.reset();
}

void JournalBench::crash() {
  const auto left = new_directory();
  fs::copy(directory_, left, fs::copy_options::recursive);
  journal_.reset();
  fs::remove_all(directory_);
  fs::rename(left, directory_);
}

std::string JournalBench::reopen_error() {
  close();
  try {
    journal();
    return "";
  } catch (const JournalError& error) {
    return shorten(error.what());
  }
}

std::string JournalBench::notes() {
  std::string text;
  for (const auto& note : journal().recovery_notes()) text += shorten(note) + "\n";
  return text;
}

std::string JournalBench::read_from(Offset from) {
  std::string text;
  while (true) {
    journal().read(1, from, 1 << 20);
    while (reads_.empty()) collect();
    const auto done = std::move(reads_.front());
    reads_.clear();
    if (!done.error.empty()) return text + "error: " + shorten(done.error);
    if (done.batches.empty()) return text;
    for (const auto& batch : done.batches) text += (text.empty() ? "" : " | ") + text_of(*batch);
    from = done.batches.back()->end_offset();
  }
}

std::string JournalBench::read_once(Offset from, std::size_t bytes_max) {
  journal().read(1, from, bytes_max);
  while (reads_.empty()) collect();
  const auto done = std::move(reads_.front());
  reads_.clear();
  if (!done.error.empty()) return "error: " + shorten(done.error);
  std::string text;
  for (const auto& batch : done.batches) text += (text.empty() ? "" : " | ") + text_of(*batch);
  return text;
}

std::string JournalBench::scan_from(Offset from) {
  std::string text;
  journal().scan(
      from, [&text](const StoredBatchPtr& batch) { text += (text.empty() ? "" : " | ") + text_of(*batch); });
  return text;
}

std::uint64_t JournalBench::retain(Offset keep_from, LogTime now) {
  const auto freed_bytes = journal().retain(keep_from, now);
  const auto oldest = fs::path{segment_name(journal().begin_offset())}.stem();
  const auto is_due = [&oldest](const fs::directory_entry& entry) {
    return entry.path().stem() < oldest;  // segments and their indexes; all else sorts behind
  };
  const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds{20};
  while (std::any_of(fs::directory_iterator{directory_}, {}, is_due)) {
    REQUIRE(std::chrono::steady_clock::now() < patience);
    std::this_thread::yield();
  }
  return freed_bytes;
}

std::string JournalBench::segments() const {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator{directory_}) {
    if (segment_offset(entry.path().filename().native())) names.push_back(entry.path().filename());
  }
  std::sort(names.begin(), names.end());
  std::string text;
  for (const auto& name : names) text += (text.empty() ? "" : " ") + name.substr(name.find_first_not_of('0'));
  return text;
}

fs::path JournalBench::segment_path(Offset first_offset) const {
  return directory_ / segment_name(first_offset);
}

std::uint64_t JournalBench::end_position() {
  const auto text = segments();
  const auto last = text.rfind(' ') == std::string::npos ? 0 : text.rfind(' ') + 1;
  const auto segment = Segment::open(segment_path(std::stoull(text.substr(last))));
  SegmentReader reader{segment, segment->begin_position(), segment->first_offset(), segment->file().size(),
                       1 << 20};
  while (reader.next()) {
  }
  return reader.position();
}

void JournalBench::tear(Offset segment, std::uint64_t position) {
  const auto size = fs::file_size(segment_path(segment));
  fs::resize_file(segment_path(segment), position);
  fs::resize_file(segment_path(segment), size);
}

void JournalBench::flip_byte(Offset segment, std::uint64_t position) {
  std::fstream file{segment_path(segment), std::ios::in | std::ios::out | std::ios::binary};
  file.seekg(static_cast<std::streamoff>(position));
  const auto byte = static_cast<char>(file.get() ^ 0x40);
  file.seekp(static_cast<std::streamoff>(position));
  file.put(byte);
}

std::string JournalBench::file_bytes(const fs::path& path) const {
  std::ifstream file{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{file}, {}};
}

std::string JournalBench::shorten(std::string text) const {
  const auto name = directory_.string();
  for (auto at = text.find(name); at != std::string::npos; at = text.find(name)) {
    text.replace(at, name.size(), "DIR");
  }
  return text;
}

}  // namespace reel::broker
