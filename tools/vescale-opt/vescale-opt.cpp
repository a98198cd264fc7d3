//===- vescale-opt.cpp - Runs passes on MLIR text ---------------*- C++ -*-===//

#include "mlir/IR/DialectRegistry.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "vescale/Driver/Register.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  vescale::registerDialects(registry);
  vescale::registerPasses();
  return mlir::asMainReturnCode(
      mlir::MlirOptMain(argc, argv, "vescale's pass driver\n", registry));
}
