// Writes a step for a bundle's program, rank by rank in one process.
#ifndef VESCALE_TOOLS_VESCALE_CKPT_WRITESTEP_H
#define VESCALE_TOOLS_VESCALE_CKPT_WRITESTEP_H

#include "runtime/checkpoint/Save.h"
#include "tools/vescale-ckpt/Arguments.h"

#include <functional>

namespace vescale::ckpt {

/// Puts the chunks of a rank's file at their offsets in it.
using FillRank = std::function<void(int rank, char *image)>;

/// Makes `progress.step` in the save directory `arguments.output` and prints
/// its path. Memory: one rank's file. `progress` gets the bundle's hashes.
void writeStep(const Arguments &arguments, const runtime::ChunkPlan &plan,
               const runtime::Manifest &manifest, const std::string &bundle,
               runtime::Progress progress, const FillRank &fill);

/// The bundle's manifest; a BadInput failure if its program keeps no state.
runtime::Manifest trainingManifest(const std::string &bundle);

} // namespace vescale::ckpt

#endif // VESCALE_TOOLS_VESCALE_CKPT_WRITESTEP_H
