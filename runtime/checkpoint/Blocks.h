// Reads what is wanted of chunks, block by block.
//
//   1. Of a chunk that shares elements with wanted pieces, both as sorted runs,
//      the blocks that hold such elements make up stretches, which threads can
//      read in any order.
//   2. Of a stretch each block is read and compared with its checksum; where
//      all of it belongs in one place it is read there.
//   3. Otherwise its runs are copied where they belong.
#ifndef VESCALE_RUNTIME_CHECKPOINT_BLOCKS_H
#define VESCALE_RUNTIME_CHECKPOINT_BLOCKS_H

#include "runtime/checkpoint/Files.h"
#include "runtime/checkpoint/Index.h"

namespace vescale::runtime {

/// Elements of a tensor and where they are to go: element i of the view to
/// element i·strides of a buffer.
struct Piece {
  std::string tensor;
  Box box;
  char *to;
  std::vector<int64_t> strides;

  /// Into a dense buffer.
  static Piece dense(const std::string &tensor, const Box &box, char *to);
};

/// Reads one block of a chunk and compares it with its checksum; returns its
/// length.
int64_t readBlock(InputFile &file, const IndexTensor &tensor,
                  const IndexChunk &chunk, int64_t block, char *to);

/// A chunk and the pieces that share elements with it.
struct Reading {
  const IndexTensor *tensor;
  const IndexChunk *chunk;
  std::vector<const Piece *> pieces;
};

/// The blocks [begin, end) of a chunk.
struct Stretch {
  const Reading *reading;
  int64_t begin, end;

  /// In the file.
  int64_t offset() const;
  int64_t bytes() const;
};

/// Adds those that hold what the pieces want, in order and of bounded length.
void addStretches(const Reading &reading, std::vector<Stretch> &stretches);

/// Reads a stretch into its pieces and calls `beat` with the bytes of each
/// block. `buffer` has room for a block.
void readStretch(InputFile &file, const Stretch &stretch, char *buffer,
                 const std::function<void(int64_t)> &beat);

} // namespace vescale::runtime

#endif // VESCALE_RUNTIME_CHECKPOINT_BLOCKS_H
