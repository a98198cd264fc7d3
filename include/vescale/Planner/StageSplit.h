//===- StageSplit.h - Layers in the stages of a pipeline --------*- C++ -*-===//
#ifndef VESCALE_PLANNER_STAGESPLIT_H
#define VESCALE_PLANNER_STAGESPLIT_H

#include "vescale/Planner/StepForm.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/SmallVector.h"
#include <optional>
#include <utility>
#include <vector>

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

/// Stages' times by range, one for all ranges that are alike.
class StageTimes {
public:
  /// Asks for the times of representatives alone.
  StageTimes(unsigned layers, unsigned stages, StageTime timeOf,
             const AlikeLayers &alike = {});

  unsigned getLayers() const { return layers; }
  unsigned getStages() const { return stages; }
  double of(unsigned stage, unsigned begin, unsigned end) const {
    return times[stage * ranges + rangeOf(begin, end)];
  }
  /// Also that of all ranges that are alike.
  void set(unsigned stage, unsigned begin, unsigned end, double time);
  /// The least of all ranges of so many layers.
  double least(unsigned stage, unsigned count) const {
    return leastByCount[stage * (layers + 1) + count];
  }
  /// All that are finite, ascending.
  std::vector<double> sorted() const;

private:
  void forRepresentatives(
      llvm::function_ref<void(unsigned begin, unsigned end)> visit) const;
  /// A range's ends without the alike layers, and how many of those it has.
  size_t rangeOf(unsigned begin, unsigned end) const;

  unsigned layers, stages;
  AlikeLayers alike;
  unsigned inside; // how many are alike
  size_t ranges;
  std::vector<double> times, leastByCount;
};

/// The split with the shortest step. Each stage has one layer at least. Exact:
/// dynamic programming over stages and layers (Alpa, Zheng et al. 2022) for as
/// many caps on the slowest stage as matter. Nothing if no split fits. Of equal
/// ones it is that with the smaller bottleneck, then with fewer layers in the
/// first stages. Where most layers are alike a thousand of them take
/// milliseconds; times are asked for their representatives alone.
std::optional<StageSplit> splitStages(const StageTimes &times,
                                      const StepForm &form);
inline std::optional<StageSplit> splitStages(unsigned layers, unsigned stages,
                                             const StepForm &form,
                                             StageTime timeOf,
                                             const AlikeLayers &alike = {}) {
  return splitStages(StageTimes(layers, stages, timeOf, alike), form);
}

} // namespace vescale::planner

#endif // VESCALE_PLANNER_STAGESPLIT_H
