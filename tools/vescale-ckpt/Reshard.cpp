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
            step.index().progress, [&](int rank, char *image) {
              std::vector<Piece> pieces;
              const RankFile &file = plan.files[rank];
              for (size_t index : file.chunks) {
                const Chunk &chunk = plan.chunks[index];
                pieces.push_back(
                    Piece::dense(plan.state.tensors[chunk.tensor].name,
                                 chunk.box, image + chunk.offset));
              }
              step.load(pieces);
            });
  return 0;
}

} // namespace vescale::ckpt
