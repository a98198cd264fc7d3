//===- PointSolver.h - The stages of one choice of degrees ------*- C++ -*-===//
#ifndef VESCALE_LIB_PLANNER_MODEL_POINTSOLVER_H
#define VESCALE_LIB_PLANNER_MODEL_POINTSOLVER_H

#include "lib/Planner/Model/Chain.h"
#include "vescale/Planner/PipelineSearch.h"
#include "vescale/Planner/Planner.h"
#include "vescale/Simulator/Pipeline.h"
#include <map>

namespace vescale::planner {

/// What all points have in common: the model, and its chains by mesh.
class SearchSpace {
public:
  SearchSpace(mlir::func::FuncOp forward, const Machine &machine,
              const PlanRequest &request);

  struct Laid {
    StageMesh mesh;
    std::unique_ptr<Chain> chain;
  };
  /// For all points that differ in stages and ZeRO alone.
  const Laid &layOut(const PlanPoint &point);
  /// The sums of units' least times of a micro-batch before each, whatever
  /// memory there is and whatever is done once a step: for all points with the
  /// same `tp` and as many samples of a rank.
  const std::vector<double> &leastSums(const PlanPoint &point);

  /// The units of all chains: of each segment its copies.
  unsigned units() const;
  AlikeLayers alike() const;
  int64_t batch() const { return program.samples().getBatch(); }
  int64_t memoryLimit() const { return limit; }
  /// Whether something cannot be planned, which was said at it.
  bool failed() const { return derivatives.anyMissing() || isTooWide; }

  const Program program;
  const Machine &machine;
  const PlanRequest &request;

private:
  bool isTooWide = false;
  Derivatives derivatives;
  ReshardPlans reshards;
  int64_t limit;
  std::unique_ptr<Chain> makeChain(const StageMesh &mesh);

  std::map<std::tuple<int64_t, int64_t, int64_t>, Laid> laid;
  std::map<std::pair<int64_t, int64_t>, std::vector<double>> least;
};

/// Of all before each, and of all.
std::vector<double> prefixSums(llvm::ArrayRef<double> each);

class PointSolver {
public:
  PointSolver(SearchSpace &space, const PlanPoint &point);

  const PlanPoint &getPoint() const { return point; }
  /// Times of a stage for a micro-batch, with the stage's part of what is done
  /// once a step; in µs. Bounds of it, the later the closer: by layers' times
  /// alone; with what is done once; with what the memory allows.
  double boundByWork(unsigned stage, unsigned begin, unsigned end) const {
    return least[end] - least[begin];
  }
  double boundByTime(unsigned stage, unsigned begin, unsigned end);
  double boundByMemory(unsigned stage, unsigned begin, unsigned end);
  double timeOf(unsigned stage, unsigned begin, unsigned end);
  /// No plan of this stage takes less.
  double lowerTimeOf(unsigned stage, unsigned begin, unsigned end);
  /// The plan that needs the least memory, whether it fits or not; nothing if
  /// none has the layouts that were decided.
  std::optional<Candidate> smallest();
  const StageMesh &mesh() { return laid().mesh; }
  /// Of all splits: no step is shorter, whatever memory there is; and none is
  /// without a rank that needs so many bytes. The most that there is if none
  /// has the layouts that were decided.
  double leastStep();
  int64_t leastBytes();
  /// With the plan file and the step's simulation.
  Candidate finish(const PipelineChoice &choice);

private:
  const SearchSpace::Laid &laid();
  Counting counting(unsigned stage, double exposed) const;
  double exposedSync(const Counting &counting, const Parts &total) const;
  double onceOf(const Counting &counting, const Parts &total) const;
  ChainPlan solveLonger(const Counting &counting, unsigned begin, unsigned end);
  const ChainPlan &solve(const Counting &counting, unsigned begin,
                         unsigned end);
  const ChainPlan &solve(unsigned stage, unsigned begin, unsigned end) {
    return solve(counting(stage, space.machine.overlap.coreShare), begin, end);
  }
  PlannedMemory memoryOf(unsigned stage, const Parts &total) const;
  double sendTime(int64_t bytes) const;
  simulator::Pipeline pipelineOf(const StageSplit &split);

  SearchSpace &space;
  PlanPoint point;
  /// Once the point's own times are asked for.
  const SearchSpace::Laid *made = nullptr;
  const std::vector<double> &least;
  simulator::ScheduleKind schedule;
  /// At a price of memory, the sums of the units' least costs before each.
  struct Bound {
    double multiplier;
    std::vector<double> sums;
  };
  Bound boundAt(const Counting &counting, double multiplier);
  const std::vector<Bound> &boundsOf(const Counting &counting);
  const Bound &memoryAlone(const Counting &counting);
  std::optional<Bound> free; // where memory costs nothing
  // By micro-batches in flight.
  std::map<int64_t, std::vector<Bound>> bounds;
  std::map<int64_t, Bound> needs;
  std::map<std::pair<std::string, int64_t>, ChainPlan> solved;
};

} // namespace vescale::planner

#endif // VESCALE_LIB_PLANNER_MODEL_POINTSOLVER_H
