// Merges the runs of chunks with those that are wanted, block by block.
//
//   1. Of each chunk that shares elements with a wanted piece, both as sorted
//      runs, the shared runs are walked.
//   2. A block of the chunk that holds such elements is read and compared with
//      its checksum; where all of it belongs in one place it is read there.
//   3. Otherwise its runs are copied where they belong.
//
// Threads take the chunks of a file one by one.
#include "runtime/checkpoint/Load.h"

#include "runtime/core/Error.h"
#include "runtime/core/StridedCopy.h"
#include "runtime/core/Threads.h"

#include <algorithm>
#include <cstring>
#include <exception>
#include <map>
#include <memory>
#include <mutex>

namespace vescale::runtime {
namespace {

/// What a piece takes from a chunk.
struct Share {
  SharedRuns runs; // left: the chunk's data, right: the piece's buffer
  char *to;
};

class ChunkReader {
public:
  ChunkReader(InputFile &file, const IndexTensor &tensor,
              const IndexChunk &chunk, char *buffer)
      : file(file), tensor(tensor), chunk(chunk), buffer(buffer),
        width(dtypeBytes(tensor.dtype)) {}

  void read(std::vector<Share> &shares,
            const std::function<void(int64_t)> &beat) {
    while (true) {
      int64_t next = INT64_MAX;
      for (const Share &share : shares)
        if (!share.runs.done())
          next = std::min(next, share.runs.leftAt());
      if (next == INT64_MAX)
        return;
      int64_t bytes = take(next * width / checksumBlockBytes, shares);
      beat(bytes);
    }
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
  const IndexTensor &tensor;
  const IndexChunk &chunk;
  char *buffer;
  const int64_t width;
};

} // namespace

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

struct SavedStep::Reading {
  const IndexTensor *tensor;
  const IndexChunk *chunk;
  std::vector<const Piece *> pieces; // that share elements with it
};

Piece Piece::dense(const std::string &tensor, const Box &box, char *to) {
  return {tensor, box, to, denseStrides(box.sizes)};
}

SavedStep::SavedStep(FileOps &ops, const std::string &path)
    : ops(ops), directory(findStep(ops, path)),
      contents(readStep(ops, directory)),
      headerChecked(contents.files.size(), false) {}

void SavedStep::check(const State &state) const {
  auto bad = [&](const auto &...parts) {
    fail(ExitCode::BadInput, "checkpoint '", directory, "' ", parts...);
  };
  auto orderText = [](const AuthorOrder &order) {
    return cat(shapeText(order.shape), " in steps of ",
               shapeText(order.strides));
  };
  for (const StateTensor &tensor : state.tensors) {
    const IndexTensor *found = contents.find(tensor.name);
    if (!found)
      bad("lacks '", tensor.name, "', which the program has with the shape ",
          shapeText(tensor.shape));
    if (found->shape != tensor.shape)
      bad("has '", tensor.name, "' with the shape ", shapeText(found->shape),
          ", the program with ", shapeText(tensor.shape));
    if (found->dtype != tensor.dtype)
      bad("has '", tensor.name, "' with elements of type ",
          dtypeName(found->dtype), ", the program with ",
          dtypeName(tensor.dtype));
    if (found->author && tensor.author && !(*found->author == *tensor.author))
      bad("has '", tensor.name, "' in another order than the program: it is ",
          "the author's tensor of shape ", orderText(*found->author),
          ", there ", orderText(*tensor.author),
          "; vescale-ckpt export and import carry it over");
  }
  for (const IndexTensor &tensor : contents.tensors)
    if (!state.find(tensor.name))
      bad("has '", tensor.name, "' of shape ", shapeText(tensor.shape),
          ", for which the program has no state");
}

std::string SavedStep::readHeader(InputFile &file, size_t index) const {
  const IndexFile &expected = contents.files[index];
  if (file.size() != expected.bytes)
    fail(ExitCode::BadInput, "checkpoint's file '", file.path(), "' has ",
         file.size(), " bytes, the index says ", expected.bytes);
  std::string header(expected.headerBytes, '\0');
  file.read(header.data(), expected.headerBytes, 0);
  ContentHash hash = hashBytes(header.data(), expected.headerBytes);
  if (hash != expected.header)
    fail(ExitCode::BadInput, "checkpoint's file '", file.path(),
         "' is damaged: its header hashes to ", hash.text(),
         ", the index says ", expected.header.text());
  return header;
}

void SavedStep::readFile(size_t index, const std::vector<Reading> &readings,
                         const std::function<void(int64_t)> &beat) {
  InputFile file(ops, cat(directory, "/", contents.files[index].name),
                 "checkpoint's file");
  if (!headerChecked[index])
    readHeader(file, index);
  headerChecked[index] = true;
  int threads = threadCount();
  std::vector<std::unique_ptr<char[]>> buffers(threads);
  std::vector<std::exception_ptr> failures(readings.size());
  std::mutex mutex;
  auto beatOne = [&](int64_t bytes) {
    std::lock_guard<std::mutex> lock(mutex);
    if (beat)
      beat(bytes);
  };
  auto read = [&](int64_t item, int thread) {
    const Reading &reading = readings[item];
    if (!buffers[thread])
      buffers[thread].reset(new char[checksumBlockBytes]);
    std::vector<Share> shares;
    for (const Piece *piece : reading.pieces)
      shares.push_back({SharedRuns(RunCursor(reading.chunk->box),
                                   RunCursor(piece->box, piece->strides)),
                        piece->to});
    ChunkReader(file, *reading.tensor, *reading.chunk, buffers[thread].get())
        .read(shares, beatOne);
  };
  parallelItems(static_cast<int64_t>(readings.size()), threads,
                [&](int64_t item, int thread) {
                  try {
                    read(item, thread);
                  } catch (...) {
                    failures[item] = std::current_exception();
                  }
                });
  for (const std::exception_ptr &failure : failures)
    if (failure)
      std::rethrow_exception(failure);
}

void SavedStep::load(const std::vector<Piece> &pieces,
                     const std::function<void(int64_t)> &beat) {
  std::map<std::string, std::vector<const Piece *>> wanted;
  for (const Piece &piece : pieces)
    wanted[piece.tensor].push_back(&piece);
  std::vector<std::vector<Reading>> byFile(contents.files.size());
  for (const IndexTensor &tensor : contents.tensors) {
    auto found = wanted.find(tensor.name);
    if (found == wanted.end())
      continue;
    for (const IndexChunk &chunk : tensor.chunks) {
      Reading reading{&tensor, &chunk, {}};
      for (const Piece *piece : found->second)
        if (!SharedRuns(RunCursor(chunk.box), RunCursor(piece->box)).done())
          reading.pieces.push_back(piece);
      if (!reading.pieces.empty())
        byFile[chunk.file].push_back(std::move(reading));
    }
  }
  for (size_t file = 0; file < byFile.size(); ++file) {
    std::sort(byFile[file].begin(), byFile[file].end(),
              [](const Reading &a, const Reading &b) {
                return a.chunk->offset < b.chunk->offset;
              });
    if (!byFile[file].empty())
      readFile(file, byFile[file], beat);
  }
}

} // namespace vescale::runtime
