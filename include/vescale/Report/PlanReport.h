//===- PlanReport.h - Plans as a page that people read ----------*- C++ -*-===//
//
// A document (docs/Reference/plan-report.md) tells of a model, a cluster and
// plans; the page shows it, alone and without a network. Free of models and IR.
//
//===----------------------------------------------------------------------===//
#ifndef VESCALE_REPORT_PLANREPORT_H
#define VESCALE_REPORT_PLANREPORT_H

#include "llvm/Support/Error.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

namespace vescale {

/// What is written in a document's field "schema".
inline constexpr llvm::StringLiteral kPlanReportSchema =
    "vescale.plan-report/1";

/// Whether the document has the fields that it must have, no other ones, and
/// speaks of what it names. An error begins with the field's path:
/// "plans[0].step.total_us: expected a number".
llvm::Error checkPlanReport(const llvm::json::Object &report);

/// Writes the page of a document, which is checked first. Its names may be
/// anything: they are shown as text.
llvm::Error writePlanReport(const llvm::json::Object &report,
                            llvm::raw_ostream &os);

} // namespace vescale

#endif // VESCALE_REPORT_PLANREPORT_H
