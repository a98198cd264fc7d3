// Merges the runs of chunks with those that are wanted.
#include "runtime/checkpoint/Blocks.h"

#include "runtime/core/Error.h"
#include "runtime/core/StridedCopy.h"

#include <algorithm>
#include <cstring>

namespace vescale::runtime {
namespace {

// Large enough for a disk, small enough to be shared out among threads.
constexpr int64_t stretchBlocks = 4;

/// What a piece takes from a chunk.
struct Share {
  SharedRuns runs; // left: the chunk's data, right: the piece's buffer
  char *to;
};

std::vector<Share> sharesOf(const Reading &reading) {
  std::vector<Share> shares;
  for (const Piece *piece : reading.pieces)
    shares.push_back({SharedRuns(RunCursor(reading.chunk->box),
                                 RunCursor(piece->box, piece->strides)),
                      piece->to});
  return shares;
}

/// Leaves behind what lies before a block.
void seek(std::vector<Share> &shares, const Reading &reading, int64_t block) {
  int64_t element = reading.chunk->box.at(block * checksumBlockBytes /
                                          dtypeBytes(reading.tensor->dtype));
  for (Share &share : shares)
    share.runs.seek(element);
}

/// The next block with elements that are wanted; -1 if there is none.
int64_t nextBlock(const std::vector<Share> &shares, int64_t width) {
  int64_t next = INT64_MAX;
  for (const Share &share : shares)
    if (!share.runs.done())
      next = std::min(next, share.runs.leftAt());
  return next == INT64_MAX ? -1 : next * width / checksumBlockBytes;
}

class StretchReader {
public:
  StretchReader(InputFile &file, const Stretch &stretch, char *buffer)
      : file(file), stretch(stretch), tensor(*stretch.reading->tensor),
        chunk(*stretch.reading->chunk), buffer(buffer),
        width(dtypeBytes(tensor.dtype)) {}

  void read(const std::function<void(int64_t)> &beat) {
    std::vector<Share> shares = sharesOf(*stretch.reading);
    seek(shares, *stretch.reading, stretch.begin);
    for (int64_t block = stretch.begin; block < stretch.end; ++block)
      beat(take(block, shares));
  }

private:
  /// Reads a block and gives each share its part.
  int64_t take(int64_t block, std::vector<Share> &shares) {
    int64_t at = block * checksumBlockBytes;
    int64_t bytes = std::min(checksumBlockBytes, chunk.bytes - at);
    int64_t begin = at / width, end = (at + bytes) / width;
    for (Share &share : shares)
      if (!share.runs.done() && share.runs.leftAt() == begin &&
          share.runs.elements() >= end - begin) {
        // All of the block, so no other piece can have a part of it, unless the
        // same elements are wanted twice.
        char *to = share.to + share.runs.rightAt() * width;
        readBlock(file, tensor, chunk, block, to);
        share.runs.advance(end - begin);
        deliver(shares, begin, end, to);
        return bytes;
      }
    readBlock(file, tensor, chunk, block, buffer);
    deliver(shares, begin, end, buffer);
    return bytes;
  }

  void deliver(std::vector<Share> &shares, int64_t begin, int64_t end,
               const char *data) {
    for (Share &share : shares)
      while (!share.runs.done() && share.runs.leftAt() < end) {
        int64_t from = share.runs.leftAt();
        int64_t count = std::min(share.runs.elements(), end - from);
        std::memcpy(share.to + share.runs.rightAt() * width,
                    data + (from - begin) * width, count * width);
        share.runs.advance(count);
      }
  }

  InputFile &file;
  const Stretch &stretch;
  const IndexTensor &tensor;
  const IndexChunk &chunk;
  char *buffer;
  const int64_t width;
};

} // namespace

Piece Piece::dense(const std::string &tensor, const Box &box, char *to) {
  return {tensor, box, to, denseStrides(box.sizes)};
}

int64_t readBlock(InputFile &file, const IndexTensor &tensor,
                  const IndexChunk &chunk, int64_t block, char *to) {
  int64_t at = chunk.offset + block * checksumBlockBytes;
  int64_t bytes = std::min(checksumBlockBytes, chunk.offset + chunk.bytes - at);
  file.read(to, bytes, at);
  ContentHash hash = hashBytes(to, bytes);
  if (hash != chunk.blocks[block])
    fail(ExitCode::BadInput, "checkpoint's file '", file.path(), "': tensor '",
         tensor.name, "' is damaged: bytes ", at, " to ", at + bytes,
         " hash to ", hash.text(), ", the index says ",
         chunk.blocks[block].text());
  return bytes;
}

int64_t Stretch::offset() const {
  return reading->chunk->offset + begin * checksumBlockBytes;
}

int64_t Stretch::bytes() const {
  return std::min(end * checksumBlockBytes, reading->chunk->bytes) -
         begin * checksumBlockBytes;
}

void addStretches(const Reading &reading, std::vector<Stretch> &stretches) {
  std::vector<Share> shares = sharesOf(reading);
  int64_t width = dtypeBytes(reading.tensor->dtype);
  int64_t blocks = blockCount(reading.chunk->bytes);
  for (int64_t block, last = -1; (block = nextBlock(shares, width)) >= 0;
       last = block) {
    if (last >= 0 && block == last + 1 &&
        block - stretches.back().begin < stretchBlocks)
      stretches.back().end = block + 1;
    else
      stretches.push_back({&reading, block, block + 1});
    if (block + 1 == blocks)
      return;
    seek(shares, reading, block + 1);
  }
}

void readStretch(InputFile &file, const Stretch &stretch, char *buffer,
                 const std::function<void(int64_t)> &beat) {
  StretchReader(file, stretch, buffer).read(beat);
}

} // namespace vescale::runtime
