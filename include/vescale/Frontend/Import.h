//===- Import.h - From a model that a framework exported to IR --*- C++ -*-===//
//
// The entry of the compiler: reads a model file into a module of `graph` ops
// with one function `main`. Formats are behind the interface `Frontend`, so
// that the rest never asks which one it was.
//
//===----------------------------------------------------------------------===//

#ifndef VESCALE_FRONTEND_IMPORT_H
#define VESCALE_FRONTEND_IMPORT_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/ADT/StringMap.h"

namespace vescale {

struct ImportOptions {
  /// Sizes of the model's named dynamic dimensions.
  llvm::StringMap<int64_t> dims;
  /// Weights are going to come by name from elsewhere.
  bool weightsElsewhere = false;
  /// Somebody is going to read the weights where the model has them: those
  /// files must be there.
  bool weightsRead = false;

  /// Adds "NAME=N"; the reason if it isn't that, else empty.
  std::string bind(llvm::StringRef text);
};

/// Reads one format.
class Frontend {
public:
  virtual ~Frontend() = default;

  /// For messages, e.g. "ONNX".
  virtual llvm::StringRef name() const = 0;
  /// Whether the file at `path`, which starts with `head`, is meant for this
  /// frontend.
  virtual bool recognises(llvm::StringRef path, llvm::StringRef head) const = 0;
  /// Null after emitting errors through the context's diagnostics.
  virtual mlir::OwningOpRef<mlir::ModuleOp>
  import(llvm::StringRef path, const ImportOptions &options,
         mlir::MLIRContext *context) const = 0;
};

/// All frontends of this build, in the order in which they are asked.
llvm::ArrayRef<const Frontend *> frontends();

/// Imports `path` with the frontend that recognises it and verifies the result.
/// Null after emitting errors.
mlir::OwningOpRef<mlir::ModuleOp> importModel(llvm::StringRef path,
                                              const ImportOptions &options,
                                              mlir::MLIRContext *context);

} // namespace vescale

#endif // VESCALE_FRONTEND_IMPORT_H
