//===- WeightFiles.cpp - Weights where they lie, and checkpoints *- C++ -*-===//

#include "lib/Driver/WeightFiles.h"
#include "runtime/io/ContentHash.h"
#include "runtime/io/NameMatch.h"
#include <exception>

using namespace vescale;

bool vescale::findWeights(const std::string &path,
                          const std::vector<WantedWeight> &wanted,
                          std::vector<WeightPlace> &places, std::string &remark,
                          std::string &error) {
  try {
    std::vector<runtime::WantedTensor> tensors;
    for (const WantedWeight &weight : wanted)
      tensors.push_back({weight.name, *runtime::dtypeFromName(weight.dtype),
                         weight.shape, weight.tied});
    runtime::HubCheckpoint checkpoint(path);
    runtime::FoundTensors found =
        findTensors(checkpoint, tensors, runtime::Tied::Compare);
    for (const runtime::HubTensor &tensor : found.tensors)
      places.push_back({tensor.file, tensor.entry.offset, tensor.entry.bytes});
    remark = found.remark;
    return true;
  } catch (const std::exception &failure) {
    error = failure.what();
    return false;
  }
}

bool vescale::identifyWeightFile(const std::string &path, WeightFile &file,
                                 std::string &error) {
  try {
    runtime::FileStamp before = runtime::stampOf(path);
    file = {before.bytes, before.modifiedNs, before.changedNs,
            runtime::contentHash(path)};
    if (runtime::stampOf(path) == before)
      return true;
    error = path + ": changed while it was read";
  } catch (const std::exception &failure) {
    error = failure.what();
  }
  return false;
}
