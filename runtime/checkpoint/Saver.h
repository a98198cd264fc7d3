// Saves a rank's state while its program goes on.
#ifndef VESCALE_RUNTIME_CHECKPOINT_SAVER_H
#define VESCALE_RUNTIME_CHECKPOINT_SAVER_H

#include "runtime/checkpoint/RankState.h"
#include "runtime/checkpoint/Save.h"

#include <atomic>
#include <exception>
#include <memory>
#include <thread>

namespace vescale::runtime {

class Arena;

struct SaverOptions {
  std::string saveDir;
  /// A number that all ranks of this run have and no other run has: what
  /// rank 0's clock says, for one.
  uint64_t run = 0;
  /// The step that the run goes on from, if any: a directory with later steps
  /// is refused, since the run would come to save them again.
  std::optional<int64_t> resumedFrom;
  int64_t keep = 0; // this many steps, the newest; 0: all
  SaveOptions save;
};

/// All ranks call it for the same steps in the same order; between ranks it
/// needs nothing but the directory. One thread at a time.
class Saver {
public:
  /// Makes the save directory. A BadInput failure if it has later steps than
  /// the run starts from.
  Saver(FileOps &ops, const RankState &state, const SaverOptions &options);
  /// Gives up on what is not written.
  ~Saver();

  /// Copies the state into memory of its own and writes that in the background.
  /// Waits for an earlier save, whose failure it throws.
  void snapshot(const Progress &progress);
  /// Waits for the save that is under way: for this rank's part, on rank 0 for
  /// the step. Throws its failure.
  void wait();

  /// The bytes that snapshots take, from the first on.
  int64_t bytes() const { return state.file().bytes; }

private:
  void write(const Attempt &attempt, const Progress &progress);

  FileOps &ops;
  const RankState &state;
  SaverOptions options;
  std::atomic<bool> cancelled{false};
  std::unique_ptr<Arena> buffer;
  uint64_t saves = 0;
  std::thread writer;
  std::exception_ptr failure; // of `writer`, once that is done
};

} // namespace vescale::runtime

#endif // VESCALE_RUNTIME_CHECKPOINT_SAVER_H
