//===- Indexing.cpp - Random take and take_along ----------------*- C++ -*-===//

#include "../Generator.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;
using namespace vescale::test;

static void sampleTake(Generator &g) {
  Value x = g.any(ElementKind::Any, 1, 3);
  int64_t axis = g.dice.below(rankOf(x)), size = shapeOf(x)[axis];
  // Of an empty dimension no element can be taken.
  Shape count = size == 0 ? Shape{0} : g.shape(0, 2);
  if (typeOf(x).getNumElements() * ShapedType::getNumElements(count) >
      4 * g.maxElements())
    count = {};
  Value indices = g.integers(count, -size, std::max<int64_t>(size - 1, 0));
  Shape result(shapeOf(x).take_front(axis));
  llvm::append_range(result, shapeOf(indices));
  llvm::append_range(result, shapeOf(x).drop_front(axis + 1));
  g.create<TakeOp>(g.type(result, typeOf(x).getElementType()), x, indices,
                   axis);
}

static void sampleTakeAlong(Generator &g) {
  Value x = g.any(ElementKind::Any, 1, 4);
  int64_t axis = g.dice.below(rankOf(x)), size = shapeOf(x)[axis];
  Shape result(shapeOf(x));
  result[axis] = size == 0 ? 0 : g.dimSize();
  Value indices = g.integers(result, -size, std::max<int64_t>(size - 1, 0));
  g.create<TakeAlongOp>(g.type(result, typeOf(x).getElementType()), x, indices,
                        axis);
}

void test::addIndexingSamplers(SmallVectorImpl<Sampler> &samplers) {
  samplers.append(
      {{"graph.take", sampleTake}, {"graph.take_along", sampleTakeAlong}});
}
