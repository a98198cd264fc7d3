//===- Contraction.cpp - Random dot, conv and pool --------------*- C++ -*-===//

#include "../Generator.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;
using namespace vescale::test;

/// The lhs is any value; its dimensions become batch, contracted or free ones,
/// and the rhs has the first two in some order among dimensions of its own.
static void sampleDot(Generator &g) {
  Value lhs = g.any(ElementKind::Number, 0, 4);
  enum Role { Batch, Contract, Free };
  Shape batch, contract, result, free;
  struct Rhs {
    int64_t size, partner;
    Role role;
  };
  SmallVector<Rhs> dims;
  int64_t elements = 1;
  for (auto [dim, size] : llvm::enumerate(shapeOf(lhs))) {
    auto role = static_cast<Role>(g.dice.below(3));
    if (role == Free) {
      free.push_back(size);
      elements *= size;
    } else {
      dims.push_back({size, static_cast<int64_t>(dim), role});
    }
  }
  for (int64_t more = g.dice.between(0, 2); more > 0; --more)
    if (int64_t size = g.dimSize(); size * elements <= 2 * g.maxElements())
      dims.push_back({size, -1, Free});
  g.dice.shuffle(dims);
  Shape rhsShape, rhsBatch, rhsContract, rhsFree;
  for (auto [dim, rhs] : llvm::enumerate(dims)) {
    rhsShape.push_back(rhs.size);
    if (rhs.role == Free)
      rhsFree.push_back(rhs.size);
    if (rhs.role == Batch) {
      batch.push_back(rhs.partner);
      rhsBatch.push_back(dim);
    }
    if (rhs.role == Contract) {
      contract.push_back(rhs.partner);
      rhsContract.push_back(dim);
    }
  }
  for (int64_t dim : batch)
    result.push_back(shapeOf(lhs)[dim]);
  llvm::append_range(result, free);
  llvm::append_range(result, rhsFree);
  Type element = typeOf(lhs).getElementType();
  Value rhs = g.value(rhsShape, element);
  g.create<DotOp>(g.type(result, element), lhs, rhs, batch, rhsBatch, contract,
                  rhsContract);
}

namespace {
struct Windows {
  Shape spatial, window, strides, dilations, low, high, result;

  Windows(Generator &g, int64_t count) {
    for (int64_t dim = 0; dim < count; ++dim) {
      spatial.push_back(g.dice.between(1, count == 1 ? 7 : 4));
      window.push_back(g.dice.between(1, 3));
      strides.push_back(g.dice.between(1, 2));
      dilations.push_back(g.dice.between(1, 2));
      low.push_back(g.dice.between(0, 2));
      high.push_back(g.dice.between(0, 2));
      int64_t reach = dilations.back() * (window.back() - 1) + 1;
      int64_t padded = spatial.back() + low.back() + high.back();
      if (padded < reach) {
        high.back() += reach - padded;
        padded = reach;
      }
      result.push_back((padded - reach) / strides.back() + 1);
    }
  }
};
} // namespace

static Shape join(std::initializer_list<int64_t> front,
                  ArrayRef<int64_t> back) {
  Shape shape(front);
  llvm::append_range(shape, back);
  return shape;
}

static void sampleConv(Generator &g) {
  Windows w(g, g.dice.between(1, 3));
  static constexpr int64_t groupCounts[] = {1, 1, 2, 3, 4};
  int64_t groups = g.dice.pick(groupCounts), batch = g.dice.between(1, 3);
  int64_t in = g.dice.between(1, 4), out = g.dice.between(1, 4) * groups;
  Type element = g.element(ElementKind::Float);
  Value x = g.value(join({batch, in * groups}, w.spatial), element);
  Value weight = g.value(join({out, in}, w.window), element);
  g.create<ConvOp>(g.type(join({batch, out}, w.result), element), x, weight,
                   w.strides, w.dilations, w.low, w.high, groups);
}

static void samplePool(Generator &g) {
  Windows w(g, g.dice.between(1, 3));
  int64_t batch = g.dimSize(), channels = g.dice.between(1, 4);
  Type element = g.element(ElementKind::Number);
  Value x = g.value(join({batch, channels}, w.spatial), element);
  g.create<PoolOp>(g.type(join({batch, channels}, w.result), element),
                   static_cast<Reduction>(g.dice.below(4)), x, w.window,
                   w.strides, w.dilations, w.low, w.high);
}

static void samplePoolGrad(Generator &g) {
  Windows w(g, g.dice.between(1, 3));
  int64_t batch = g.dimSize(), channels = g.dice.between(1, 4);
  Type element = g.element(ElementKind::Float);
  Value x = g.value(join({batch, channels}, w.spatial), element);
  Value dy = g.value(join({batch, channels}, w.result), element);
  Reduction kind = g.dice.chance(50) ? Reduction::Sum : Reduction::Prod;
  g.create<PoolGradOp>(typeOf(x), kind, x, dy, w.window, w.strides, w.dilations,
                       w.low, w.high);
}

/// The places of extremes in windows of a random shape.
static Value samplePlaces(Generator &g, const Windows &w, Value x) {
  SmallVector<int64_t> shape(shapeOf(x).take_front(2));
  llvm::append_range(shape, w.result);
  Reduction kind = g.dice.chance(50) ? Reduction::Max : Reduction::Min;
  auto places =
      g.create<PoolPlaceOp>(g.type(shape, g.builder.getI32Type()), kind, x,
                            w.window, w.strides, w.dilations, w.low, w.high);
  return places.getResult();
}

static void samplePoolPlace(Generator &g) {
  Windows w(g, g.dice.between(1, 3));
  int64_t batch = g.dimSize(), channels = g.dice.between(1, 4);
  samplePlaces(g, w,
               g.value(join({batch, channels}, w.spatial),
                       g.element(ElementKind::Float)));
}

static void sampleUnpool(Generator &g) {
  Windows w(g, g.dice.between(1, 3));
  int64_t batch = g.dimSize(), channels = g.dice.between(1, 4);
  Type element = g.element(ElementKind::Float);
  Value x = g.value(join({batch, channels}, w.spatial), element);
  Value dy = g.value(join({batch, channels}, w.result), element);
  g.create<UnpoolOp>(typeOf(x), dy, samplePlaces(g, w, x), w.window, w.strides,
                     w.dilations, w.low, w.high);
}

void test::addContractionSamplers(SmallVectorImpl<Sampler> &samplers) {
  samplers.append({{"graph.dot", sampleDot},
                   {"graph.conv", sampleConv},
                   {"graph.pool", samplePool},
                   {"graph.pool_grad", samplePoolGrad},
                   {"graph.pool_place", samplePoolPlace},
                   {"graph.unpool", sampleUnpool}});
}
