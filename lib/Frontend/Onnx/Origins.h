//===- Origins.h - Where in the user's program a node comes from ----------===//

#ifndef VESCALE_LIB_FRONTEND_ONNX_ORIGINS_H
#define VESCALE_LIB_FRONTEND_ONNX_ORIGINS_H

#include "lib/Frontend/Onnx/Model.h"
#include "vescale/Support/Location.h"

namespace vescale::onnx {

/// The location of what `node`, the `index`-th of its graph, is imported to.
mlir::Location locateNode(mlir::MLIRContext *context, const Node &node,
                          size_t index);

/// Dotted path of the module that PyTorch's `namespace` metadata states, e.g.
/// "encoder.layer.0" from ": Bert/encoder.layer.0: Layer/linear: aten.linear".
llvm::StringRef parseNamespace(llvm::StringRef text);

/// File and line of the innermost frame of a Python stack trace outside PyTorch
/// itself; an empty file if there is none.
std::pair<llvm::StringRef, unsigned> parseStackTrace(llvm::StringRef text);

} // namespace vescale::onnx

#endif // VESCALE_LIB_FRONTEND_ONNX_ORIGINS_H
