//===- AddStatistics.cpp - train-add-statistics -----------------*- C++ -*-===//
//
// Running statistics are state like an optimizer's: parameters that the step
// updates, towards the mean and the variance of its batch. A batch is all of a
// step's samples, on however many ranks: the sums over it are ops like any
// other, and partial where ranks have parts.
//
// A variance of n elements that is to stand for all there will be is Σ / (n -
// 1) (PyTorch's, and Ioffe and Szegedy's for inference), while the batch is
// normalized by Σ / n. ONNX would have Σ / n run on as well; but exports say
// neither, and the models are those of PyTorch.
//
//===----------------------------------------------------------------------===//
#include "dialects/Graph/Statistics.h"
#include "passes/Train/Formula.h"
#include "passes/Train/Options.h"
#include "passes/Train/Passes.h"

namespace vescale::train {
#define GEN_PASS_DEF_TRAINADDSTATISTICS
#include "passes/Train/Passes.h.inc"
} // namespace vescale::train

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;
using namespace vescale::train;

/// Moves the running statistics towards the batch's.
static void moveRunning(BatchStatisticsOp op, Operation *end) {
  MarkOptimizer marker;
  OpBuilder builder(end, &marker);
  Formula f(builder, op.getLoc());
  double keeps = op.getMomentum().convertToDouble(), count = op.getCount();
  for (auto [running, own, factor] :
       {std::tuple(op.getRunningMean(), op.getMean(), 1.0),
        {op.getRunningVariance(), op.getVariance(), count / (count - 1)}})
    UpdateOp::create(
        builder, f.loc, running,
        f.add(f.mul(running, keeps), f.mul(own, (1 - keeps) * factor)));
}

namespace {
struct AddStatistics
    : vescale::train::impl::TrainAddStatisticsBase<AddStatistics> {
  void runOnOperation() override {
    FailureOr<TrainFile> options = trainOptions(getOperation());
    FailureOr<func::FuncOp> step = findStep(getOperation());
    if (failed(options) || failed(step))
      return signalPassFailure();
    bool frozen = options->batchNorm == BatchNorm::Frozen;
    step->walk([&](BatchStatisticsOp op) {
      op.setOfBatch(!frozen);
      if (frozen)
        return;
      moveRunning(op, step->front().getTerminator());
      ++updated;
    });
    if (frozen)
      decomposeStatistics(*step);
  }
};
} // namespace
