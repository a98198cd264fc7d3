//===- LowerPrecision.cpp - train-lower-precision ---------------*- C++ -*-===//
//
// Products and convolutions take their operands in bf16 and add up in f32; what
// they give is rounded to bf16 once. Parameters, their state, norms, sums and
// the loss stay in f32 (Micikevicius et al., Mixed Precision Training, 2018).
// Gradients follow from the casts.
//
//===----------------------------------------------------------------------===//
#include "passes/Train/Options.h"
#include "passes/Train/Passes.h"

namespace vescale::train {
#define GEN_PASS_DEF_TRAINLOWERPRECISION
#include "passes/Train/Passes.h.inc"
} // namespace vescale::train

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;
using namespace vescale::train;

static Value castTo(OpBuilder &builder, Value value, Type element) {
  return CastOp::create(builder, value.getLoc(), typeOf(value).clone(element),
                        value);
}

static void lower(Operation *op) {
  OpBuilder builder(op);
  Type bf16 = builder.getBF16Type();
  for (OpOperand &operand : op->getOpOperands())
    operand.set(castTo(builder, operand.get(), bf16));
  Value result = op->getResult(0);
  Type wide = typeOf(result).getElementType();
  result.setType(typeOf(result).clone(bf16));
  builder.setInsertionPointAfter(op);
  Value cast = castTo(builder, result, wide);
  result.replaceAllUsesExcept(cast, cast.getDefiningOp());
}

namespace {
struct LowerPrecision
    : vescale::train::impl::TrainLowerPrecisionBase<LowerPrecision> {
  void runOnOperation() override {
    FailureOr<TrainFile> options = trainOptions(getOperation());
    FailureOr<func::FuncOp> step = findStep(getOperation());
    if (failed(options) || failed(step))
      return signalPassFailure();
    if (options->compute == TrainFile::F32)
      return;
    SmallVector<Operation *> products;
    step->walk([&](Operation *op) {
      if (isa<DotOp, ConvOp>(op) &&
          typeOf(op->getResult(0)).getElementType().isF32())
        products.push_back(op);
    });
    for (Operation *op : products)
      lower(op);
    numLowered += products.size();
  }
};
} // namespace
