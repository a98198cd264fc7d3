//===- LayerRun.h - Equal layers that follow each other ---------*- C++ -*-===//
//
// A run of layers that have the same choices, of which each takes its own. What
// it costs is bounded at once and found exactly when it matters.
//
//===----------------------------------------------------------------------===//
#ifndef VESCALE_PLANNER_LAYERRUN_H
#define VESCALE_PLANNER_LAYERRUN_H

#include "vescale/Planner/ChoiceGraph.h"

namespace vescale::planner {

class LayerRun {
public:
  /// Runs of up to `most` layers. `between`, if not empty, has what a layer
  /// costs more for each pair of its choice and the next one's, row by row;
  /// infinite where the two exclude each other.
  LayerRun(llvm::ArrayRef<Price> choices, llvm::ArrayRef<double> between,
           unsigned most);

  /// No run of so many layers in so much memory costs less; infinite if none
  /// fits.
  double bound(unsigned layers, int64_t memory) const;

  /// The cheapest within the limits; choices are numbers of the constructor's.
  Optimum findCheapest(unsigned layers, const SearchLimits &limits) const;

private:
  void addMultiplier(double multiplier);
  std::vector<double> leastOf(llvm::ArrayRef<double> each,
                              double perCost) const;

  unsigned most;
  /// Those that no other is better than in all.
  std::vector<unsigned> kept;
  std::vector<Price> prices;
  std::vector<double> between;
  /// By number of layers.
  std::vector<double> leastMemory;
  /// Prices of memory, and the least cost with them, by number of layers.
  struct Dual {
    double multiplier;
    std::vector<double> least;
  };
  std::vector<Dual> duals;
};

} // namespace vescale::planner

#endif // VESCALE_PLANNER_LAYERRUN_H
