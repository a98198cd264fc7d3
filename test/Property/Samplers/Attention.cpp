//===- Attention.cpp - Random attention and rotary --------------*- C++ -*-===//

#include "../Generator.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;
using namespace vescale::test;

namespace {
/// Operands and attributes that attention and its gradient have alike.
struct Scores {
  explicit Scores(Generator &g) : element(g.element(ElementKind::Float)) {
    int64_t batch = g.dice.between(1, 3), keyHeads = g.dice.between(1, 4);
    int64_t heads = keyHeads * g.dice.between(1, 4);
    int64_t queries = g.dice.between(1, 5), keys = g.dice.between(1, 5);
    int64_t features = g.dice.between(1, 3), outputs = g.dice.between(1, 4);
    q = g.value({batch, heads, queries, features}, element);
    k = g.value({batch, keyHeads, keys, features}, element);
    v = g.value({batch, keyHeads, keys, outputs}, element);
    if (g.dice.chance(60)) {
      Shape shape = {batch, heads, queries, keys};
      for (int64_t dim = 0; dim < 3; ++dim)
        if (g.dice.chance(50))
          shape[dim] = 1;
      mask =
          g.value(shape, g.dice.chance(50) ? g.builder.getI1Type() : element);
    }
    result = g.type({batch, heads, queries, outputs}, element);
    statistic = g.type({batch, heads, queries}, computeType(element));
    softcap = APFloat(g.dice.chance(30) ? 2.0 : 0.0);
    causal = g.dice.chance(40);
    if (g.dice.chance(30)) {
      drop = sampleDrop(g);
      counters = g.value(statistic.getShape(), g.builder.getI64Type());
      step = g.value({}, g.builder.getI64Type());
    }
    window = causal && g.dice.chance(50) ? g.dice.between(1, 4) : 0;
  }

  Type element;
  Value q, k, v, mask, counters, step;
  DropAttr drop;
  RankedTensorType result, statistic;
  APFloat scale{0.5}, softcap{0.0};
  int64_t window;
  bool causal;
};
} // namespace

static AttentionOp createAttention(Generator &g, const Scores &s, bool lse) {
  return g.create<AttentionOp>(s.result, lse ? Type(s.statistic) : Type(), s.q,
                               s.k, s.v, s.mask, s.scale, s.softcap, s.window,
                               s.causal, s.counters, s.step, s.drop);
}

static void sampleAttention(Generator &g) {
  createAttention(g, Scores(g), g.dice.chance(40));
}

static void sampleAttentionGrad(Generator &g) {
  Scores s(g);
  Value lse = g.dice.chance(60) ? createAttention(g, s, true).getLse()
                                : g.value(s.statistic.getShape(),
                                          s.statistic.getElementType());
  Value resultGrad = g.value(s.result.getShape(), s.element);
  Value delta = g.value(s.statistic.getShape(), s.statistic.getElementType());
  g.create<AttentionGradOp>(typeOf(s.q), typeOf(s.k), typeOf(s.v), s.q, s.k,
                            s.v, s.mask, resultGrad, lse, delta, s.scale,
                            s.softcap, s.window, s.causal, s.counters, s.step,
                            s.drop);
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
  samplers.append({{"graph.attention", sampleAttention},
                   {"graph.attention_grad", sampleAttentionGrad},
                   {"graph.rotary", sampleRotary}});
}
