//===- FloatArithmetic.cpp - Doubles, rounded after each op -----*- C++ -*-===//

#include "vescale/Interpreter/Arithmetic.h"
#include "llvm/ADT/APFloat.h"
#include "llvm/ADT/bit.h"
#include <cmath>

using namespace mlir;
using namespace vescale;

Arithmetic::~Arithmetic() = default;

Element Arithmetic::max(Element x, Element y) const {
  if (std::optional<int> order = compare(x, y))
    return *order < 0 ? y : x;
  return isNan(x) ? x : y;
}
Element Arithmetic::min(Element x, Element y) const {
  if (std::optional<int> order = compare(x, y))
    return *order > 0 ? y : x;
  return isNan(x) ? x : y;
}

double vescale::roundToType(double value, Type type) {
  if (type.isF64())
    return value;
  if (type.isF32())
    return static_cast<float>(value);
  llvm::APFloat number(value);
  bool lost;
  number.convert(cast<FloatType>(type).getFloatSemantics(),
                 llvm::APFloat::rmNearestTiesToEven, &lost);
  number.convert(llvm::APFloat::IEEEdouble(),
                 llvm::APFloat::rmNearestTiesToEven, &lost);
  return number.convertToDouble();
}

double vescale::roundToType(int64_t value, Type type) {
  llvm::APFloat number(cast<FloatType>(type).getFloatSemantics());
  number.convertFromAPInt(llvm::APInt(64, value, /*isSigned=*/true),
                          /*IsSigned=*/true,
                          llvm::APFloat::rmNearestTiesToEven);
  bool lost;
  number.convert(llvm::APFloat::IEEEdouble(),
                 llvm::APFloat::rmNearestTiesToEven, &lost);
  return number.convertToDouble();
}

static double get(Element x) { return llvm::bit_cast<double>(x); }
static Element put(double x) { return llvm::bit_cast<Element>(x); }

namespace {
class FloatArithmetic : public Arithmetic {
  Element fromDouble(double value) const override { return put(value); }
  Element fromInteger(int64_t value, Type type) const override {
    return put(roundToType(value, type));
  }
  double toDouble(Element x) const override { return get(x); }

  int64_t toInteger(Element x, unsigned width) const override {
    double value = std::trunc(get(x));
    if (std::isnan(value))
      return 0;
    double bound = std::ldexp(1.0, width - 1);
    if (value >= bound)
      return llvm::maxIntN(width);
    if (value < -bound)
      return llvm::minIntN(width);
    return static_cast<int64_t>(value);
  }

  Element add(Element x, Element y) const override {
    return put(get(x) + get(y));
  }
  Element mul(Element x, Element y) const override {
    return put(get(x) * get(y));
  }
  Element neg(Element x) const override { return put(-get(x)); }
  Element div(Element x, Element y) const override {
    return put(get(x) / get(y));
  }
  Element rem(Element x, Element y) const override {
    return put(std::fmod(get(x), get(y)));
  }
  Element pow(Element x, Element y) const override {
    return put(std::pow(get(x), get(y)));
  }

  Element apply(Function function, Element x) const override {
    double value = get(x);
    switch (function) {
    case Function::Exp:
      return put(std::exp(value));
    case Function::Log:
      return put(std::log(value));
    case Function::Sqrt:
      return put(std::sqrt(value));
    case Function::Tanh:
      return put(std::tanh(value));
    case Function::Erf:
      return put(std::erf(value));
    case Function::Sin:
      return put(std::sin(value));
    case Function::Cos:
      return put(std::cos(value));
    case Function::Floor:
      return put(std::floor(value));
    case Function::Ceil:
      return put(std::ceil(value));
    case Function::Round:
      return put(std::nearbyint(value));
    }
    llvm_unreachable("all functions are listed");
  }

  std::optional<int> compare(Element x, Element y) const override {
    double a = get(x), b = get(y);
    if (std::isnan(a) || std::isnan(b))
      return std::nullopt;
    return a < b ? -1 : a > b ? 1 : 0;
  }
  bool isNan(Element x) const override { return std::isnan(get(x)); }
  Element round(Element x, Type type) const override {
    return put(roundToType(get(x), type));
  }

  Element sumOfProducts(const Element *a, const Element *b,
                        int64_t count) const override {
    double sum = 0;
    for (int64_t i = 0; i < count; ++i)
      sum += get(a[i]) * get(b[i]);
    return put(sum);
  }

  Element random(Random &random) const override {
    return put(static_cast<int64_t>(random()) * 0x1p-63); // in [-1, 1)
  }
  Element poison(Random &) const override { return put(std::nan("")); }
};

class DoubleArithmetic final : public FloatArithmetic {
  Element fromInteger(int64_t value, Type) const override {
    return put(static_cast<double>(value));
  }
  Element round(Element x, Type) const override { return x; }
};
} // namespace

const Arithmetic &vescale::floatArithmetic() {
  static const FloatArithmetic arithmetic;
  return arithmetic;
}

const Arithmetic &vescale::doubleArithmetic() {
  static const DoubleArithmetic arithmetic;
  return arithmetic;
}
