//===- Arguments.h - A program's inputs and outputs as tensors --*- C++ -*-===//
#ifndef VESCALE_TOOLS_INTERP_ARGUMENTS_H
#define VESCALE_TOOLS_INTERP_ARGUMENTS_H

#include "vescale/Interpreter/Interpreter.h"

namespace vescale {

/// The model's name of an argument or result.
std::string argumentName(mlir::func::FuncOp function, unsigned index);
std::string resultName(mlir::func::FuncOp function, unsigned index);

/// The arguments in the file, by name. Missing, extra and mis-shaped ones are
/// errors at the function.
llvm::FailureOr<std::vector<Tensor>>
readArguments(mlir::func::FuncOp function, const std::string &path,
              const Arithmetic &arithmetic);

/// Random arguments that depend on the seed and the names alone.
std::vector<Tensor> randomArguments(mlir::func::FuncOp function, uint64_t seed,
                                    const Arithmetic &arithmetic,
                                    int64_t range);

llvm::LogicalResult writeResults(mlir::func::FuncOp function,
                                 const std::string &path,
                                 llvm::ArrayRef<Tensor> results,
                                 const Arithmetic &arithmetic);

} // namespace vescale

#endif // VESCALE_TOOLS_INTERP_ARGUMENTS_H
