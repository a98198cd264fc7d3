//===- Pooling.cpp - Elements of pools and of their gradients ---*- C++ -*-===//
//
// Small windows are written out tap by tap, with positions clamped to what
// there is instead of branches around reads: so the loop over neighbours that
// is around them becomes one of vectors. An element's gradient is gathered from
// the windows that read it, by the taps with which they do, in order.
//
//===----------------------------------------------------------------------===//
#include "dialects/Graph/Lower/Lower.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;

LoweringKind PoolOp::getLoweringKind() { return LoweringKind::Heavy; }
LoweringKind PoolGradOp::getLoweringKind() { return LoweringKind::Heavy; }
LoweringKind PoolPlaceOp::getLoweringKind() { return LoweringKind::Heavy; }
LoweringKind UnpoolOp::getLoweringKind() { return LoweringKind::Heavy; }
bool PoolOp::rereads(unsigned) { return true; }
bool PoolGradOp::rereads(unsigned) { return true; }
bool PoolPlaceOp::rereads(unsigned) { return true; }
bool UnpoolOp::rereads(unsigned) { return true; }

/// How many taps are written out rather than looped over. More would be pages
/// of code, which take seconds to compile.
static constexpr int64_t kMostTaps = 128;

namespace {
/// Arithmetic on indices, which counts below zero too.
class Indices {
public:
  explicit Indices(ElementBuilder &elements)
      : elements(elements), b(elements.builder), loc(elements.loc) {}

  Value add(Value x, Value y) { return arith::AddIOp::create(b, loc, x, y); }
  Value sub(Value x, Value y) { return arith::SubIOp::create(b, loc, x, y); }
  Value add(Value x, int64_t y) {
    return y == 0 ? x : add(x, elements.index(y));
  }
  Value times(Value x, int64_t y) {
    return y == 1 ? x : arith::MulIOp::create(b, loc, x, elements.index(y));
  }
  Value quotient(Value x, int64_t y) {
    return y == 1 ? x : arith::DivSIOp::create(b, loc, x, elements.index(y));
  }
  Value clamp(Value x, int64_t size) {
    x = arith::MaxSIOp::create(b, loc, x, elements.index(0));
    return arith::MinSIOp::create(b, loc, x, elements.index(size - 1));
  }
  Value isInside(Value x, int64_t size) {
    // Below 0 it wraps around and is too large as well.
    return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult, x,
                                 elements.index(size));
  }
  Value isEqual(Value x, Value y) {
    return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, x, y);
  }
  /// Nothing stands for what always holds.
  Value both(Value x, Value y) {
    return !x ? y : !y ? x : arith::AndIOp::create(b, loc, x, y);
  }
  Value number(Value index) {
    return arith::IndexCastOp::create(b, loc, b.getI32Type(), index);
  }

private:
  ElementBuilder &elements;
  OpBuilder &b;
  Location loc;
};
} // namespace

using TapBody = function_ref<SmallVector<Value>(ArrayRef<Value> taps,
                                                ArrayRef<Value> carried)>;

/// Carries values through all `counts` taps, in order: written out, or in loops
/// over the first dimensions. Where the body looks at taps itself, `taps` says
/// at how many.
static SmallVector<Value> forEachTap(ElementBuilder &builder,
                                     ArrayRef<int64_t> counts, int64_t taps,
                                     ArrayRef<Value> carried, TapBody body) {
  if (counts.empty())
    return body({}, carried);
  auto step = [&](Value tap, ArrayRef<Value> carried) {
    auto withTap = [&](ArrayRef<Value> rest, ArrayRef<Value> carried) {
      SmallVector<Value> at = {tap};
      llvm::append_range(at, rest);
      return body(at, carried);
    };
    return forEachTap(builder, counts.drop_front(), taps, carried, withTap);
  };
  if (computeProduct(counts) * taps > kMostTaps)
    return builder.loop(counts[0], carried, step);
  SmallVector<Value> values(carried);
  for (int64_t tap = 0; tap < counts[0]; ++tap)
    values = step(builder.index(tap), values);
  return values;
}

/// What the window at `result` reads at `taps`, an element of `input` that is
/// there in any case, and whether it is the one: nothing if it always is.
template <typename Op>
static std::pair<Value, Value> readTap(ElementBuilder &builder, Op op,
                                       ArrayRef<Value> result,
                                       ArrayRef<Value> taps) {
  Indices indices(builder);
  Value input = op.getInput(), valid;
  SmallVector<Value> index(result.begin(), result.begin() + 2);
  for (auto [dim, size] : llvm::enumerate(shapeOf(input).drop_front(2))) {
    Value position =
        indices.add(indices.times(result[2 + dim], op.getStrides()[dim]),
                    indices.times(taps[dim], op.getDilations()[dim]));
    position = indices.add(position, -op.getPadLow()[dim]);
    if (op.getPadLow()[dim] > 0 || op.getPadHigh()[dim] > 0) {
      valid = indices.both(valid, indices.isInside(position, size));
      position = indices.clamp(position, size);
    }
    index.push_back(position);
  }
  return {builder.read(input, builder.at(shapeOf(input), index)), valid};
}

/// Whether all that windows read is padding.
static bool readsNothing(Value input) {
  return llvm::is_contained(shapeOf(input).drop_front(2), 0);
}

Value PoolOp::emitElement(ElementBuilder &builder, const Position &at) {
  Emit emit(builder);
  Type type = computeType(typeOf(getResult()).getElementType());
  Value neutral = emit.neutral(getKind(), type);
  if (readsNothing(getInput()))
    return neutral;
  SmallVector<Value> result = builder.indices(at);
  auto step = [&](ArrayRef<Value> taps, ArrayRef<Value> carried) {
    auto [x, valid] = readTap(builder, *this, result, taps);
    if (valid)
      x = emit.select(valid, x, neutral);
    return SmallVector<Value>{emit.accumulate(getKind(), carried[0], x)};
  };
  return forEachTap(builder, getWindow(), 1, {neutral}, step)[0];
}

Value PoolPlaceOp::emitElement(ElementBuilder &builder, const Position &at) {
  Emit emit(builder);
  Indices indices(builder);
  Value none = builder.integer(builder.builder.getI32Type(), -1);
  if (readsNothing(getInput()))
    return none;
  SmallVector<Value> result = builder.indices(at);
  auto step = [&](ArrayRef<Value> taps, ArrayRef<Value> carried) {
    Value best = carried[0], place = carried[1];
    auto [x, valid] = readTap(builder, *this, result, taps);
    Value isMore =
        getKind() == Reduction::Max ? emit.gt(x, best) : emit.lt(x, best);
    Value takes = emit.bitAnd(emit.bitOr(isMore, emit.isNan(x)),
                              emit.compare(Comparison::Eq, best, best));
    takes = emit.bitOr(takes, emit.compare(Comparison::Eq, place, none));
    takes = indices.both(takes, valid);
    Value number = indices.number(builder.linear(getWindow(), taps));
    return SmallVector<Value>{emit.select(takes, x, best),
                              emit.select(takes, number, place)};
  };
  Type type = computeType(typeOf(getInput()).getElementType());
  return forEachTap(builder, getWindow(), 1, {builder.number(type, 0), none},
                    step)[1];
}

namespace {
/// The windows that may read a position along one dimension. Where nothing is
/// dilated they are neighbours, else the window is tried tap by tap.
class Candidates {
public:
  template <typename Op>
  Candidates(ElementBuilder &builder, Op op, ArrayRef<int64_t> windows,
             size_t dim)
      : indices(builder), window(op.getWindow()[dim]),
        stride(op.getStrides()[dim]), dilation(op.getDilations()[dim]),
        low(op.getPadLow()[dim]), windows(windows[2 + dim]) {}

  int64_t count() const {
    return dilation == 1 ? llvm::divideCeil(window, stride) : window;
  }

  /// The window, the tap at which it reads `position`, and whether it does.
  std::tuple<Value, Value, Value> at(Value position, Value candidate) {
    Value reached = indices.add(position, low), place, tap, valid;
    if (dilation == 1) {
      place = indices.sub(indices.quotient(reached, stride), candidate);
      tap = indices.sub(reached, indices.times(place, stride));
      if (window % stride != 0)
        valid = indices.isInside(tap, window);
    } else {
      tap = candidate;
      reached = indices.sub(reached, indices.times(tap, dilation));
      place = indices.quotient(reached, stride);
      valid = indices.isEqual(indices.times(place, stride), reached);
    }
    valid = indices.both(valid, indices.isInside(place, windows));
    // A tap out of the window would be another's number.
    return {indices.clamp(place, windows), tap, valid};
  }

private:
  Indices indices;
  int64_t window, stride, dilation, low, windows;
};

/// What a window, read where it is, gives to its own place at these taps.
using Share = function_ref<Value(ArrayRef<Value> window, ArrayRef<Value> own)>;
} // namespace

/// The sum of what all windows that read the element give it. For each share
/// so many `taps` are looked at.
template <typename Op>
static Value sumOverWindows(ElementBuilder &builder, Op op, Value windows,
                            const Position &at, int64_t taps, Share share) {
  Emit emit(builder);
  Indices indices(builder);
  ArrayRef<int64_t> shape = shapeOf(windows);
  Type type = computeType(typeOf(op.getResult()).getElementType());
  Value zero = emit.neutral(Reduction::Sum, type);
  if (readsNothing(windows))
    return zero;
  SmallVector<Value> position = builder.indices(at);
  SmallVector<Candidates> dims;
  SmallVector<int64_t> counts;
  for (size_t dim = 0; dim + 2 < shape.size(); ++dim) {
    dims.emplace_back(builder, op, shape, dim);
    counts.push_back(dims.back().count());
  }
  auto step = [&](ArrayRef<Value> candidates, ArrayRef<Value> carried) {
    SmallVector<Value> window(position.begin(), position.begin() + 2), own;
    Value valid;
    for (auto [dim, candidate] : llvm::enumerate(candidates)) {
      auto [place, tap, exists] = dims[dim].at(position[2 + dim], candidate);
      window.push_back(place);
      own.push_back(tap);
      valid = indices.both(valid, exists);
    }
    Value term = emit.select(valid, share(window, own), zero);
    return SmallVector<Value>{
        emit.accumulate(Reduction::Sum, carried[0], term)};
  };
  return forEachTap(builder, counts, taps, {zero}, step)[0];
}

Value UnpoolOp::emitElement(ElementBuilder &builder, const Position &at) {
  Emit emit(builder);
  Indices indices(builder);
  auto share = [&](ArrayRef<Value> window, ArrayRef<Value> own) {
    Position place = builder.at(shapeOf(getInput()), window);
    Value number = indices.number(builder.linear(getWindow(), own));
    Value dy = builder.read(getInput(), place);
    return emit.select(
        indices.isEqual(builder.read(getPlaces(), place), number), dy,
        emit.like(dy, 0));
  };
  return sumOverWindows(builder, *this, getInput(), at, 1, share);
}

Value PoolGradOp::emitElement(ElementBuilder &builder, const Position &at) {
  Emit emit(builder);
  Indices indices(builder);
  auto share = [&](ArrayRef<Value> window, ArrayRef<Value> own) {
    Value dy = builder.read(getResultGrad(),
                            builder.at(shapeOf(getResultGrad()), window));
    if (getKind() == Reduction::Sum)
      return dy;
    Value number = builder.linear(getWindow(), own), one = emit.like(dy, 1);
    auto step = [&](ArrayRef<Value> taps, ArrayRef<Value> carried) {
      auto [x, valid] = readTap(builder, *this, window, taps);
      Value isOwn = indices.isEqual(builder.linear(getWindow(), taps), number);
      x = emit.select(isOwn, one, x);
      if (valid)
        x = emit.select(valid, x, one);
      return SmallVector<Value>{
          emit.accumulate(Reduction::Prod, carried[0], x)};
    };
    return emit.mul(dy, forEachTap(builder, getWindow(), 1, {one}, step)[0]);
  };
  int64_t taps = getKind() == Reduction::Sum ? 1 : computeProduct(getWindow());
  return sumOverWindows(builder, *this, getResultGrad(), at, taps, share);
}
