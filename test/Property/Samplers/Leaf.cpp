//===- Leaf.cpp - Random parameters, constants and indices ------*- C++ -*-===//

#include "../Generator.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::test;

/// Stored tensors are seen whole, or transposed and cut.
static void sampleParameter(Generator &g) {
  Shape stored = g.shape(0, 3);
  Type element = g.element(ElementKind::Any);
  auto name = g.builder.getStringAttr(g.newName());
  if (g.dice.chance(50)) {
    g.create<graph::ParameterOp>(g.type(stored, element), name.getValue());
    return;
  }
  // A view needs to say what is stored, and a source says it.
  auto storedType = g.type(stored, element);
  int64_t bytes = storedType.getNumElements() * elementBytes(element);
  auto source = graph::SourceAttr::get(g.builder.getContext(), "unused", 0,
                                       bytes, storedType);
  SmallVector<int64_t> order(stored.size()), strides, shape;
  for (size_t dim = 0; dim < stored.size(); ++dim)
    order[dim] = dim;
  g.dice.shuffle(order);
  SmallVector<int64_t> all = rowMajorStrides(stored);
  int64_t offset = 0;
  for (int64_t dim : order) {
    int64_t start = stored[dim] == 0 ? 0 : g.dice.below(stored[dim]);
    shape.push_back(stored[dim] == 0 ? 0
                                     : g.dice.between(1, stored[dim] - start));
    strides.push_back(all[dim]);
    offset += start * all[dim];
  }
  g.create<graph::ParameterOp>(
      g.type(shape, element), name, source, g.builder.getI64IntegerAttr(offset),
      g.builder.getDenseI64ArrayAttr(strides), nullptr, nullptr, nullptr);
}

static void sampleConstant(Generator &g) {
  auto type = g.type(g.shape(0, 3), g.element(ElementKind::Any));
  bool splat = g.dice.chance(50) && type.getNumElements() > 0;
  SmallVector<Attribute> values;
  for (int64_t i = 0; i < (splat ? 1 : type.getNumElements()); ++i) {
    int64_t number = g.dice.between(-8, 8);
    if (isa<FloatType>(type.getElementType()))
      values.push_back(
          g.builder.getFloatAttr(type.getElementType(), number / 4.0));
    else
      values.push_back(g.builder.getIntegerAttr(
          type.getElementType(),
          type.getElementType().isInteger(1) ? number & 1 : number));
  }
  g.create<graph::ConstantOp>(type, DenseElementsAttr::get(type, values));
}

static void sampleIota(Generator &g) {
  Shape shape = g.shape(1, 4);
  g.create<graph::IotaOp>(g.type(shape, g.element(ElementKind::Number)),
                          g.dice.below(shape.size()));
}

void test::addLeafSamplers(SmallVectorImpl<Sampler> &samplers) {
  samplers.append({{"graph.parameter", sampleParameter},
                   {"graph.constant", sampleConstant},
                   {"graph.iota", sampleIota}});
}
