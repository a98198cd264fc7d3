// Makes a step of a Hugging Face checkpoint.
#include "runtime/checkpoint/RankState.h"
#include "runtime/core/Error.h"
#include "runtime/core/Runs.h"
#include "runtime/core/StridedCopy.h"
#include "runtime/core/Weights.h"
#include "tools/vescale-ckpt/Commands.h"
#include "tools/vescale-ckpt/WriteStep.h"

#include <cstdio>

using namespace vescale::runtime;

namespace vescale::ckpt {
namespace {

/// The elements of a parameter, in its own order.
std::vector<char> readWhole(const Parameter &parameter,
                            const std::string &bundle) {
  const ParameterSource &source = parameter.source;
  MappedFile file(source.file[0] == '/' ? source.file
                                        : bundle + "/" + source.file,
                  cat("parameter '", parameter.name, "': weights file"));
  int64_t width = dtypeBytes(parameter.dtype);
  int64_t elements = source.bytes / width;
  if (source.offset > file.size() ||
      source.bytes > file.size() - source.offset ||
      viewEnd(parameter.shape, parameter.view.offset, parameter.view.strides) >
          elements)
    fail(ExitCode::BadInput, "parameter '", parameter.name,
         "' lies outside of '", file.path(), "'");
  std::vector<char> data(Box::whole(parameter.shape).elements() * width);
  gatherStrided(file.data() + source.offset + parameter.view.offset * width,
                parameter.view.strides, parameter.shape, parameter.shape, width,
                data.data());
  return data;
}

/// Steps don't have what is not trained: the program takes it from its bundle,
/// which therefore must have the checkpoint's.
void checkFrozen(const Manifest &ours, const Manifest &theirs,
                 const std::string &bundle, const std::string &hub) {
  for (size_t i = 0; i < ours.parameters.size(); ++i) {
    const Parameter &parameter = ours.parameters[i];
    if (parameter.isState() || !parameter.author)
      continue;
    if (readWhole(parameter, bundle) != readWhole(theirs.parameters[i], bundle))
      fail(ExitCode::BadInput, "parameter '", parameter.name,
           "' is frozen, so steps don't have it, and the bundle has other "
           "values of it than '",
           hub, "'; compile the model with --checkpoint=", hub);
  }
}

} // namespace

int importHub(const Arguments &arguments) {
  const std::string &hub = arguments.paths[0], &bundle = arguments.paths[1];
  Manifest manifest = trainingManifest(bundle);
  ChunkPlan plan = planChunks(stateOf(manifest));
  Manifest theirs = manifest;
  takeCheckpoint(theirs, hub, Tied::Compare, [](const std::string &what) {
    std::fprintf(stderr, "note: %s\n", printable(what).c_str());
  });
  for (const Parameter &parameter : theirs.parameters)
    if (parameter.trained && !parameter.init && !parameter.source.isAuthors)
      fail(ExitCode::BadInput, "parameter '", parameter.name,
           "' is trained, but no tensor of the author's: a checkpoint does "
           "not have it; export the model with optimize=False");
  checkFrozen(manifest, theirs, bundle, hub);
  Progress progress;
  progress.step = arguments.step;
  progress.seed = manifest.train->seed;
  writeStep(arguments, plan, manifest, bundle, progress,
            [&](int rank, char *image) {
              const RankFile &file = plan.files[rank];
              for (size_t index : file.chunks) {
                const Chunk &chunk = plan.chunks[index];
                readInitial(plan, chunk, theirs, bundle, image + chunk.offset);
              }
            });
  return 0;
}

} // namespace vescale::ckpt
