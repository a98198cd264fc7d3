//===- Shape.cpp - Random ops that move elements ----------------*- C++ -*-===//

#include "../Generator.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;
using namespace vescale::test;

static void sampleBroadcast(Generator &g) {
  Value x = g.any(ElementKind::Any, 0, 3);
  Shape result(shapeOf(x)), dims;
  for (size_t dim = 0; dim < result.size(); ++dim)
    dims.push_back(dim);
  for (int64_t added = g.dice.between(0, 2); added > 0; --added) {
    int64_t at = g.dice.between(0, result.size());
    result.insert(result.begin() + at, std::min<int64_t>(g.dimSize(), 4));
    for (int64_t &dim : dims)
      dim += dim >= at;
  }
  g.create<BroadcastOp>(g.type(result, typeOf(x).getElementType()), x, dims);
}

/// A shape of as many elements: dimensions are merged, split, and 1s come in.
static Shape reshaped(Generator &g, ArrayRef<int64_t> shape) {
  Shape factors, result;
  for (int64_t size : shape) {
    for (int64_t prime : {2, 3, 5, 7})
      while (size % prime == 0 && size > prime && g.dice.chance(60)) {
        factors.push_back(prime);
        size /= prime;
      }
    factors.push_back(size);
  }
  if (g.dice.chance(20))
    g.dice.shuffle(factors); // of other sizes: no factor may be shared
  for (int64_t factor : factors) {
    if (!result.empty() && (g.dice.chance(50) || result.size() == 5))
      result.back() *= factor;
    else
      result.push_back(factor);
  }
  if (result.size() < 5 && g.dice.chance(20))
    result.insert(result.begin() + g.dice.between(0, result.size()), 1);
  return result;
}

static void sampleReshape(Generator &g) {
  Value x = g.any(ElementKind::Any);
  g.create<ReshapeOp>(
      g.type(reshaped(g, shapeOf(x)), typeOf(x).getElementType()), x);
}

static void sampleTranspose(Generator &g) {
  Value x = g.any(ElementKind::Any);
  Shape permutation, result;
  for (int64_t dim = 0; dim < rankOf(x); ++dim)
    permutation.push_back(dim);
  g.dice.shuffle(permutation);
  for (int64_t dim : permutation)
    result.push_back(shapeOf(x)[dim]);
  g.create<TransposeOp>(g.type(result, typeOf(x).getElementType()), x,
                        permutation);
}

static void sampleSlice(Generator &g) {
  Value x = g.any(ElementKind::Any);
  Shape starts, limits, strides, result;
  for (int64_t size : shapeOf(x)) {
    bool whole = g.dice.chance(50) || size == 0;
    starts.push_back(whole ? 0 : g.dice.below(size));
    limits.push_back(whole ? size : g.dice.between(starts.back() + 1, size));
    strides.push_back(whole ? 1 : g.dice.between(1, 3));
    result.push_back(
        llvm::divideCeil(limits.back() - starts.back(), strides.back()));
  }
  g.create<SliceOp>(g.type(result, typeOf(x).getElementType()), x, starts,
                    limits, strides);
}

static void sampleReverse(Generator &g) {
  Value x = g.any(ElementKind::Any, 1);
  g.create<ReverseOp>(typeOf(x), x, g.dice.below(rankOf(x)));
}

static void sampleConcat(Generator &g) {
  Value x = g.any(ElementKind::Any, 1);
  SmallVector<Value> inputs = {x};
  int64_t dim = g.dice.below(rankOf(x));
  Shape result(shapeOf(x));
  for (int64_t more = g.dice.between(0, 2); more > 0; --more) {
    Shape next(shapeOf(x));
    if (g.dice.chance(50))
      next[dim] = std::min<int64_t>(g.dimSize(), 4);
    inputs.push_back(g.value(next, typeOf(x).getElementType()));
    result[dim] += next[dim];
  }
  g.create<ConcatOp>(g.type(result, typeOf(x).getElementType()), inputs, dim);
}

static void samplePad(Generator &g) {
  Value x = g.any(ElementKind::Any, 0, 4);
  Shape low, high, result;
  for (int64_t size : shapeOf(x)) {
    bool none = g.dice.chance(50);
    low.push_back(none ? 0 : g.dice.between(0, 2));
    high.push_back(none ? 0 : g.dice.between(0, 2));
    result.push_back(size + low.back() + high.back());
  }
  Value value = g.value({}, typeOf(x).getElementType());
  g.create<PadOp>(g.type(result, typeOf(x).getElementType()), x, value, low,
                  high);
}

void test::addShapeSamplers(SmallVectorImpl<Sampler> &samplers) {
  samplers.append({{"graph.broadcast", sampleBroadcast},
                   {"graph.reshape", sampleReshape},
                   {"graph.transpose", sampleTranspose},
                   {"graph.slice", sampleSlice},
                   {"graph.reverse", sampleReverse},
                   {"graph.concat", sampleConcat},
                   {"graph.pad", samplePad}});
}
