//===- Elements.cpp - Arithmetic on elements of one type --------*- C++ -*-===//

#include "vescale/Interpreter/Arithmetic.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/raw_ostream.h"
#include <cmath>

using namespace mlir;
using namespace vescale;

Elements::Elements(const Arithmetic &arithmetic, Type type)
    : arithmetic(arithmetic), type(type) {
  kind = isa<FloatType>(type) ? Kind::Float
         : type.isInteger(1)  ? Kind::Bool
                              : Kind::Integer;
  width = isa<IndexType>(type) ? 64 : type.getIntOrFloatBitWidth();
}

Element Elements::wrap(uint64_t value) const {
  if (kind == Kind::Bool)
    return value & 1;
  return llvm::SignExtend64(value, width);
}

Element Elements::number(double value) const {
  return isFloat() ? arithmetic.fromDouble(roundToType(value, type))
                   : wrap(static_cast<int64_t>(value));
}

Element Elements::integer(int64_t value) const {
  return isFloat() ? arithmetic.fromInteger(value, type) : wrap(value);
}

Element Elements::attribute(Attribute attribute) const {
  if (auto value = dyn_cast<FloatAttr>(attribute)) {
    llvm::APFloat number = value.getValue();
    bool lost;
    number.convert(llvm::APFloat::IEEEdouble(),
                   llvm::APFloat::rmNearestTiesToEven, &lost);
    return arithmetic.fromDouble(number.convertToDouble());
  }
  const llvm::APInt &value = cast<IntegerAttr>(attribute).getValue();
  return wrap(value.getSExtValue());
}

Element Elements::lowest() const {
  if (isFloat())
    return arithmetic.fromDouble(-HUGE_VAL);
  return isBool() ? 0 : llvm::minIntN(width);
}
Element Elements::highest() const {
  if (isFloat())
    return arithmetic.fromDouble(HUGE_VAL);
  return isBool() ? 1 : llvm::maxIntN(width);
}

Element Elements::add(Element x, Element y) const {
  return isFloat() ? arithmetic.add(x, y) : wrap(x + y);
}
Element Elements::mul(Element x, Element y) const {
  return isFloat() ? arithmetic.mul(x, y) : wrap(x * y);
}
Element Elements::neg(Element x) const {
  return isFloat() ? arithmetic.neg(x) : wrap(-x);
}

Element Elements::div(Element x, Element y) const {
  if (isFloat())
    return arithmetic.div(x, y);
  auto a = static_cast<int64_t>(x), b = static_cast<int64_t>(y);
  if (b == 0)
    return 0;
  return b == -1 ? wrap(-x) : wrap(a / b);
}
Element Elements::rem(Element x, Element y) const {
  if (isFloat())
    return arithmetic.rem(x, y);
  auto a = static_cast<int64_t>(x), b = static_cast<int64_t>(y);
  if (b == 0)
    return x;
  return b == -1 ? 0 : wrap(a % b);
}

std::optional<int> Elements::compare(Element x, Element y) const {
  if (isFloat())
    return arithmetic.compare(x, y);
  auto a = static_cast<int64_t>(x), b = static_cast<int64_t>(y);
  return a < b ? -1 : a > b ? 1 : 0;
}
Element Elements::max(Element x, Element y) const {
  if (isFloat())
    return arithmetic.max(x, y);
  return *compare(x, y) < 0 ? y : x;
}
Element Elements::min(Element x, Element y) const {
  if (isFloat())
    return arithmetic.min(x, y);
  return *compare(x, y) > 0 ? y : x;
}

Element Elements::round(Element x) const {
  return isFloat() ? arithmetic.round(x, type) : x;
}

Element Elements::sumOfProducts(const Element *a, const Element *b,
                                int64_t count) const {
  if (isFloat())
    return arithmetic.sumOfProducts(a, b, count);
  uint64_t sum = 0;
  for (int64_t i = 0; i < count; ++i)
    sum += a[i] * b[i];
  return wrap(sum);
}

Element Elements::apply(Function function, Element x) const {
  return arithmetic.apply(function, x);
}
Element Elements::pow(Element x, Element y) const {
  return arithmetic.pow(x, y);
}
Element Elements::sigmoid(Element x) const {
  Element one = number(1);
  return div(one, add(one, exp(neg(x))));
}

Element Elements::random(Random &random) const {
  return isFloat() ? round(arithmetic.random(random)) : wrap(random());
}
Element Elements::poison(Random &random) const {
  return isFloat() ? arithmetic.poison(random) : wrap(random());
}

std::string Elements::str(Element x) const {
  std::string text;
  llvm::raw_string_ostream os(text);
  if (isFloat())
    os << llvm::format("%.17g", arithmetic.toDouble(x));
  else
    os << static_cast<int64_t>(x);
  return text;
}
