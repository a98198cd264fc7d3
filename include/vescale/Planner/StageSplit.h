//===- StageSplit.h - Layers in the stages of a pipeline --------*- C++ -*-===//
#ifndef VESCALE_PLANNER_STAGESPLIT_H
#define VESCALE_PLANNER_STAGESPLIT_H

#include "vescale/Planner/StepForm.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/SmallVector.h"
#include <optional>

namespace vescale::planner {

/// How long stage `stage` takes for a micro-batch with layers [begin, end),
/// forward and backward with its transfers, in seconds; infinite if that does
/// not fit. Any layers may be asked for, with begin < end.
using StageTime =
    llvm::function_ref<double(unsigned stage, unsigned begin, unsigned end)>;

/// The same where layers are alike: with so many of them.
using StageTimeByCount =
    llvm::function_ref<double(unsigned stage, unsigned count)>;

struct StageSplit {
  /// Where each stage's layers end.
  llvm::SmallVector<unsigned> ends;
  /// Of a step, in seconds.
  double time = 0;
  /// The slowest stage's time for a micro-batch, in seconds.
  double bottleneck = 0;
};

/// The split with the shortest step. Each stage has one layer at least. Exact:
/// for each time that the slowest stage may take, dynamic programming over
/// stages and layers (Alpa, Zheng et al. 2022), as far as a shorter step is
/// possible. Nothing if no split fits. Of equal ones it is that with the
/// smaller bottleneck, then with fewer layers in the first stages.
std::optional<StageSplit> splitStages(unsigned layers, unsigned stages,
                                      const StepForm &form, StageTime timeOf);

/// The same split where layers are alike, for a thousand of them and more: what
/// the slowest stage may take leaves each stage few numbers of layers.
std::optional<StageSplit> splitAlikeLayers(unsigned layers, unsigned stages,
                                           const StepForm &form,
                                           StageTimeByCount timeOf);

} // namespace vescale::planner

#endif // VESCALE_PLANNER_STAGESPLIT_H
