// Writes files and records; commits.
#include "runtime/checkpoint/Save.h"

#include "runtime/checkpoint/Files.h"
#include "runtime/checkpoint/Record.h"
#include "runtime/core/Error.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <future>
#include <thread>

namespace vescale::runtime {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int64_t maxRecordBytes = int64_t(1) << 30;
// Between looks for records; grows from the first to the last.
constexpr std::chrono::milliseconds firstWait{1}, lastWait{100};

/// The checksums of a file's chunks, in the order of the file.
std::vector<std::vector<ContentHash>>
hashChunks(const ChunkPlan &plan, const RankFile &file, const char *image) {
  std::vector<std::vector<ContentHash>> hashes;
  for (size_t index : file.chunks) {
    const Chunk &chunk = plan.chunks[index];
    std::vector<ContentHash> &blocks = hashes.emplace_back();
    for (int64_t at = 0; at < chunk.bytes; at += checksumBlockBytes)
      blocks.push_back(
          hashBytes(image + chunk.offset + at,
                    std::min(checksumBlockBytes, chunk.bytes - at)));
  }
  return hashes;
}

std::string waitForRecord(FileOps &ops, const std::string &path, int rank,
                          Clock::time_point deadline,
                          const SaveOptions &options) {
  std::chrono::milliseconds wait = firstWait;
  while (true) {
    if (auto text = readWhole(ops, path, "record", maxRecordBytes))
      return *text;
    if (options.cancelled && options.cancelled->load())
      fail(ExitCode::Stopped, "the save was cancelled before rank ", rank,
           " had written its part");
    if (Clock::now() > deadline)
      fail(ExitCode::RunFailed, "rank ", rank, " has not written its part in ",
           options.timeoutSeconds, " seconds: '", path,
           "' is missing; the step is not saved");
    std::this_thread::sleep_for(wait);
    wait = std::min(2 * wait, lastWait);
  }
}

Index makeIndex(const ChunkPlan &plan, const Progress &progress,
                const std::vector<Record> &records) {
  Index index;
  index.progress = progress;
  index.mesh = plan.state.mesh.text();
  for (const StateTensor &tensor : plan.state.tensors)
    index.tensors.push_back(
        {tensor.name, tensor.dtype, tensor.shape, tensor.author, {}});
  std::vector<size_t> fileOf(plan.files.size());
  std::vector<std::vector<ContentHash>> blocksOf(plan.chunks.size());
  for (size_t rank = 0; rank < plan.files.size(); ++rank) {
    const RankFile &file = plan.files[rank];
    fileOf[rank] = index.files.size();
    if (!file.chunks.empty())
      index.files.push_back({file.name, file.bytes,
                             static_cast<int64_t>(file.header.size()),
                             records[rank].header});
    for (size_t i = 0; i < file.chunks.size(); ++i)
      blocksOf[file.chunks[i]] = records[rank].chunks[i];
  }
  for (size_t i = 0; i < plan.chunks.size(); ++i) {
    const Chunk &chunk = plan.chunks[i];
    index.tensors[chunk.tensor].chunks.push_back(
        {chunk.name, fileOf[chunk.owner], chunk.offset, chunk.bytes, chunk.box,
         std::move(blocksOf[i])});
  }
  return index;
}

} // namespace

std::string Attempt::directory() const {
  // Of equal length, so that a run's saves sort in their order.
  char text[64];
  std::snprintf(text, sizeof(text), "%016llx-%08llx-",
                static_cast<unsigned long long>(run),
                static_cast<unsigned long long>(number));
  return cat(savingPrefix, text, stepName(step));
}

std::string Attempt::path() const { return cat(saveDir, "/", directory()); }

void removeLeftovers(FileOps &ops, const Attempt &attempt) {
  std::string current = attempt.directory();
  std::string run =
      current.substr(0, current.find('-', std::strlen(savingPrefix)) + 1);
  for (const std::string &name : leftovers(ops, attempt.saveDir))
    if (name.compare(0, run.size(), run) != 0 || name < current)
      removeTree(ops, cat(attempt.saveDir, "/", name));
}

void openAttempt(FileOps &ops, const Attempt &attempt) {
  makeDirectory(ops, attempt.path());
}

void writeRank(FileOps &ops, const Attempt &attempt, const ChunkPlan &plan,
               int rank, char *image, const SaveOptions &options) {
  const RankFile &file = plan.files[rank];
  auto headerBytes = static_cast<int64_t>(file.header.size());
  Record record;
  record.header = hashBytes(file.header.data(), headerBytes);
  if (!file.chunks.empty()) {
    std::memcpy(image, file.header.data(), headerBytes);
    // The disk needs no core meanwhile.
    auto hashes = std::async(std::launch::async,
                             [&] { return hashChunks(plan, file, image); });
    OutputFile out(ops, cat(attempt.path(), "/", file.name));
    out.passCache();
    for (int64_t at = 0; at < file.bytes; at += options.writeBytes) {
      out.write(image + at, std::min(options.writeBytes, file.bytes - at));
      out.startSync();
    }
    out.sync();
    record.chunks = hashes.get();
  }
  std::string name = cat(attempt.path(), "/", recordName(rank));
  OutputFile out(ops, name + ".new");
  out.write(recordText(record));
  out.close();
  renameFile(ops, name + ".new", name);
}

void commitAttempt(FileOps &ops, const Attempt &attempt, const ChunkPlan &plan,
                   const Progress &progress, const SaveOptions &options) {
  Clock::time_point deadline =
      Clock::now() + std::chrono::duration_cast<Clock::duration>(
                         std::chrono::duration<double>(options.timeoutSeconds));
  std::string path = attempt.path();
  std::vector<Record> records;
  for (int rank = 0; rank < static_cast<int>(plan.files.size()); ++rank) {
    std::string name = cat(path, "/", recordName(rank));
    std::string text = waitForRecord(ops, name, rank, deadline, options);
    records.push_back(parseRecord(text, name, plan, rank));
  }
  std::string index = indexText(makeIndex(plan, progress, records));
  writeSynced(ops, cat(path, "/", indexName), index);
  for (size_t rank = 0; rank < records.size(); ++rank)
    removeFile(ops, cat(path, "/", recordName(static_cast<int>(rank))));
  writeSynced(ops, cat(path, "/", commitName), commitText(index));
  syncDirectory(ops, path);
  std::string step = cat(attempt.saveDir, "/", stepName(attempt.step));
  int result = ops.rename(path, step);
  if (result == -ENOTEMPTY || result == -EEXIST)
    fail(ExitCode::RunFailed, "'", step,
         "' is there already; it is kept as it is");
  if (result < 0)
    fail(ExitCode::RunFailed, "can't rename '", path, "' to '", step,
         "': ", errorText(result));
  syncDirectory(ops, attempt.saveDir);
}

} // namespace vescale::runtime
