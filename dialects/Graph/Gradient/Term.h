//===- Term.h - Formulas of graph ops ---------------------------*- C++ -*-===//
//
// What the ops' derivatives are written in: a term is a value of the program,
// and arithmetic on terms builds graph ops. Nothing is broadcast implicitly but
// numbers.
//
//===----------------------------------------------------------------------===//
#ifndef VESCALE_DIALECTS_GRAPH_GRADIENT_TERM_H
#define VESCALE_DIALECTS_GRAPH_GRADIENT_TERM_H

#include "dialects/Graph/Graph.h"

namespace vescale::graph {

class Term {
public:
  Term(GradientBuilder &gradients, mlir::Value value)
      : gradients(&gradients), value(value) {}

  operator mlir::Value() const { return value; }
  llvm::ArrayRef<int64_t> shape() const { return shapeOf(value); }
  int64_t rank() const { return rankOf(value); }
  mlir::Type element() const { return typeOf(value).getElementType(); }

  /// The op's result, whose type is this one's, or has another shape or another
  /// element type.
  template <typename Op, typename... Args> Term make(Args &&...args) const {
    return makeTyped<Op>(typeOf(value), std::forward<Args>(args)...);
  }
  template <typename Op, typename... Args>
  Term makeShaped(llvm::ArrayRef<int64_t> shape, Args &&...args) const {
    return makeTyped<Op>(mlir::RankedTensorType::get(shape, element()),
                         std::forward<Args>(args)...);
  }
  template <typename Op, typename... Args>
  Term makeTyped(mlir::RankedTensorType type, Args &&...args) const {
    return {*gradients, Op::create(gradients->builder, gradients->loc, type,
                                   std::forward<Args>(args)...)};
  }

  /// A number of this term's element type, alone or in every element.
  Term scalar(double number) const;
  Term number(double number) const {
    return scalar(number).broadcast(shape(), {});
  }

  Term cast(mlir::Type element) const;
  Term reshape(llvm::ArrayRef<int64_t> shape) const;
  Term transpose(llvm::ArrayRef<int64_t> permutation) const;
  /// Dimension i becomes `dims[i]` of the shape, whose others are new.
  Term broadcast(llvm::ArrayRef<int64_t> shape,
                 llvm::ArrayRef<int64_t> dims) const;
  /// Undoes a reduction over `dims` of a tensor of this shape.
  Term spread(llvm::ArrayRef<int64_t> shape,
              llvm::ArrayRef<int64_t> dims) const;
  Term reduce(Reduction kind, llvm::ArrayRef<int64_t> dims) const;
  Term sum(llvm::ArrayRef<int64_t> dims) const {
    return reduce(Reduction::Sum, dims);
  }
  /// `size` elements from `start` on along a dimension.
  Term slice(int64_t dim, int64_t start, int64_t size) const;
  /// Surrounds with zeros; what is negative is cut off.
  Term pad(llvm::ArrayRef<int64_t> low, llvm::ArrayRef<int64_t> high) const;
  /// Sets `strides[d] - 1` zeros between neighbours along each dimension.
  Term dilate(llvm::ArrayRef<int64_t> strides) const;

private:
  GradientBuilder *gradients;
  mlir::Value value;
};

Term operator+(Term x, Term y);
Term operator-(Term x, Term y);
Term operator*(Term x, Term y);
Term operator/(Term x, Term y);
Term operator-(Term x);
inline Term operator+(Term x, double y) { return x + x.number(y); }
inline Term operator-(double x, Term y) { return y.number(x) - y; }
inline Term operator*(Term x, double y) { return x * x.number(y); }

Term compare(Comparison comparison, Term x, Term y);
inline Term compare(Comparison comparison, Term x, double y) {
  return compare(comparison, x, x.number(y));
}
Term select(Term condition, Term x, Term y);
/// x where the condition holds, else 0.
inline Term keep(Term condition, Term x) {
  return select(condition, x, x.number(0));
}

/// The dimensions [begin, end).
inline llvm::SmallVector<int64_t> dimRange(int64_t begin, int64_t end) {
  return llvm::to_vector(llvm::seq(begin, end));
}

/// Whether operand and results are floats.
bool areFloats(mlir::Operation *op, unsigned operand);

} // namespace vescale::graph

/// Gradients flow through all operands that are floats.
#define VESCALE_CARRIES_FLOATS(OP)                                             \
  bool OP::carriesGradient(unsigned operand) {                                 \
    return vescale::graph::areFloats(*this, operand);                          \
  }

/// The derivative is zero with respect to every operand, or there is none to
/// take it of.
#define VESCALE_NO_GRADIENT(OP)                                                \
  bool OP::carriesGradient(unsigned) { return false; }                         \
  llvm::LogicalResult OP::differentiate(vescale::GradientBuilder &) {          \
    return mlir::success();                                                    \
  }

/// Part of a backward program, which is not differentiated again.
#define VESCALE_ONLY_FIRST_DERIVATIVES(OP)                                     \
  VESCALE_CARRIES_FLOATS(OP)                                                   \
  llvm::LogicalResult OP::differentiate(vescale::GradientBuilder &) {          \
    return emitOpError("is a derivative and has none of its own; second "      \
                       "derivatives are not supported");                       \
  }

#endif // VESCALE_DIALECTS_GRAPH_GRADIENT_TERM_H
