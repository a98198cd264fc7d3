//===- Reduction.cpp - Random reductions and scans --------------*- C++ -*-===//

#include "../Generator.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;
using namespace vescale::test;

static void sampleReduce(Generator &g) {
  Value x = g.any(ElementKind::Number);
  Shape dims, result;
  for (auto [dim, size] : llvm::enumerate(shapeOf(x))) {
    if (g.dice.chance(40))
      dims.push_back(dim);
    else
      result.push_back(size);
  }
  g.create<ReduceOp>(g.type(result, typeOf(x).getElementType()),
                     static_cast<Reduction>(g.dice.below(4)), x, dims);
}

static UnitAttr maybe(Generator &g) {
  return g.dice.chance(50) ? g.builder.getUnitAttr() : UnitAttr();
}

static void sampleCumsum(Generator &g) {
  Value x = g.any(ElementKind::Number, 1);
  auto dim = g.builder.getI64IntegerAttr(g.dice.below(rankOf(x)));
  UnitAttr exclusive = maybe(g), reverse = maybe(g);
  g.create<CumsumOp>(typeOf(x), x, dim, exclusive, reverse);
}

static void sampleArgMax(Generator &g) {
  Value x = g.any(ElementKind::Number, 1);
  int64_t dim = g.dice.below(rankOf(x));
  if (shapeOf(x)[dim] == 0) { // of nothing there is no largest
    x = g.value({3, g.dimSize()}, typeOf(x).getElementType());
    dim = 0;
  }
  Shape result(shapeOf(x));
  result.erase(result.begin() + dim);
  g.create<ArgMaxOp>(g.type(result, g.element(ElementKind::Int)), x, dim);
}

void test::addReductionSamplers(SmallVectorImpl<Sampler> &samplers) {
  samplers.append({{"graph.reduce", sampleReduce},
                   {"graph.cumsum", sampleCumsum},
                   {"graph.argmax", sampleArgMax}});
}
