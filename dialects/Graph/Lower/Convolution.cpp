//===- Convolution.cpp - Elements of conv and pool --------------*- C++ -*-===//
//
// What the library has no call for: convolutions in f64, and pooling.
//
//===----------------------------------------------------------------------===//
#include "dialects/Graph/Lower/Lower.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;

LoweringKind ConvOp::getLoweringKind() { return LoweringKind::Heavy; }
LoweringKind PoolOp::getLoweringKind() { return LoweringKind::Heavy; }
LoweringKind PoolGradOp::getLoweringKind() { return LoweringKind::Heavy; }
bool ConvOp::rereads(unsigned) { return true; }
bool PoolOp::rereads(unsigned) { return true; }
bool PoolGradOp::rereads(unsigned) { return true; }

namespace {
/// Where a window stands: the input positions that its taps read.
class Window {
public:
  Window(ElementBuilder &builder, ArrayRef<int64_t> strides,
         ArrayRef<int64_t> dilations, ArrayRef<int64_t> padLow,
         ArrayRef<int64_t> inputSizes)
      : builder(builder), strides(strides), dilations(dilations),
        padLow(padLow), inputSizes(inputSizes) {}

  /// The position along spatial dimension `dim`, and whether it is inside.
  std::pair<Value, Value> at(size_t dim, Value result, Value tap) {
    OpBuilder &b = builder.builder;
    Location loc = builder.loc;
    auto scaled = [&](Value value, int64_t by) -> Value {
      return by == 1 ? value
                     : Value(arith::MulIOp::create(b, loc, value,
                                                   builder.index(by)));
    };
    Value position = arith::AddIOp::create(b, loc, scaled(result, strides[dim]),
                                           scaled(tap, dilations[dim]));
    // Below 0 the difference wraps around and is too large as well.
    position =
        arith::SubIOp::create(b, loc, position, builder.index(padLow[dim]));
    Value inside =
        arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult, position,
                              builder.index(inputSizes[dim]));
    return {position, inside};
  }

  /// What `read` makes of the input's index under `taps`, or `outside` in the
  /// padding.
  Value at(SmallVector<Value> index, ArrayRef<Value> result,
           ArrayRef<Value> taps, Value outside,
           function_ref<Value(ArrayRef<Value>)> read) {
    Value all;
    for (size_t dim = 0; dim < taps.size(); ++dim) {
      auto [position, inside] = at(dim, result[dim], taps[dim]);
      index.push_back(position);
      all =
          all ? arith::AndIOp::create(builder.builder, builder.loc, all, inside)
              : inside;
    }
    return builder.choose(
        all, outside.getType(), [&] { return read(index); },
        [&] { return outside; });
  }

  /// The input's element under `taps`, or `outside` in the padding.
  Value read(Value input, SmallVector<Value> index, ArrayRef<Value> result,
             ArrayRef<Value> taps, Value outside) {
    return at(std::move(index), result, taps, outside,
              [&](ArrayRef<Value> index) {
                return builder.read(input, builder.at(shapeOf(input), index));
              });
  }

private:
  ElementBuilder &builder;
  ArrayRef<int64_t> strides, dilations, padLow, inputSizes;
};
} // namespace

Value ConvOp::emitElement(ElementBuilder &builder, const Position &at) {
  Emit emit(builder);
  OpBuilder &b = builder.builder;
  SmallVector<Value> result = builder.indices(at);
  ArrayRef<int64_t> weight = shapeOf(getWeight());
  Window window(builder, getStrides(), getDilations(), getPadLow(),
                shapeOf(getInput()).drop_front(2));
  // The first input channel of the result channel's group.
  Value group = arith::DivUIOp::create(
      b, builder.loc, result[1],
      builder.index(weight[0] / static_cast<int64_t>(getGroups())));
  Value first =
      arith::MulIOp::create(b, builder.loc, group, builder.index(weight[1]));
  Type type = computeType(typeOf(getResult()).getElementType());
  SmallVector<Value> taps;
  return loopNest(builder, weight.drop_front(), taps,
                  emit.neutral(Reduction::Sum, type), [&](Value sum) {
                    Value channel =
                        arith::AddIOp::create(b, builder.loc, first, taps[0]);
                    Value x = window.read(getInput(), {result[0], channel},
                                          ArrayRef<Value>(result).drop_front(2),
                                          ArrayRef<Value>(taps).drop_front(),
                                          emit.neutral(Reduction::Sum, type));
                    SmallVector<Value> index = {result[1]};
                    llvm::append_range(index, taps);
                    Value w =
                        builder.read(getWeight(), builder.at(weight, index));
                    return emit.accumulate(Reduction::Sum, sum, emit.mul(x, w));
                  });
}

Value PoolOp::emitElement(ElementBuilder &builder, const Position &at) {
  Emit emit(builder);
  SmallVector<Value> result = builder.indices(at);
  Window window(builder, getStrides(), getDilations(), getPadLow(),
                shapeOf(getInput()).drop_front(2));
  Type type = computeType(typeOf(getResult()).getElementType());
  Value neutral = emit.neutral(getKind(), type);
  SmallVector<Value> taps;
  return loopNest(builder, getWindow(), taps, neutral, [&](Value sum) {
    Value x = window.read(getInput(), {result[0], result[1]},
                          ArrayRef<Value>(result).drop_front(2), taps, neutral);
    return emit.accumulate(getKind(), sum, x);
  });
}

namespace {
/// The gradient of one element of a pool's input.
class PoolElementGradient {
public:
  PoolElementGradient(ElementBuilder &builder, PoolGradOp op,
                      ArrayRef<Value> at)
      : builder(builder), emit(builder), op(op), at(at),
        type(computeType(typeOf(op.getResult()).getElementType())),
        window(builder, op.getStrides(), op.getDilations(), op.getPadLow(),
               shapeOf(op.getInput()).drop_front(2)) {}

  /// What all windows that read the element give it.
  Value sum() {
    SmallVector<Value> taps;
    return loopNest(builder, op.getWindow(), taps,
                    emit.neutral(Reduction::Sum, type), [&](Value sum) {
                      return emit.accumulate(Reduction::Sum, sum,
                                             through(taps));
                    });
  }

private:
  /// What the window gives that reads the element at these taps, if one does.
  Value through(ArrayRef<Value> taps) {
    OpBuilder &b = builder.builder;
    Location loc = builder.loc;
    Value exists;
    SmallVector<Value> result(at.take_front(2));
    for (size_t dim = 0; dim < taps.size(); ++dim) {
      Value back = arith::MulIOp::create(b, loc, taps[dim],
                                         builder.index(op.getDilations()[dim]));
      Value reached = arith::AddIOp::create(b, loc, at[2 + dim],
                                            builder.index(op.getPadLow()[dim]));
      // Below 0 the difference wraps around to a window too far away.
      reached = arith::SubIOp::create(b, loc, reached, back);
      Value stride = builder.index(op.getStrides()[dim]);
      Value place = arith::DivUIOp::create(b, loc, reached, stride);
      Value rest = arith::RemUIOp::create(b, loc, reached, stride);
      Value hits = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, rest,
                                         builder.index(0));
      int64_t count = shapeOf(op.getResultGrad())[2 + dim];
      Value inside = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult,
                                           place, builder.index(count));
      hits = arith::AndIOp::create(b, loc, hits, inside);
      exists =
          exists ? Value(arith::AndIOp::create(b, loc, exists, hits)) : hits;
      result.push_back(place);
    }
    return builder.choose(
        exists, type,
        [&] {
          ArrayRef<int64_t> shape = shapeOf(op.getResultGrad());
          Value dy =
              builder.read(op.getResultGrad(), builder.at(shape, result));
          return share(dy, result, builder.linear(op.getWindow(), taps));
        },
        [&] { return emit.neutral(Reduction::Sum, type); });
  }

  /// What the window at `result` gives to its place `own`, a flat number.
  Value share(Value dy, ArrayRef<Value> result, Value own) {
    switch (op.getKind()) {
    case Reduction::Sum:
      return dy;
    case Reduction::Prod:
      return emit.mul(dy, productOfOthers(result, own));
    case Reduction::Max:
    case Reduction::Min:
      return emit.select(isExtreme(result, own), dy, emit.like(dy, 0));
    }
    llvm_unreachable("all reductions are listed");
  }

  Value read(ArrayRef<Value> result, ArrayRef<Value> taps, Value outside) {
    return window.read(op.getInput(), {at[0], at[1]}, result.drop_front(2),
                       taps, outside);
  }

  Value isSame(Value x, Value y) {
    return arith::CmpIOp::create(builder.builder, builder.loc,
                                 arith::CmpIPredicate::eq, x, y);
  }

  Value productOfOthers(ArrayRef<Value> result, Value own) {
    Value one = emit.neutral(Reduction::Prod, type);
    SmallVector<Value> taps;
    return loopNest(builder, op.getWindow(), taps, one, [&](Value product) {
      Value x = read(result, taps, one);
      Value place = builder.linear(op.getWindow(), taps);
      x = emit.select(isSame(place, own), one, x);
      return emit.accumulate(Reduction::Prod, product, x);
    });
  }

  /// Whether no place is better, and none before as good; NaN is best.
  Value isExtreme(ArrayRef<Value> result, Value own) {
    ArrayRef<int64_t> shape = shapeOf(op.getInput());
    Value mine = builder.read(op.getInput(), builder.at(shape, at));
    Value mineIsNan = emit.isNan(mine);
    auto truth = [&](bool value) -> Value {
      return arith::ConstantOp::create(builder.builder, builder.loc,
                                       builder.builder.getBoolAttr(value));
    };
    auto isBeatenBy = [&](Value x, Value place) {
      Value isNan = emit.isNan(x);
      Value better =
          op.getKind() == Reduction::Max ? emit.gt(x, mine) : emit.lt(x, mine);
      better = emit.select(mineIsNan, truth(false), emit.bitOr(better, isNan));
      Value equal = emit.bitOr(emit.compare(Comparison::Eq, x, mine),
                               emit.bitAnd(isNan, mineIsNan));
      Value isBefore = arith::CmpIOp::create(
          builder.builder, builder.loc, arith::CmpIPredicate::ult, place, own);
      return emit.bitOr(better, emit.bitAnd(equal, isBefore));
    };
    SmallVector<Value> taps;
    Value beaten = loopNest(
        builder, op.getWindow(), taps, truth(false), [&](Value before) {
          Value place = builder.linear(op.getWindow(), taps);
          Value now = window.at(
              {at[0], at[1]}, result.drop_front(2), taps, truth(false),
              [&](ArrayRef<Value> index) {
                return isBeatenBy(
                    builder.read(op.getInput(), builder.at(shape, index)),
                    place);
              });
          return emit.bitOr(before, now);
        });
    return emit.select(beaten, truth(false), truth(true));
  }

  ElementBuilder &builder;
  Emit emit;
  PoolGradOp op;
  ArrayRef<Value> at;
  Type type;
  Window window;
};
} // namespace

Value PoolGradOp::emitElement(ElementBuilder &builder, const Position &at) {
  SmallVector<Value> index = builder.indices(at);
  return PoolElementGradient(builder, *this, index).sum();
}
