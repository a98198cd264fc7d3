// Lists chunks, gives them to ranks, lays out files.
#include "runtime/checkpoint/Chunks.h"

#include "runtime/core/Error.h"
#include "runtime/io/SafetensorsHeader.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <map>
#include <numeric>
#include <set>

namespace vescale::runtime {
namespace {

using Replicas = std::vector<int>;

class Planner {
public:
  explicit Planner(ChunkPlan &plan)
      : plan(plan), ranks(plan.state.mesh.size()) {}

  void run() {
    for (size_t tensor = 0; tensor < plan.state.tensors.size(); ++tensor)
      addTensor(tensor);
    assign();
    plan.files.resize(ranks);
    for (size_t i = 0; i < plan.chunks.size(); ++i)
      plan.files[plan.chunks[i].owner].chunks.push_back(i);
    for (int64_t rank = 0; rank < ranks; ++rank)
      layOut(plan.files[rank], rank);
  }

private:
  void addTensor(size_t index) {
    const StateTensor &tensor = plan.state.tensors[index];
    size_t first = plan.chunks.size();
    for (size_t i = 0; i < tensor.views.size(); ++i)
      addView(index, i);
    Box whole = Box::whole(tensor.shape);
    bool isWhole =
        plan.chunks.size() == first + 1 && plan.chunks[first].box == whole;
    for (size_t i = first; i < plan.chunks.size(); ++i) {
      Chunk &chunk = plan.chunks[i];
      chunk.name =
          isWhole ? tensor.name : cat(tensor.name, "[", i - first, "]");
      if (!names.insert(chunk.name).second)
        fail(ExitCode::BadInput, "two pieces of state have the name '",
             chunk.name, "' in a checkpoint");
    }
  }

  void addView(size_t tensorIndex, size_t viewIndex) {
    const StateTensor &tensor = plan.state.tensors[tensorIndex];
    const StateView &view = tensor.views[viewIndex];
    std::map<std::vector<int64_t>, Replicas> blocks; // by start
    std::map<std::vector<int64_t>, std::vector<int64_t>> sizes;
    for (int64_t rank = 0; rank < ranks; ++rank) {
      Shard shard = shardOf(view.box.sizes, view.layout, plan.state.mesh, rank);
      if (shard.empty())
        continue;
      blocks[shard.start].push_back(static_cast<int>(rank));
      sizes.try_emplace(shard.start, shard.valid);
    }
    for (auto &[start, replicas] : blocks) {
      Box box{view.box.offset, sizes[start], view.box.strides};
      for (size_t dim = 0; dim < start.size(); ++dim)
        box.offset += start[dim] * view.box.strides[dim];
      int64_t bytes = box.elements() * dtypeBytes(tensor.dtype);
      plan.chunks.push_back({"", tensorIndex, viewIndex, start, box, bytes});
      replicasOf.push_back(std::move(replicas));
    }
  }

  void assign() {
    std::vector<size_t> order(plan.chunks.size());
    std::iota(order.begin(), order.end(), 0);
    std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
      int64_t left = plan.chunks[a].bytes, right = plan.chunks[b].bytes;
      return left != right ? left > right : a < b;
    });
    std::vector<int64_t> load(ranks, 0);
    for (size_t index : order) {
      const Replicas &replicas = replicasOf[index];
      int owner =
          *std::min_element(replicas.begin(), replicas.end(),
                            [&](int a, int b) { return load[a] < load[b]; });
      plan.chunks[index].owner = owner;
      load[owner] += plan.chunks[index].bytes;
    }
  }

  vs_dtype dtypeOf(size_t chunk) const {
    return plan.state.tensors[plan.chunks[chunk].tensor].dtype;
  }

  /// Larger elements first, so that all are aligned.
  void layOut(RankFile &file, int64_t rank) {
    char name[40];
    std::snprintf(name, sizeof(name), "rank-%05lld.safetensors",
                  static_cast<long long>(rank));
    file.name = name;
    if (file.chunks.empty())
      return;
    std::sort(file.chunks.begin(), file.chunks.end(), [&](size_t a, size_t b) {
      int64_t left = dtypeBytes(dtypeOf(a)), right = dtypeBytes(dtypeOf(b));
      return left != right ? left > right : a < b;
    });
    nlohmann::ordered_json header = {
        {"__metadata__", {{"format", "vescale.checkpoint/1"}}}};
    int64_t end = 0;
    for (size_t index : file.chunks) {
      Chunk &chunk = plan.chunks[index];
      chunk.offset = end;
      end += chunk.bytes;
      header[chunk.name] = {{"dtype", dtypeInfo(dtypeOf(index))->safetensors},
                            {"shape", chunk.box.sizes},
                            {"data_offsets", {chunk.offset, end}}};
    }
    std::string text = header.dump();
    text.append((8 - text.size() % 8) % 8, ' ');
    if (text.size() > maxSafetensorsHeader)
      fail(ExitCode::BadInput, "rank ", rank, "'s part of a checkpoint has ",
           file.chunks.size(), " chunks, too many for the header of a file");
    uint64_t length = text.size();
    file.header.assign(reinterpret_cast<const char *>(&length), 8);
    file.header += text;
    for (size_t index : file.chunks)
      plan.chunks[index].offset += static_cast<int64_t>(file.header.size());
    file.bytes = static_cast<int64_t>(file.header.size()) + end;
  }

  ChunkPlan &plan;
  const int64_t ranks;
  std::vector<Replicas> replicasOf; // by chunk
  std::set<std::string> names;
};

} // namespace

int64_t RankFile::dataBytes() const {
  return bytes - static_cast<int64_t>(header.size());
}

ChunkPlan planChunks(State state) {
  ChunkPlan plan{std::move(state), {}, {}};
  Planner(plan).run();
  return plan;
}

} // namespace vescale::runtime
