//===- Attention.cpp - Random attention and rotary --------------*- C++ -*-===//

#include "../Generator.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;
using namespace vescale::test;

static void sampleAttention(Generator &g) {
  int64_t batch = g.dice.between(1, 3), keyHeads = g.dice.between(1, 4);
  int64_t heads = keyHeads * g.dice.between(1, 4);
  int64_t queries = g.dice.between(1, 5), keys = g.dice.between(1, 5);
  int64_t features = g.dice.between(1, 3), outputs = g.dice.between(1, 4);
  Type element = g.element(ElementKind::Float);
  Value q = g.value({batch, heads, queries, features}, element);
  Value k = g.value({batch, keyHeads, keys, features}, element);
  Value v = g.value({batch, keyHeads, keys, outputs}, element);
  Value mask;
  if (g.dice.chance(60)) {
    Shape shape = {batch, heads, queries, keys};
    for (int64_t dim = 0; dim < 3; ++dim)
      if (g.dice.chance(50))
        shape[dim] = 1;
    mask = g.value(shape, g.dice.chance(50) ? g.builder.getI1Type() : element);
  }
  bool causal = g.dice.chance(40);
  g.create<AttentionOp>(
      g.type({batch, heads, queries, outputs}, element), q, k, v, mask,
      g.builder.getF64FloatAttr(0.5),
      g.builder.getF64FloatAttr(g.dice.chance(30) ? 2.0 : 0.0),
      g.builder.getI64IntegerAttr(
          causal && g.dice.chance(50) ? g.dice.between(1, 4) : 0),
      causal ? g.builder.getUnitAttr() : UnitAttr());
}

static void sampleRotary(Generator &g) {
  Value x = g.any(ElementKind::Float, 2, 4);
  ArrayRef<int64_t> shape = shapeOf(x);
  int64_t pairs = shape.back() / 2;
  if (pairs == 0) {
    x = g.value({g.dimSize(), g.dimSize(), 6}, typeOf(x).getElementType());
    shape = shapeOf(x);
    pairs = 3;
  }
  int64_t rank = g.dice.between(2, shape.size());
  Shape table(shape.take_back(rank));
  table.back() = g.dice.between(1, pairs);
  for (int64_t dim = 0; dim < rank - 2; ++dim)
    if (g.dice.chance(50))
      table[dim] = 1;
  Type element = typeOf(x).getElementType();
  Value cosines = g.value(table, element), sines = g.value(table, element);
  g.create<RotaryOp>(typeOf(x), x, cosines, sines,
                     g.dice.chance(50) ? g.builder.getUnitAttr() : UnitAttr());
}

void test::addAttentionSamplers(SmallVectorImpl<Sampler> &samplers) {
  samplers.append(
      {{"graph.attention", sampleAttention}, {"graph.rotary", sampleRotary}});
}
