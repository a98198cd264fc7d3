//===- Planning.cpp - From a model to its plan ------------------*- C++ -*-===//
//
// The planner's prices are of ops, which are fused and ordered later. So of its
// best few plans each is lowered, and the program played on the machine; the
// quickest of those that fit is taken.
//
//===----------------------------------------------------------------------===//
#include "vescale/Driver/Planning.h"
#include "mlir/Pass/PassManager.h"
#include "passes/Plan/Passes.h"
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

LogicalResult vescale::pinLayouts(ModuleOp module, StringRef planFile) {
  PassManager pm(module.getContext());
  dist::ApplyPlanPassOptions options;
  options.plan = planFile.str();
  options.layoutsAlone = true;
  pm.addPass(dist::createApplyPlanPass(options));
  return pm.run(module);
}

TemporaryPlan::TemporaryPlan(std::unique_ptr<llvm::ToolOutputFile> file)
    : file(std::move(file)) {}
TemporaryPlan::TemporaryPlan(TemporaryPlan &&) = default;
TemporaryPlan::~TemporaryPlan() = default;

llvm::Expected<TemporaryPlan> TemporaryPlan::write(const PlanFile &plan) {
  SmallString<128> path;
  int descriptor;
  if (std::error_code error = llvm::sys::fs::createTemporaryFile(
          "chosen-plan", "json", descriptor, path))
    return llvm::createStringError(error,
                                   "a temporary file: " + error.message());
  auto file = std::make_unique<llvm::ToolOutputFile>(path, descriptor);
  file->os() << printPlan(plan);
  file->os().flush();
  return TemporaryPlan(std::move(file));
}

CompilerOptions TemporaryPlan::in(CompilerOptions options) const {
  options.plan = {};
  options.plan.plan = options.train.plan = file->getFilename().str();
  options.train.recompute.clear();
  options.train.microBatches = 0;
  return options;
}

/// Lowers and plays a plan; nothing if its program does not fit.
static FailureOr<std::optional<double>>
play(const CompilerOptions &options, const PlanFile &plan,
     const Machine &machine, MLIRContext *context, Phase &failed) {
  llvm::Expected<TemporaryPlan> file = TemporaryPlan::write(plan);
  if (!file)
    return report(file.takeError(), context);
  CompilerOptions lowered = file->in(options);
  lowered.to = Phase::Lower;
  // Remarks come when the plan that is taken is compiled.
  ScopedDiagnosticHandler quiet(context, [](Diagnostic &diagnostic) {
    return success(diagnostic.getSeverity() != DiagnosticSeverity::Error);
  });
  OwningOpRef<ModuleOp> module = compile(lowered, context, failed);
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

std::optional<PlanFile> vescale::choosePlan(const CompilerOptions &options,
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
  std::optional<PlanFile> best;
  double quickest = std::numeric_limits<double>::infinity();
  for (const planner::Candidate &candidate :
       ArrayRef(result->candidates).take_front(most)) {
    FailureOr<std::optional<double>> step =
        play(options, candidate.plan, machine, context, failed);
    if (mlir::failed(step))
      return std::nullopt;
    if (*step && **step < quickest) {
      quickest = **step;
      best = candidate.plan;
    }
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
