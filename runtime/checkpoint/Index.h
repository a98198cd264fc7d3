// index.json: which bytes of which files are which elements of which tensors,
// and what else a run needs to go on (docs/Reference/checkpoint.md).
#ifndef VESCALE_RUNTIME_CHECKPOINT_INDEX_H
#define VESCALE_RUNTIME_CHECKPOINT_INDEX_H

#include "runtime/checkpoint/State.h"

namespace vescale::runtime {

inline constexpr const char *checkpointSchema = "vescale.checkpoint/1";
/// Checksums are of blocks of this size, so that who reads a part of a chunk
/// can check what it reads.
inline constexpr int64_t checksumBlockBytes = int64_t(1) << 20;

/// Where a run is, beside its tensors.
struct Progress {
  int64_t step = 0;           // steps done
  uint64_t seed = 0;          // of the random numbers
  uint64_t randomCounter = 0; // draws that no step's number tells apart
  int64_t dataPosition = 0;   // samples used
  std::string plan, program;  // hashes
  std::string extra = "{}";   // the caller's own: a JSON object
};

struct IndexFile {
  std::string name;
  int64_t bytes, headerBytes;
  ContentHash header;
};

struct IndexChunk {
  std::string name; // in its file
  size_t file;
  int64_t offset, bytes;
  Box box;
  std::vector<ContentHash> blocks;
};

struct IndexTensor {
  std::string name;
  vs_dtype dtype;
  std::vector<int64_t> shape;
  std::optional<AuthorOrder> author;
  std::vector<IndexChunk> chunks;
};

struct Index {
  Progress progress;
  std::string mesh; // of the run that saved it, in words
  std::vector<IndexFile> files;
  std::vector<IndexTensor> tensors;

  const IndexTensor *find(const std::string &name) const;
};

std::string indexText(const Index &index);

/// A BadInput failure that names `path` and the field for anything malformed,
/// and the tensor where its chunks leave out an element or have one twice. What
/// is accepted is consistent in itself and stays inside its files' bytes.
Index parseIndex(const std::string &text, const std::string &path);

/// The number of checksums that a chunk has.
int64_t blockCount(int64_t bytes);

} // namespace vescale::runtime

#endif // VESCALE_RUNTIME_CHECKPOINT_INDEX_H
