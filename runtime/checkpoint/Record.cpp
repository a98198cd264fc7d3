// Writes and reads records: a checksum a line.
#include "runtime/checkpoint/Record.h"

#include "runtime/checkpoint/Directory.h"
#include "runtime/core/Error.h"

#include <cstdio>

namespace vescale::runtime {

std::string recordName(int rank) {
  char name[40];
  std::snprintf(name, sizeof(name), "rank-%05d.record", rank);
  return name;
}

std::string recordText(const Record &record) {
  std::string text = record.header.text() + "\n";
  for (const auto &chunk : record.chunks)
    for (const ContentHash &hash : chunk)
      text += hash.text() + "\n";
  return seal(text);
}

Record parseRecord(const std::string &text, const std::string &path,
                   const ChunkPlan &plan, int rank) {
  auto bad = [&]() {
    fail(ExitCode::RunFailed, "rank ", rank, "'s record '", path,
         "' is damaged or of another save");
  };
  std::optional<std::string> body = unseal(text);
  if (!body)
    bad();
  std::istringstream lines(*body);
  auto next = [&]() {
    std::string line;
    std::getline(lines, line);
    std::optional<ContentHash> hash = parseHash(line);
    if (!hash)
      bad();
    return *hash;
  };
  Record record;
  record.header = next();
  for (size_t index : plan.files[rank].chunks) {
    record.chunks.emplace_back();
    for (int64_t i = 0; i < blockCount(plan.chunks[index].bytes); ++i)
      record.chunks.back().push_back(next());
  }
  if (lines.peek() != std::istringstream::traits_type::eof())
    bad();
  return record;
}

} // namespace vescale::runtime
