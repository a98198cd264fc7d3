//===- SegmentGraph.h - A segment's choices and what they take --*- C++ -*-===//
//
// One node for each op, whose choices are its strategies; one for each value
// with several uses, whose choices are the layouts in which all of them find
// it, and whether its gradient arrives there as a partial sum; one for each
// parameter with several uses. Edges price reshards, forward and backward.
//
//===----------------------------------------------------------------------===//
#ifndef VESCALE_LIB_PLANNER_MODEL_SEGMENTGRAPH_H
#define VESCALE_LIB_PLANNER_MODEL_SEGMENTGRAPH_H

#include "lib/Planner/Model/Derivative.h"
#include "lib/Planner/Model/Program.h"
#include "lib/Planner/Model/ReshardTimes.h"

namespace vescale::planner {

/// What a training step has for each element of a parameter, in bytes.
struct TrainingCosts {
  /// The optimizer's state.
  int64_t stateBytes = 8;
  int64_t gradientBytes = 4;
};

/// What a choice takes. Times in µs, sizes in bytes of one rank; of parameters
/// as if nothing of them were sharded over `dp`.
struct Parts {
  // For a micro-batch.
  double forward = 0, backward = 0; // work
  double light = 0; // of the forward work what selective recomputation repeats
  double exchange = 0, forwardExchange = 0; // collectives; the forward ones
  int64_t sent = 0;                         // by a rank in these
  // For a step.
  Moved modelSum;             // of gradients over tp
  Moved sum, scatter, gather; // over dp, each way of doing it
  double update = 0;          // the optimizer
  int64_t parameters = 0, gradients = 0, state = 0;
  int64_t saved = 0;      // for a micro-batch in flight
  int64_t savedHeavy = 0; // of these what products and attention made
  int64_t transient = 0;  // the most counts

  void add(const Parts &other);
};

struct SegmentNode {
  mlir::Operation *op = nullptr;
  mlir::Value value; // or a value, or a parameter, with several uses
  std::vector<Strategy> strategies;
  llvm::SmallVector<dist::LayoutAttr> layouts; // of a value or parameter
  llvm::SmallVector<bool> partialGradient;     // of a value
  std::vector<Parts> choices;
};

struct SegmentEdge {
  unsigned u, v;
  /// Of u's choice and v's: [u's * choices of v + v's].
  std::vector<double> forward, backward; // µs
  std::vector<int64_t> sent;             // by a rank, both together
};

struct SegmentGraph {
  std::vector<SegmentNode> nodes;
  std::vector<SegmentEdge> edges;
  /// The nodes of the values at the segment's cuts; -1 at the program's ends.
  int in = -1, out = -1;

  /// Of one choice for each node.
  Parts total(llvm::ArrayRef<unsigned> choices) const;
};

class SegmentBuilder {
public:
  /// Without `training` the program is run forward alone.
  SegmentBuilder(const Program &program, const Machine &machine,
                 const StageMesh &mesh, Derivatives &derivatives,
                 ReshardPlans &plans, std::optional<TrainingCosts> training);

  SegmentGraph build(const Segment &segment);

private:
  class Maker;

  const Program &program;
  const Machine &machine;
  const StageMesh &mesh;
  Derivatives &derivatives;
  std::optional<TrainingCosts> training;
  ReshardTimes reshards;
};

} // namespace vescale::planner

#endif // VESCALE_LIB_PLANNER_MODEL_SEGMENTGRAPH_H
