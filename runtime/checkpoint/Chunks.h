// Who writes what: each shard that ranks hold once or many times becomes one
// chunk in the file of one rank.
//
// Every rank computes the same from the layouts alone:
//   1. The ranks' shards of each view; those that hold the same block are its
//      replicas.
//   2. Chunks from the largest to the smallest; each goes to that of its
//      replicas that has the fewest bytes so far (the lowest of equals).
//   3. A rank's file is a safetensors file of its chunks, so that names, shapes
//      and layouts fix all of it but the elements.
#ifndef VESCALE_RUNTIME_CHECKPOINT_CHUNKS_H
#define VESCALE_RUNTIME_CHECKPOINT_CHUNKS_H

#include "runtime/checkpoint/State.h"

namespace vescale::runtime {

struct Chunk {
  std::string name; // in its file: NAME, or NAME[k] if there are several
  size_t tensor, view;
  std::vector<int64_t> start; // of its block in the view
  Box box;                    // in the tensor
  int64_t bytes;
  int owner = 0;      // the rank that writes it
  int64_t offset = 0; // in the owner's file
};

struct RankFile {
  std::string name;           // rank-00003.safetensors
  std::string header;         // the bytes before the data
  std::vector<size_t> chunks; // in the order of the file; may be none
  int64_t bytes = 0;          // of all of it; 0 if there are no chunks

  int64_t dataBytes() const;
};

struct ChunkPlan {
  State state;
  std::vector<Chunk> chunks;   // by tensor
  std::vector<RankFile> files; // by rank
};

/// A BadInput failure where names of tensors and chunks collide.
ChunkPlan planChunks(State state);

} // namespace vescale::runtime

#endif // VESCALE_RUNTIME_CHECKPOINT_CHUNKS_H
