//===- vescale-plan.cpp - The best layout of a model on a cluster ---------===//

#include "mlir/IR/DialectRegistry.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Support/Timing.h"
#include "vescale/CostModel/Machine.h"
#include "vescale/Driver/Compiler.h"
#include "vescale/Driver/Register.h"
#include "vescale/Planner/Planner.h"
#include "vescale/Support/CommandLine.h"
#include "vescale/Support/Diagnostics.h"
#include "vescale/Support/ExitCodes.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/ToolOutputFile.h"

namespace cl = llvm::cl;
using namespace vescale;

static cl::OptionCategory category("Options");
static cl::opt<std::string> model(cl::Positional, cl::desc("MODEL"),
                                  cl::cat(category));
static cl::opt<std::string>
    cluster("cluster",
            cl::desc("The machine file, or a preset with its devices"),
            cl::value_desc("c.json|dgx-h100:64"), cl::cat(category));
static cl::opt<std::string> output("o", cl::desc("Where the plan file goes"),
                                   cl::value_desc("plan.json"),
                                   cl::cat(category));
static cl::opt<std::string>
    mesh("mesh", cl::desc("Degrees that are decided, as tp=4"),
         cl::value_desc("tp=4"), cl::cat(category));
static cl::list<std::string>
    dims("dim", cl::desc("Size of a dynamic dimension of the model, by name"),
         cl::value_desc("NAME=N"), cl::cat(category));
static cl::opt<std::string>
    trainFile("train", cl::desc("Plan a training step: a train file"),
              cl::value_desc("train.json"), cl::cat(category));
static cl::list<std::string>
    trainSet("train-set", cl::desc("Set a field of the train file"),
             cl::value_desc("FIELD=VALUE"), cl::cat(category));

static cl::opt<int64_t> mostStages(
    "stages", cl::desc("How many pipeline stages there may be"), cl::init(1),
    cl::value_desc("N"), cl::cat(category));
static cl::opt<bool> splitBatch(
    "split-batch",
    cl::desc("The batch is a step's: micro-batches may be smaller"),
    cl::cat(category));

static int usage(const llvm::Twine &message) {
  llvm::errs() << "error: " << message << "\n";
  return exitUsage;
}

static int fail(int code, llvm::Error error) {
  llvm::logAllUnhandledErrors(std::move(error), llvm::errs(), "error: ");
  return code;
}

static void printTable(const planner::PlanResult &result) {
  llvm::outs() << llvm::formatv(
      "{0,4} {1,4} {2,4} {3,5} {4,6} {5,4} {6,10} {7,10} {8,10} {9,10} {10,10} "
      "{11,8}\n",
      "pp", "dp", "tp", "parts", "micro", "zero", "step ms", "compute",
      "exchange", "sync", "bubble", "GiB");
  for (const planner::Candidate &each : result.candidates)
    llvm::outs() << llvm::formatv(
        "{0,4} {1,4} {2,4} {3,5} {4,6} {5,4} {6,10:f2} {7,10:f2} {8,10:f2} "
        "{9,10:f2} {10,10:f2} {11,8:f2}\n",
        each.point.pp, each.point.dp, each.point.tp, each.point.chunks,
        each.point.microBatches, each.point.zero, each.time.step / 1e3,
        each.time.compute / 1e3, each.time.exchange / 1e3,
        each.time.sync / 1e3, each.time.bubble / 1e3,
        static_cast<double>(each.memory.total()) / (1 << 30));
  llvm::outs() << llvm::formatv(
      "lower bound {0:f2} ms; {1} points, {2} ruled out, {3} stages solved\n",
      result.lowerBound / 1e3, result.points, result.pruned, result.solved);
}

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  registerPasses();
  mlir::registerPassManagerCLOptions();
  mlir::registerDefaultTimingManagerCLOptions();
  cl::HideUnrelatedOptions(category);
  if (!cl::ParseCommandLineOptions(
          argc, argv,
          "Finds the best layout of a model on a cluster.\n\n"
          "  vescale-plan llama.onnx --train=train.json "
          "--cluster=dgx-h100:64 -o plan.json\n",
          &llvm::errs()))
    return exitUsage;
  if (model.empty() || cluster.empty())
    return usage("vescale-plan MODEL --cluster=c.json");
  llvm::Expected<Machine> machine = Machine::read(cluster);
  if (!machine)
    return fail(exitBadInput, machine.takeError());
  mlir::DialectRegistry registry;
  registerDialects(registry);
  mlir::MLIRContext context(registry);
  DiagnosticPrinter printer(&context);
  CompilerOptions options;
  options.model = model;
  for (const std::string &dim : dims)
    if (std::string error = options.import.bind(dim); !error.empty())
      return usage(error);
  options.train.file = trainFile;
  options.train.set.assign(trainSet.begin(), trainSet.end());
  options.train.forwardOnly = true;
  // Their values are not looked at.
  options.import.weightsElsewhere = true;
  options.to = Phase::Prepare;
  mlir::DefaultTimingManager timing;
  mlir::applyDefaultTimingManagerCLOptions(timing);
  mlir::TimingScope scope = timing.getRootScope();
  options.timing = &scope;
  Phase failedAt;
  mlir::OwningOpRef<mlir::ModuleOp> module =
      compile(options, &context, failedAt);
  if (!module)
    return exitBadInput;
  planner::PlanRequest request;
  request.devices = machine->devices;
  request.splitsBatch = splitBatch;
  request.mostStages = mostStages;
  if (!trainFile.empty())
    request.training = {8, 4};
  if (!mesh.empty()) {
    llvm::Expected<PlanFile> pins = parseMesh(mesh);
    if (!pins)
      return fail(exitUsage, pins.takeError());
    for (auto &[axis, size] : pins->mesh)
      (axis == "dp"   ? request.pins.dp
       : axis == "pp" ? request.pins.pp
                      : request.pins.tp) = size;
  }
  mlir::func::FuncOp forward = *module->getOps<mlir::func::FuncOp>().begin();
  mlir::TimingScope search = scope.nest("search");
  mlir::FailureOr<planner::PlanResult> result =
      planner::makePlan(forward, *machine, request);
  search.stop();
  if (mlir::failed(result))
    return exitBadInput;
  printTable(*result);
  const planner::Candidate *best = result->best();
  if (!best)
    return exitNoPlan;
  if (!output.empty()) {
    std::error_code error;
    llvm::ToolOutputFile file(output, error, llvm::sys::fs::OF_Text);
    if (error)
      return usage(output + ": " + error.message());
    file.os() << printPlan(best->plan);
    file.keep();
  }
  return exitDone;
}
