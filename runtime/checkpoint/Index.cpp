// Writes index.json.
#include "runtime/checkpoint/Index.h"

#include "runtime/core/Error.h"

#include <nlohmann/json.hpp>

namespace vescale::runtime {

using Json = nlohmann::ordered_json;

static Json chunkJson(const IndexChunk &chunk) {
  Json blocks = Json::array();
  for (const ContentHash &hash : chunk.blocks)
    blocks.push_back(hash.text());
  return {{"name", chunk.name},
          {"file", chunk.file},
          {"offset", chunk.offset},
          {"bytes", chunk.bytes},
          {"view",
           {{"offset", chunk.box.offset},
            {"sizes", chunk.box.sizes},
            {"strides", chunk.box.strides}}},
          {"xxh3_128", std::move(blocks)}};
}

std::string indexText(const Index &index) {
  const Progress &progress = index.progress;
  Json json;
  json["schema"] = checkpointSchema;
  json["step"] = progress.step;
  json["plan"] = progress.plan;
  json["program"] = progress.program;
  json["mesh"] = index.mesh;
  json["random"] = {{"generator", "philox4x32-10"},
                    {"seed", progress.seed},
                    {"counter", progress.randomCounter}};
  json["data"] = {{"position", progress.dataPosition}};
  json["extra"] = Json::parse(progress.extra, nullptr, false);
  if (!json["extra"].is_object())
    fail(ExitCode::RunFailed,
         "a checkpoint's extra data is no JSON object: ", progress.extra);
  json["block_bytes"] = checksumBlockBytes;
  json["files"] = Json::array();
  for (const IndexFile &file : index.files)
    json["files"].push_back({{"name", file.name},
                             {"bytes", file.bytes},
                             {"header_bytes", file.headerBytes},
                             {"header_xxh3_128", file.header.text()}});
  json["tensors"] = Json::array();
  for (const IndexTensor &tensor : index.tensors) {
    Json entry = {{"name", tensor.name},
                  {"dtype", dtypeName(tensor.dtype)},
                  {"shape", tensor.shape}};
    if (tensor.author)
      entry["author"] = {{"shape", tensor.author->shape},
                         {"strides", tensor.author->strides}};
    entry["chunks"] = Json::array();
    for (const IndexChunk &chunk : tensor.chunks)
      entry["chunks"].push_back(chunkJson(chunk));
    json["tensors"].push_back(std::move(entry));
  }
  return json.dump() + "\n";
}

const IndexTensor *Index::find(const std::string &name) const {
  for (const IndexTensor &tensor : tensors)
    if (tensor.name == name)
      return &tensor;
  return nullptr;
}

int64_t blockCount(int64_t bytes) {
  return (bytes + checksumBlockBytes - 1) / checksumBlockBytes;
}

} // namespace vescale::runtime
