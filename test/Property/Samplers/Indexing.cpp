//===- Indexing.cpp - Random lookups and their gradient ---------*- C++ -*-===//

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

static void sampleScatterAdd(Generator &g) {
  Shape result = g.shape(1, 3);
  int64_t dim = g.dice.below(result.size()), size = result[dim];
  Shape count = size == 0 ? Shape{0} : g.shape(0, 2);
  if (ShapedType::getNumElements(result) * ShapedType::getNumElements(count) >
      4 * g.maxElements())
    count = {};
  Value indices = g.integers(count, -size, std::max<int64_t>(size - 1, 0));
  Shape updates(ArrayRef(result).take_front(dim));
  llvm::append_range(updates, count);
  llvm::append_range(updates, ArrayRef(result).drop_front(dim + 1));
  Type element = g.element(ElementKind::Float);
  Value terms = g.value(updates, element);
  g.create<ScatterAddOp>(g.type(result, element), indices, terms, dim);
}

void test::addIndexingSamplers(SmallVectorImpl<Sampler> &samplers) {
  samplers.append({{"graph.take", sampleTake},
                   {"graph.take_along", sampleTakeAlong},
                   {"graph.scatter_add", sampleScatterAdd}});
}
