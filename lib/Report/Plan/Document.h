//===- Document.h - The form of a plan report -------------------*- C++ -*-===//
#ifndef VESCALE_LIB_REPORT_PLAN_DOCUMENT_H
#define VESCALE_LIB_REPORT_PLAN_DOCUMENT_H

#include "lib/Report/Plan/Shape.h"

namespace vescale {

/// Fields and their types.
shape::Check planReportShape();

/// What fields say of each other, in a document of the right form.
llvm::Error checkConsistency(const llvm::json::Object &report);

} // namespace vescale

#endif // VESCALE_LIB_REPORT_PLAN_DOCUMENT_H
