// One rank's state in memory: its shards, and the pieces that no program has.
#ifndef VESCALE_RUNTIME_CHECKPOINT_RANKSTATE_H
#define VESCALE_RUNTIME_CHECKPOINT_RANKSTATE_H

#include "runtime/checkpoint/Chunks.h"
#include "runtime/checkpoint/Load.h"

#include <map>

namespace vescale::runtime {

class RankState {
public:
  /// `places` says where each of the manifest's parameters lies, as
  /// Parameters::load returns it. Keeps a reference to the plan.
  RankState(const ChunkPlan &plan, int rank, std::vector<char *> places);

  /// Gives what no parameter covers its initial values. `manifest` may have
  /// other weights than the one that the state was taken from. Not needed
  /// before load().
  void initializeUnused(const Manifest &manifest, const std::string &bundle);

  /// Loads all of it from a step that was made for any layout.
  void load(SavedStep &step,
            const std::function<void(int64_t)> &beat = nullptr);

  /// Copies the chunks that this rank writes to their offsets in its file,
  /// which `image` is as long as.
  void copyChunks(char *image) const;
  const RankFile &file() const { return plan.files[rank]; }

  const ChunkPlan &plan;
  const int rank;

private:
  Shard shardOfView(const StateView &view) const;

  std::vector<char *> places;
  std::map<size_t, std::vector<char>> unused; // by chunk, of this rank's file
};

/// Reads a chunk's initial values, from where the manifest's weights come from,
/// into a dense buffer.
void readInitial(const ChunkPlan &plan, const Chunk &chunk,
                 const Manifest &manifest, const std::string &bundle, char *to);

} // namespace vescale::runtime

#endif // VESCALE_RUNTIME_CHECKPOINT_RANKSTATE_H
