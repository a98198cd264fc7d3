//===- Compiled.h - Programs compiled and loaded here -----------*- C++ -*-===//
#ifndef VESCALE_TEST_PROPERTY_COMPILED_H
#define VESCALE_TEST_PROPERTY_COMPILED_H

#include "Oracle.h"
#include "llvm/Support/Error.h"

namespace vescale::test {

struct CompileRequest {
  /// Local types, or the whole program of one rank.
  mlir::ModuleOp module;
  const Values &values;
  int ranks = 1;
  int threads = 1;
};

/// Gives every parameter the place in a weights file where runCompiled puts it.
void placeParameters(mlir::ModuleOp module);

/// Lowers the module (of which nothing is left), emits its object, loads it
/// into this process and runs it; the results by the module's result types.
llvm::Expected<std::vector<Tensor>>
compileAndRun(const CompileRequest &request,
              llvm::ArrayRef<mlir::RankedTensorType> results);

} // namespace vescale::test

#endif // VESCALE_TEST_PROPERTY_COMPILED_H
