//===- vescale-reduce.cpp - Makes a failing program smaller -----*- C++ -*-===//

#include "mlir/IR/DialectRegistry.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Tools/mlir-reduce/MlirReduceMain.h"
#include "vescale/Driver/Register.h"
#include "vescale/Reduce/ReductionPatterns.h"
#include "vescale/Support/CommandLine.h"
#include "vescale/Support/ExitCodes.h"
#include "llvm/Support/CommandLine.h"

int main(int argc, char **argv) {
  llvm::cl::extrahelp help(
      "\nA test script is run with the program's file as its first argument "
      "and exits\nwith 1 as long as the program still shows what is looked "
      "for, with 0 otherwise:\n\n"
      "  vescale-reduce model.mlir --reduction-tree=test=fails.sh -o "
      "small.mlir\n\n"
      "Exit codes: 0 done, 1 anything else.\n");
  mlir::DialectRegistry registry;
  vescale::registerDialects(registry);
  vescale::registerReductionPatterns(registry);
  vescale::registerPasses();
  vescale::hideLibraryOptions();
  mlir::MLIRContext context(registry);
  // Extensions take effect when their dialect is loaded.
  context.loadAllAvailableDialects();
  return failed(mlir::mlirReduceMain(argc, argv, context))
             ? vescale::exitRunFailed
             : vescale::exitDone;
}
