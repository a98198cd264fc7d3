//===- Formula.h - Builds formulas of graph ops -----------------*- C++ -*-===//
//
// Shorthand for the passes that write down losses and optimizers: numbers
// become constants of the other operand's type, scalars are broadcast.
//
//===----------------------------------------------------------------------===//
#ifndef VESCALE_PASSES_TRAIN_FORMULA_H
#define VESCALE_PASSES_TRAIN_FORMULA_H

#include "dialects/Graph/Graph.h"

namespace vescale::train {

/// Marks what is built as part of the optimizer, which stores state as it
/// likes.
struct MarkOptimizer : mlir::OpBuilder::Listener {
  void notifyOperationInserted(mlir::Operation *op,
                               mlir::OpBuilder::InsertPoint) override {
    op->setAttr(graph::kOptimizerAttr, mlir::UnitAttr::get(op->getContext()));
  }
};

class Formula {
public:
  Formula(mlir::OpBuilder &builder, mlir::Location loc)
      : builder(builder), loc(loc) {}

  /// A tensor of this type with the number in every element.
  mlir::Value splat(mlir::RankedTensorType type, double number);
  /// A value of a scalar tensor type.
  mlir::Value scalar(mlir::Type element, double number);

  mlir::Value add(mlir::Value a, mlir::Value b);
  mlir::Value add(mlir::Value a, double b) { return add(a, like(a, b)); }
  mlir::Value sub(mlir::Value a, mlir::Value b);
  mlir::Value sub(double a, mlir::Value b) { return sub(like(b, a), b); }
  mlir::Value mul(mlir::Value a, mlir::Value b);
  mlir::Value mul(mlir::Value a, double b) { return mul(a, like(a, b)); }
  mlir::Value div(mlir::Value a, mlir::Value b);
  mlir::Value max(mlir::Value a, double b);
  mlir::Value min(mlir::Value a, double b);
  mlir::Value pow(double base, mlir::Value exponent);
  mlir::Value select(mlir::Value condition, mlir::Value onTrue,
                     mlir::Value onFalse);
  mlir::Value less(mlir::Value a, double b);
  mlir::Value notEqual(mlir::Value a, mlir::Value b);

  /// An elementwise function of one operand.
  template <typename Op> mlir::Value map(mlir::Value x) {
    return Op::create(builder, loc, x.getType(), x);
  }
  mlir::Value cast(mlir::Value x, mlir::Type element);
  /// The sum over all elements, a scalar.
  mlir::Value sum(mlir::Value x);
  /// Over the last dimension.
  mlir::Value reduceLast(mlir::Value x, graph::Reduction kind);
  /// Repeats along a new last dimension of this size, or a scalar everywhere.
  mlir::Value broadcastLast(mlir::Value x, int64_t size);

  mlir::OpBuilder &builder;
  mlir::Location loc;

private:
  mlir::Value like(mlir::Value x, double number) {
    return splat(graph::typeOf(x), number);
  }
  /// The scalar in every element of `shape`, if it is not of that shape.
  mlir::Value fit(mlir::Value x, llvm::ArrayRef<int64_t> shape);
  template <typename Op> mlir::Value binary(mlir::Value a, mlir::Value b);
};

} // namespace vescale::train

#endif // VESCALE_PASSES_TRAIN_FORMULA_H
