// Writes a step's weights, and the bundle's frozen ones, as Hugging Face's
// libraries do: under the author's names, in the author's order of dimensions.
#include "runtime/checkpoint/Load.h"
#include "runtime/core/Error.h"
#include "runtime/core/StridedCopy.h"
#include "runtime/io/MappedFile.h"
#include "tools/vescale-ckpt/Commands.h"
#include "tools/vescale-ckpt/Meter.h"
#include "tools/vescale-ckpt/WriteStep.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <map>

using namespace vescale::runtime;
using Json = nlohmann::ordered_json;

namespace vescale::ckpt {
namespace {

constexpr const char *singleName = "model.safetensors";
constexpr const char *hubIndexName = "model.safetensors.index.json";

/// A tensor of the author's model.
struct Weight {
  std::string name;
  std::vector<std::string> names; // it and those tied to it
  vs_dtype dtype;
  std::vector<int64_t> stored;
  AuthorOrder order;
  const Parameter *frozen = nullptr; // null: the step has it

  int64_t bytes() const {
    return Box::whole(stored).elements() * dtypeBytes(dtype);
  }
};

std::vector<Weight> weightsOf(const Manifest &manifest) {
  std::map<std::string, std::vector<const Parameter *>> byName;
  for (const Parameter &parameter : manifest.parameters) {
    if (parameter.author)
      byName[parameter.name].push_back(&parameter);
    else if (parameter.trained && !parameter.init)
      fail(ExitCode::BadInput, "parameter '", parameter.name,
           "' is trained, but no tensor of the author's model; export that "
           "with optimize=False and compile it again");
  }
  std::vector<Weight> weights;
  for (const auto &[name, parameters] : byName) {
    const Parameter &first = *parameters[0];
    std::optional<AuthorOrder> order = authorOrder(parameters);
    if (!order)
      fail(ExitCode::BadInput, "parameter '", name, "', stored with the shape ",
           shapeText(first.source.shape),
           ", does not tell how the author's tensor of shape ",
           shapeText(first.author->shape), " is made of it");
    Weight weight{name,
                  {name},
                  first.source.dtype,
                  first.source.shape,
                  std::move(*order),
                  nullptr};
    weight.names.insert(weight.names.end(), first.author->tied.begin(),
                        first.author->tied.end());
    // What is trained in part is in the step as a whole.
    if (std::none_of(parameters.begin(), parameters.end(),
                     [](const Parameter *p) { return p->isState(); }))
      weight.frozen = &first;
    weights.push_back(std::move(weight));
  }
  return weights;
}

/// One file of the result: the names in it, which weights they are.
struct Shard {
  std::vector<std::pair<std::string, const Weight *>> tensors;
  int64_t bytes = 0;
};

std::vector<Shard> cutShards(const std::vector<Weight> &weights,
                             int64_t maxBytes) {
  std::vector<Shard> shards(1);
  for (const Weight &weight : weights)
    for (const std::string &name : weight.names) {
      if (shards.back().bytes &&
          shards.back().bytes + weight.bytes() > maxBytes)
        shards.emplace_back();
      shards.back().tensors.emplace_back(name, &weight);
      shards.back().bytes += weight.bytes();
    }
  return shards;
}

class Exporter {
public:
  Exporter(SavedStep &step, const std::string &bundle, const std::string &dir,
           Meter &meter)
      : step(step), bundle(bundle), dir(dir), meter(meter) {}

  /// Under another name until it is complete.
  void writeShard(const Shard &shard, const std::string &name) {
    Json header = {{"__metadata__", {{"format", "pt"}}}};
    int64_t end = 0;
    for (const auto &[tensor, weight] : shard.tensors) {
      header[tensor] = {{"dtype", dtypeInfo(weight->dtype)->safetensors},
                        {"shape", weight->order.shape},
                        {"data_offsets", {end, end + weight->bytes()}}};
      end += weight->bytes();
    }
    std::string text = header.dump();
    text.append((8 - text.size() % 8) % 8, ' ');
    uint64_t length = text.size();
    std::string path = cat(dir, "/", name), temporary = path + ".new";
    OutputFile file(ops, temporary);
    file.write(&length, 8);
    file.write(text);
    for (const auto &item : shard.tensors) {
      std::vector<char> data = read(*item.second);
      file.write(data.data(), static_cast<int64_t>(data.size()));
      meter.add(static_cast<int64_t>(data.size()));
    }
    file.sync();
    renameFile(ops, temporary, path);
  }

private:
  /// In the author's order.
  std::vector<char> read(const Weight &weight) {
    std::vector<char> stored(weight.bytes());
    if (weight.frozen)
      readFrozen(*weight.frozen, stored);
    else
      step.load({Piece::dense(weight.name, Box::whole(weight.stored),
                              stored.data())});
    if (denseStrides(weight.stored) == weight.order.strides)
      return stored;
    std::vector<char> result(stored.size());
    scatterStrided(stored.data(), weight.stored, weight.stored,
                   weight.order.strides, dtypeBytes(weight.dtype),
                   result.data());
    return result;
  }

  void readFrozen(const Parameter &parameter, std::vector<char> &to) {
    const ParameterSource &source = parameter.source;
    InputFile file(ops,
                   source.file[0] == '/' ? source.file
                                         : cat(bundle, "/", source.file),
                   cat("parameter '", parameter.name, "': weights file"));
    file.read(to.data(), static_cast<int64_t>(to.size()), source.offset);
  }

  FileOps &ops = systemFiles();
  SavedStep &step;
  const std::string &bundle, &dir;
  Meter &meter;
};

std::string shardName(size_t shard, size_t count) {
  if (count == 1)
    return singleName;
  char name[64];
  std::snprintf(name, sizeof(name), "model-%05zu-of-%05zu.safetensors",
                shard + 1, count);
  return name;
}

} // namespace

int exportHub(const Arguments &arguments) {
  FileOps &ops = systemFiles();
  SavedStep step(ops, arguments.paths[0]);
  const std::string &bundle = arguments.paths[1], &dir = arguments.output;
  Manifest manifest = trainingManifest(bundle);
  step.check(stateOf(manifest));
  std::vector<Weight> weights = weightsOf(manifest);
  std::vector<FileOps::Entry> entries;
  int listed = ops.list(dir, entries);
  if (listed < 0 && listed != -ENOENT)
    fail(ExitCode::BadInput, "'", dir, "': ", errorText(listed));
  for (const FileOps::Entry &entry : entries)
    if (entry.name == singleName || entry.name == hubIndexName)
      fail(ExitCode::BadInput, "'", dir, "' has a ", entry.name,
           " already; remove it or choose another -o");
  makeDirectories(ops, dir);
  std::vector<Shard> shards = cutShards(weights, arguments.maxShardBytes);
  Json index = {{"metadata", {{"total_size", 0}}},
                {"weight_map", Json::object()}};
  int64_t total = 0;
  for (const Shard &shard : shards)
    total += shard.bytes;
  {
    Meter meter("exporting", total);
    Exporter exporter(step, bundle, dir, meter);
    for (size_t i = 0; i < shards.size(); ++i) {
      exporter.writeShard(shards[i], shardName(i, shards.size()));
      for (const auto &item : shards[i].tensors)
        index["weight_map"][item.first] = shardName(i, shards.size());
    }
  }
  index["metadata"]["total_size"] = total;
  std::string result = cat(dir, "/", shardName(0, 1));
  if (shards.size() > 1) {
    result = cat(dir, "/", hubIndexName);
    writeSynced(ops, result + ".new", index.dump(2) + "\n");
    renameFile(ops, result + ".new", result);
  }
  syncDirectory(ops, dir);
  if (arguments.json)
    std::printf("%s\n", Json({{"path", result},
                              {"files", shards.size()},
                              {"tensors", index["weight_map"].size()},
                              {"data_bytes", total}})
                            .dump()
                            .c_str());
  else
    std::printf("%s\n", result.c_str());
  return 0;
}

} // namespace vescale::ckpt
