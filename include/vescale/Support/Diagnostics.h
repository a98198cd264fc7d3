//===- Diagnostics.h - How errors and remarks are told ----------*- C++ -*-===//

#ifndef VESCALE_SUPPORT_DIAGNOSTICS_H
#define VESCALE_SUPPORT_DIAGNOSTICS_H

#include "mlir/IR/Diagnostics.h"
#include "llvm/Support/Error.h"

namespace vescale {

/// While it lives, prints a context's diagnostics to stderr, one a line, with
/// the location as describeLocation puts it.
class DiagnosticPrinter {
public:
  explicit DiagnosticPrinter(mlir::MLIRContext *context);

private:
  mlir::ScopedDiagnosticHandler handler;
};

/// Fails with the error, if it is one, which is about no op: about a flag or a
/// file.
mlir::LogicalResult report(llvm::Error error, mlir::MLIRContext *context);

/// The diagnostic in the form that is printed, notes included.
std::string formatDiagnostic(mlir::Diagnostic &diagnostic);

} // namespace vescale

#endif // VESCALE_SUPPORT_DIAGNOSTICS_H
