// Writes a step as another layout's ranks would have.
#include "runtime/checkpoint/Load.h"
#include "tools/vescale-ckpt/Commands.h"
#include "tools/vescale-ckpt/WriteStep.h"

using namespace vescale::runtime;

namespace vescale::ckpt {

int reshard(const Arguments &arguments) {
  SavedStep step(systemFiles(), arguments.paths[0]);
  Manifest manifest = trainingManifest(arguments.paths[1]);
  ChunkPlan plan = planChunks(stateOf(manifest));
  step.check(plan.state);
  writeStep(arguments, plan, manifest, arguments.paths[1],
            step.index().progress, [&](int rank, char *data) {
              std::vector<Piece> pieces;
              const RankFile &file = plan.files[rank];
              auto header = static_cast<int64_t>(file.header.size());
              for (size_t index : file.chunks) {
                const Chunk &chunk = plan.chunks[index];
                pieces.push_back(
                    Piece::dense(plan.state.tensors[chunk.tensor].name,
                                 chunk.box, data + chunk.offset - header));
              }
              step.load(pieces);
            });
  return 0;
}

} // namespace vescale::ckpt
