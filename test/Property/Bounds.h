//===- Bounds.h - Doubles that know how far off they may be -----*- C++ -*-===//
//
// The interpreter's arithmetic for oracles of programs that round: each element
// is a double and a bound on what a right program may be away from it, after
// the rounding of every op before. A tolerance is then no guess but follows
// from the program: wide behind a cancellation, zero where nothing is rounded.
//
// Bounds are those of forward error analysis (Higham, Accuracy and Stability of
// Numerical Algorithms, chapters 2 and 3), with the errors of the polynomial
// functions in docs/Design/lowering.md. An element whose bound is infinite may
// be anything: a division by what may be zero, an overflow.
//
//===----------------------------------------------------------------------===//
#ifndef VESCALE_TEST_PROPERTY_BOUNDS_H
#define VESCALE_TEST_PROPERTY_BOUNDS_H

#include "vescale/Interpreter/Arithmetic.h"
#include <unordered_map>

namespace vescale::test {

class Bounds final : public Arithmetic {
public:
  enum class Precision {
    /// Elements are rounded to their types after each op, or at any of them.
    ByType,
    /// Everything is computed in f64.
    Double
  };
  /// Where `split`, sums and values that stand for sums may lie in parts on
  /// several ranks, each part rounded: then no result is exact.
  Bounds(Precision precision, bool split)
      : precision(precision), split(split) {}

  struct Ball {
    double value, radius;
    /// Of an exact sum what its terms are together, where that is more: what is
    /// added to it later may be added to some of them first. And the largest
    /// power of two of which they all are multiples; 0 for the value's own.
    double span = 0, grain = 0;
  };
  const Ball &get(Element x) const { return balls[x]; }

  /// Sets what the next op computes in.
  void enter(mlir::Type element);
  /// A number that was given to the program.
  Element given(double value) const;

  /// Whether a decision since the last call (an order, a rounding to an
  /// integer) could fall the other way within the bounds.
  bool takeAmbiguous() { return std::exchange(ambiguous, false); }

  Element fromDouble(double value) const override;
  Element fromInteger(int64_t value, mlir::Type type) const override;
  double toDouble(Element x) const override { return get(x).value; }
  int64_t toInteger(Element x, unsigned width) const override;
  Element add(Element x, Element y) const override;
  Element mul(Element x, Element y) const override;
  Element neg(Element x) const override;
  Element div(Element x, Element y) const override;
  Element rem(Element x, Element y) const override;
  Element pow(Element x, Element y) const override;
  Element apply(Function function, Element x) const override;
  std::optional<int> compare(Element x, Element y) const override;
  Element max(Element x, Element y) const override;
  Element min(Element x, Element y) const override;
  bool isNan(Element x) const override;
  Element round(Element x, mlir::Type type) const override;
  Element sumOfProducts(const Element *a, const Element *b,
                        int64_t count) const override;
  Element random(Random &random) const override;
  Element poison(Random &) const override { return anything(); }

private:
  Element make(double value, double radius) const;
  Element anything() const;
  /// A product with an infinity, or NaN. Parts of the other factor may differ
  /// in their signs, and what they give together is NaN then.
  Element infinite(double value) const;
  /// A result of the exact `value` and the operands' part of the radius, off by
  /// `errors` units of the compute type.
  Element rounded(double value, double radius, double errors) const;
  /// Whether the compute type holds the exact result as it is.
  bool fits(double value) const;
  /// Whether terms of these sizes together, all multiples of the grain, add up
  /// without rounding.
  bool isExactInAnyOrder(double sizes, double grain) const;
  Element makeSum(double value, double sizes, double grain) const;

  Precision precision;
  bool split;
  /// Half the distance between 1 and the next number of the compute type.
  double unit = 0x1p-53;
  /// Numbers below may be lost.
  double tiny = 0;
  /// The relative error of constants inside an op.
  double constantUnit = 0;
  mutable bool ambiguous = false;
  mutable std::vector<Ball> balls = {{0, 0}}; // element 0 is zero
  /// Exact numbers by their bits: equal ones are one element. (A DenseMap's
  /// hash would keep the zeros that short numbers end in, and all would
  /// collide.)
  mutable std::unordered_map<int64_t, Element> exact;
};

} // namespace vescale::test

#endif // VESCALE_TEST_PROPERTY_BOUNDS_H
