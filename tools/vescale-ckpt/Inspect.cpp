// Lists what a step holds.
#include "runtime/checkpoint/Load.h"
#include "runtime/core/Error.h"
#include "tools/vescale-ckpt/Commands.h"
#include "tools/vescale-ckpt/Meter.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdio>

using namespace vescale::runtime;
using Json = nlohmann::ordered_json;

namespace vescale::ckpt {
namespace {

int64_t bytesOf(const IndexTensor &tensor) {
  return Box::whole(tensor.shape).elements() * dtypeBytes(tensor.dtype);
}

void printJson(const SavedStep &step) {
  const Index &index = step.index();
  Json json = {{"path", step.path()},
               {"step", index.progress.step},
               {"plan", index.progress.plan},
               {"program", index.progress.program},
               {"mesh", index.mesh},
               {"seed", index.progress.seed},
               {"random_counter", index.progress.randomCounter},
               {"data_position", index.progress.dataPosition},
               {"extra", Json::parse(index.progress.extra)}};
  json["files"] = Json::array();
  for (const IndexFile &file : index.files)
    json["files"].push_back({{"name", file.name}, {"file_bytes", file.bytes}});
  json["tensors"] = Json::array();
  for (const IndexTensor &tensor : index.tensors) {
    Json chunks = Json::array();
    for (const IndexChunk &chunk : tensor.chunks)
      chunks.push_back({{"name", chunk.name},
                        {"file", index.files[chunk.file].name},
                        {"offset_bytes", chunk.offset},
                        {"chunk_bytes", chunk.bytes},
                        {"view",
                         {{"offset", chunk.box.offset},
                          {"sizes", chunk.box.sizes},
                          {"strides", chunk.box.strides}}}});
    json["tensors"].push_back({{"name", tensor.name},
                               {"dtype", dtypeName(tensor.dtype)},
                               {"shape", tensor.shape},
                               {"tensor_bytes", bytesOf(tensor)},
                               {"chunks", std::move(chunks)}});
  }
  std::printf("%s\n", json.dump(2).c_str());
}

/// "rows 0-3 …" would guess; sizes and offset are what is there.
std::string chunkText(const IndexChunk &chunk) {
  return cat(shapeText(chunk.box.sizes), " at ", chunk.box.offset);
}

void printText(const SavedStep &step) {
  const Index &index = step.index();
  int64_t bytes = 0;
  size_t width = 6;
  for (const IndexTensor &tensor : index.tensors) {
    bytes += bytesOf(tensor);
    width = std::max(width, tensor.name.size());
  }
  auto line = [](const char *name, const std::string &text) {
    std::printf("%-9s %s\n", name, printable(text).c_str());
  };
  line("path", step.path());
  line("step", cat(index.progress.step));
  line("mesh", index.mesh);
  line("plan", index.progress.plan);
  line("program", index.progress.program);
  line("random", cat("seed ", index.progress.seed, ", counter ",
                     index.progress.randomCounter));
  line("data", cat("position ", index.progress.dataPosition));
  line("extra", index.progress.extra);
  line("size", cat(bytesText(bytes), " in ", index.files.size(), " files, ",
                   index.tensors.size(), " tensors"));
  std::printf("\n%-*s  type  %-16s %10s  chunks\n", static_cast<int>(width),
              "tensor", "shape", "bytes");
  for (const IndexTensor &tensor : index.tensors) {
    std::string chunks = cat(tensor.chunks.size());
    if (tensor.chunks.size() > 1)
      chunks += cat(": ", chunkText(tensor.chunks[0]), ", …");
    std::printf("%-*s  %-4s  %-16s %10s  %s\n", static_cast<int>(width),
                printable(tensor.name).c_str(), dtypeName(tensor.dtype),
                shapeText(tensor.shape).c_str(),
                bytesText(bytesOf(tensor)).c_str(), chunks.c_str());
  }
}

} // namespace

int inspect(const Arguments &arguments) {
  SavedStep step(systemFiles(), arguments.paths[0]);
  if (arguments.json)
    printJson(step);
  else
    printText(step);
  return 0;
}

} // namespace vescale::ckpt
