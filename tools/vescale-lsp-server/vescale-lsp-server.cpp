//===- vescale-lsp-server.cpp - Language server for editors -----*- C++ -*-===//

#include "mlir/IR/DialectRegistry.h"
#include "mlir/Tools/mlir-lsp-server/MlirLspServerMain.h"
#include "vescale/Driver/Register.h"
#include "vescale/Support/CommandLine.h"
#include "vescale/Support/ExitCodes.h"
#include "llvm/Support/CommandLine.h"

int main(int argc, char **argv) {
  llvm::cl::extrahelp help(
      "\nServes .mlir files with this project's dialects over stdin and "
      "stdout: "
      "an\neditor starts it. In Visual Studio Code's MLIR extension:\n\n"
      "  \"mlir.server_path\": \"build/bin/vescale-lsp-server\"\n\n"
      "Exit codes: 0 done, 1 the client did not shut it down in order, or "
      "usage.\n");
  mlir::DialectRegistry registry;
  vescale::registerDialects(registry);
  vescale::hideLibraryOptions();
  return failed(mlir::MlirLspServerMain(argc, argv, registry))
             ? vescale::exitRunFailed
             : vescale::exitDone;
}
