// Scatters inputs, gathers outputs.
#include "runtime/core/Ports.h"

#include "runtime/core/Error.h"
#include "runtime/core/StridedCopy.h"

#include <algorithm>
#include <cstring>

namespace vescale::runtime {

Inputs::Inputs(const Manifest &manifest, const std::string &path)
    : manifest(manifest) {
  if (path.empty()) {
    if (!manifest.inputs.empty())
      fail(ExitCode::Usage, "the model has ", manifest.inputs.size(),
           " inputs, the first is '", manifest.inputs[0].name,
           "': give them with --input=FILE");
    return;
  }
  file = openTensorFile(path);
  const auto &tensors = file->tensors();
  for (const Port &input : manifest.inputs) {
    auto found = std::find_if(
        tensors.begin(), tensors.end(), [&](const TensorInfo &info) {
          return info.name == input.name ||
                 (info.name.empty() && manifest.inputs.size() == 1 &&
                  tensors.size() == 1);
        });
    if (found == tensors.end())
      fail(ExitCode::BadInput, "input '", input.name, "' (",
           shapeText(input.shape), " ", dtypeName(input.dtype),
           ") is missing in '", path, "'");
    if (found->shape != input.shape)
      fail(ExitCode::BadInput, "input '", input.name, "' has shape ",
           shapeText(found->shape), " in '", path, "', the model takes ",
           shapeText(input.shape));
    if (found->dtype != input.dtype)
      fail(ExitCode::BadInput, "input '", input.name, "' is ",
           dtypeName(found->dtype), " in '", path, "', the model takes ",
           dtypeName(input.dtype));
    indices.push_back(found - tensors.begin());
  }
  for (size_t i = 0; i < tensors.size(); ++i)
    if (std::find(indices.begin(), indices.end(), i) == indices.end())
      fail(ExitCode::BadInput, "'", path, "' holds '", tensors[i].name, "' (",
           shapeText(tensors[i].shape), "), which is no input of the model");
}

void Inputs::read(int rank) {
  for (size_t i = 0; i < manifest.inputs.size(); ++i) {
    const Port &input = manifest.inputs[i];
    int64_t bytes = dtypeBytes(input.dtype);
    Shard shard = shardOf(input.shape, input.layout, manifest.mesh, rank);
    std::vector<int64_t> strides = denseStrides(input.shape);
    std::vector<char> whole;
    const char *data = file->data(indices[i]);
    if (!data) {
      whole.resize(std::max<int64_t>(file->tensors()[indices[i]].bytes, 1));
      file->read(indices[i], whole.data());
      data = whole.data();
    }
    int64_t offset = 0;
    for (size_t dim = 0; dim < strides.size(); ++dim)
      offset += shard.start[dim] * strides[dim];
    shards.emplace_back(shard.localElements() * bytes);
    gatherStrided(data + (shard.empty() ? 0 : offset * bytes), strides,
                  shard.valid, shard.local, bytes, shards.back().data());
  }
  file.reset();
}

void Inputs::place(const Addresses &addresses) const {
  for (size_t i = 0; i < shards.size(); ++i) {
    const Place &at = manifest.inputs[i].at;
    if (!shards[i].empty())
      std::memcpy(addresses.at({at.space, 0, at.offset}), shards[i].data(),
                  shards[i].size());
  }
}

std::vector<TensorInfo> outputInfos(const Manifest &manifest) {
  std::vector<TensorInfo> infos;
  for (const Port &output : manifest.outputs)
    infos.push_back({output.name, output.dtype, output.shape,
                     checkedBytes(output.shape, dtypeBytes(output.dtype))});
  return infos;
}

void writeOutputs(const Manifest &manifest, const std::string &path,
                  Transport &transport, const Addresses &addresses) {
  std::vector<TensorInfo> infos = outputInfos(manifest);
  std::vector<std::vector<char>> data;
  for (size_t i = 0; i < manifest.outputs.size(); ++i) {
    const Port &output = manifest.outputs[i];
    int64_t bytes = dtypeBytes(output.dtype);
    char *local = addresses.at({output.at.space, 0, output.at.offset});
    if (transport.rank() != 0) {
      if (isFirstReplica(output.layout, manifest.mesh, transport.rank())) {
        Shard shard = shardOf(output.shape, output.layout, manifest.mesh,
                              transport.rank());
        transport.send(0, local, shard.localElements() * bytes);
      }
      continue;
    }
    std::vector<char> global(infos[i].bytes), shardData;
    std::vector<int64_t> strides = denseStrides(output.shape);
    for (int rank = 0; rank < transport.size(); ++rank) {
      if (!isFirstReplica(output.layout, manifest.mesh, rank))
        continue;
      Shard shard = shardOf(output.shape, output.layout, manifest.mesh, rank);
      const char *from = local;
      if (rank != 0) {
        shardData.resize(shard.localElements() * bytes);
        transport.receive(rank, shardData.data(), shardData.size());
        from = shardData.data();
      }
      int64_t offset = 0;
      for (size_t dim = 0; dim < strides.size(); ++dim)
        offset += shard.start[dim] * strides[dim];
      if (!shard.empty())
        scatterStrided(from, shard.local, shard.valid, strides, bytes,
                       global.data() + offset * bytes);
    }
    data.push_back(std::move(global));
  }
  if (transport.rank() != 0)
    return;
  std::vector<TensorData> tensors;
  for (size_t i = 0; i < infos.size(); ++i)
    tensors.push_back({infos[i], data[i].data()});
  writeTensorFile(path, tensors);
}

} // namespace vescale::runtime
