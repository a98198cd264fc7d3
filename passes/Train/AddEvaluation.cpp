//===- AddEvaluation.cpp - train-add-evaluation -----------------*- C++ -*-===//

#include "dialects/Graph/Dropout.h"
#include "dialects/Graph/Statistics.h"
#include "passes/Train/Options.h"
#include "passes/Train/Passes.h"

namespace vescale::train {
#define GEN_PASS_DEF_TRAINADDEVALUATION
#include "passes/Train/Passes.h.inc"
} // namespace vescale::train

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;
using namespace vescale::train;

namespace {
struct AddEvaluation
    : vescale::train::impl::TrainAddEvaluationBase<AddEvaluation> {
  void runOnOperation() override {
    FailureOr<func::FuncOp> step = findStep(getOperation());
    if (failed(step))
      return signalPassFailure();
    OpBuilder builder(&getContext());
    builder.setInsertionPointAfter(*step);
    func::FuncOp evaluation = step->clone();
    builder.insert(evaluation);
    evaluation.setName(kEvaluationName);
    removeDropout(evaluation);
    evaluation.walk([](BatchStatisticsOp op) { op.setOfBatch(false); });
    decomposeStatistics(evaluation);
    for (unsigned index = 0; index < evaluation.getNumResults(); ++index)
      if (auto name =
              evaluation.getResultAttrOfType<StringAttr>(index, kNameAttr))
        evaluation.setResultAttr(
            index, kNameAttr, builder.getStringAttr("eval_" + name.getValue()));
  }
};
} // namespace
