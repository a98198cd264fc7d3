//===- Differentiate.h - The derivative of an op ----------------*- C++ -*-===//
//
// What an op's derivative is given and gives; see Differentiate.td.
//
// Terms. The *gradient* of a value is the derivative of the program's loss with
// respect to it, and has the value's type. No gradient at all stands for zero.
//
//===----------------------------------------------------------------------===//
#ifndef VESCALE_DIALECTS_INTERFACES_DIFFERENTIATE_H
#define VESCALE_DIALECTS_INTERFACES_DIFFERENTIATE_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/OpDefinition.h"

namespace vescale {

class GradientBuilder {
public:
  GradientBuilder(mlir::OpBuilder &builder, mlir::Location loc,
                  llvm::ArrayRef<mlir::Value> results,
                  llvm::ArrayRef<bool> wanted)
      : builder(builder), loc(loc), results(results), wanted(wanted),
        operands(wanted.size()) {}

  /// The gradient of the op's only result.
  mlir::Value result() const { return results.front(); }
  /// The gradient of one of several results; null if the loss does not depend
  /// on it, which holds for all but one at most.
  mlir::Value result(unsigned index) const { return results[index]; }

  /// Whether the operand's gradient is asked for.
  bool wants(unsigned operand) const { return wanted[operand]; }
  /// Says what the operand's gradient is; an operand that is wanted and about
  /// which nothing is said has none.
  void set(unsigned operand, mlir::Value gradient) {
    operands[operand] = gradient;
  }
  llvm::ArrayRef<mlir::Value> get() const { return operands; }

  mlir::OpBuilder &builder;
  mlir::Location loc;

private:
  llvm::ArrayRef<mlir::Value> results;
  llvm::ArrayRef<bool> wanted;
  llvm::SmallVector<mlir::Value> operands;
};

} // namespace vescale

#include "dialects/Interfaces/Differentiate.h.inc"

#endif // VESCALE_DIALECTS_INTERFACES_DIFFERENTIATE_H
