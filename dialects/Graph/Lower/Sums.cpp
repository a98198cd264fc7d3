//===- Sums.cpp - Reductions of many terms ----------------------*- C++ -*-===//
//
// In a reproducible module a sum has one order, which fusion, vector width and
// the shape of the rest can't change:
//   - along the last dimension term i is added to lane i mod 16, and the lanes
//     are a balanced tree at the end; elsewhere terms are added one by one;
//   - a sum of leaves is a balanced tree over them (see dist.leaves).
//
//===----------------------------------------------------------------------===//
#include "dialects/Graph/Lower/Lower.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;

static constexpr int64_t lanes = 16;

bool graph::hasOneOrder(const ElementBuilder &builder, Reduction kind,
                        Type type) {
  return builder.reproducible && isa<FloatType>(type) &&
         (kind == Reduction::Sum || kind == Reduction::Prod);
}

Value graph::reduceInOrder(ElementBuilder &builder, Reduction kind, Type type,
                           int64_t count, function_ref<Value(Value)> term) {
  Emit emit(builder);
  return builder.loop(count, emit.neutral(kind, type),
                      [&](Value position, ArrayRef<Value> carried) {
                        return SmallVector<Value>{
                            emit.accumulate(kind, carried[0], term(position))};
                      })[0];
}

Value graph::reduceRow(ElementBuilder &builder, Reduction kind, Type type,
                       int64_t count, function_ref<Value(Value)> term) {
  if (!hasOneOrder(builder, kind, type) || count < lanes)
    return reduceInOrder(builder, kind, type, count, term);
  OpBuilder &b = builder.builder;
  Location loc = builder.loc;
  Emit emit(builder);
  Value sums = builder.rowBuffer({lanes, nullptr}, type);
  Value zero = builder.index(0);
  builder.loop(zero, builder.index(lanes), [&](Value lane) {
    memref::StoreOp::create(b, loc, emit.neutral(kind, type), sums, lane);
  });
  auto addLanes = [&](Value from, int64_t width) {
    builder.loop(zero, builder.index(width), [&](Value lane) {
      Value x = term(arith::AddIOp::create(b, loc, from, lane));
      Value sum = memref::LoadOp::create(b, loc, sums, lane);
      memref::StoreOp::create(b, loc, emit.accumulate(kind, sum, x), sums,
                              lane);
    });
  };
  builder.loop(zero, builder.index(count / lanes), [&](Value block) {
    addLanes(arith::MulIOp::create(b, loc, block, builder.index(lanes)), lanes);
  });
  if (count % lanes)
    addLanes(builder.index(count / lanes * lanes), count % lanes);
  return foldTree(builder, kind, sums, lanes);
}

Value graph::foldTree(ElementBuilder &builder, Reduction kind, Value sums,
                      int64_t count) {
  OpBuilder &b = builder.builder;
  Location loc = builder.loc;
  Emit emit(builder);
  for (int64_t width = count / 2; width > 0; width /= 2)
    builder.loop(builder.index(0), builder.index(width), [&](Value place) {
      Value left = arith::MulIOp::create(b, loc, place, builder.index(2));
      Value right = arith::AddIOp::create(b, loc, left, builder.index(1));
      Value sum =
          emit.accumulate(kind, memref::LoadOp::create(b, loc, sums, left),
                          memref::LoadOp::create(b, loc, sums, right));
      memref::StoreOp::create(b, loc, sum, sums, place);
    });
  return memref::LoadOp::create(b, loc, sums, builder.index(0));
}

Value graph::sumLeaves(ElementBuilder &builder, Type type, int64_t leaves,
                       int64_t length,
                       function_ref<Value(Value begin)> sumLeaf) {
  if (leaves <= 1)
    return sumLeaf(builder.index(0));
  OpBuilder &b = builder.builder;
  Location loc = builder.loc;
  Value sums = builder.rowBuffer({leaves, nullptr}, type);
  builder.loop(builder.index(0), builder.index(leaves), [&](Value leaf) {
    Value begin = arith::MulIOp::create(b, loc, leaf, builder.index(length));
    memref::StoreOp::create(b, loc, sumLeaf(begin), sums, leaf);
  });
  return foldTree(builder, Reduction::Sum, sums, leaves);
}
