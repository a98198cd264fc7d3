//===- MicroBatches.h - Sums over a step's micro-batches --------*- C++ -*-===//
#ifndef VESCALE_PASSES_TRAIN_MICROBATCHES_H
#define VESCALE_PASSES_TRAIN_MICROBATCHES_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "passes/Train/Formula.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/StringMap.h"

namespace vescale::train {

/// A parameter of zeros beside another, which it lies like, named after it.
graph::ParameterOp createState(Formula &f, graph::ParameterOp of,
                               llvm::StringRef suffix, mlir::Type element);

/// Adds up what a step sums over its micro-batches. All but the last run a
/// function of their own, `accumulate`, which adds to what is kept from one to
/// the next; the step adds its own and uses the sums.
class MicroBatches {
public:
  /// `sampleSums` are those that gradients are made of (Gradients.h).
  MicroBatches(mlir::func::FuncOp func, Formula &f, int64_t count,
               llvm::DenseSet<mlir::Value> sampleSums);

  /// The sum of the parameter's gradients.
  mlir::Value addGradient(graph::ParameterOp parameter, mlir::Value gradient);
  /// The sum of values that micro-batches have under this name.
  mlir::Value add(llvm::StringRef name, mlir::Value value);
  /// Splits off `accumulate`, the same up to here, which keeps the sums.
  void splitOff();

private:
  graph::ParameterOp createKept(llvm::StringRef name, mlir::Value like);
  mlir::Value addToKept(graph::ParameterOp kept, mlir::Value value);
  mlir::Value addToTree(llvm::StringRef name, mlir::Value value);
  mlir::Value addSumsToTrees(llvm::StringRef name, mlir::Value value,
                             llvm::DenseMap<mlir::Value, mlir::Value> &known);
  void keepSums(mlir::func::FuncOp accumulate);
  void keepTrees(mlir::func::FuncOp accumulate);
  mlir::Value countMicroBatches(mlir::func::FuncOp in,
                                std::optional<int64_t> next);

  mlir::func::FuncOp func;
  Formula &f;
  mlir::OpBuilder &builder;
  int64_t count;
  bool asTrees;
  llvm::DenseSet<mlir::Value> sampleSums;
  /// The number of micro-batches in what a parameter of this name keeps.
  llvm::StringMap<int64_t> kept;
  /// The number of trees of the gradients of this name.
  llvm::StringMap<int64_t> terms;
};

} // namespace vescale::train

#endif // VESCALE_PASSES_TRAIN_MICROBATCHES_H
