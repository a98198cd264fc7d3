// The protocol of a save, rank by rank.
//
//   1. Each rank writes its file into the attempt's directory, syncs it, and
//      leaves a sealed record of its checksums: under another name first, then
//      renamed. The record need not survive a crash, the file is synced before.
//   2. Rank 0 waits for all records; that is the only thing in which ranks
//   meet.
//   3. It writes index.json, removes the records, writes COMMIT, syncs each and
//      the directory, and renames that to the step's name: now there is a step.
//   4. It syncs the save directory.
//
// Whatever ends a save before the rename leaves a directory that is no step;
// the next save removes it.
#ifndef VESCALE_RUNTIME_CHECKPOINT_SAVE_H
#define VESCALE_RUNTIME_CHECKPOINT_SAVE_H

#include "runtime/checkpoint/Chunks.h"
#include "runtime/checkpoint/Directory.h"

#include <atomic>

namespace vescale::runtime {

/// A save that all ranks take part in. No two of a directory may have the same
/// run and number, not even if one is cut off.
struct Attempt {
  std::string saveDir;
  int64_t step;
  uint64_t run, number;

  std::string directory() const; // its name in the save directory
  std::string path() const;      // of that
};

/// Deletes what is left of other runs' saves, of this run's earlier ones, and
/// of steps that were being deleted. Another rank may be a save ahead.
void removeLeftovers(FileOps &ops, const Attempt &attempt);

struct SaveOptions {
  /// How long rank 0 waits for the others' records.
  double timeoutSeconds = 600;
  int64_t writeBytes = int64_t(4) << 20; // at once
  /// Set to leave the wait for records early.
  const std::atomic<bool> *cancelled = nullptr;
};

/// Makes the attempt's directory; any rank may be first.
void openAttempt(FileOps &ops, const Attempt &attempt);

/// Writes the rank's file and its record. `image` has the file's length, and
/// the chunks at their offsets in it; the header is put before them. Where it
/// is aligned to pages, as an Arena's is, it is written without a copy.
void writeRank(FileOps &ops, const Attempt &attempt, const ChunkPlan &plan,
               int rank, char *image, const SaveOptions &options);

/// What rank 0 does when it has written its own. RunFailed if a record is not
/// there in time, or the step is there already.
void commitAttempt(FileOps &ops, const Attempt &attempt, const ChunkPlan &plan,
                   const Progress &progress, const SaveOptions &options);

} // namespace vescale::runtime

#endif // VESCALE_RUNTIME_CHECKPOINT_SAVE_H
