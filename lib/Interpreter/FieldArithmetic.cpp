//===- FieldArithmetic.cpp - The integers modulo 2^61 - 1 -------*- C++ -*-===//
//
// Finite elements are residues modulo the prime p = 2^61 - 1, so + - · / are
// exact and no order of summation can be told from another. The other functions
// are fixed hash functions: equal arguments give equal results, others do not.
//
// Three more elements keep masks and empty reductions meaningful, by rules
// under which + stays associative and · stays distributive:
//   -inf, +inf   absorb finite summands and factors (0 too); of different sign
//                they make NaN; exp(-inf) = 0; 1/inf = 0;
//   NaN          absorbs everything; 1/0 is NaN.
// Residues are ordered as numbers in [-p/2, p/2], so that relu, abs and max do
// something; order and arithmetic have nothing to do with each other.
//
//===----------------------------------------------------------------------===//
#include "vescale/Interpreter/Arithmetic.h"
#include <cmath>

using namespace mlir;
using namespace vescale;

static constexpr Element kPrime = (Element(1) << 61) - 1;
static constexpr Element kNegInf = Element(1) << 62;
static constexpr Element kPosInf = kNegInf + 1;
static constexpr Element kNan = kNegInf + 2;
/// Up to here residues count as the whole numbers they look like.
static constexpr int64_t kSmall = int64_t(1) << 32;

static bool isFinite(Element x) { return x < kPrime; }

static Element reduce(unsigned __int128 x) {
  Element folded =
      static_cast<Element>(x & kPrime) + static_cast<Element>(x >> 61);
  folded = (folded & kPrime) + (folded >> 61);
  return folded >= kPrime ? folded - kPrime : folded;
}

static Element multiply(Element x, Element y) {
  return reduce(static_cast<unsigned __int128>(x) * y);
}

static Element power(Element x, uint64_t exponent) {
  Element result = 1;
  for (; exponent; exponent >>= 1, x = multiply(x, x))
    if (exponent & 1)
      result = multiply(result, x);
  return result;
}

/// The residue as a number in [-p/2, p/2].
static int64_t centered(Element x) {
  return x > kPrime / 2 ? -static_cast<int64_t>(kPrime - x)
                        : static_cast<int64_t>(x);
}

static Element residue(int64_t value) {
  int64_t rest = value % static_cast<int64_t>(kPrime);
  return rest < 0 ? rest + kPrime : rest;
}

/// A residue other than zero that depends on all bits of x (the finaliser of
/// SplitMix64, Steele et al., 2014).
static Element hash(uint64_t x, uint64_t salt) {
  x += (salt + 1) * 0x9e3779b97f4a7c15ULL;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  x ^= x >> 31;
  return x % (kPrime - 1) + 1;
}
static Element hash(Element x, Element y, uint64_t salt) {
  return hash(hash(x, salt) ^ (y << 2), salt + 1);
}

/// -inf, 0 or +inf, the place of an element outside the residues.
static int infinity(Element x) {
  return x == kNegInf ? -1 : x == kPosInf ? 1 : 0;
}

/// What + and · give where an operand is no residue.
static Element absorb(Element x, Element y) {
  if (x == kNan || y == kNan || infinity(x) * infinity(y) < 0)
    return kNan;
  return infinity(x) ? x : y;
}

namespace {
class FieldArithmetic final : public Arithmetic {
  Element fromDouble(double value) const override {
    if (std::isnan(value))
      return kNan;
    if (std::isinf(value))
      return value < 0 ? kNegInf : kPosInf;
    int exponent;
    auto mantissa =
        static_cast<int64_t>(std::ldexp(std::frexp(value, &exponent), 53));
    // 2^61 = 1 in the field, so that powers of two repeat.
    int shift = ((exponent - 53) % 61 + 61) % 61;
    return multiply(residue(mantissa), Element(1) << shift);
  }
  Element fromInteger(int64_t value, Type) const override {
    return residue(value);
  }

  double toDouble(Element x) const override {
    if (isFinite(x))
      return static_cast<double>(centered(x));
    return x == kNan ? std::nan("") : infinity(x) * HUGE_VAL;
  }

  int64_t toInteger(Element x, unsigned width) const override {
    if (isFinite(x))
      return llvm::SignExtend64(centered(x), width);
    if (x == kNan)
      return 0;
    return infinity(x) < 0 ? llvm::minIntN(width) : llvm::maxIntN(width);
  }

  Element add(Element x, Element y) const override {
    if (!isFinite(x) || !isFinite(y))
      return absorb(x, y);
    Element sum = x + y;
    return sum >= kPrime ? sum - kPrime : sum;
  }
  Element mul(Element x, Element y) const override {
    if (!isFinite(x) || !isFinite(y))
      return absorb(x, y);
    return multiply(x, y);
  }
  Element neg(Element x) const override {
    if (isFinite(x))
      return x ? kPrime - x : 0;
    return x == kNan ? kNan : x == kNegInf ? kPosInf : kNegInf;
  }
  Element inverse(Element x) const {
    if (x == 0 || x == kNan)
      return kNan;
    return isFinite(x) ? power(x, kPrime - 2) : 0;
  }
  Element div(Element x, Element y) const override {
    return mul(x, inverse(y));
  }

  Element rem(Element x, Element y) const override {
    if (!isFinite(x) || !isFinite(y))
      return kNan;
    int64_t a = centered(x), b = centered(y);
    if (b != 0 && std::abs(a) < kSmall && std::abs(b) < kSmall)
      return residue(a % b);
    return hash(x, y, 101);
  }

  /// Whole exponents multiply, ±1/2 takes the root; others hash.
  Element pow(Element x, Element y) const override {
    if (x == kNan || !isFinite(y))
      return kNan;
    int64_t exponent = centered(y);
    Element half = inverse(2);
    if (y == half || y == neg(half)) {
      Element root = apply(Function::Sqrt, x);
      return y == half ? root : inverse(root);
    }
    if (exponent == 0)
      return 1;
    if (std::abs(exponent) > kSmall)
      return isFinite(x) ? hash(x, y, 103) : x;
    Element base = isFinite(x) ? power(x, std::abs(exponent)) : x;
    return exponent < 0 ? inverse(base) : base;
  }

  Element apply(Function function, Element x) const override {
    if (x == kNan)
      return kNan;
    switch (function) {
    case Function::Exp:
      if (infinity(x))
        return infinity(x) < 0 ? 0 : kPosInf;
      break;
    case Function::Log:
      if (x == 0)
        return kNegInf;
      if (infinity(x))
        return infinity(x) < 0 ? kNan : kPosInf;
      break;
    case Function::Sqrt:
      if (infinity(x))
        return infinity(x) < 0 ? kNan : kPosInf;
      break;
    case Function::Floor:
    case Function::Ceil:
    case Function::Round:
      if (!isFinite(x) || std::abs(centered(x)) < kSmall)
        return x;
      break;
    default:
      break;
    }
    return hash(x, static_cast<uint64_t>(function));
  }

  std::optional<int> compare(Element x, Element y) const override {
    if (x == kNan || y == kNan)
      return std::nullopt;
    if (!isFinite(x) || !isFinite(y))
      return infinity(x) - infinity(y);
    int64_t a = centered(x), b = centered(y);
    return a < b ? -1 : a > b ? 1 : 0;
  }
  bool isNan(Element x) const override { return x == kNan; }
  Element round(Element x, Type) const override { return x; }

  Element sumOfProducts(const Element *a, const Element *b,
                        int64_t count) const override {
    Element sum = 0;
    for (int64_t i = 0; i < count; ++i)
      sum = add(sum, mul(a[i], b[i]));
    return sum;
  }

  Element random(Random &random) const override { return random() % kPrime; }
  Element poison(Random &random) const override { return random() % kPrime; }
};
} // namespace

const Arithmetic &vescale::fieldArithmetic() {
  static const FieldArithmetic arithmetic;
  return arithmetic;
}
