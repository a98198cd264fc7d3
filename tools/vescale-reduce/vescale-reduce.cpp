//===- vescale-reduce.cpp - Makes a failing program smaller -----*- C++ -*-===//

#include "mlir/IR/DialectRegistry.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Tools/mlir-reduce/MlirReduceMain.h"
#include "passes/Reduce/Passes.h"
#include "vescale/Driver/Register.h"
#include "vescale/Support/CommandLine.h"
#include "vescale/Support/ExitCodes.h"
#include "llvm/Support/CommandLine.h"

int main(int argc, char **argv) {
  llvm::cl::extrahelp help(
      "\nA test is run with the program's file as its argument and exits with "
      "1 as long\nas the program shows what is looked for, else with 0:\n\n"
      "  vescale-reduce model.mlir --graph-reduce=test=./fails.sh -o "
      "small.mlir\n\n"
      "Exit codes: 0 done, 1 anything else.\n");
  mlir::DialectRegistry registry;
  vescale::registerDialects(registry);
  vescale::registerPasses();
  vescale::graph::registerReducePasses();
  vescale::hideLibraryOptions();
  mlir::MLIRContext context(registry);
  return failed(mlir::mlirReduceMain(argc, argv, context))
             ? vescale::exitRunFailed
             : vescale::exitDone;
}
