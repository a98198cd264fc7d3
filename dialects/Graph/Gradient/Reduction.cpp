//===- Reduction.cpp - Derivatives of reductions and scans ------*- C++ -*-===//

#include "dialects/Graph/Gradient/Term.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;

VESCALE_CARRIES_FLOATS(ReduceOp)
VESCALE_CARRIES_FLOATS(CumsumOp)
VESCALE_NO_GRADIENT(ArgMaxOp)

/// Elements that equal the extreme share its gradient evenly.
static Term extremeGradient(Term x, Term y, Term dy, ArrayRef<int64_t> dims) {
  Term hits = compare(Comparison::Eq, x, y.spread(x.shape(), dims));
  Term count = hits.cast(x.element()).sum(dims);
  return keep(hits, (dy / count).spread(x.shape(), dims));
}

/// The gradient of an element is the product of the others. One zero among them
/// leaves it to the zero itself, two leave nothing.
static Term productGradient(Term x, Term dy, ArrayRef<int64_t> dims) {
  Term isZero = compare(Comparison::Eq, x, 0.0);
  Term others = select(isZero, x.number(1), x);
  Term gradient =
      (dy * others.reduce(Reduction::Prod, dims)).spread(x.shape(), dims);
  Term zeros = isZero.cast(x.element()).sum(dims).spread(x.shape(), dims);
  Term ofZero = keep(compare(Comparison::Eq, zeros, 1.0), gradient);
  Term ofOther = keep(compare(Comparison::Eq, zeros, 0.0), gradient / others);
  return select(isZero, ofZero, ofOther);
}

LogicalResult ReduceOp::differentiate(GradientBuilder &gradients) {
  Term x(gradients, getInput()), y(gradients, getResult());
  Term dy(gradients, gradients.result());
  auto gradient = [&] {
    switch (getKind()) {
    case Reduction::Sum:
      return dy.spread(x.shape(), getDims());
    case Reduction::Max:
    case Reduction::Min:
      return extremeGradient(x, y, dy, getDims());
    case Reduction::Prod:
      return productGradient(x, dy, getDims());
    }
    llvm_unreachable("all reductions are listed");
  };
  gradients.set(0, gradient());
  return success();
}

/// An element is in the sums of all that come after it.
LogicalResult CumsumOp::differentiate(GradientBuilder &gradients) {
  Term dy(gradients, gradients.result());
  UnitAttr reverse = getReverse() ? UnitAttr() : UnitAttr::get(getContext());
  gradients.set(
      0, dy.make<CumsumOp>(dy, getDimAttr(), getExclusiveAttr(), reverse));
  return success();
}
