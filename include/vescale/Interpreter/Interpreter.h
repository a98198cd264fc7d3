//===- Interpreter.h - The reference interpreter ----------------*- C++ -*-===//
//
// Evaluates a function of graph ops on one device, or a partitioned one on all
// ranks of its mesh in one process, op by op in lockstep.
//
//===----------------------------------------------------------------------===//
#ifndef VESCALE_INTERPRETER_INTERPRETER_H
#define VESCALE_INTERPRETER_INTERPRETER_H

#include "dialects/Graph/Graph.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "vescale/Interpreter/Parameters.h"

namespace vescale {

class Interpreter {
public:
  Interpreter(const Arithmetic &arithmetic, Parameters &parameters,
              uint64_t seed = 0);

  using Globals = llvm::SmallVector<Tensor>;
  /// What each rank holds of a value.
  using PerRank = std::vector<Tensor>;

  /// The results on one device. Types may carry layouts, which change nothing.
  llvm::FailureOr<Globals> run(mlir::func::FuncOp function,
                               llvm::ArrayRef<Tensor> arguments);

  /// The results of a partitioned function. Global arguments are split as the
  /// arguments' layouts say, and the ranks' results are put together.
  llvm::FailureOr<Globals> runOnRanks(mlir::func::FuncOp function,
                                      llvm::ArrayRef<Tensor> arguments);

  /// The results on each rank for the arguments on each rank.
  llvm::FailureOr<llvm::SmallVector<PerRank>>
  runLocal(mlir::func::FuncOp function, std::vector<PerRank> arguments,
           int64_t ranks);

private:
  using Values = llvm::DenseMap<mlir::Value, PerRank>;
  llvm::LogicalResult runOp(mlir::Operation *op, Values &values, int64_t ranks);
  llvm::LogicalResult runCall(mlir::func::CallOp call, Values &values,
                              int64_t ranks);

  llvm::LogicalResult storeUpdates(mlir::func::FuncOp function,
                                   dist::MeshAttr mesh);

  Parameters &parameters;
  EvaluateContext context;
  /// What graph.update gave each parameter op on each rank.
  llvm::MapVector<mlir::Operation *, PerRank> updates;
  unsigned depth = 0;
};

/// The function that is run: `main`, or the only public one. Failure with a
/// diagnostic.
llvm::FailureOr<mlir::func::FuncOp> findMain(mlir::ModuleOp module);

/// The global type, with layout, of an argument or result after partition, or
/// its own type if it has not been partitioned.
mlir::RankedTensorType globalArgumentType(mlir::func::FuncOp function,
                                          unsigned index);
mlir::RankedTensorType globalResultType(mlir::func::FuncOp function,
                                        unsigned index);
/// Whether the function's types are local.
bool isPartitioned(mlir::func::FuncOp function);

} // namespace vescale

#endif // VESCALE_INTERPRETER_INTERPRETER_H
