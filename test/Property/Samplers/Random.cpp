//===- Random.cpp - Random dropouts -----------------------------*- C++ -*-===//

#include "../Generator.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;
using namespace vescale::test;

DropAttr test::sampleDrop(Generator &g) {
  double rates[] = {0.1, 0.5, 0.9};
  auto rate = g.builder.getF64FloatAttr(g.dice.pick(rates));
  auto seed = static_cast<int64_t>(g.dice.seed());
  return DropAttr::get(g.builder.getContext(), rate, seed, g.dice.below(4));
}

static void sampleDropout(Generator &g) {
  Value x = g.any(ElementKind::Float, 1, 4);
  Type i64 = g.builder.getI64Type();
  Value counters = g.value(shapeOf(x).drop_back(), i64),
        step = g.value({}, i64);
  g.create<DropoutOp>(typeOf(x), x, counters, step, sampleDrop(g));
}

void test::addRandomSamplers(SmallVectorImpl<Sampler> &samplers) {
  samplers.append({{"graph.dropout", sampleDropout}});
}
