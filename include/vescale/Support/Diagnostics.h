//===- Diagnostics.h - How tools print errors and remarks -------*- C++ -*-===//

#ifndef VESCALE_SUPPORT_DIAGNOSTICS_H
#define VESCALE_SUPPORT_DIAGNOSTICS_H

#include "mlir/IR/Diagnostics.h"

namespace vescale {

/// While it lives, prints a context's diagnostics to stderr, one a line, with
/// the location as describeLocation puts it.
class DiagnosticPrinter {
public:
  explicit DiagnosticPrinter(mlir::MLIRContext *context);

private:
  mlir::ScopedDiagnosticHandler handler;
};

/// The diagnostic in the form that is printed, notes included.
std::string formatDiagnostic(mlir::Diagnostic &diagnostic);

} // namespace vescale

#endif // VESCALE_SUPPORT_DIAGNOSTICS_H
