//===- Planning.cpp - From a model to its plan ------------------*- C++ -*-===//
//
// The planner's prices are of ops, which are fused and ordered later. So of its
// best few plans each is lowered, and the program played on the machine; the
// quickest of those that fit is taken.
//
//===----------------------------------------------------------------------===//
#include "vescale/Driver/Planning.h"
#include "vescale/Simulator/RankProgram.h"
#include "vescale/Support/Diagnostics.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/ToolOutputFile.h"

using namespace mlir;
using namespace vescale;

OwningOpRef<ModuleOp> vescale::readForward(const CompilerOptions &options,
                                           MLIRContext *context,
                                           Phase &failed) {
  CompilerOptions forward = options;
  forward.train.forwardOnly = true;
  forward.import.weightsElsewhere = true;
  forward.checkpoint.clear();
  forward.to = Phase::Prepare;
  return compile(forward, context, failed);
}

llvm::Expected<planner::PlanRequest>
vescale::planRequest(const CompilerOptions &options, const Machine &machine) {
  planner::PlanRequest request;
  request.devices = machine.devices;
  if (options.train.file.empty())
    return request;
  llvm::Expected<TrainFile> train = train::resolveTrainFile(options.train);
  if (!train)
    return train.takeError();
  const OptimizerOptions &optimizer = train->optimizer;
  bool isAdam = optimizer.kind == OptimizerOptions::AdamW;
  constexpr int64_t element = 4; // states and gradients are f32
  int64_t states = isAdam ? 2 : optimizer.momentum != 0 ? 1 : 0;
  request.training = {states * element, element};
  return request;
}

/// Lowers and plays a plan; nothing if its program does not fit.
static FailureOr<std::optional<double>>
play(const CompilerOptions &options, const PlanFile &plan,
     const Machine &machine, MLIRContext *context, Phase &failed) {
  SmallString<128> path;
  int descriptor;
  if (std::error_code error = llvm::sys::fs::createTemporaryFile(
          "vescale-plan", "json", descriptor, path))
    return report(llvm::createStringError(error, "a temporary file: " +
                                                     error.message()),
                  context);
  llvm::ToolOutputFile file(path, descriptor);
  file.os() << printPlan(plan);
  file.os().close();
  CompilerOptions each = options;
  each.plan = {};
  each.plan.plan = path.str().str();
  each.train.plan = each.plan.plan;
  each.train.recompute.clear();
  each.train.microBatches = 0;
  each.to = Phase::Lower;
  // Remarks come when the plan that is taken is compiled.
  ScopedDiagnosticHandler quiet(context, [](Diagnostic &diagnostic) {
    return success(diagnostic.getSeverity() != DiagnosticSeverity::Error);
  });
  OwningOpRef<ModuleOp> module = compile(each, context, failed);
  if (!module)
    return failure();
  llvm::Expected<simulator::Prediction> prediction =
      simulator::predictStep(*module, machine);
  if (!prediction)
    return report(prediction.takeError(), context);
  if (prediction->memoryBytes() > machine.device.memoryBytes)
    return std::optional<double>();
  return std::optional<double>(prediction->stepUs);
}

std::optional<PlayedPlan> vescale::choosePlan(const CompilerOptions &options,
                                              const Machine &machine,
                                              MLIRContext *context,
                                              Phase &failed) {
  failed = Phase::Plan;
  llvm::Expected<planner::PlanRequest> request = planRequest(options, machine);
  if (!request)
    return (void)report(request.takeError(), context), std::nullopt;
  request->within = 1;
  OwningOpRef<ModuleOp> forward = readForward(options, context, failed);
  if (!forward)
    return std::nullopt;
  failed = Phase::Plan;
  FailureOr<planner::PlanResult> result = planner::makePlan(
      *forward->getOps<func::FuncOp>().begin(), machine, *request);
  if (mlir::failed(result))
    return std::nullopt;
  constexpr size_t most = 6;
  std::optional<PlayedPlan> best;
  for (const planner::Candidate &candidate :
       ArrayRef(result->candidates).take_front(most)) {
    FailureOr<std::optional<double>> step =
        play(options, candidate.plan, machine, context, failed);
    if (mlir::failed(step))
      return std::nullopt;
    if (*step && (!best || **step < best->stepUs))
      best = {candidate.plan, **step};
  }
  if (!best) {
    failed = Phase::Partition; // its exit code: no plan
    emitError(UnknownLoc::get(context))
        << "no plan for " << machine.devices << " ranks fits into "
        << machine.device.memoryBytes << " bytes each; vescale-plan "
        << "--cluster=… says what is missing";
  }
  return best;
}
