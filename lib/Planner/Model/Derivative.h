//===- Derivative.h - What an op's backward program does --------*- C++ -*-===//
#ifndef VESCALE_LIB_PLANNER_MODEL_DERIVATIVE_H
#define VESCALE_LIB_PLANNER_MODEL_DERIVATIVE_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/OwningOpRef.h"
#include "vescale/CostModel/OpTime.h"

namespace vescale::planner {

/// Of one op. Products, attention and the like stand for themselves; all else
/// becomes one kernel that reads what comes from outside and writes what is
/// used there.
struct Derivative {
  /// Products by the operand whose gradient they make.
  llvm::SmallVector<std::pair<unsigned, ProductShape>, 2> products;
  /// Gradients of attention, whole: priced by their types.
  llvm::SmallVector<mlir::Operation *, 1> composites;
  double flops = 0, bytes = 0; // of the kernel
  /// What it reads of the forward program.
  llvm::SmallVector<bool> savedOperands, savedResults;
  /// Whether operands have gradients.
  llvm::SmallVector<bool> wanted;
};

/// Builds derivatives apart from the program and looks at them.
class Derivatives {
public:
  explicit Derivatives(mlir::MLIRContext *context);
  ~Derivatives();

  /// The derivative by the operands that are wanted; null with a diagnostic
  /// if the op has none.
  const Derivative *of(mlir::Operation *op, llvm::ArrayRef<bool> wanted);
  /// Whether one was asked for that has none.
  bool anyMissing() const { return isMissing; }

private:
  bool build(mlir::Operation *op, Derivative &derivative);

  mlir::OwningOpRef<mlir::Operation *> module;
  bool isMissing = false;
  llvm::DenseMap<mlir::Operation *, std::unique_ptr<Derivative>> known;
};

} // namespace vescale::planner

#endif // VESCALE_LIB_PLANNER_MODEL_DERIVATIVE_H
