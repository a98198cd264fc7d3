//===- Diagnostics.cpp - How errors and remarks are told ------------------===//

#include "vescale/Support/Diagnostics.h"
#include "vescale/Support/Location.h"

using namespace mlir;

namespace vescale {

static StringRef severityName(DiagnosticSeverity severity) {
  switch (severity) {
  case DiagnosticSeverity::Note:
    return "note";
  case DiagnosticSeverity::Warning:
    return "warning";
  case DiagnosticSeverity::Error:
    return "error";
  case DiagnosticSeverity::Remark:
    return "remark";
  }
  return "error";
}

static void append(std::string &text, Diagnostic &diagnostic) {
  text +=
      severityName(diagnostic.getSeverity()).str() + ": " + diagnostic.str();
  std::string where = describeLocation(diagnostic.getLocation());
  if (!where.empty())
    text += "\n    at " + where;
  text += "\n";
}

std::string formatDiagnostic(Diagnostic &diagnostic) {
  std::string text;
  append(text, diagnostic);
  for (Diagnostic &note : diagnostic.getNotes())
    append(text, note);
  return text;
}

LogicalResult report(llvm::Error error, MLIRContext *context) {
  if (!error)
    return success();
  return emitError(UnknownLoc::get(context), llvm::toString(std::move(error)));
}

DiagnosticPrinter::DiagnosticPrinter(MLIRContext *context)
    : handler(context, [](Diagnostic &diagnostic) {
        llvm::errs() << formatDiagnostic(diagnostic);
      }) {}

} // namespace vescale
