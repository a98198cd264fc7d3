//===- Target.h - What programs are compiled for ----------------*- C++ -*-===//
//
// A target turns a lowered module (one rank.program and its kernel functions)
// into an object file with the symbol vescale_program of the runtime's ABI.
//
//===----------------------------------------------------------------------===//
#ifndef VESCALE_CODEGEN_TARGET_H
#define VESCALE_CODEGEN_TARGET_H

#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/Error.h"
#include <memory>
#include <string>

namespace vescale {

class CodegenTarget {
public:
  virtual ~CodegenTarget() = default;

  /// As the manifest names it, e.g. "cpu".
  virtual llvm::StringRef kind() const = 0;
  /// The instruction set, e.g. "x86-64-v4".
  virtual llvm::StringRef isa() const = 0;
  /// Compiles the module, which is left in pieces. `hash` is what the program
  /// says it is.
  virtual llvm::Expected<llvm::SmallVector<char, 0>>
  emitObject(mlir::ModuleOp module, llvm::StringRef hash) const = 0;
};

/// Every target registers all dialects' translations it needs.
void registerCodegenDialects(mlir::DialectRegistry &registry);

/// The target of a kind; `march` is empty for this machine's instruction set.
/// Errors name the kinds and sets there are.
llvm::Expected<std::unique_ptr<CodegenTarget>>
createTarget(llvm::StringRef kind, llvm::StringRef march);

} // namespace vescale

#endif // VESCALE_CODEGEN_TARGET_H
