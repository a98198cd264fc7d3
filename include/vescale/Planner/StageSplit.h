//===- StageSplit.h - Layers in the stages of a pipeline --------*- C++ -*-===//
#ifndef VESCALE_PLANNER_STAGESPLIT_H
#define VESCALE_PLANNER_STAGESPLIT_H

#include "vescale/Planner/StepForm.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/SmallVector.h"
#include <optional>
#include <utility>

namespace vescale::planner {

/// How long stage `stage` takes for a micro-batch with layers [begin, end),
/// forward and backward with its transfers, in seconds; infinite if that does
/// not fit. Any layers may be asked for, with begin < end.
using StageTime =
    llvm::function_ref<double(unsigned stage, unsigned begin, unsigned end)>;

/// Layers [begin, end) that do not differ: of ranges that differ in which of
/// them they have, and not in how many, times are the same.
struct AlikeLayers {
  unsigned begin = 0, end = 0;

  /// The same for all ranges that are alike.
  std::pair<unsigned, unsigned> representative(unsigned from,
                                               unsigned to) const;
};

struct StageSplit {
  /// Where each stage's layers end.
  llvm::SmallVector<unsigned> ends;
  /// Of a step, in seconds.
  double time = 0;
  /// The slowest stage's time for a micro-batch, in seconds.
  double bottleneck = 0;
};

/// The split with the shortest step. Each stage has one layer at least. Exact:
/// dynamic programming over stages and layers (Alpa, Zheng et al. 2022) for as
/// many caps on the slowest stage as matter. Nothing if no split fits. Of equal
/// ones it is that with the smaller bottleneck, then with fewer layers in the
/// first stages. Where most layers are alike a thousand of them take
/// milliseconds; times are asked for their representatives alone.
std::optional<StageSplit> splitStages(unsigned layers, unsigned stages,
                                      const StepForm &form, StageTime timeOf,
                                      const AlikeLayers &alike = {});

} // namespace vescale::planner

#endif // VESCALE_PLANNER_STAGESPLIT_H
