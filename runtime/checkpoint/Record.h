// What a rank leaves for rank 0 when its file is on disk: the checksums.
#ifndef VESCALE_RUNTIME_CHECKPOINT_RECORD_H
#define VESCALE_RUNTIME_CHECKPOINT_RECORD_H

#include "runtime/checkpoint/Chunks.h"

namespace vescale::runtime {

struct Record {
  ContentHash header;
  std::vector<std::vector<ContentHash>> chunks; // in the order of the file
};

std::string recordName(int rank);
/// Sealed.
std::string recordText(const Record &record);
/// A RunFailed failure unless it is a record of this file.
Record parseRecord(const std::string &text, const std::string &path,
                   const ChunkPlan &plan, int rank);

} // namespace vescale::runtime

#endif // VESCALE_RUNTIME_CHECKPOINT_RECORD_H
