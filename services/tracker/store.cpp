#include "tracker/store.h"

#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/perf_level.h>
#include <rocksdb/table.h>
#include <rocksdb/utilities/table_properties_collectors.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <iterator>

#include "tracker/flow_record.h"

namespace reel::tracker {

// Column families, in the order of the handles.
enum Family : std::size_t {
  progress_family,
  flows,
  chunks,
  states,
  names,
  definitions,
  outbox,
  incidents,
  overdue,
  emitters,
  families
};

namespace {

constexpr std::array<const char*, families> family_names{"default", "flows",       "chunks", "states",
                                                         "names",   "definitions", "outbox", "incidents",
                                                         "overdue", "emitters"};
constexpr const char* progress_key = "progress";

/// Flows changed since the last flush to a file. 32 MiB holds about 100,000 of them.
constexpr std::size_t write_buffer_bytes = 32u << 20;
/// A changed flow in a batch, roughly: what is too little is copied when it is full.
constexpr std::size_t flow_bytes = 320;
/// Recently read parts of files, for late events and queries.
constexpr std::size_t block_cache_bytes = 32u << 20;
/// Old log files RocksDB keeps about what it did.
constexpr std::size_t info_logs_max = 3;

/// A file in which so many of so many consecutive entries are deletions is compacted.
constexpr std::size_t deletions_window = 4'096;
constexpr std::size_t deletions_in_window_max = 2'048;

rocksdb::Slice slice(std::string_view bytes) {
  return {bytes.data(), bytes.size()};
}
std::string_view view(const rocksdb::Slice& bytes) {
  return {bytes.data(), bytes.size()};
}

// Big-endian, so that keys sort as numbers do.
template <typename Number>
void append_big(std::string& out, Number number) {
  for (int shift = static_cast<int>(sizeof(Number)) * 8 - 8; shift >= 0; shift -= 8) {
    out.push_back(static_cast<char>(static_cast<std::uint64_t>(number) >> shift));
  }
}
std::uint64_t read_big(std::string_view bytes) {
  std::uint64_t number = 0;
  for (const char byte : bytes) number = number << 8 | static_cast<unsigned char>(byte);
  return number;
}
template <typename Number>
std::string big(Number number) {
  std::string out;
  append_big(out, number);
  return out;
}

std::string listing_key(v1::FlowState state, std::uint64_t started_at, std::string_view correlation) {
  std::string key(1, static_cast<char>(state));
  append_big(key, ~started_at);
  return key.append(correlation);
}

ListingPlace place_of(std::string_view key) {
  if (key.size() < 10) throw RecordError{"a stored listing is damaged"};
  return {~read_big(key.substr(1, 8)), std::string{key.substr(9)}};
}

std::string chunk_key(std::string_view correlation, std::uint32_t number) {
  std::string key{correlation};
  append_big(key, number);
  return key;
}

template <typename Message>
Message parsed(std::string_view bytes, const char* what) {
  Message message;
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    throw RecordError{std::string{"a stored "} + what + " is damaged"};
  }
  return message;
}

}  // namespace

struct StoreBatch::Impl {
  const std::vector<rocksdb::ColumnFamilyHandle*>& handles;
  rocksdb::WriteBatch write;

  // Into memory only: they cannot fail.
  void put(Family family, std::string_view key, std::string_view value) {
    (void)write.Put(handles[family], slice(key), slice(value));
  }
  void erase(Family family, std::string_view key) { (void)write.Delete(handles[family], slice(key)); }
};

StoreBatch::StoreBatch(std::unique_ptr<Impl> impl) : impl_{std::move(impl)} {}
StoreBatch::~StoreBatch() = default;
StoreBatch::StoreBatch(StoreBatch&&) noexcept = default;

void StoreBatch::put_flow(std::string_view record, v1::FlowState state, v1::FlowState saved_state) {
  const RecordHead head = head_of(record);
  impl_->put(flows, head.correlation, record);
  if (state == saved_state) return;
  if (saved_state != v1::FLOW_STATE_UNKNOWN) {
    impl_->erase(states, listing_key(saved_state, head.started_at, head.correlation));
  }
  impl_->put(states, listing_key(state, head.started_at, head.correlation), {});
}

void StoreBatch::put_chunk(std::string_view correlation, std::uint32_t number, std::string_view chunk) {
  impl_->put(chunks, chunk_key(correlation, number), chunk);
}

void StoreBatch::erase_flow(std::string_view record, v1::FlowState state) {
  const RecordHead head = head_of(record);
  impl_->erase(states, listing_key(state, head.started_at, head.correlation));
  for (std::uint32_t i = 0; i < chunks_before(head.steps); ++i) {
    impl_->erase(chunks, chunk_key(head.correlation, i));
  }
  impl_->erase(flows, head.correlation);
}

void StoreBatch::put_name(Name number, std::string_view text) {
  impl_->put(names, big(number), text);
}
void StoreBatch::put_definition(DefinitionIndex number, const stored::Definition& definition) {
  impl_->put(definitions, big(number), definition.SerializeAsString());
}
void StoreBatch::erase_definition(DefinitionIndex number) {
  impl_->erase(definitions, big(number));
}
void StoreBatch::put_outgoing(std::uint64_t number, const stored::Outgoing& event) {
  impl_->put(outbox, big(number), event.SerializeAsString());
}
void StoreBatch::erase_outgoing(std::uint64_t number) {
  impl_->erase(outbox, big(number));
}
void StoreBatch::put_incident(const std::string& id, const v1::Incident* incident) {
  incident == nullptr ? impl_->erase(incidents, id)
                      : impl_->put(incidents, id, incident->SerializeAsString());
}
void StoreBatch::put_overdue(const std::string& key, const std::optional<std::string>& incident) {
  incident ? impl_->put(overdue, key, *incident) : impl_->erase(overdue, key);
}
void StoreBatch::put_emitters(Name topic, const stored::Emitters& services) {
  impl_->put(emitters, big(topic), services.SerializeAsString());
}
void StoreBatch::put_progress(const stored::Progress& progress) {
  impl_->put(progress_family, progress_key, progress.SerializeAsString());
}

struct Store::Impl {
  std::string folder;
  std::unique_ptr<rocksdb::DB> db;
  std::vector<rocksdb::ColumnFamilyHandle*> handles;

  ~Impl() {
    for (auto* handle : handles) db->DestroyColumnFamilyHandle(handle);
    if (db) (void)db->Close();
  }

  void check(const rocksdb::Status& status, const char* doing) const {
    if (status.ok()) return;
    throw StoreError{"cannot " + std::string{doing} + " the tracker's store in " + folder + ": " +
                     status.ToString()};
  }

  [[nodiscard]] std::optional<std::string> get(Family family, std::string_view key) const {
    std::string value;
    const auto status = db->Get({}, handles[family], slice(key), &value);
    if (status.IsNotFound()) return std::nullopt;
    check(status, "read");
    return value;
  }

  void each(Family family, const std::function<void(std::string_view, std::string_view)>& take) const {
    const std::unique_ptr<rocksdb::Iterator> at{db->NewIterator({}, handles[family])};
    for (at->SeekToFirst(); at->Valid(); at->Next()) take(view(at->key()), view(at->value()));
    check(at->status(), "read");
  }
};

Store::Store(const std::filesystem::path& folder) : impl_{std::make_unique<Impl>()} {
  impl_->folder = folder.string();
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) {
    throw StoreError{"cannot make the folder " + folder.string() +
                     " for the tracker's store: " + error.message() + " (tracker.data names it)"};
  }
  rocksdb::DBOptions options;
  options.create_if_missing = true;
  options.create_missing_column_families = true;
  options.max_background_jobs = 2;
  options.keep_log_file_num = info_logs_max;
  options.max_total_wal_size = 4 * write_buffer_bytes;

  rocksdb::BlockBasedTableOptions table;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));  // most lookups are for flows that are new
  table.block_cache = rocksdb::NewLRUCache(block_cache_bytes);
  rocksdb::ColumnFamilyOptions family;
  family.write_buffer_size = write_buffer_bytes;
  family.memtable_whole_key_filtering = true;
  // Most of what is written is written again soon, and half of it is ids.
  family.compression_per_level = {rocksdb::kNoCompression, rocksdb::kNoCompression,
                                  rocksdb::kSnappyCompression};
  family.memtable_prefix_bloom_size_ratio = 0.05;
  // A listing by state leaves a trail of deletions behind as flows move on; files full of them are rewritten.
  family.table_properties_collector_factories.push_back(
      rocksdb::NewCompactOnDeletionCollectorFactory(deletions_window, deletions_in_window_max));
  family.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
  for (const char* name : family_names) descriptors.emplace_back(name, family);

  rocksdb::DB* db = nullptr;
  const auto status = rocksdb::DB::Open(options, folder.string(), descriptors, &impl_->handles, &db);
  impl_->db.reset(db);
  if (status.IsIOError() && status.ToString().find("lock") != std::string::npos) {
    throw StoreError{"the tracker's store in " + folder.string() +
                     " is in use (is another tracker running on it?)"};
  }
  impl_->check(status, "open");
}

Store::~Store() = default;

StoreBatch Store::batch(std::size_t flows) {
  return StoreBatch{std::make_unique<StoreBatch::Impl>(
      StoreBatch::Impl{impl_->handles, rocksdb::WriteBatch{flows * flow_bytes}})};
}

void Store::commit(StoreBatch& batch, Durability durability) {
  rocksdb::SetPerfLevel(
      rocksdb::PerfLevel::kDisable);  // of this thread: it would count each comparison of keys
  rocksdb::WriteOptions options;
  options.sync = durability == Durability::synced;
  impl_->check(impl_->db->Write(options, &batch.impl_->write), "write");
  batch.impl_->write.Clear();
}

stored::Progress Store::progress() {
  const auto bytes = impl_->get(progress_family, progress_key);
  return bytes ? parsed<stored::Progress>(*bytes, "progress") : stored::Progress{};
}

void Store::for_each_name(const std::function<void(std::string_view)>& take) {
  impl_->each(names, [&](std::string_view, std::string_view text) { take(text); });
}

void Store::for_each_definition(const std::function<void(DefinitionIndex, const stored::Definition&)>& take) {
  impl_->each(definitions, [&](std::string_view key, std::string_view bytes) {
    take(static_cast<DefinitionIndex>(read_big(key)), parsed<stored::Definition>(bytes, "flow definition"));
  });
}

void Store::for_each_outgoing(const std::function<void(std::uint64_t, stored::Outgoing)>& take) {
  impl_->each(outbox, [&](std::string_view key, std::string_view bytes) {
    take(read_big(key), parsed<stored::Outgoing>(bytes, "verdict"));
  });
}

void Store::for_each_incident(const std::function<void(v1::Incident)>& take) {
  impl_->each(incidents, [&](std::string_view, std::string_view bytes) {
    take(parsed<v1::Incident>(bytes, "incident"));
  });
}

void Store::for_each_emitters(const std::function<void(Name, const stored::Emitters&)>& take) {
  impl_->each(emitters, [&](std::string_view key, std::string_view bytes) {
    take(static_cast<Name>(read_big(key)), parsed<stored::Emitters>(bytes, "list of services"));
  });
}

std::optional<std::string> Store::find_overdue(std::string_view key) {
  return impl_->get(overdue, key);
}

void Store::each_overdue(std::string_view prefix, const Take& take) {
  const std::unique_ptr<rocksdb::Iterator> at{impl_->db->NewIterator({}, impl_->handles[overdue])};
  for (at->Seek(slice(prefix)); at->Valid() && at->key().starts_with(slice(prefix)); at->Next())
    take(view(at->key()), view(at->value()));
  impl_->check(at->status(), "read");
}

std::optional<ArchivedFlow> Store::find(std::string_view correlation) {
  auto record = impl_->get(flows, correlation);
  if (!record) return std::nullopt;
  ArchivedFlow flow{std::move(*record), {}};
  for (std::uint32_t i = 0; i < chunks_before(head_of(flow.record).steps); ++i) {
    auto chunk = impl_->get(chunks, chunk_key(correlation, i));
    if (!chunk) throw RecordError{"a stored flow lacks some of its steps"};
    flow.earlier.push_back(std::move(*chunk));
  }
  return flow;
}

void Store::list(v1::FlowState state, const ListingPlace* after,
                 const std::function<bool(const ListingPlace&)>& take) {
  const std::string prefix(1, static_cast<char>(state));
  const std::string from = after ? listing_key(state, after->started_at, after->correlation) : prefix;
  const std::unique_ptr<rocksdb::Iterator> at{impl_->db->NewIterator({}, impl_->handles[states])};
  at->Seek(from);
  if (after && at->Valid() && view(at->key()) == from) at->Next();
  for (; at->Valid() && at->key().starts_with(prefix); at->Next()) {
    if (!take(place_of(view(at->key())))) return;
  }
  impl_->check(at->status(), "read");
}

void Store::list_oldest(v1::FlowState state, const ListingPlace* after,
                        const std::function<bool(const ListingPlace&)>& take) {
  const std::string prefix(1, static_cast<char>(state));
  const std::string from = after ? listing_key(state, after->started_at, after->correlation)
                                 : std::string(1, static_cast<char>(state + 1));
  const std::unique_ptr<rocksdb::Iterator> at{impl_->db->NewIterator({}, impl_->handles[states])};
  at->SeekForPrev(from);
  if (after && at->Valid() && view(at->key()) == from) at->Prev();
  for (; at->Valid() && at->key().starts_with(prefix); at->Prev()) {
    if (!take(place_of(view(at->key())))) return;
  }
  impl_->check(at->status(), "read");
}

}  // namespace reel::tracker
