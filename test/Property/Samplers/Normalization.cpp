//===- Normalization.cpp - Random softmax and norms -------------*- C++ -*-===//

#include "../Generator.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;
using namespace vescale::test;

template <typename Op> static void sampleSoftmax(Generator &g) {
  Value x = g.any(ElementKind::Float, 1);
  g.create<Op>(typeOf(x), x, g.dice.below(rankOf(x)));
}

/// A value of the normalised dimensions' shape, or none.
static Value maybe(Generator &g, Value x, int64_t axis) {
  if (g.dice.chance(30))
    return {};
  return g.value(shapeOf(x).drop_front(axis), typeOf(x).getElementType());
}

static void sampleLayerNorm(Generator &g) {
  Value x = g.any(ElementKind::Float, 1);
  int64_t axis = g.dice.below(rankOf(x));
  Value scale = maybe(g, x, axis), bias = maybe(g, x, axis);
  g.create<LayerNormOp>(typeOf(x), x, scale, bias,
                        g.builder.getI64IntegerAttr(axis),
                        g.builder.getF64FloatAttr(0.5));
}

static void sampleRmsNorm(Generator &g) {
  Value x = g.any(ElementKind::Float, 1);
  int64_t axis = g.dice.below(rankOf(x));
  Value scale = maybe(g, x, axis);
  g.create<RmsNormOp>(typeOf(x), x, scale, g.builder.getI64IntegerAttr(axis),
                      g.builder.getF64FloatAttr(0.5));
}

template <typename Op> static void sampleNormGrad(Generator &g) {
  Value x = g.any(ElementKind::Float, 1);
  Value dy = g.value(shapeOf(x), typeOf(x).getElementType());
  int64_t axis = g.dice.below(rankOf(x));
  Value scale = maybe(g, x, axis);
  g.create<Op>(typeOf(x), x, dy, scale, g.builder.getI64IntegerAttr(axis),
               g.builder.getF64FloatAttr(0.5));
}

static void sampleBatchStatistics(Generator &g) {
  Value x = g.any(ElementKind::Float, 2, 4);
  Type element = typeOf(x).getElementType();
  ArrayRef<int64_t> channels = shapeOf(x).slice(1, 1);
  RankedTensorType row = typeOf(x).clone(channels);
  bool ofBatch = g.dice.chance(80) &&
                 llvm::all_of(shapeOf(x), [](int64_t n) { return n > 0; });
  Value mean = g.value(channels, element),
        variance = g.value(channels, element);
  g.create<BatchStatisticsOp>(row, row, x, mean, variance,
                              g.builder.getF64FloatAttr(0.9),
                              ofBatch ? g.builder.getUnitAttr() : UnitAttr());
}

void test::addNormalizationSamplers(SmallVectorImpl<Sampler> &samplers) {
  samplers.append({{"graph.batch_statistics", sampleBatchStatistics},
                   {"graph.softmax", sampleSoftmax<SoftmaxOp>},
                   {"graph.log_softmax", sampleSoftmax<LogSoftmaxOp>},
                   {"graph.layer_norm", sampleLayerNorm},
                   {"graph.rms_norm", sampleRmsNorm},
                   {"graph.layer_norm_grad", sampleNormGrad<LayerNormGradOp>},
                   {"graph.rms_norm_grad", sampleNormGrad<RmsNormGradOp>}});
}
