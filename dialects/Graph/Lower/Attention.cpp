//===- Attention.cpp - Elements of attention and rotary ---------*- C++ -*-===//

#include "dialects/Graph/Lower/Lower.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;

LoweringKind AttentionOp::getLoweringKind() { return LoweringKind::Heavy; }
LoweringKind RotaryOp::getLoweringKind() { return LoweringKind::Cheap; }
bool AttentionOp::rereads(unsigned) { return true; }
bool RotaryOp::rereads(unsigned operand) { return true; }

namespace {
/// One query against all keys, in the op's compute type, with the running
/// maximum and sum of the online softmax (Milakov and Gimelshein, 2018).
class Query {
public:
  Query(ElementBuilder &builder, AttentionOp op, ArrayRef<Value> result)
      : builder(builder), emit(builder), op(op), result(result),
        type(computeType(typeOf(op.getResult()).getElementType())) {
    Value perGroup =
        builder.index(shapeOf(op.getQuery())[1] / shapeOf(op.getKey())[1]);
    keyHead = arith::DivUIOp::create(builder.builder, builder.loc, result[1],
                                     perGroup);
  }

  Value element() {
    int64_t keys = shapeOf(op.getKey())[2];
    Value none = emit.lowest(type), zero = builder.number(type, 0);
    SmallVector<Value> end = builder.loop(
        keys, {none, zero, zero},
        [&](Value key, ArrayRef<Value> carried) -> SmallVector<Value> {
          Value score = maskedScore(key);
          Value max = emit.max(carried[0], score);
          // While nothing was seen the differences are not numbers.
          Value unseen = emit.compare(Comparison::Eq, max, none);
          Value base = emit.select(unseen, zero, max);
          Value rescale = emit.exp(emit.sub(carried[0], base));
          Value weight = emit.exp(emit.sub(score, base));
          Value v = builder.read(
              op.getValue(), builder.at(shapeOf(op.getValue()),
                                        {result[0], keyHead, key, result[3]}));
          return {max, emit.add(emit.mul(carried[1], rescale), weight),
                  emit.add(emit.mul(carried[2], rescale), emit.mul(weight, v))};
        });
    Value empty = emit.compare(Comparison::Eq, end[1], zero);
    Value sum = emit.select(empty, builder.number(type, 1), end[1]);
    return emit.select(empty, zero, emit.div(end[2], sum));
  }

private:
  Value maskedScore(Value key) {
    ArrayRef<int64_t> q = shapeOf(op.getQuery()), k = shapeOf(op.getKey());
    Value score = builder.loop(
        q[3], builder.number(type, 0),
        [&](Value feature, ArrayRef<Value> carried) -> SmallVector<Value> {
          Value x = builder.read(
              op.getQuery(),
              builder.at(q, {result[0], result[1], result[2], feature}));
          Value y = builder.read(
              op.getKey(), builder.at(k, {result[0], keyHead, key, feature}));
          return {emit.accumulate(Reduction::Sum, carried[0], emit.mul(x, y))};
        })[0];
    score =
        emit.mul(score, builder.number(type, op.getScale().convertToDouble()));
    double cap = op.getSoftcap().convertToDouble();
    if (cap > 0)
      score = emit.mul(emit.tanh(emit.div(score, builder.number(type, cap))),
                       builder.number(type, cap));
    if (Value mask = op.getMask())
      score = applyMask(score, mask, key);
    return hide(score, key, k[2] - q[2]);
  }

  Value applyMask(Value score, Value mask, Value key) {
    SmallVector<Value> index = {result[0], result[1], result[2], key};
    for (int64_t dim = 0; dim < 3; ++dim)
      if (shapeOf(mask)[dim] == 1)
        index[dim] = builder.index(0);
    Value entry = builder.read(mask, builder.at(shapeOf(mask), index));
    if (emit.isFloat(entry))
      return emit.add(score, emit.widen(entry, type));
    return emit.select(entry, score, emit.lowest(type));
  }

  Value hide(Value score, Value key, int64_t offset) {
    OpBuilder &b = builder.builder;
    auto past = [&](arith::CmpIPredicate predicate, int64_t shift) {
      Value limit = arith::AddIOp::create(b, builder.loc, result[2],
                                          builder.index(shift));
      Value hidden =
          arith::CmpIOp::create(b, builder.loc, predicate, key, limit);
      score = emit.select(hidden, emit.lowest(type), score);
    };
    int64_t window = op.getWindow();
    if (op.getCausal())
      past(arith::CmpIPredicate::sgt, offset);
    if (window > 0)
      past(arith::CmpIPredicate::sle, offset - window);
    return score;
  }

  ElementBuilder &builder;
  Emit emit;
  AttentionOp op;
  ArrayRef<Value> result;
  Type type;
  Value keyHead;
};
} // namespace

Value AttentionOp::emitElement(ElementBuilder &builder, const Position &at) {
  SmallVector<Value> result = builder.indices(at);
  return Query(builder, *this, result).element();
}

/// The index of cos or sin for a pair of the input's last dimension.
static Value angle(ElementBuilder &builder, Value table, ArrayRef<Value> index,
                   Value pair) {
  ArrayRef<int64_t> shape = shapeOf(table);
  SmallVector<Value> at(index.take_back(shape.size()));
  for (auto [value, size] : llvm::zip_equal(at, shape))
    if (size == 1)
      value = builder.index(0);
  at.back() = pair;
  return builder.read(table, builder.at(shape, at));
}

Value RotaryOp::emitElement(ElementBuilder &builder, const Position &at) {
  OpBuilder &b = builder.builder;
  Location loc = builder.loc;
  Emit emit(builder);
  SmallVector<Value> index = builder.indices(at);
  int64_t pairs = shapeOf(getCos()).back();
  int64_t features = shapeOf(getInput()).back();
  Type type = computeType(typeOf(getResult()).getElementType());
  Value feature = index.back();
  Value x = builder.read(getInput(), at);
  auto other = [&](Value position) {
    SmallVector<Value> partner = index;
    partner.back() = position;
    return builder.read(getInput(), builder.at(shapeOf(getInput()), partner));
  };
  auto angles = [&](Value table, Value pair) {
    return emit.widen(angle(builder, table, index, pair), type);
  };
  auto arithmetic = [&](auto op, Value l, int64_t r) -> Value {
    return decltype(op)::create(b, loc, l, builder.index(r));
  };
  // b·cos + a·sin, or a·cos - b·sin with sin's sign turned.
  auto rotate = [&](Value partner, Value pair, Value sign) {
    Value sine = emit.mul(angles(getSin(), pair), sign);
    return emit.add(emit.mul(x, angles(getCos(), pair)),
                    emit.mul(partner, sine));
  };
  Value plus = builder.number(type, 1), minus = builder.number(type, -1);
  auto below = [&](int64_t limit) -> Value {
    return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult, feature,
                                 builder.index(limit));
  };
  auto rotated = [&]() -> Value {
    if (getInterleaved()) {
      Value pair = arithmetic(arith::DivUIOp(), feature, 2);
      Value bit = arithmetic(arith::AndIOp(), feature, 1);
      Value isFirst = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq,
                                            bit, builder.index(0));
      Value partner = arithmetic(arith::XOrIOp(), feature, 1);
      return rotate(other(partner), pair, emit.select(isFirst, minus, plus));
    }
    return builder.choose(
        below(pairs), type,
        [&] {
          Value partner = arithmetic(arith::AddIOp(), feature, pairs);
          return rotate(other(partner), feature, minus);
        },
        [&] {
          Value partner = arithmetic(arith::SubIOp(), feature, pairs);
          return rotate(other(partner), partner, plus);
        });
  };
  if (2 * pairs == features)
    return rotated();
  return builder.choose(below(2 * pairs), type, rotated, [&] { return x; });
}
