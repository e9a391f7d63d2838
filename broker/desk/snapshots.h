// The snapshot's file and the journal's retention, which belong together: a segment may be deleted only where
// a snapshot on the disk knows what it said, and a snapshot is worth something only where the journal on the
// disk reaches as far. After a power cut a journal that ends before the snapshot would leave neither.
//
//   Snapshots snapshots{desk, journal, path, snapshot_events};
//   snapshots.recover();       // once: the desk's state, from the file and what the journal has behind it
//   snapshots.turn();          // often: writes and deletes what is due
//   snapshots.finish();        // at the end: waits for the disk, a while
//
// A snapshot is taken as of what is committed, the journal is synced up to there, and only then is the file
// written. Under `journal.sync: always` all of that is one step.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "desk/desk.h"
#include "journal/journal.h"

namespace reel::broker {

class Snapshots {
 public:
  /// `events`: how many may have come since the last snapshot before the next one is due.
  Snapshots(Desk& desk, Journal& journal, std::filesystem::path path, Offset events);

  void recover();
  void turn();
  void finish();

  void set_events(Offset events) { events_ = events; }

 private:
  void begin();
  void write_when_synced(LogTime now);
  void delete_segments(LogTime now);

  Desk& desk_;
  Journal& journal_;
  const std::filesystem::path path_;
  Offset events_;

  Offset offset_ = 0;                  // of the snapshot on the disk
  std::optional<v1::Snapshot> waits_;  // taken; the journal is not synced up to it yet
  LogTime next_try_ = 0;               // after one that failed
  std::string trouble_;                // and why it did
  LogTime next_retention_ = 0;
  bool retention_waits_ = false;  // for the snapshot that lets it delete more
  bool journal_was_well_ = true;
};

}  // namespace reel::broker
