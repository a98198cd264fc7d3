//===- Random.cpp - Verification of what is drawn ---------------*- C++ -*-===//

#include "dialects/Graph/Verify/Verify.h"
#include "runtime/core/Philox.h"
#include <algorithm>
#include <cmath>

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;

LogicalResult DropAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                               FloatAttr rate, int64_t, int64_t site) {
  double value = rate.getValueAsDouble();
  if (!rate.getType().isF64() || !(value >= 0 && value < 1))
    return emitError() << "the rate of a dropout must be an f64 from 0 up to, "
                          "and not, 1, but is "
                       << rate;
  if (site < 0 || site > std::numeric_limits<uint32_t>::max())
    return emitError() << "the site of a dropout has 32 bits, but is " << site;
  return success();
}

uint32_t DropAttr::getThreshold() const {
  double words = std::nearbyint(std::ldexp(getRate().getValueAsDouble(), 32));
  return static_cast<uint32_t>(std::min(words, std::ldexp(1.0, 32) - 1));
}

double DropAttr::getScale() const {
  return 1 / (1 - getRate().getValueAsDouble());
}

bool DropAttr::keeps(uint64_t counter, uint64_t step) const {
  return runtime::drawWord(counter, getSeed(), static_cast<uint32_t>(step),
                           static_cast<uint32_t>(getSite())) >= getThreshold();
}

LogicalResult graph::verifyDraw(Operation *op, Value counters, Value step,
                                ArrayRef<int64_t> rows) {
  if (!counters != !step)
    return op->emitOpError("needs counters and step, or neither");
  if (!counters)
    return success();
  for (auto [name, value, shape] :
       {std::tuple("counters", counters, rows),
        std::tuple("step", step, ArrayRef<int64_t>())})
    if (!typeOf(value).getElementType().isInteger(64) ||
        shapeOf(value) != shape)
      return op->emitOpError(name)
             << " must be i64 of shape " << formatShape(shape) << ", but is "
             << RankedTensorType::get(shapeOf(value),
                                      typeOf(value).getElementType());
  return success();
}

LogicalResult DropoutOp::verify() {
  if (failed(verifySameElementType(*this, {getInput(), getResult()})))
    return failure();
  ArrayRef<int64_t> shape = shapeOf(getInput());
  if (shape.empty())
    return emitOpError("needs an input of rank 1 at least");
  if (failed(verifyDraw(*this, getCounters(), getStep(), shape.drop_back())))
    return failure();
  return verifyResultShape(*this, shape);
}
