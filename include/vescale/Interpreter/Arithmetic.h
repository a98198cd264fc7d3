//===- Arithmetic.h - What the interpreter computes in ----------*- C++ -*-===//
//
// Floats, or a prime field in which sums and products are exact in any order;
// docs/Design/interpreter.md says why. Integers and truth values are the same
// in both.
//
//===----------------------------------------------------------------------===//
#ifndef VESCALE_INTERPRETER_ARITHMETIC_H
#define VESCALE_INTERPRETER_ARITHMETIC_H

#include "mlir/IR/BuiltinAttributes.h"
#include "vescale/Interpreter/Tensor.h"
#include <optional>
#include <random>
#include <string>

namespace vescale {

using Random = std::mt19937_64;

/// The functions of one number that are primitive; the others are made of them.
enum class Function { Exp, Log, Sqrt, Tanh, Erf, Sin, Cos, Floor, Ceil, Round };

/// Elements of float types.
class Arithmetic {
public:
  virtual ~Arithmetic();

  virtual Element fromDouble(double value) const = 0;
  /// The integer as the type holds it.
  virtual Element fromInteger(int64_t value, mlir::Type type) const = 0;
  /// The nearest double, for people to read and files to hold.
  virtual double toDouble(Element x) const = 0;
  /// Toward zero into a signed integer of `width` bits; NaN becomes 0.
  virtual int64_t toInteger(Element x, unsigned width) const = 0;

  virtual Element add(Element x, Element y) const = 0;
  virtual Element mul(Element x, Element y) const = 0;
  virtual Element neg(Element x) const = 0;
  virtual Element div(Element x, Element y) const = 0;
  virtual Element rem(Element x, Element y) const = 0;
  virtual Element pow(Element x, Element y) const = 0;
  virtual Element apply(Function function, Element x) const = 0;
  /// Negative, zero or positive as x is below, at or above y; none with NaN.
  virtual std::optional<int> compare(Element x, Element y) const = 0;
  /// One of the two; NaN if either is.
  virtual Element max(Element x, Element y) const;
  virtual Element min(Element x, Element y) const;
  virtual bool isNan(Element x) const = 0;
  /// What the type can hold of x.
  virtual Element round(Element x, mlir::Type type) const = 0;
  /// Σ a[i] · b[i], i below `count`.
  virtual Element sumOfProducts(const Element *a, const Element *b,
                                int64_t count) const = 0;

  virtual Element random(Random &random) const = 0;
  /// What undefined elements are filled with, so that results that depend on
  /// them go wrong.
  virtual Element poison(Random &random) const = 0;
};

/// Doubles, rounded to the element type after each op. Undefined elements are
/// NaN.
const Arithmetic &floatArithmetic();

/// Doubles that are never rounded, whatever the element type.
const Arithmetic &doubleArithmetic();

/// The integers modulo 2^61 - 1, with infinities and NaN of their own.
/// Undefined elements are random.
const Arithmetic &fieldArithmetic();

/// The value rounded to the float type's precision and range.
double roundToType(double value, mlir::Type type);
double roundToType(int64_t value, mlir::Type type);

/// Arithmetic on the elements of one type, integers and truth values included.
class Elements {
public:
  Elements(const Arithmetic &arithmetic, mlir::Type type);

  bool isFloat() const { return kind == Kind::Float; }
  bool isBool() const { return kind == Kind::Bool; }

  /// The number as the type holds it.
  Element number(double value) const;
  Element integer(int64_t value) const;
  /// The attribute of this type: a float or integer attribute.
  Element attribute(mlir::Attribute attribute) const;
  Element lowest() const;
  Element highest() const;

  Element add(Element x, Element y) const;
  Element sub(Element x, Element y) const { return add(x, neg(y)); }
  Element mul(Element x, Element y) const;
  Element neg(Element x) const;
  /// Integers truncate; division by zero gives 0 and leaves x as remainder.
  Element div(Element x, Element y) const;
  Element rem(Element x, Element y) const;
  Element max(Element x, Element y) const;
  Element min(Element x, Element y) const;
  std::optional<int> compare(Element x, Element y) const;
  Element round(Element x) const;
  Element sumOfProducts(const Element *a, const Element *b,
                        int64_t count) const;

  // Of floats only.
  Element apply(Function function, Element x) const;
  Element pow(Element x, Element y) const;
  Element exp(Element x) const { return apply(Function::Exp, x); }
  Element sqrt(Element x) const { return apply(Function::Sqrt, x); }
  Element rsqrt(Element x) const { return div(number(1), sqrt(x)); }
  Element sigmoid(Element x) const;

  Element random(Random &random) const;
  Element poison(Random &random) const;
  /// The element as text.
  std::string str(Element x) const;

  const Arithmetic &arithmetic;

private:
  enum class Kind { Float, Integer, Bool };
  Element wrap(uint64_t value) const;

  mlir::Type type;
  Kind kind;
  unsigned width;
};

} // namespace vescale

#endif // VESCALE_INTERPRETER_ARITHMETIC_H
