// Makes models, manifests and the memory of their ranks.
#include "test/Runtime/Checkpoint/Worlds.h"

#include "runtime/checkpoint/Directory.h"
#include "runtime/checkpoint/Files.h"
#include "runtime/core/Error.h"

#include <algorithm>
#include <cstring>
#include <fstream>
#include <functional>
#include <numeric>

using namespace vescale::runtime;

namespace vescale::test {
namespace {

int64_t product(const std::vector<int64_t> &shape) {
  return std::accumulate(shape.begin(), shape.end(), int64_t(1),
                         std::multiplies<>());
}

std::vector<int64_t> rowMajor(const std::vector<int64_t> &shape) {
  std::vector<int64_t> strides(shape.size(), 1);
  for (size_t dim = shape.size(); dim-- > 1;)
    strides[dim - 1] = strides[dim] * shape[dim];
  return strides;
}

void randomize(Random &random, std::vector<char> &data) {
  for (char &byte : data)
    byte = static_cast<char>(random());
}

/// A part of a tensor that a parameter may be.
struct Part {
  std::vector<int64_t> shape;
  View view;
};

/// Cuts a dimension into `pieces`, with a dimension of 1 left where it was.
std::vector<Part> randomParts(Random &random, const Tensor &tensor) {
  std::vector<int64_t> strides = rowMajor(tensor.shape);
  std::vector<Part> parts = {{tensor.shape, {0, strides}}};
  std::vector<size_t> cuttable;
  for (size_t dim = 0; dim < tensor.shape.size(); ++dim)
    if (tensor.shape[dim] >= 3)
      cuttable.push_back(dim);
  if (!cuttable.empty() && below(random, 2)) {
    size_t dim = cuttable[below(random, static_cast<int64_t>(cuttable.size()))];
    parts.clear();
    // As projections are taken apart; sometimes a piece is used by nobody.
    int64_t at = 0, end = tensor.shape[dim];
    if (below(random, 3) == 0)
      at += 1;
    while (at < end) {
      int64_t length = 1 + below(random, end - at);
      if (parts.empty() || below(random, 4)) {
        Part part{tensor.shape, {at * strides[dim], strides}};
        part.shape[dim] = length;
        parts.push_back(part);
      }
      at += length;
    }
  }
  // Dimensions seen as several, and new ones of size 1.
  for (Part &part : parts) {
    for (size_t dim = 0; dim < part.shape.size(); ++dim)
      if (part.shape[dim] % 2 == 0 && part.shape[dim] > 0 &&
          below(random, 4) == 0) {
        int64_t inner = part.view.strides[dim];
        part.shape[dim] /= 2;
        part.view.strides[dim] = inner * 2;
        part.shape.insert(part.shape.begin() + dim + 1, 2);
        part.view.strides.insert(part.view.strides.begin() + dim + 1, inner);
        break;
      }
    if (below(random, 6) == 0) {
      part.shape.insert(part.shape.begin(), 1);
      part.view.strides.insert(part.view.strides.begin(), 1);
    }
  }
  return parts;
}

Mesh randomMesh(Random &random) {
  static const std::vector<std::vector<int64_t>> sizes = {
      {1},    {2},    {3},    {4},    {5},       {6},    {7},   {8},
      {2, 2}, {2, 3}, {4, 2}, {2, 4}, {2, 2, 2}, {1, 4}, {3, 2}};
  static const char *names[] = {"dp", "tp", "zero"};
  Mesh mesh;
  for (int64_t size : sizes[below(random, static_cast<int64_t>(sizes.size()))])
    mesh.axes.emplace_back(names[mesh.axes.size()], size);
  return mesh;
}

/// Gives each axis, or each digit of it, to some dimension or to none.
Layout randomLayout(Random &random, const Mesh &mesh, size_t dims) {
  Layout layout;
  layout.dims.resize(dims);
  std::vector<AxisRef> refs;
  for (size_t axis = 0; axis < mesh.axes.size(); ++axis) {
    int64_t size = mesh.axes[axis].second;
    if (size % 2 == 0 && size > 2 && below(random, 2)) {
      refs.push_back({axis, 1, 2});
      refs.push_back({axis, 2, size / 2});
    } else {
      refs.push_back({axis, 1, size});
    }
  }
  std::shuffle(refs.begin(), refs.end(), random);
  for (const AxisRef &ref : refs) {
    auto dim =
        static_cast<size_t>(below(random, static_cast<int64_t>(dims) + 1));
    if (dim < dims)
      layout.dims[dim].push_back(ref);
  }
  return layout;
}

Manifest
makeManifest(const Model &model, const Mesh &mesh,
             const std::function<std::vector<Part>(const Tensor &)> &partsOf,
             const std::function<Layout(size_t)> &layoutOf) {
  Manifest manifest;
  manifest.mesh = mesh;
  int64_t offset = 0;
  for (const Tensor &tensor : model.tensors) {
    for (const Part &part : partsOf(tensor)) {
      Parameter parameter;
      parameter.name = tensor.name;
      parameter.dtype = tensor.dtype;
      parameter.shape = part.shape;
      parameter.source = {model.file, offset,
                          static_cast<int64_t>(tensor.data.size()),
                          tensor.dtype, tensor.shape};
      parameter.view = part.view;
      parameter.layout = layoutOf(part.shape.size());
      parameter.at = {VS_ARENA, 0};
      parameter.trained = true;
      manifest.parameters.push_back(parameter);
    }
    offset += static_cast<int64_t>(tensor.data.size());
  }
  return manifest;
}

} // namespace

int64_t below(Random &random, int64_t n) {
  return static_cast<int64_t>(random() % static_cast<uint64_t>(n));
}

Model Model::random(Random &random, const std::string &file) {
  static const vs_dtype dtypes[] = {VS_F32, VS_BF16, VS_F64, VS_I64, VS_U8};
  Model model;
  model.file = file;
  int64_t count = 2 + below(random, 4);
  for (int64_t i = 0; i < count; ++i) {
    Tensor weight{cat("h.", i, ".weight"), dtypes[below(random, 5)], {}, {}};
    for (int64_t rank = below(random, 4), dim = 0; dim < rank; ++dim)
      weight.shape.push_back(1 + below(random, 13));
    weight.data.resize(product(weight.shape) * dtypeBytes(weight.dtype));
    // A moment of the optimizer has its parameter's shape.
    Tensor moment = weight;
    moment.name += "#exp_avg";
    moment.dtype = VS_F32;
    moment.data.resize(product(moment.shape) * 4);
    model.tensors.push_back(weight);
    model.tensors.push_back(moment);
  }
  model.tensors.push_back({"#step", VS_I64, {}, std::vector<char>(8)});
  for (Tensor &tensor : model.tensors)
    randomize(random, tensor.data);
  std::ofstream out(file, std::ios::binary);
  for (const Tensor &tensor : model.tensors)
    out.write(tensor.data.data(), static_cast<int64_t>(tensor.data.size()));
  return model;
}

Model Model::changed(Random &random) const {
  Model model = *this;
  for (Tensor &tensor : model.tensors)
    randomize(random, tensor.data);
  return model;
}

Manifest randomManifest(Random &random, const Model &model) {
  Mesh mesh = randomMesh(random);
  return makeManifest(
      model, mesh,
      [&](const Tensor &tensor) { return randomParts(random, tensor); },
      [&](size_t dims) { return randomLayout(random, mesh, dims); });
}

Manifest simpleManifest(const Model &model, int64_t ranks) {
  Mesh mesh{{{"dp", ranks}}};
  return makeManifest(
      model, mesh,
      [](const Tensor &tensor) {
        return std::vector<Part>{{tensor.shape, {0, rowMajor(tensor.shape)}}};
      },
      [&](size_t dims) {
        Layout layout;
        layout.dims.resize(dims);
        if (dims > 0)
          layout.dims[0].push_back({0, 1, ranks});
        return layout;
      });
}

World::World(Manifest given)
    : manifest(std::move(given)), plan(planChunks(stateOf(manifest))) {
  for (int64_t rank = 0; rank < manifest.mesh.size(); ++rank) {
    std::vector<std::vector<char>> buffers;
    std::vector<char *> places;
    for (const Parameter &parameter : manifest.parameters) {
      Shard shard =
          shardOf(parameter.shape, parameter.layout, manifest.mesh, rank);
      buffers.emplace_back(shard.localElements() * dtypeBytes(parameter.dtype));
      places.push_back(buffers.back().data());
    }
    memory.push_back(std::move(buffers));
    ranks.emplace_back(plan, static_cast<int>(rank), places);
    ranks.back().initializeUnused(manifest, "");
  }
}

void World::forEachElement(
    const std::function<void(int64_t, size_t, int64_t, int64_t)> &body) const {
  for (int64_t rank = 0; rank < manifest.mesh.size(); ++rank)
    for (size_t i = 0; i < manifest.parameters.size(); ++i) {
      const Parameter &parameter = manifest.parameters[i];
      Shard shard =
          shardOf(parameter.shape, parameter.layout, manifest.mesh, rank);
      for (int64_t at = 0, n = shard.localElements(); at < n; ++at) {
        int64_t rest = at, stored = parameter.view.offset;
        bool valid = true;
        for (size_t dim = shard.local.size(); dim-- > 0;) {
          int64_t index = rest % shard.local[dim];
          rest /= shard.local[dim];
          valid &= index < shard.valid[dim];
          stored += (shard.start[dim] + index) * parameter.view.strides[dim];
        }
        body(rank, i, at, valid ? stored : -1);
      }
    }
}

static const Tensor &tensorOf(const Model &model, const std::string &name) {
  return *std::find_if(model.tensors.begin(), model.tensors.end(),
                       [&](const Tensor &t) { return t.name == name; });
}

void World::fill(const Model &model) {
  forEachElement([&](int64_t rank, size_t i, int64_t local, int64_t stored) {
    const Parameter &parameter = manifest.parameters[i];
    int64_t bytes = dtypeBytes(parameter.dtype);
    char *to = memory[rank][i].data() + local * bytes;
    if (stored < 0)
      std::memset(to, 0, bytes);
    else
      std::memcpy(to,
                  tensorOf(model, parameter.name).data.data() + stored * bytes,
                  bytes);
  });
}

void World::scramble() {
  for (auto &buffers : memory)
    for (auto &buffer : buffers)
      std::fill(buffer.begin(), buffer.end(), '\xa5');
}

std::string World::difference(const Model &model) const {
  std::string found;
  forEachElement([&](int64_t rank, size_t i, int64_t local, int64_t stored) {
    const Parameter &parameter = manifest.parameters[i];
    int64_t bytes = dtypeBytes(parameter.dtype);
    std::string want(bytes, '\0');
    if (stored >= 0)
      want.assign(tensorOf(model, parameter.name).data.data() + stored * bytes,
                  bytes);
    if (found.empty() &&
        std::memcmp(memory[rank][i].data() + local * bytes, want.data(), bytes))
      found = cat("rank ", rank, " of ", manifest.mesh.text(), ": '",
                  parameter.name, "' differs at its element ", local,
                  ", stored ", stored);
  });
  return found;
}

void World::load(FileOps &ops, const std::string &path) {
  for (RankState &rank : ranks) {
    SavedStep step(ops, path);
    rank.load(step);
  }
}

void World::save(FileOps &ops, const std::string &saveDir, int64_t step,
                 uint64_t run, int64_t keep, int64_t writeBytes) {
  Attempt attempt{saveDir, step, run, 0};
  SaveOptions options;
  options.timeoutSeconds = 0.05;
  options.writeBytes = writeBytes;
  makeDirectories(ops, saveDir);
  for (size_t i = ranks.size(); i-- > 0;) {
    std::vector<char> data(ranks[i].file().bytes);
    ranks[i].copyChunks(data.data());
    if (i == 0)
      removeLeftovers(ops, attempt);
    openAttempt(ops, attempt);
    writeRank(ops, attempt, plan, static_cast<int>(i), data.data(), options);
  }
  Progress progress;
  progress.step = step;
  commitAttempt(ops, attempt, plan, progress, options);
  if (keep)
    removeOldSteps(ops, saveDir, keep);
}

std::string stepDifference(FileOps &ops, const std::string &path,
                           const Model &model) {
  SavedStep step(ops, path);
  for (const Tensor &tensor : model.tensors) {
    std::vector<char> data(tensor.data.size());
    step.load(
        {Piece::dense(tensor.name, Box::whole(tensor.shape), data.data())});
    if (data != tensor.data)
      return cat("tensor '", tensor.name, "' differs");
  }
  return "";
}

} // namespace vescale::test
