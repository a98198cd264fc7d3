// Finds out which chunks have what is wanted, and reads them on all threads.
#include "runtime/checkpoint/Load.h"

#include "runtime/core/Error.h"
#include "runtime/core/Threads.h"

#include <algorithm>
#include <atomic>
#include <deque>
#include <exception>
#include <map>
#include <memory>
#include <mutex>

namespace vescale::runtime {
namespace {

// So many stretches ahead of what is read the disk is told of: many requests at
// once are what keeps it busy.
constexpr size_t stretchesAhead = 16;

/// Files that are open from the first of their stretches to the last: of
/// thousands, few are at a time.
class OpenFiles {
public:
  using Open = std::function<std::unique_ptr<InputFile>(size_t)>;

  OpenFiles(size_t count, const std::vector<Stretch> &stretches, Open open)
      : files(count), left(count), openFile(std::move(open)) {
    for (const Stretch &stretch : stretches)
      ++left[stretch.reading->chunk->file];
  }
  /// Stays open as long as the caller holds it. Null where all of the file's
  /// stretches are done.
  std::shared_ptr<InputFile> open(const Stretch &stretch) {
    size_t index = stretch.reading->chunk->file;
    std::lock_guard<std::mutex> lock(mutex);
    if (!files[index] && left[index] > 0)
      files[index] = openFile(index);
    return files[index];
  }
  void done(const Stretch &stretch) {
    size_t index = stretch.reading->chunk->file;
    std::lock_guard<std::mutex> lock(mutex);
    if (--left[index] == 0)
      files[index].reset();
  }

private:
  std::mutex mutex;
  std::vector<std::shared_ptr<InputFile>> files;
  std::vector<int64_t> left; // stretches that are not done
  Open openFile;
};

} // namespace

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

void SavedStep::read(const std::vector<Stretch> &stretches,
                     const std::function<void(int64_t)> &beat) {
  OpenFiles files(contents.files.size(), stretches, [&](size_t index) {
    auto file = std::make_unique<InputFile>(
        ops, cat(directory, "/", contents.files[index].name),
        "checkpoint's file");
    if (!headerChecked[index])
      readHeader(*file, index);
    headerChecked[index] = true;
    return file;
  });
  auto announce = [&](size_t item) {
    if (item >= stretches.size())
      return;
    // Other threads may have been quicker and have read it by now.
    if (std::shared_ptr<InputFile> file = files.open(stretches[item]))
      file->startRead(stretches[item].offset(), stretches[item].bytes());
  };
  for (size_t item = 0; item < stretchesAhead; ++item)
    announce(item);
  int threads = threadCount();
  std::vector<std::unique_ptr<char[]>> buffers(threads);
  std::mutex mutex; // of what follows
  std::exception_ptr failure;
  std::atomic<bool> failed{false};
  auto beatOne = [&](int64_t bytes) {
    std::lock_guard<std::mutex> lock(mutex);
    if (beat)
      beat(bytes);
  };
  auto readOne = [&](int64_t item, int thread) {
    const Stretch &stretch = stretches[item];
    if (!buffers[thread])
      buffers[thread].reset(new char[checksumBlockBytes]);
    announce(item + stretchesAhead);
    readStretch(*files.open(stretch), stretch, buffers[thread].get(), beatOne);
    files.done(stretch);
  };
  parallelItems(static_cast<int64_t>(stretches.size()), threads,
                [&](int64_t item, int thread) {
                  try {
                    if (!failed)
                      readOne(item, thread);
                  } catch (...) {
                    std::lock_guard<std::mutex> lock(mutex);
                    if (!failed.exchange(true))
                      failure = std::current_exception();
                  }
                });
  if (failure)
    std::rethrow_exception(failure);
}

void SavedStep::load(const std::vector<Piece> &pieces,
                     const std::function<void(int64_t)> &beat) {
  std::map<std::string, std::vector<const Piece *>> wanted;
  for (const Piece &piece : pieces)
    wanted[piece.tensor].push_back(&piece);
  std::deque<Reading> readings;
  std::vector<Stretch> stretches;
  for (const IndexTensor &tensor : contents.tensors) {
    auto found = wanted.find(tensor.name);
    if (found == wanted.end())
      continue;
    for (const IndexChunk &chunk : tensor.chunks) {
      Reading &reading = readings.emplace_back(Reading{&tensor, &chunk, {}});
      for (const Piece *piece : found->second)
        if (!SharedRuns(RunCursor(chunk.box), RunCursor(piece->box)).done())
          reading.pieces.push_back(piece);
      addStretches(reading, stretches);
    }
  }
  // As they lie on the disk.
  std::sort(stretches.begin(), stretches.end(),
            [](const Stretch &a, const Stretch &b) {
              return std::pair(a.reading->chunk->file, a.offset()) <
                     std::pair(b.reading->chunk->file, b.offset());
            });
  read(stretches, beat);
}

} // namespace vescale::runtime
