//===- Bounds.cpp - Doubles that know how far off they may be ---*- C++ -*-===//

#include "Bounds.h"
#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/bit.h"
#include <cmath>
#include <limits>

using namespace mlir;
using namespace vescale;
using namespace vescale::test;

using Ball = Bounds::Ball;

static constexpr double kInfinity = std::numeric_limits<double>::infinity();

static bool isAnything(const Ball &x) { return x.radius == kInfinity; }
static bool isExact(const Ball &x) { return x.radius == 0; }
static double low(const Ball &x) { return x.value - x.radius; }
static double high(const Ball &x) { return x.value + x.radius; }
static double reach(const Ball &x) { return std::fabs(x.value) + x.radius; }
/// Whether zero is among the numbers, not as the only one.
static bool mayVanish(const Ball &x) {
  return !isExact(x) && std::fabs(x.value) <= x.radius;
}

/// The largest power of two of which all terms of an exact value are multiples.
static double grainOf(const Ball &x) {
  if (x.grain != 0 || x.value == 0)
    return x.grain != 0 ? x.grain : kInfinity;
  if (!std::isfinite(x.value))
    return 0;
  int exponent;
  double mantissa = std::ldexp(std::fabs(std::frexp(x.value, &exponent)), 53);
  int zeros = llvm::countr_zero(static_cast<uint64_t>(mantissa));
  return std::ldexp(1.0, exponent - 53 + zeros);
}

/// Half the distance from 1 to the next number of the type.
static double unitOf(Type type) {
  return std::ldexp(1.0, -int(cast<FloatType>(type).getFPMantissaWidth()));
}
static double smallestNormal(Type type) {
  return llvm::APFloat::getSmallestNormalized(
             cast<FloatType>(type).getFloatSemantics())
      .convertToDouble();
}
static double largest(Type type) {
  return llvm::APFloat::getLargest(cast<FloatType>(type).getFloatSemantics())
      .convertToDouble();
}
static bool isNarrow(Type type) { return type.isF16() || type.isBF16(); }

void Bounds::enter(Type element) {
  auto type = dyn_cast<FloatType>(element);
  constantUnit = tiny = 0;
  if (precision == Precision::Double || !type) {
    // Sums in another order, split among ranks.
    unit = 0x1p-51;
    return;
  }
  Type compute =
      isNarrow(type) ? Type(Float32Type::get(type.getContext())) : Type(type);
  unit = unitOf(split ? type : compute);
  tiny = smallestNormal(compute);
  if (isNarrow(type)) // attributes that the interpreter rounds to the type
    constantUnit = unitOf(type);
}

Element Bounds::make(double value, double radius) const {
  if (std::isnan(radius) || (std::isinf(value) && radius != 0))
    radius = kInfinity;
  if (radius == 0) {
    if (value == 0)
      return 0;
    if (std::isnan(value))
      value = std::nan(""); // all of one kind, as ops compare elements
    auto [entry, isNew] =
        exact.try_emplace(llvm::bit_cast<int64_t>(value), balls.size());
    if (isNew)
      balls.push_back({value, 0});
    return entry->second;
  }
  balls.push_back({value, radius});
  return balls.size() - 1;
}

Element Bounds::anything() const { return make(0, kInfinity); }

Element Bounds::infinite(double value) const {
  return split && std::isinf(value) ? anything() : fromDouble(value);
}

bool Bounds::fits(double value) const {
  if (split)
    return false;
  // A value of f64 may have been rounded here; not so one of a few bits.
  int exponent;
  double scaled = std::frexp(value, &exponent) / std::fmax(unit, 0x1p-24);
  return scaled == std::nearbyint(scaled);
}

bool Bounds::isExactInAnyOrder(double sizes, double grain) const {
  return !split && sizes <= grain / std::fmax(unit, 0x1p-24);
}

Element Bounds::makeSum(double value, double sizes, double grain) const {
  if (sizes == std::fabs(value) && grain == grainOf({value, 0}))
    return make(value, 0);
  balls.push_back({value, 0, sizes, grain});
  return balls.size() - 1;
}

Element Bounds::rounded(double value, double radius, double errors) const {
  if (!std::isfinite(value))
    return anything(); // operands were finite: an overflow
  if (radius == 0 && fits(value))
    return make(value, 0);
  return make(value, radius + errors * unit * (std::fabs(value) + radius) +
                         tiny * unit);
}

Element Bounds::fromDouble(double value) const {
  // Numbers of a few bits are the same in every type.
  int exponent;
  double scaled = std::frexp(value, &exponent) * 16;
  bool isShort = !std::isfinite(value) || scaled == std::nearbyint(scaled);
  return make(value, isShort ? 0 : constantUnit * std::fabs(value));
}

Element Bounds::given(double value) const {
  // Parts that make up an input were drawn from [-1, 1).
  bool parts = split && precision == Precision::Double;
  return make(value, parts ? 4 * unit * (1 + std::fabs(value)) : 0);
}

Element Bounds::fromInteger(int64_t value, Type type) const {
  auto number = static_cast<double>(value);
  bool isExact = std::fabs(number) <= 0x1p53;
  return round(make(number, isExact ? 0 : 0x1p-53 * std::fabs(number)), type);
}

int64_t Bounds::toInteger(Element x, unsigned width) const {
  auto convert = [&](double value) {
    value = std::trunc(value);
    if (std::isnan(value))
      return int64_t(0);
    double bound = std::ldexp(1.0, width - 1);
    return value >= bound   ? llvm::maxIntN(width)
           : value < -bound ? llvm::minIntN(width)
                            : static_cast<int64_t>(value);
  };
  const Ball &ball = get(x);
  if (isExact(ball))
    return convert(ball.value);
  ambiguous |= isAnything(ball) || convert(low(ball)) != convert(high(ball));
  return convert(ball.value);
}

Element Bounds::add(Element a, Element b) const {
  Ball x = get(a), y = get(b);
  if (isAnything(x) || isAnything(y))
    return anything();
  double value = x.value + y.value;
  if (!std::isfinite(x.value) || !std::isfinite(y.value))
    return fromDouble(value);
  // Terms of a sum may be taken in any order: partial sums may then be as large
  // as the terms, whatever they are in this order.
  double radius = x.radius + y.radius;
  double sizes = std::fmax(reach(x), x.span) + std::fmax(reach(y), y.span);
  double grain = std::fmin(grainOf(x), grainOf(y));
  if (radius == 0 && isExactInAnyOrder(sizes, grain))
    return makeSum(value, sizes, grain);
  return rounded(value, radius + 4 * unit * sizes, 1);
}

Element Bounds::mul(Element a, Element b) const {
  Ball x = get(a), y = get(b);
  if (isAnything(x) || isAnything(y))
    return anything();
  double value = x.value * y.value;
  if (!std::isfinite(x.value) || !std::isfinite(y.value))
    return mayVanish(x) || mayVanish(y) ? anything() : infinite(value);
  return rounded(value, std::fabs(x.value) * y.radius + reach(y) * x.radius, 2);
}

Element Bounds::neg(Element a) const {
  return make(-get(a).value, get(a).radius);
}

Element Bounds::div(Element a, Element b) const {
  Ball x = get(a), y = get(b);
  if (isAnything(x) || isAnything(y) || mayVanish(y))
    return anything();
  double value = x.value / y.value;
  if (std::isnan(value))
    return isExact(x) && isExact(y) ? fromDouble(value) : anything();
  if (y.value == 0)
    return anything(); // which infinity is up to the sign of zero
  if (!std::isfinite(x.value) || !std::isfinite(y.value))
    return fromDouble(value);
  double nearest = std::fabs(y.value) - y.radius;
  return rounded(value, (x.radius + std::fabs(value) * y.radius) / nearest, 4);
}

Element Bounds::rem(Element a, Element b) const {
  Ball x = get(a), y = get(b);
  if (isAnything(x) || isAnything(y) || mayVanish(y))
    return anything();
  double value = std::fmod(x.value, y.value);
  if (!std::isfinite(value) || !std::isfinite(y.value))
    return isExact(x) && isExact(y) ? fromDouble(value) : anything();
  if (isExact(x) && isExact(y))
    return make(value, 0);
  double size = std::fabs(x.value), by = std::fabs(y.value);
  double least = std::floor((size - x.radius) / (by + y.radius));
  double most = std::floor((size + x.radius) / (by - y.radius));
  if (least != most || least < 0) // anywhere between -y and y
    return make(value, std::fabs(value) + reach(y));
  return rounded(value, x.radius + most * y.radius, 2);
}

/// The ball around `value` that holds `corners`.
static double spread(double value, std::initializer_list<double> corners) {
  double radius = 0;
  for (double corner : corners)
    radius = std::fmax(radius, std::isnan(corner) ? kInfinity
                                                  : std::fabs(corner - value));
  return radius;
}

Element Bounds::pow(Element a, Element b) const {
  Ball x = get(a), y = get(b);
  if (isAnything(x) || isAnything(y))
    return anything();
  double value = std::pow(x.value, y.value);
  bool given = isExact(x) && isExact(y);
  if (std::isnan(value))
    return given ? fromDouble(value) : anything();
  if (!std::isfinite(value) || !std::isfinite(x.value) ||
      !std::isfinite(y.value) || (!given && low(x) <= 0))
    return anything();
  return rounded(
      value,
      given ? 8 * unit * std::fabs(value)
            : spread(value,
                     {std::pow(low(x), low(y)), std::pow(low(x), high(y)),
                      std::pow(high(x), low(y)), std::pow(high(x), high(y))}),
      8);
}

Element Bounds::apply(Function function, Element a) const {
  Ball x = get(a);
  if (isAnything(x))
    return anything();
  const Arithmetic &doubles = doubleArithmetic();
  auto at = [&](double argument) {
    return doubles.toDouble(
        doubles.apply(function, doubles.fromDouble(argument)));
  };
  double value = at(x.value);
  if (std::isnan(value))
    return isExact(x) || high(x) < 0 ? fromDouble(value) : anything();
  if (!std::isfinite(value))
    return isExact(x) && (!std::isfinite(x.value) || x.value == 0)
               ? fromDouble(value)
               : anything();
  switch (function) {
  case Function::Floor:
  case Function::Ceil:
  case Function::Round:
    return make(value, spread(value, {at(low(x)), at(high(x))}));
  case Function::Sin:
  case Function::Cos:
    return make(value, std::fmin(x.radius, 2) + 4 * unit);
  case Function::Log:
    if (x.value > 0 && x.value < tiny)
      return anything(); // the polynomial is for normal numbers
    break;
  case Function::Exp: // and so is this one's result
    return make(value, spread(value, {at(low(x)), at(high(x))}) +
                           8 * unit * value + tiny);
  default:
    break;
  }
  // All of these increase.
  double radius = spread(value, {at(low(x)), at(high(x))});
  return make(value,
              radius + 8 * unit * (std::fabs(value) + radius) + tiny * unit);
}

std::optional<int> Bounds::compare(Element a, Element b) const {
  const Ball &x = get(a), &y = get(b);
  ambiguous |=
      isAnything(x) || isAnything(y) ||
      (!(isExact(x) && isExact(y)) && low(x) <= high(y) && low(y) <= high(x));
  if (std::isnan(x.value) || std::isnan(y.value))
    return std::nullopt;
  return x.value < y.value ? -1 : x.value > y.value ? 1 : 0;
}

Element Bounds::max(Element a, Element b) const {
  Ball x = get(a), y = get(b);
  if (isAnything(x) || isAnything(y)) {
    ambiguous = true;
    return anything();
  }
  if (std::isnan(x.value) || std::isnan(y.value))
    return fromDouble(std::nan(""));
  if (low(x) >= high(y))
    return a;
  if (low(y) >= high(x))
    return b;
  ambiguous = true;
  double value = std::fmax(x.value, y.value);
  return make(value, std::fmax(std::fmax(high(x), high(y)) - value,
                               value - std::fmax(low(x), low(y))));
}

Element Bounds::min(Element a, Element b) const {
  return neg(max(neg(a), neg(b)));
}

bool Bounds::isNan(Element x) const {
  ambiguous |= isAnything(get(x));
  return std::isnan(get(x).value);
}

Element Bounds::round(Element a, Type type) const {
  Ball x = get(a);
  if (precision == Precision::Double || isAnything(x) ||
      !std::isfinite(x.value))
    return a;
  if (isExact(x) && roundToType(x.value, type) == x.value)
    return a;
  if (reach(x) >= largest(type) * (1 - 0x1p-8))
    return anything(); // infinite where it is stored, not where it is fused
  return make(x.value, x.radius + unitOf(type) * reach(x) +
                           unitOf(type) * smallestNormal(type));
}

Element Bounds::sumOfProducts(const Element *a, const Element *b,
                              int64_t count) const {
  double value = 0, radius = 0, sizes = 0, grain = kInfinity;
  for (int64_t i = 0; i < count; ++i) {
    const Ball &x = get(a[i]), &y = get(b[i]);
    if (isAnything(x) || isAnything(y) ||
        ((!std::isfinite(x.value) || !std::isfinite(y.value)) &&
         (mayVanish(x) || mayVanish(y))))
      return anything();
    value += x.value * y.value;
    sizes += std::fabs(x.value * y.value);
    grain = std::fmin(grain, grainOf(x) * grainOf(y));
    radius += std::fabs(x.value) * y.radius + reach(y) * x.radius;
  }
  if (!std::isfinite(value) || !std::isfinite(radius))
    return std::isfinite(sizes) ? anything() : infinite(value);
  if (radius == 0 && isExactInAnyOrder(sizes, grain))
    return makeSum(value, sizes, grain);
  return rounded(value, radius + (count + 8) * unit * (sizes + radius), 1);
}

Element Bounds::random(Random &random) const {
  return make(static_cast<int64_t>(random()) * 0x1p-63, 0);
}
