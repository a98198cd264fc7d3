//===- ImportTarget.cpp - The frontend under arbitrary bytes --------------===//
//
// The fuzz target: any input is either refused with an error or becomes a
// module that verifies. Anything else traps. libFuzzer's driver calls it on
// inputs of its own making, Replay.cpp on files.
//
//===----------------------------------------------------------------------===//

#include "lib/Frontend/Onnx/OnnxFrontend.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Verifier.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
  bool reported = false;
  mlir::ScopedDiagnosticHandler handler(
      &context, [&](mlir::Diagnostic &) { reported = true; });
  vescale::ImportOptions options;
  llvm::StringRef contents(reinterpret_cast<const char *>(data), size);
  mlir::OwningOpRef<mlir::ModuleOp> module =
      vescale::onnx::importOnnx("fuzz.onnx", contents, options, &context);
  // A refusal says why; what is not refused is right.
  if (!module && !reported)
    __builtin_trap();
  if (module && mlir::failed(mlir::verify(*module)))
    __builtin_trap();
  return 0;
}
