//===- vescale-plan.cpp - The best layout of a model on a cluster ---------===//

#include "mlir/IR/DialectRegistry.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Support/Timing.h"
#include "tools/vescale-plan/PlanDocument.h"
#include "tools/vescale-plan/PlanTable.h"
#include "vescale/Driver/Planning.h"
#include "vescale/Driver/Register.h"
#include "vescale/Planner/PlanDiff.h"
#include "vescale/Report/PlanReport.h"
#include "vescale/Support/CommandLine.h"
#include "vescale/Support/Diagnostics.h"
#include "vescale/Support/ExitCodes.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/Path.h"

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
static cl::opt<std::string> mesh("mesh",
                                 cl::desc("Degrees that are decided, as tp=4"),
                                 cl::value_desc("tp=4"), cl::cat(category));
static cl::list<std::string>
    dims("dim", cl::desc("Size of a dynamic dimension of the model, by name"),
         cl::value_desc("NAME=N"), cl::cat(category));
static cl::opt<std::string>
    trainFile("train", cl::desc("Plan a training step: a train file"),
              cl::value_desc("train.json"), cl::cat(category));
static cl::list<std::string> trainSet("train-set",
                                      cl::desc("Set a field of the train file"),
                                      cl::value_desc("FIELD=VALUE"),
                                      cl::cat(category));

static cl::opt<int64_t>
    zero("zero", cl::desc("Decides what of a training step is stored sharded"),
         cl::value_desc("0..3"), cl::cat(category));
static cl::opt<int64_t> microBatches("micro-batches",
                                     cl::desc("Decides how many a step takes"),
                                     cl::value_desc("M"), cl::cat(category));
static cl::opt<std::string> recompute(
    "recompute",
    cl::desc("Decides what is computed again: none, selective or full"),
    cl::value_desc("WHAT"), cl::cat(category));
static cl::opt<int64_t>
    memoryBytes("memory-bytes",
                cl::desc("What a rank may use (default: all of a device's)"),
                cl::value_desc("N"), cl::cat(category));
static cl::opt<std::string>
    whyNot("why-not",
           cl::desc("Plans under this decision too, and shows the difference"),
           cl::value_desc("tp=4"), cl::cat(category));
static cl::opt<std::string>
    explain("explain",
            cl::desc("Says why parameters or nodes are laid out so, by name"),
            cl::value_desc("NAME"), cl::cat(category));
static cl::opt<std::string>
    decidedPlan("plan", cl::desc("A plan file whose decisions hold"),
                cl::value_desc("pins.json"), cl::cat(category));
static cl::opt<int64_t> workLimit(
    "work-limit",
    cl::desc("Ends the search when so many stages were solved: the same plan "
             "on every host"),
    cl::value_desc("N"), cl::cat(category));
static cl::opt<double>
    timeLimit("time-limit", cl::desc("Ends the search after so many seconds"),
              cl::value_desc("S"), cl::cat(category));
static cl::opt<bool> json("json", cl::desc("Print the plans as JSON"),
                          cl::cat(category));
static cl::opt<int64_t>
    mostStages("stages", cl::desc("How many pipeline stages there may be"),
               cl::init(1), cl::value_desc("N"), cl::cat(category));
static cl::opt<bool> idle("idle", cl::desc("Plans may leave devices idle"),
                          cl::cat(category));
static cl::opt<bool>
    splitBatch("split-batch",
               cl::desc("The batch is a step's: micro-batches may be smaller"),
               cl::cat(category));

static cl::opt<std::string>
    reportFile("report",
               cl::desc("Where a page that shows the plans goes (HTML)"),
               cl::value_desc("plan.html"), cl::cat(category));

static int usage(const llvm::Twine &message) {
  llvm::errs() << "error: " << message << "\n";
  return exitUsage;
}

static int fail(int code, llvm::Error error) {
  llvm::logAllUnhandledErrors(std::move(error), llvm::errs(), "error: ");
  return code;
}

static llvm::Error writeFile(llvm::StringRef path, llvm::StringRef text) {
  return llvm::writeToOutput(path, [&](llvm::raw_ostream &os) {
    os << text;
    return llvm::Error::success();
  });
}

/// What the user has decided; an error names what no plan has.
static llvm::Expected<planner::PlanPins> readPins(const std::string &text) {
  planner::PlanPins pins;
  if (!text.empty()) {
    llvm::Expected<PlanFile> axes = parseMesh(text);
    if (!axes)
      return axes.takeError();
    for (const auto &[axis, size] : axes->mesh) {
      if (axis == "dp")
        pins.dp = size;
      else if (axis == "tp")
        pins.tp = size;
      else if (axis == "pp")
        pins.pp = size;
      else
        return llvm::createStringError("plans have the axes pp, dp and tp, not "
                                       "'" +
                                       axis + "'");
    }
  }
  if (zero.getNumOccurrences())
    pins.zero = zero;
  if (microBatches.getNumOccurrences())
    pins.microBatches = microBatches;
  if (!recompute.empty()) {
    llvm::Expected<RecomputePlan> plan = parseRecompute(recompute);
    if (!plan)
      return plan.takeError();
    if (plan->kind == RecomputePlan::Listed)
      return llvm::createStringError(
          "--recompute is none, selective or full here; which layers are "
          "recomputed is for the plan to say");
    pins.recompute = plan->kind;
  }
  return pins;
}

/// What a plan file decides besides layouts and the mesh that these are over.
static llvm::Error addDecided(planner::PlanPins &pins) {
  llvm::Expected<PlanFile> plan = readPlan(decidedPlan);
  if (!plan)
    return plan.takeError();
  auto take = [&](auto &pin, const auto &said, const char *flag,
                  const char *field) -> llvm::Error {
    auto both = agree(flag, pin, decidedPlan + ", \"" + field + "\"", said);
    if (!both)
      return both.takeError();
    pin = *both;
    return llvm::Error::success();
  };
  std::optional<int64_t> level;
  if (plan->storage) {
    level = plan->storage->zero;
    if (level != 0 && plan->storage->axes != std::vector<std::string>{"dp"})
      return llvm::createStringError(decidedPlan +
                                     ", \"storage\": plans shard over dp");
  }
  std::optional<RecomputePlan::Kind> kind;
  if (plan->recompute) {
    kind = plan->recompute->kind;
    if (kind == RecomputePlan::Listed)
      return llvm::createStringError(
          decidedPlan + ", \"recompute\": which layers are recomputed is for "
                        "the plan to say; none, selective or full can be "
                        "decided");
  }
  if (llvm::Error error = take(pins.zero, level, "--zero", "storage"))
    return error;
  if (llvm::Error error =
          take(pins.recompute, kind, "--recompute", "recompute"))
    return error;
  return take(pins.microBatches, plan->microBatches, "--micro-batches",
              "micro_batches");
}

/// Nothing fits: what the smallest plan needs, and what the user's decisions
/// cost.
static int explainTooLarge(const planner::PlanResult &result,
                           mlir::func::FuncOp forward, const Machine &machine,
                           planner::PlanRequest request) {
  auto gib = [](int64_t bytes) {
    return llvm::formatv("{0:f1} GiB",
                         static_cast<double>(bytes) / (int64_t(1) << 30))
        .str();
  };
  if (!result.stopped.empty()) {
    llvm::errs() << "error: the " << result.stopped
                 << " ended the search before it had a plan; a larger one, or "
                    "more decisions, would do\n";
    return exitNoPlan;
  }
  if (result.tooLarge.empty()) {
    llvm::errs() << "error: no plan: " << request.devices
                 << " ranks cannot share out a batch of this size";
    llvm::errs() << " under these decisions; a batch that more of them divide, "
                    "or fewer decisions, would do\n";
    return exitNoPlan;
  }
  const planner::Candidate &least = result.tooLarge.front();
  int64_t needs = least.memory.total();
  llvm::errs() << "error: no plan fits: a rank needs " << gib(needs)
               << " at least and has " << gib(result.memoryLimit) << ", "
               << gib(needs - result.memoryLimit) << " too little (parameters "
               << gib(least.memory.parameters) << ", gradients "
               << gib(least.memory.gradients) << ", optimizer "
               << gib(least.memory.optimizer) << ", activations "
               << gib(least.memory.activations) << ", transient "
               << gib(least.memory.transient) << ")\n";
  // Without one decision each.
  const planner::PlanPins &pins = request.pins;
  auto without = [&](const llvm::Twine &what, auto clear) {
    planner::PlanRequest other = request;
    clear(other.pins);
    auto found = planner::makePlan(forward, machine, other);
    if (mlir::succeeded(found) && found->best())
      llvm::errs() << "note: without " << what << " there is a plan of "
                   << llvm::formatv("{0:f1}", found->best()->time.step / 1e3)
                   << " ms that needs " << gib(found->best()->memory.total())
                   << "\n";
  };
  if (pins.zero)
    without("--zero=" + llvm::Twine(*pins.zero),
            [](planner::PlanPins &each) { each.zero.reset(); });
  if (pins.recompute)
    without("--recompute=" + recompute,
            [](planner::PlanPins &each) { each.recompute.reset(); });
  if (pins.microBatches)
    without("--micro-batches=" + llvm::Twine(*pins.microBatches),
            [](planner::PlanPins &each) { each.microBatches.reset(); });
  if (pins.dp || pins.tp || pins.pp)
    without("--mesh=" + mesh, [](planner::PlanPins &each) {
      each.dp.reset();
      each.tp.reset();
      each.pp.reset();
    });
  if (request.training && !request.splitsBatch) {
    planner::PlanRequest other = request;
    other.splitsBatch = true;
    auto found = planner::makePlan(forward, machine, other);
    if (mlir::succeeded(found) && found->best())
      llvm::errs() << "note: with --split-batch there is a plan of "
                   << found->best()->point.microBatches << " micro-batches, "
                   << llvm::formatv("{0:f1}", found->best()->time.step / 1e3)
                   << " ms\n";
  }
  return exitNoPlan;
}

/// `vescale-plan diff A B`
static int diff(llvm::ArrayRef<const char *> files) {
  if (files.size() != 2)
    return usage("two plan files are compared: vescale-plan diff a.json "
                 "b.json");
  llvm::Expected<PlanFile> a = readPlan(files[0]), b = readPlan(files[1]);
  if (llvm::Error error =
          llvm::joinErrors(a ? llvm::Error::success() : a.takeError(),
                           b ? llvm::Error::success() : b.takeError()))
    return fail(exitBadInput, std::move(error));
  return printPlanDiff(*a, *b, llvm::outs()) ? exitRunFailed : exitDone;
}

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  if (argc > 1 && llvm::StringRef(argv[1]) == "diff")
    return diff(llvm::ArrayRef<const char *>(argv, argc).drop_front(2));
  registerPasses();
  mlir::registerPassManagerCLOptions();
  mlir::registerDefaultTimingManagerCLOptions();
  cl::HideUnrelatedOptions(category);
  if (!cl::ParseCommandLineOptions(
          argc, argv,
          "Finds the best layout of a model on a cluster.\n\n"
          "  vescale-plan llama.onnx --train=train.json "
          "--cluster=dgx-h100:64 -o plan.json\n"
          "  vescale-plan diff a.json b.json    what two plans say "
          "differently\n",
          &llvm::errs()))
    return exitUsage;
  if (model.empty())
    return usage("MODEL is missing: an .onnx or .mlir file");
  if (cluster.empty())
    return usage("--cluster says for what machine: a file that vescale-profile "
                 "made, or a preset such as dgx-h100:64");
  if (memoryBytes < 0 || workLimit < 0 || timeLimit < 0 || mostStages < 1 ||
      (zero.getNumOccurrences() && (zero < 0 || zero > 3)) ||
      (microBatches.getNumOccurrences() && microBatches < 1))
    return usage("--zero can be 0 to 3, --stages and --micro-batches are at "
                 "least 1, limits are not negative");
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
  mlir::DefaultTimingManager timing;
  mlir::applyDefaultTimingManagerCLOptions(timing);
  mlir::TimingScope scope = timing.getRootScope();
  options.timing = &scope;
  Phase failedAt;
  mlir::OwningOpRef<mlir::ModuleOp> module =
      readForward(options, &context, failedAt);
  if (!module)
    return exitBadInput;
  llvm::Expected<planner::PlanRequest> asked = planRequest(options, *machine);
  if (!asked)
    return fail(exitBadInput, asked.takeError());
  planner::PlanRequest request = *asked;
  request.splitsBatch = splitBatch;
  request.mayIdle = idle;
  request.findsRejected = true;
  request.mostStages = mostStages;
  request.memoryBytes = memoryBytes;
  request.workLimit = workLimit;
  request.timeLimitSeconds = timeLimit;
  llvm::Expected<planner::PlanPins> pins = readPins(mesh);
  if (!pins)
    return fail(exitUsage, pins.takeError());
  request.pins = *pins;
  if (!decidedPlan.empty()) {
    if (llvm::Error error = addDecided(request.pins))
      return fail(exitBadInput, std::move(error));
    if (mlir::failed(pinLayouts(*module, decidedPlan)))
      return exitBadInput;
  }
  mlir::func::FuncOp forward = *module->getOps<mlir::func::FuncOp>().begin();
  mlir::TimingScope search = scope.nest("search");
  mlir::FailureOr<planner::PlanResult> result =
      planner::makePlan(forward, *machine, request);
  search.stop();
  request.findsRejected = false; // of those that follow
  if (mlir::failed(result))
    return exitBadInput;
  const planner::Candidate *best = result->best();
  if (!best)
    return explainTooLarge(*result, forward, *machine, request);
  std::optional<planner::Explanation> explanation;
  if (!explain.empty()) {
    mlir::FailureOr<planner::Explanation> found =
        planner::explainLayout(forward, *machine, request, *best, explain);
    if (mlir::failed(found))
      return exitBadInput;
    explanation = std::move(*found);
  }
  if (json) {
    llvm::json::Object document = planJson(*result);
    if (explanation)
      document["explanation"] = explanationJson(explain, *explanation);
    llvm::outs() << llvm::formatv("{0:2}\n",
                                  llvm::json::Value(std::move(document)));
  } else {
    printPlanTable(*result, llvm::outs());
    if (explanation)
      printExplanation(explain, *explanation, result->memoryLimit,
                       llvm::outs());
  }
  if (!whyNot.empty()) {
    llvm::Expected<planner::PlanPins> other = readPins(whyNot);
    if (!other)
      return fail(exitUsage, other.takeError());
    request.pins = *other;
    mlir::FailureOr<planner::PlanResult> under =
        planner::makePlan(forward, *machine, request);
    if (mlir::failed(under))
      return exitBadInput;
    llvm::outs() << "\nwhy not " << whyNot << "\n";
    if (under->best())
      printDifference(*best, *under->best(), llvm::outs());
    else
      return explainTooLarge(*under, forward, *machine, request);
  }
  if (!output.empty())
    if (llvm::Error error = writeFile(output, printPlan(best->plan)))
      return fail(exitRunFailed, std::move(error));
  if (!reportFile.empty()) {
    std::string page;
    llvm::raw_string_ostream os(page);
    if (llvm::Error error = writePlanReport(
            planDocument(llvm::sys::path::filename(model), *result, *machine),
            os))
      return fail(exitRunFailed, std::move(error));
    if (llvm::Error error = writeFile(reportFile, page))
      return fail(exitRunFailed, std::move(error));
  }
  return exitDone;
}
