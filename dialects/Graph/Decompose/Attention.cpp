//===- Attention.cpp - Attention and its gradient by other ops --*- C++ -*-===//
//
// The scores of all queries and keys are values of the program here, in
// B×H×S×T. Grouped heads are products with heads as (key head, head of its
// group), so that keys and values are not repeated. A rank that has a head has
// all it adds up, so that in a reproducible module each sum is one leaf.
//
//===----------------------------------------------------------------------===//
#include "dialects/Graph/Graph.h"
#include "dialects/Graph/Sharding/Local.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;

namespace {
using Dims = ArrayRef<int64_t>;

/// The ops that attention is made of, at one place.
class Composer {
public:
  Composer(OpBuilder &builder, Operation *op)
      : builder(builder), loc(op->getLoc()),
        isReproducible(dist::isReproducible(op)) {}

  static RankedTensorType like(Value x, Dims shape) {
    return RankedTensorType::get(shape, typeOf(x).getElementType());
  }
  Value number(Value like, double value) {
    return splat(builder, loc, typeOf(like), value);
  }
  template <typename Op> Value unary(Value x) {
    return Op::create(builder, loc, typeOf(x), x);
  }
  template <typename Op> Value binary(Value x, Value y) {
    return Op::create(builder, loc, typeOf(x), x, y);
  }
  Value scaled(Value x, double factor) {
    return binary<MulOp>(x, number(x, factor));
  }
  Value compare(Comparison comparison, Value x, Value y) {
    auto truth = RankedTensorType::get(shapeOf(x), builder.getI1Type());
    return CompareOp::create(builder, loc, truth, comparison, x, y);
  }
  Value select(Value condition, Value x, Value y) {
    return SelectOp::create(builder, loc, typeOf(x), condition, x, y);
  }
  Value reshape(Value x, Dims shape) {
    return shapeOf(x) == shape
               ? x
               : ReshapeOp::create(builder, loc, like(x, shape), x).getResult();
  }
  Value broadcast(Value x, Dims shape, Dims dims) {
    return BroadcastOp::create(builder, loc, like(x, shape), x, dims);
  }
  Value iota(Dims shape, int64_t dim) {
    auto type = RankedTensorType::get(shape, builder.getI64Type());
    return IotaOp::create(builder, loc, type, dim);
  }
  Value cast(Value x, Type element) {
    RankedTensorType type = typeOf(x).clone(element);
    return type == typeOf(x)
               ? x
               : CastOp::create(builder, loc, type, x).getResult();
  }
  Value reduceLast(Reduction kind, Value x) {
    auto op = ReduceOp::create(builder, loc, like(x, shapeOf(x).drop_back()),
                               kind, x, Dims{rankOf(x) - 1});
    return kind == Reduction::Sum ? addedUp(op) : op.getResult();
  }
  /// The product with dimensions 0 and 1 as batch.
  Value dot(Value x, Value y, Dims contractX, Dims contractY) {
    SmallVector<int64_t> shape(shapeOf(x).take_front(2));
    for (auto [value, contract] : {std::pair(x, contractX), {y, contractY}})
      for (int64_t dim = 2; dim < rankOf(value); ++dim)
        if (!llvm::is_contained(contract, dim))
          shape.push_back(shapeOf(value)[dim]);
    return addedUp(DotOp::create(builder, loc, like(x, shape), x, y, Dims{0, 1},
                                 Dims{0, 1}, contractX, contractY));
  }

  OpBuilder &builder;
  Location loc;

private:
  Value addedUp(Operation *op) {
    if (isReproducible)
      op->setAttr(dist::kLeavesAttr, builder.getI64IntegerAttr(1));
    return op->getResult(0);
  }

  bool isReproducible;
};

/// What attention and its gradient have alike.
template <typename Op> class Scores : public Composer {
public:
  Scores(OpBuilder &builder, Op op)
      : Composer(builder, op), op(op), q(shapeOf(op.getQuery())),
        k(shapeOf(op.getKey())), all({q[0], q[1], q[2], k[2]}) {
    Value scores = merge(dot(split(op.getQuery()), op.getKey(), {4}, {3}));
    scores = scaled(scores, op.getScale().convertToDouble());
    if (double cap = op.getSoftcap().convertToDouble(); cap > 0) {
      bent = unary<TanhOp>(binary<DivOp>(scores, number(scores, cap)));
      scores = scaled(bent, cap);
    }
    none = number(scores, -std::numeric_limits<double>::infinity());
    masked = hide(mask(scores));
  }

  /// B×H×… as B×K×G×….
  Value split(Value x) {
    SmallVector<int64_t> shape = {q[0], k[1], q[1] / k[1]};
    llvm::append_range(shape, shapeOf(x).drop_front(2));
    return reshape(x, shape);
  }
  /// B×K×G×… as B×H×….
  Value merge(Value x) {
    SmallVector<int64_t> shape = {q[0], q[1]};
    llvm::append_range(shape, shapeOf(x).drop_front(3));
    return reshape(x, shape);
  }
  /// The weights, or their gradient, without those that are dropped.
  Value drop(Value x) {
    return op.getDrop()
               ? DropoutOp::create(builder, loc, typeOf(x), x, op.getCounters(),
                                   op.getStep(), op.getDropAttr())
                     .getResult()
               : x;
  }
  /// A number for each query on all keys.
  Value overKeys(Value x) {
    return broadcast(cast(x, typeOf(masked).getElementType()), all, {0, 1, 2});
  }

  Op op;
  Dims q, k;
  SmallVector<int64_t> all;
  /// Scores with softcap and mask; minus infinity everywhere; tanh of the
  /// scores over softcap, if there is one.
  Value masked, none, bent;

private:
  Value mask(Value scores) {
    Value mask = op.getMask();
    if (!mask)
      return scores;
    SmallVector<int64_t> kept, dims;
    for (auto [dim, size] : llvm::enumerate(shapeOf(mask)))
      if (size == all[dim]) {
        kept.push_back(size);
        dims.push_back(dim);
      }
    mask = broadcast(reshape(mask, kept), all, dims);
    return typeOf(mask).getElementType().isInteger(1)
               ? select(mask, scores, none)
               : binary<AddOp>(scores, mask);
  }

  Value hide(Value scores) {
    if (!op.getCausal())
      return scores;
    Value query = iota(all, 2), key = iota(all, 3);
    auto last = [&](int64_t shift) {
      return binary<AddOp>(query, number(query, k[2] - q[2] - shift));
    };
    scores = select(compare(Comparison::Le, key, last(0)), scores, none);
    if (int64_t window = op.getWindow(); window > 0)
      scores = select(compare(Comparison::Gt, key, last(window)), scores, none);
    return scores;
  }
};
} // namespace

SmallVector<Value> AttentionOp::decompose(OpBuilder &builder) {
  Scores<AttentionOp> s(builder, *this);
  Value highest = s.reduceLast(Reduction::Max, s.masked);
  // Where no key is seen, differences to it are not numbers.
  Value unseen =
      s.compare(Comparison::Eq, highest,
                s.number(highest, -std::numeric_limits<double>::infinity()));
  Value base = s.select(unseen, s.number(highest, 0), highest);
  Value powers = s.unary<ExpOp>(s.binary<SubOp>(s.masked, s.overKeys(base)));
  Value total = s.reduceLast(Reduction::Sum, powers);
  Value divisor = s.select(unseen, s.number(total, 1), total);
  Value weights = s.binary<DivOp>(powers, s.overKeys(divisor));
  Value result = s.merge(s.dot(s.split(s.drop(weights)), getValue(), {4}, {2}));
  if (!getLse())
    return {result};
  Value lse = s.binary<AddOp>(s.unary<LogOp>(total), base);
  return {result, s.cast(lse, typeOf(getLse()).getElementType())};
}

SmallVector<Value> AttentionGradOp::decompose(OpBuilder &builder) {
  Scores<AttentionGradOp> s(builder, *this);
  Value hidden = s.compare(Comparison::Eq, s.masked, s.none);
  Value weights =
      s.unary<ExpOp>(s.binary<SubOp>(s.masked, s.overKeys(getLse())));
  Value zero = s.number(weights, 0);
  weights = s.select(hidden, zero, weights);
  Value resultGrad = s.split(getResultGrad());
  Value weightGrad = s.drop(s.merge(s.dot(resultGrad, getValue(), {4}, {3})));
  Value scoreGrad = s.binary<MulOp>(
      weights, s.binary<SubOp>(weightGrad, s.overKeys(getDelta())));
  if (s.bent) {
    Value square = s.binary<MulOp>(s.bent, s.bent);
    scoreGrad = s.binary<MulOp>(scoreGrad,
                                s.binary<SubOp>(s.number(square, 1), square));
  }
  scoreGrad = s.scaled(scoreGrad, getScale().convertToDouble());
  // What does not weigh counts for nothing, whatever delta is.
  scoreGrad = s.split(s.select(hidden, zero, scoreGrad));
  return {s.merge(s.dot(scoreGrad, getKey(), {4}, {2})),
          s.dot(scoreGrad, s.split(getQuery()), {2, 3}, {2, 3}),
          s.dot(s.split(s.drop(weights)), resultGrad, {2, 3}, {2, 3})};
}
