//===- vescale-plugin.cpp - Dialects and passes for mlir-opt ----*- C++ -*-===//
//
// The two entry points by which the stock mlir-opt of the same MLIR release
// loads this project's dialects and passes.
//
//===----------------------------------------------------------------------===//
#include "mlir/IR/DialectRegistry.h"
#include "mlir/Tools/Plugins/DialectPlugin.h"
#include "mlir/Tools/Plugins/PassPlugin.h"
#include "vescale/Driver/Register.h"

extern "C" LLVM_ATTRIBUTE_VISIBILITY_DEFAULT mlir::DialectPluginLibraryInfo
mlirGetDialectPluginInfo() {
  return {MLIR_PLUGIN_API_VERSION, "vescale", VESCALE_VERSION,
          [](mlir::DialectRegistry *registry) {
            vescale::registerDialects(*registry);
          }};
}

extern "C" LLVM_ATTRIBUTE_VISIBILITY_DEFAULT mlir::PassPluginLibraryInfo
mlirGetPassPluginInfo() {
  return {MLIR_PLUGIN_API_VERSION, "vescale", VESCALE_VERSION,
          vescale::registerPasses};
}
