// Checks every byte of a step.
#include "runtime/checkpoint/Load.h"

#include "runtime/core/Error.h"
#include "runtime/io/SafetensorsHeader.h"

#include <map>
#include <memory>

namespace vescale::runtime {
namespace {

struct Listed {
  const IndexTensor *tensor;
  const IndexChunk *chunk;
};

/// The file's own header must say what the index says, for other readers.
void compareHeader(const std::string &path,
                   const std::vector<SafetensorsEntry> &entries,
                   std::map<std::string, Listed> listed) {
  auto bad = [&](const std::string &name, const auto &...why) {
    fail(ExitCode::BadInput, "checkpoint's file '", path, "': tensor '", name,
         "' ", why...);
  };
  for (const SafetensorsEntry &entry : entries) {
    auto found = listed.find(entry.name);
    if (found == listed.end())
      bad(entry.name, "is not in the index");
    const auto &[tensor, chunk] = found->second;
    if (entry.offset != chunk->offset || entry.bytes != chunk->bytes)
      bad(entry.name, "lies at bytes ", entry.offset, " to ",
          entry.offset + entry.bytes, ", says the index at ", chunk->offset,
          " to ", chunk->offset + chunk->bytes);
    if (entry.dtype != tensor->dtype || entry.shape != chunk->box.sizes)
      bad(entry.name, "is ", entry.dtypeText, " of shape ",
          shapeText(entry.shape), ", says the index ", dtypeName(tensor->dtype),
          " of shape ", shapeText(chunk->box.sizes));
    listed.erase(found);
  }
  if (!listed.empty())
    bad(listed.begin()->first, "is in the index alone");
}

} // namespace

void SavedStep::verify(const std::function<void(int64_t)> &beat) {
  std::unique_ptr<char[]> buffer(new char[checksumBlockBytes]);
  for (size_t index = 0; index < contents.files.size(); ++index) {
    InputFile file(ops, cat(directory, "/", contents.files[index].name),
                   "checkpoint's file");
    std::string header = readHeader(file, index);
    std::map<std::string, Listed> byName;
    std::map<int64_t, Listed> byOffset;
    for (const IndexTensor &tensor : contents.tensors)
      for (const IndexChunk &chunk : tensor.chunks)
        if (chunk.file == index) {
          byName[chunk.name] = {&tensor, &chunk};
          byOffset[chunk.offset] = {&tensor, &chunk};
        }
    int64_t headerBytes = static_cast<int64_t>(header.size());
    compareHeader(file.path(),
                  parseSafetensorsHeader(header.data(), headerBytes,
                                         file.size(), file.path()),
                  byName);
    for (const auto &item : byOffset) {
      const Listed &listed = item.second;
      for (int64_t i = 0; i < blockCount(listed.chunk->bytes); ++i) {
        int64_t bytes =
            readBlock(file, *listed.tensor, *listed.chunk, i, buffer.get());
        if (beat)
          beat(bytes);
      }
    }
  }
}

} // namespace vescale::runtime
