// Moves a rank's state between the arena and a checkpoint's chunks.
#include "runtime/checkpoint/RankState.h"

#include "runtime/core/Error.h"
#include "runtime/core/Number.h"
#include "runtime/core/StridedCopy.h"
#include "runtime/core/Threads.h"
#include "runtime/io/MappedFile.h"

#include <cstring>

namespace vescale::runtime {

RankState::RankState(const ChunkPlan &plan, int rank,
                     std::vector<char *> places)
    : plan(plan), rank(rank), places(std::move(places)) {
  for (size_t index : file().chunks) {
    const Chunk &chunk = plan.chunks[index];
    if (!plan.state.tensors[chunk.tensor].views[chunk.view].parameter)
      unused[index].resize(chunk.bytes);
  }
}

Shard RankState::shardOfView(const StateView &view) const {
  return shardOf(view.box.sizes, view.layout, plan.state.mesh, rank);
}

void RankState::initializeUnused(const Manifest &manifest,
                                 const std::string &bundle) {
  for (auto &[index, data] : unused)
    readInitial(plan, plan.chunks[index], manifest, bundle, data.data());
}

void RankState::load(SavedStep &step,
                     const std::function<void(int64_t)> &beat) {
  step.check(plan.state);
  std::vector<Piece> pieces;
  for (const StateTensor &tensor : plan.state.tensors)
    for (const StateView &view : tensor.views) {
      if (!view.parameter)
        continue;
      Shard shard = shardOfView(view);
      char *to = places[*view.parameter];
      if (shard.valid != shard.local)
        std::memset(to, 0, shard.localElements() * dtypeBytes(tensor.dtype));
      if (shard.empty())
        continue;
      Box box{view.box.offset, shard.valid, view.box.strides};
      for (size_t dim = 0; dim < shard.start.size(); ++dim)
        box.offset += shard.start[dim] * view.box.strides[dim];
      pieces.push_back({tensor.name, box, to, denseStrides(shard.local)});
    }
  for (auto &[index, data] : unused) {
    const Chunk &chunk = plan.chunks[index];
    pieces.push_back(Piece::dense(plan.state.tensors[chunk.tensor].name,
                                  chunk.box, data.data()));
  }
  step.load(pieces, beat);
}

void RankState::copyChunks(char *image) const {
  const RankFile &file = this->file();
  int64_t count = static_cast<int64_t>(file.chunks.size());
  parallelItems(count, threadCount(), [&](int64_t item, int) {
    size_t index = file.chunks[item];
    const Chunk &chunk = plan.chunks[index];
    const StateTensor &tensor = plan.state.tensors[chunk.tensor];
    const StateView &view = tensor.views[chunk.view];
    char *to = image + chunk.offset;
    if (view.parameter)
      scatterStrided(places[*view.parameter], shardOfView(view).local,
                     chunk.box.sizes, denseStrides(chunk.box.sizes),
                     dtypeBytes(tensor.dtype), to);
    else
      std::memcpy(to, unused.at(index).data(), chunk.bytes);
  });
}

void readInitial(const ChunkPlan &plan, const Chunk &chunk,
                 const Manifest &manifest, const std::string &bundle,
                 char *to) {
  const StateTensor &tensor = plan.state.tensors[chunk.tensor];
  if (tensor.init)
    return fillElements(tensor.dtype, *tensor.init, chunk.box.elements(), to);
  // The first view is a parameter's: others have the same source.
  const ParameterSource &source =
      manifest.parameters[*tensor.views[0].parameter].source;
  MappedFile file(source.file[0] == '/' ? source.file
                                        : bundle + "/" + source.file,
                  cat("parameter '", tensor.name, "': weights file"));
  if (source.offset > file.size() ||
      source.bytes > file.size() - source.offset ||
      source.bytes != tensor.bytes())
    fail(ExitCode::BadInput, "parameter '", tensor.name, "' of ",
         tensor.bytes(), " bytes lies at bytes ", source.offset, " to ",
         source.offset + source.bytes, " of '", file.path(), "', which has ",
         file.size());
  int64_t width = dtypeBytes(tensor.dtype);
  const char *from = file.data() + source.offset;
  if (!source.isAuthors)
    return gatherStrided(from + chunk.box.offset * width, chunk.box.strides,
                         chunk.box.sizes, chunk.box.sizes, width, to);
  if (!tensor.author)
    fail(ExitCode::BadInput, "parameter '", tensor.name,
         "' is a reshaped view of a checkpoint's tensor of shape ",
         shapeText(source.shape),
         "; give the checkpoint to vescale-compile --checkpoint instead");
  copyFromAuthor(tensor.shape, *tensor.author, width, from, chunk.box, to);
}

} // namespace vescale::runtime
