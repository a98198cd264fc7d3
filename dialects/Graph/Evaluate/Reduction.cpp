//===- Reduction.cpp - Evaluation of reductions and scans -------*- C++ -*-===//

#include "dialects/Graph/Evaluate/Evaluate.h"
#include "dialects/Graph/Evaluate/Reduce.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;

Element graph::neutral(Reduction kind, const Elements &e) {
  switch (kind) {
  case Reduction::Sum:
    return e.integer(0);
  case Reduction::Max:
    return e.lowest();
  case Reduction::Min:
    return e.highest();
  case Reduction::Prod:
    return e.integer(1);
  }
  llvm_unreachable("all reductions are listed");
}

Element graph::combine(Reduction kind, const Elements &e, Element x,
                       Element y) {
  switch (kind) {
  case Reduction::Sum:
    return e.add(x, y);
  case Reduction::Max:
    return e.max(x, y);
  case Reduction::Min:
    return e.min(x, y);
  case Reduction::Prod:
    return e.mul(x, y);
  }
  llvm_unreachable("all reductions are listed");
}

Tensors ReduceOp::evaluate(Operands operands, EvaluateContext &context) {
  Elements e = context.elements(operands[0]->getElementType());
  Tensor result(typeOf(getResult()), neutral(getKind(), e));
  // Sums of floats are made by what knows all their terms: it can say how far
  // another order would round.
  bool isSum = getKind() == Reduction::Sum &&
               isa<FloatType>(operands[0]->getElementType());
  std::vector<std::vector<Element>> terms(isSum ? result.getNumElements() : 0);
  SmallVector<int64_t> to;
  forEachIndex(operands[0]->getShape(),
               [&](ArrayRef<int64_t> index, int64_t offset) {
                 to.clear();
                 for (auto [dim, position] : llvm::enumerate(index))
                   if (!llvm::is_contained(getDims(), int64_t(dim)))
                     to.push_back(position);
                 Element term = (*operands[0])[offset];
                 if (isSum) {
                   terms[result.offset(to)].push_back(term);
                   return;
                 }
                 Element &element = result.at(to);
                 element = combine(getKind(), e, element, term);
               });
  for (auto [i, each] : llvm::enumerate(terms)) {
    std::vector<Element> ones(each.size(), e.integer(1));
    result[i] = e.sumOfProducts(each.data(), ones.data(), each.size());
  }
  for (int64_t i = 0; i < result.getNumElements(); ++i)
    result[i] = e.round(result[i]);
  return one(std::move(result));
}

Tensors CumsumOp::evaluate(Operands operands, EvaluateContext &context) {
  Elements e = context.elements(operands[0]->getElementType());
  Tensor result(typeOf(getResult()));
  DimView view(operands[0]->getShape(), getDim());
  for (int64_t o = 0; o < view.outer; ++o)
    for (int64_t k = 0; k < view.inner; ++k) {
      Element sum = e.integer(0);
      for (int64_t step = 0; step < view.size; ++step) {
        int64_t i = getReverse() ? view.size - 1 - step : step;
        int64_t offset = view.offset(o, i, k);
        Element before = sum;
        sum = e.add(sum, (*operands[0])[offset]);
        result[offset] = e.round(getExclusive() ? before : sum);
      }
    }
  return one(std::move(result));
}

Tensors ArgMaxOp::evaluate(Operands operands, EvaluateContext &context) {
  Elements e = context.elements(operands[0]->getElementType());
  Elements index = context.elements(typeOf(getResult()).getElementType());
  Tensor result(typeOf(getResult()));
  DimView view(operands[0]->getShape(), getDim());
  const Tensor &x = *operands[0];
  for (int64_t o = 0; o < view.outer; ++o)
    for (int64_t k = 0; k < view.inner; ++k) {
      int64_t best = 0;
      for (int64_t i = 1; i < view.size; ++i)
        // The first of equals stays; NaN counts as largest.
        if (e.max(x[view.offset(o, best, k)], x[view.offset(o, i, k)]) !=
            x[view.offset(o, best, k)])
          best = i;
      result[o * view.inner + k] = index.integer(best);
    }
  return one(std::move(result));
}
