//===- OnnxFrontend.h - The frontend for ONNX files -------------*- C++ -*-===//

#ifndef VESCALE_LIB_FRONTEND_ONNX_ONNXFRONTEND_H
#define VESCALE_LIB_FRONTEND_ONNX_ONNXFRONTEND_H

#include "vescale/Frontend/Import.h"

namespace vescale::onnx {

class OnnxFrontend : public Frontend {
public:
  llvm::StringRef name() const override { return "ONNX"; }
  bool recognises(llvm::StringRef path, llvm::StringRef head) const override;
  mlir::OwningOpRef<mlir::ModuleOp>
  import(llvm::StringRef path, const ImportOptions &options,
         mlir::MLIRContext *context) const override;
};

/// As OnnxFrontend::import for a serialized model in memory; `path` is where it
/// would be.
mlir::OwningOpRef<mlir::ModuleOp> importOnnx(llvm::StringRef path,
                                             llvm::StringRef contents,
                                             const ImportOptions &options,
                                             mlir::MLIRContext *context);

} // namespace vescale::onnx

#endif // VESCALE_LIB_FRONTEND_ONNX_ONNXFRONTEND_H
