//===- EmitBundle.h - The last phase, and what is said of it ----*- C++ -*-===//
#ifndef VESCALE_TOOLS_COMPILE_EMITBUNDLE_H
#define VESCALE_TOOLS_COMPILE_EMITBUNDLE_H

#include "vescale/Codegen/Target.h"
#include "vescale/Driver/Bundle.h"
#include "vescale/Driver/Progress.h"

namespace vescale {

/// Prints the error and returns the code.
int fail(int code, llvm::Error error);

/// How to tell what was made.
struct BundleReport {
  bool asJson;
  /// A training step, which is run otherwise.
  bool isStep;
};

/// Compiles the lowered module into a bundle; returns an exit code. `options`
/// say where it goes and what of; the rest of them is known here.
int emitBundle(mlir::ModuleOp module, const CodegenTarget &codegen,
               BundleOptions options, const BundleReport &report,
               Progress &progress, const char *argv0);

} // namespace vescale

#endif // VESCALE_TOOLS_COMPILE_EMITBUNDLE_H
