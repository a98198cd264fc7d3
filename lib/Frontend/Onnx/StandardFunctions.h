//===- StandardFunctions.h - Ops that ONNX defines by other ops -*- C++ -*-===//
//
// The standard gives many ops a body of simpler ones. Those bodies are taken
// from the onnx package when the compiler is built (cmake/onnx_functions.py),
// and stand in for an op that nothing here imports by itself.
//
//===----------------------------------------------------------------------===//

#ifndef VESCALE_LIB_FRONTEND_ONNX_STANDARDFUNCTIONS_H
#define VESCALE_LIB_FRONTEND_ONNX_STANDARDFUNCTIONS_H

#include "lib/Frontend/Onnx/Model.h"

namespace vescale::onnx {

/// One version of an op: of operator sets from `since` until before `until`.
struct StandardFunctionEntry {
  const char *domain, *op;
  int64_t since, until;
  /// The serialized function within the table's bytes.
  size_t offset, length;
};

struct StandardFunctionTable {
  llvm::ArrayRef<StandardFunctionEntry> entries;
  llvm::StringRef bytes;
};

/// The table; its source is generated.
StandardFunctionTable standardFunctionTable();

/// The body of `op` as operator set `opset` defines it. Null if it has none, or
/// one that depends on more than the op's version.
const Function *findStandardFunction(llvm::StringRef domain, llvm::StringRef op,
                                     int64_t opset);

} // namespace vescale::onnx

#endif // VESCALE_LIB_FRONTEND_ONNX_STANDARDFUNCTIONS_H
