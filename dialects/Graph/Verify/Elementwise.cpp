//===- Elementwise.cpp - Verification of elementwise ops --------*- C++ -*-===//

#include "dialects/Graph/Verify/Verify.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;

/// All operands have the result's shape.
static LogicalResult verifyShapes(Operation *op) {
  for (auto [index, operand] : llvm::enumerate(op->getOperands()))
    if (shapeOf(operand) != shapeOf(op->getResult(0)))
      return op->emitOpError("operand ")
             << index << " is " << formatShape(shapeOf(operand))
             << ", but the result is "
             << formatShape(shapeOf(op->getResult(0)));
  return success();
}

/// Operands and result have one shape and one element type.
static LogicalResult verifyUniform(Operation *op) {
  SmallVector<Value> values(op->getOperands());
  values.push_back(op->getResult(0));
  if (failed(verifySameElementType(op, values)))
    return failure();
  return verifyShapes(op);
}

#define VESCALE_UNIFORM(OP)                                                    \
  LogicalResult OP::verify() { return verifyUniform(*this); }
VESCALE_UNIFORM(NegOp)
VESCALE_UNIFORM(AbsOp)
VESCALE_UNIFORM(SignOp)
VESCALE_UNIFORM(ExpOp)
VESCALE_UNIFORM(LogOp)
VESCALE_UNIFORM(SqrtOp)
VESCALE_UNIFORM(RsqrtOp)
VESCALE_UNIFORM(ReciprocalOp)
VESCALE_UNIFORM(TanhOp)
VESCALE_UNIFORM(ErfOp)
VESCALE_UNIFORM(SinOp)
VESCALE_UNIFORM(CosOp)
VESCALE_UNIFORM(SigmoidOp)
VESCALE_UNIFORM(FloorOp)
VESCALE_UNIFORM(CeilOp)
VESCALE_UNIFORM(RoundOp)
VESCALE_UNIFORM(ReluOp)
VESCALE_UNIFORM(SiluOp)
VESCALE_UNIFORM(GeluOp)
VESCALE_UNIFORM(NotOp)
VESCALE_UNIFORM(AddOp)
VESCALE_UNIFORM(SubOp)
VESCALE_UNIFORM(MulOp)
VESCALE_UNIFORM(DivOp)
VESCALE_UNIFORM(RemOp)
VESCALE_UNIFORM(PowOp)
VESCALE_UNIFORM(MaxOp)
VESCALE_UNIFORM(MinOp)
VESCALE_UNIFORM(AndOp)
VESCALE_UNIFORM(OrOp)
VESCALE_UNIFORM(XorOp)
#undef VESCALE_UNIFORM

LogicalResult IsNanOp::verify() { return verifyShapes(*this); }
LogicalResult CastOp::verify() { return verifyShapes(*this); }

LogicalResult CompareOp::verify() {
  if (failed(verifySameElementType(*this, getOperands())))
    return failure();
  return verifyShapes(*this);
}

LogicalResult SelectOp::verify() {
  if (failed(verifySameElementType(*this,
                                   {getOnTrue(), getOnFalse(), getResult()})))
    return failure();
  return verifyShapes(*this);
}
