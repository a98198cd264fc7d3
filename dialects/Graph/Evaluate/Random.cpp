//===- Random.cpp - Evaluation of what is drawn -----------------*- C++ -*-===//

#include "dialects/Graph/Evaluate/Evaluate.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;

Tensors DropoutOp::evaluate(Operands operands, EvaluateContext &context) {
  if (!getCounters())
    return emitOpError("does not say which elements it drops; "
                       "train-add-dropout does");
  const Tensor &x = *operands[0], &counters = *operands[1];
  Elements e = context.elements(x.getElementType());
  Element scale = e.number(getDrop().getScale());
  uint64_t step = (*operands[2])[0];
  int64_t columns = x.getShape().back();
  Tensor result(typeOf(getResult()), e.integer(0));
  for (int64_t i = 0; i < x.getNumElements(); ++i)
    if (getDrop().keeps(uint64_t(counters[i / columns]) + i % columns, step))
      result[i] = e.round(e.mul(x[i], scale));
  return one(std::move(result));
}
