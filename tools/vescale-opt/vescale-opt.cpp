//===- vescale-opt.cpp - Runs passes on MLIR text ---------------*- C++ -*-===//

#include "mlir/IR/DialectRegistry.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "vescale/Driver/Register.h"
#include "vescale/Support/CommandLine.h"
#include "llvm/Support/CommandLine.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  vescale::registerDialects(registry);
  vescale::registerPasses();
  vescale::hideLibraryOptions();
  llvm::cl::extrahelp help(
      "\nExamples:\n"
      "  vescale-opt m.mlir --dist-plan-pipeline=mesh=dp=2,tp=2 "
      "--dist-partition-pipeline\n"
      "  vescale-opt m.mlir "
      "--pass-pipeline='builtin.module(dist-propagate,cse)'\n\n"
      "docs/Reference/passes.md describes the passes, docs/debugging.md how to "
      "look at\nwhat they do. Exit codes: 0 done, 1 anything else.\n");
  return mlir::asMainReturnCode(
      mlir::MlirOptMain(argc, argv, "Runs passes on MLIR text.\n", registry));
}
