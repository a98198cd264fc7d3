//===- Scalar.cpp - Scalar operations for all compute types -----*- C++ -*-===//

#include "dialects/Graph/Lower/Lower.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;

Value Emit::like(Value x, double value) {
  if (isFloat(x))
    return arith::ConstantOp::create(builder, loc,
                                     builder.getFloatAttr(x.getType(), value));
  unsigned width = cast<IntegerType>(x.getType()).getWidth();
  APInt number(width, static_cast<int64_t>(value), /*isSigned=*/true,
               /*implicitTrunc=*/true);
  return arith::ConstantOp::create(builder, loc,
                                   builder.getIntegerAttr(x.getType(), number));
}

static Value extreme(OpBuilder &builder, Location loc, Type type, bool lowest) {
  TypedAttr attr;
  if (auto floating = dyn_cast<FloatType>(type))
    attr = builder.getFloatAttr(
        type, APFloat::getInf(floating.getFloatSemantics(), lowest));
  else
    attr = builder.getIntegerAttr(
        type, lowest ? APInt::getSignedMinValue(type.getIntOrFloatBitWidth())
                     : APInt::getSignedMaxValue(type.getIntOrFloatBitWidth()));
  return arith::ConstantOp::create(builder, loc, attr);
}
Value Emit::lowest(Type type) { return extreme(builder, loc, type, true); }
Value Emit::highest(Type type) { return extreme(builder, loc, type, false); }

Value Emit::neg(Value x) {
  if (isFloat(x))
    return arith::NegFOp::create(builder, loc, x);
  return arith::SubIOp::create(builder, loc, like(x, 0), x);
}

Value Emit::abs(Value x) {
  if (isFloat(x))
    return math::AbsFOp::create(builder, loc, x);
  return math::AbsIOp::create(builder, loc, x);
}

#define VESCALE_MATH(NAME, OP)                                                 \
  Value Emit::NAME(Value x) { return math::OP::create(builder, loc, x); }
VESCALE_MATH(exp, ExpOp)
VESCALE_MATH(log, LogOp)
VESCALE_MATH(sqrt, SqrtOp)
VESCALE_MATH(tanh, TanhOp)
VESCALE_MATH(erf, ErfOp)
VESCALE_MATH(sin, SinOp)
VESCALE_MATH(cos, CosOp)
VESCALE_MATH(floor, FloorOp)
VESCALE_MATH(ceil, CeilOp)
VESCALE_MATH(round, RoundEvenOp)

Value Emit::isNan(Value x) {
  return arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::UNO, x, x);
}

/// Products and sums may contract to fused multiply-adds, unless whether they
/// do could depend on what is fused with what.
static arith::FastMathFlags contraction(bool reproducible) {
  return reproducible ? arith::FastMathFlags::none
                      : arith::FastMathFlags::contract;
}

#define VESCALE_ARITH(NAME, FLOAT_OP, INT_OP)                                  \
  Value Emit::NAME(Value x, Value y) {                                         \
    if (isFloat(x))                                                            \
      return arith::FLOAT_OP::create(builder, loc, x, y,                       \
                                     contraction(reproducible));               \
    return arith::INT_OP::create(builder, loc, x, y);                          \
  }
VESCALE_ARITH(add, AddFOp, AddIOp)
VESCALE_ARITH(sub, SubFOp, SubIOp)
VESCALE_ARITH(mul, MulFOp, MulIOp)

namespace {
/// Integer operands made safe to divide, and whether they were not.
struct Divisor {
  Value y, zero, overflow;
};
} // namespace

static Divisor safeDivisor(Emit &emit, Value x, Value y) {
  Value zero = emit.compare(Comparison::Eq, y, emit.like(y, 0));
  Value overflow =
      emit.bitAnd(emit.compare(Comparison::Eq, x, emit.lowest(x.getType())),
                  emit.compare(Comparison::Eq, y, emit.like(y, -1)));
  return {emit.select(emit.bitOr(zero, overflow), emit.like(y, 1), y), zero,
          overflow};
}

Value Emit::div(Value x, Value y) {
  if (isFloat(x))
    return arith::DivFOp::create(builder, loc, x, y);
  Divisor safe = safeDivisor(*this, x, y);
  Value quotient = arith::DivSIOp::create(builder, loc, x, safe.y);
  return select(safe.zero, like(x, 0), quotient);
}

Value Emit::rem(Value x, Value y) {
  if (isFloat(x))
    return arith::RemFOp::create(builder, loc, x, y);
  Divisor safe = safeDivisor(*this, x, y);
  Value remainder = arith::RemSIOp::create(builder, loc, x, safe.y);
  return select(safe.zero, x, remainder);
}

Value Emit::pow(Value x, Value y) {
  return math::PowFOp::create(builder, loc, x, y);
}

Value Emit::max(Value x, Value y) {
  if (isFloat(x))
    return arith::MaximumFOp::create(builder, loc, x, y);
  return arith::MaxSIOp::create(builder, loc, x, y);
}
Value Emit::min(Value x, Value y) {
  if (isFloat(x))
    return arith::MinimumFOp::create(builder, loc, x, y);
  return arith::MinSIOp::create(builder, loc, x, y);
}
Value Emit::bitAnd(Value x, Value y) {
  return arith::AndIOp::create(builder, loc, x, y);
}
Value Emit::bitOr(Value x, Value y) {
  return arith::OrIOp::create(builder, loc, x, y);
}
Value Emit::bitXor(Value x, Value y) {
  return arith::XOrIOp::create(builder, loc, x, y);
}

Value Emit::compare(Comparison comparison, Value x, Value y) {
  struct Predicates {
    arith::CmpFPredicate floats;
    arith::CmpIPredicate signedInts, truths;
  };
  using F = arith::CmpFPredicate;
  using I = arith::CmpIPredicate;
  static constexpr Predicates table[] = {
      {F::OEQ, I::eq, I::eq},   {F::UNE, I::ne, I::ne},
      {F::OLT, I::slt, I::ult}, {F::OLE, I::sle, I::ule},
      {F::OGT, I::sgt, I::ugt}, {F::OGE, I::sge, I::uge}};
  const Predicates &entry = table[static_cast<int>(comparison)];
  if (isFloat(x))
    return arith::CmpFOp::create(builder, loc, entry.floats, x, y);
  return arith::CmpIOp::create(
      builder, loc, x.getType().isInteger(1) ? entry.truths : entry.signedInts,
      x, y);
}

Value Emit::select(Value condition, Value x, Value y) {
  return arith::SelectOp::create(builder, loc, condition, x, y);
}

Value Emit::accumulate(Reduction kind, Value sum, Value term) {
  auto flags = arith::FastMathFlags::none;
  if (!reproducible)
    flags = arith::FastMathFlags::contract | arith::FastMathFlags::reassoc;
  switch (kind) {
  case Reduction::Sum:
    if (isFloat(sum))
      return arith::AddFOp::create(builder, loc, sum, term, flags);
    return add(sum, term);
  case Reduction::Prod:
    if (isFloat(sum))
      return arith::MulFOp::create(builder, loc, sum, term, flags);
    return mul(sum, term);
  case Reduction::Max:
    return max(sum, term);
  case Reduction::Min:
    return min(sum, term);
  }
  llvm_unreachable("all reductions are listed");
}

Value Emit::neutral(Reduction kind, Type type) {
  switch (kind) {
  case Reduction::Max:
    return lowest(type);
  case Reduction::Min:
    return highest(type);
  case Reduction::Sum:
  case Reduction::Prod:
    break;
  }
  int64_t value = kind == Reduction::Prod;
  if (isa<FloatType>(type))
    return arith::ConstantOp::create(builder, loc,
                                     builder.getFloatAttr(type, value));
  return arith::ConstantOp::create(builder, loc,
                                   builder.getIntegerAttr(type, value));
}

Value Emit::floatToInt(Value x, IntegerType type) {
  // Saturating: clamp to what fits, as floats; then replace what did not fit.
  unsigned width = type.getWidth();
  Value limit = like(x, std::ldexp(1.0, width - 1));
  Value low = compare(Comparison::Le, x, neg(limit));
  Value high = compare(Comparison::Ge, x, limit);
  Value outside = bitOr(bitOr(low, high), isNan(x));
  Value whole = arith::FPToSIOp::create(builder, loc, type,
                                        select(outside, like(x, 0), x));
  whole = select(low, lowest(type), whole);
  return select(high, highest(type), whole);
}

Value Emit::widen(Value x, Type type) {
  if (x.getType() == type)
    return x;
  unsigned from = x.getType().getIntOrFloatBitWidth();
  unsigned to = type.getIntOrFloatBitWidth();
  if (isa<FloatType>(type)) {
    if (isFloat(x)) {
      if (from < to)
        return arith::ExtFOp::create(builder, loc, type, x);
      return arith::TruncFOp::create(builder, loc, type, x);
    }
    if (from == 1)
      return arith::UIToFPOp::create(builder, loc, type, x);
    return arith::SIToFPOp::create(builder, loc, type, x);
  }
  if (to == 1)
    return compare(Comparison::Ne, x, like(x, 0));
  if (isFloat(x))
    return floatToInt(x, cast<IntegerType>(type));
  if (from == 1)
    return arith::ExtUIOp::create(builder, loc, type, x);
  if (from < to)
    return arith::ExtSIOp::create(builder, loc, type, x);
  return arith::TruncIOp::create(builder, loc, type, x);
}

/// f64 to f32 by rounding to odd: what is not exact gets a last bit of 1, so
/// that rounding once more, to fewer digits, gives what rounding once would
/// (Boldo and Melquiond, 2008).
Value Emit::toOddF32(Value x) {
  Type f32 = builder.getF32Type(), i32 = builder.getI32Type();
  Value near = arith::TruncFOp::create(builder, loc, f32, x);
  Value back = arith::ExtFOp::create(builder, loc, x.getType(), near);
  auto is = [&](arith::CmpFPredicate predicate, Value l, Value r) -> Value {
    return arith::CmpFOp::create(builder, loc, predicate, l, r);
  };
  auto count = [&](Value truth) -> Value {
    return arith::ExtUIOp::create(builder, loc, i32, truth);
  };
  Value inexact = is(arith::CmpFPredicate::ONE, back, x);
  Value above = is(arith::CmpFPredicate::OGT, abs(back), abs(x));
  Value bits = arith::BitcastOp::create(builder, loc, i32, near);
  bits = bitOr(sub(bits, count(above)), count(inexact));
  return arith::BitcastOp::create(builder, loc, f32, bits);
}

/// An integer of more than 53 bits as one of 53 that every f32 or narrower
/// number between which it lies keeps on its side.
Value Emit::shorten(Value x) {
  constexpr int64_t kept = int64_t(1) << 53, lost = int64_t(1) << 11;
  auto constant = [&](int64_t value) -> Value {
    return arith::ConstantOp::create(
        builder, loc, builder.getIntegerAttr(x.getType(), value));
  };
  Value sticky = select(
      compare(Comparison::Ne, bitAnd(x, constant(lost - 1)), constant(0)),
      constant(lost), constant(0));
  Value shortened = bitOr(bitAnd(x, constant(-lost)), sticky);
  Value large = bitOr(gt(x, constant(kept)), lt(x, constant(-kept)));
  return select(large, shortened, x);
}

Value Emit::convert(Value x, Type from, Type to) {
  Type compute = computeType(to);
  if (compute == to)
    return widen(x, to);
  // f16 and bf16 compute in f32, so the rounding is done here, by way of f32.
  unsigned width = from.getIntOrFloatBitWidth();
  if (isa<IntegerType>(from) && width > 16) {
    // More digits than f32 has.
    if (width > 32)
      x = shorten(x);
    x = widen(x, builder.getF64Type());
  }
  x = x.getType().isF64() ? toOddF32(x) : widen(x, compute);
  x = arith::TruncFOp::create(builder, loc, to, x);
  return arith::ExtFOp::create(builder, loc, compute, x);
}

Value Emit::toIndex(Value x) {
  return arith::IndexCastOp::create(builder, loc, builder.getIndexType(), x);
}

Value Emit::fromIndex(Value x, Type type) {
  Type integer = isa<FloatType>(type) ? Type(builder.getI64Type()) : type;
  Value number = arith::IndexCastOp::create(builder, loc, integer, x);
  return widen(number, type);
}
