//===- vescale-compile.cpp - From a model to a bundle -----------*- C++ -*-===//

#include "mlir/IR/AsmState.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Support/FileUtilities.h"
#include "mlir/Support/Timing.h"
#include "tools/vescale-compile/EmitBundle.h"
#include "vescale/Driver/Compiler.h"
#include "vescale/Driver/MachineCache.h"
#include "vescale/Driver/MemoryReport.h"
#include "vescale/Driver/Planning.h"
#include "vescale/Driver/Register.h"
#include "vescale/Planner/PlanFile.h"
#include "vescale/Simulator/RankProgram.h"
#include "vescale/Support/Diagnostics.h"
#include "vescale/Support/ExitCodes.h"
#include "vescale/Train/TrainFile.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/ToolOutputFile.h"

namespace cl = llvm::cl;
using namespace vescale;

static cl::OptionCategory category("Options");
static cl::opt<std::string> model(cl::Positional, cl::desc("MODEL"),
                                  cl::cat(category));
static cl::opt<std::string>
    output("o", cl::desc("The bundle's directory; with --compile-to a file"),
           cl::value_desc("DIR"), cl::cat(category));
static cl::opt<std::string>
    mesh("mesh",
         cl::desc("Mesh axes, slowest first. dp shards the batch, tp heads and "
                  "hidden dimensions (default: one rank)"),
         cl::value_desc("dp=2,tp=2"), cl::cat(category));
static cl::opt<std::string>
    plan("plan", cl::desc("A plan file (vescale.plan/1) in place of --mesh"),
         cl::value_desc("plan.json"), cl::cat(category));
static cl::opt<std::string>
    sp("sp", cl::desc("Sequence sharding: megatron or ulysses"),
       cl::value_desc("KIND"), cl::cat(category));
static cl::opt<std::string>
    spAxis("sp-axis",
           cl::desc("Its axis (default: tp for megatron, sp for ulysses)"),
           cl::value_desc("AXIS"), cl::cat(category));
static cl::opt<int64_t> zero(
    "zero",
    cl::desc("Of a training step store in shards: 1 the optimizer's state, "
             "2 sums of gradients too, 3 parameters too (default: the plan "
             "file's, or 0)"),
    cl::value_desc("0..3"), cl::init(-1), cl::cat(category));
static cl::opt<std::string>
    zeroAxes("zero-axes",
             cl::desc("Over which axes: all of dp, or a part of it, as dp:(2)2 "
                      "(default: the plan file's, or dp)"),
             cl::value_desc("AXES"), cl::cat(category));
static cl::opt<std::string> trainFile(
    "train",
    cl::desc("Compile a training step: a train file (vescale.train/1), or "
             "\"default\" to print one to begin with"),
    cl::value_desc("train.json"), cl::cat(category));
static cl::list<std::string> trainSet(
    "train-set",
    cl::desc("Set a field of the train file, as optimizer.epsilon=1e-6; "
             "repeatable; without a value: to its default"),
    cl::value_desc("FIELD=VALUE"), cl::cat(category));
static cl::opt<bool> printTrain(
    "print-train",
    cl::desc("Print the train file with every field as it would be followed, "
             "and end"),
    cl::cat(category));
static cl::opt<std::string> recompute(
    "recompute",
    cl::desc("What a training step computes again instead of keeping it: none, "
             "selective (all but products, attention and lookups), full (all "
             "inside a layer), or modules and nodes by name, as h.0.mlp,h.1.* "
             "(default: the plan file's, or none)"),
    cl::value_desc("WHAT"), cl::cat(category));
static cl::opt<bool> memoryReport(
    "memory-report",
    cl::desc("Print what memory a training step takes with each choice of "
             "--recompute, and end"),
    cl::cat(category));
static cl::opt<int64_t>
    bucketBytes("bucket-bytes",
                cl::desc("Most bytes of collectives that go together "
                         "(default: 2 MiB; 0: each goes alone)"),
                cl::value_desc("N"), cl::init(LowerOptions().bucketBytes),
                cl::cat(category));
static cl::opt<int64_t>
    microBatches("micro-batches",
                 cl::desc("A step takes this many batches of --dim's size one "
                          "after the other (default: the plan file's, or the "
                          "train file's)"),
                 cl::value_desc("M"), cl::cat(category));
static cl::opt<bool> reproducible(
    "reproducible",
    cl::desc("The same bits in every layout: sums have one order, which costs "
             "time and transfers"),
    cl::cat(category));
static cl::list<std::string>
    dims("dim", cl::desc("Size of a dynamic dimension of the model, by name"),
         cl::value_desc("NAME=N"), cl::cat(category));
static cl::opt<int64_t>
    ranks("n",
          cl::desc("Ranks: without a layout the quickest for so many on this "
                   "machine is chosen, which is measured once for that; with "
                   "--mesh or --plan their number must be this one"),
          cl::value_desc("N"), cl::cat(category));
static cl::opt<std::string> cluster(
    "cluster",
    cl::desc("Predict a step's time and memory on the machine of this file "
             "(vescale.cluster/1), or of a preset with its number of devices, "
             "as dgx-h100:64"),
    cl::value_desc("c.json"), cl::cat(category));
static cl::opt<std::string> target("target", cl::desc("What to compile for"),
                                   cl::value_desc("cpu"), cl::init("cpu"),
                                   cl::cat(category));
static cl::opt<std::string>
    march("march",
          cl::desc("The instruction set: x86-64-v3, x86-64-v4 (default: this "
                   "machine's)"),
          cl::value_desc("ISA"), cl::cat(category));
static cl::opt<std::string>
    dumpPhases("dump-phases", cl::desc("Write the IR after each phase there"),
               cl::value_desc("DIR"), cl::cat(category));
static cl::opt<std::string> checkpoint(
    "checkpoint",
    cl::desc("Take the weights by name from a Hugging Face checkpoint: a "
             ".safetensors file, or a directory with model.safetensors or "
             "model.safetensors.index.json"),
    cl::value_desc("PATH"), cl::cat(category));
static cl::opt<WeightsMode> weights(
    "weights", cl::desc("Where the bundle's weights are"),
    cl::init(WeightsMode::Copy),
    cl::values(clEnumValN(WeightsMode::Copy, "copy",
                          "copied into the bundle (default)"),
               clEnumValN(WeightsMode::Reference, "reference",
                          "where they are now; the program refuses to start if "
                          "their content changed")),
    cl::cat(category));
static cl::opt<bool> json("json",
                          cl::desc("Print what was made as JSON to stdout"),
                          cl::cat(category));

namespace {
/// A phase by name.
class PhaseParser : public cl::parser<Phase> {
public:
  explicit PhaseParser(cl::Option &option) : cl::parser<Phase>(option) {}
  /// Called once the option has its name; before, each phase would become an
  /// option of its own.
  void initialize() {
    for (const PhaseInfo &info : phases())
      addLiteralOption(info.name, info.phase, info.description);
  }
};
} // namespace

static cl::opt<Phase, false, PhaseParser>
    compileTo("compile-to", cl::desc("Stop after a phase and write its IR"),
              cl::init(Phase::Emit), cl::cat(category));
static cl::opt<Phase, false, PhaseParser>
    compileFrom("compile-from",
                cl::desc("MODEL is the IR after this phase (.mlir)"),
                cl::init(Phase::Import), cl::cat(category));

static int usage(const llvm::Twine &message) {
  llvm::errs() << "error: " << message << "\n";
  return exitUsage;
}

/// An option that acts in a phase which is behind the given IR, or null.
static const cl::Option *findLate(Phase from) {
  const std::pair<const cl::Option *, Phase> acts[] = {
      {&trainFile, Phase::Prepare}, {&reproducible, Phase::Prepare},
      {&mesh, Phase::Plan},         {&plan, Phase::Plan},
      {&sp, Phase::Plan},           {&spAxis, Phase::Plan},
      {&bucketBytes, Phase::Lower}};
  for (auto [option, phase] : acts)
    if (option->getNumOccurrences() && phase <= from)
      return option;
  return nullptr;
}

/// What went wrong in a phase, as an exit code.
static int exitCodeOf(Phase phase) {
  switch (phase) {
  case Phase::Import:
  case Phase::Prepare:
  case Phase::Plan:
    return exitBadInput;
  case Phase::Partition:
    return exitNoPlan;
  case Phase::Schedule:
  case Phase::Lower:
  case Phase::Emit:
    return exitRunFailed;
  }
  return exitRunFailed;
}

static int writeIr(mlir::ModuleOp module) {
  std::string message;
  auto file =
      mlir::openOutputFile(output.empty() ? "-" : output.getValue(), &message);
  if (!file)
    return usage(message);
  module->print(file->os());
  file->os() << "\n";
  file->keep();
  return exitDone;
}

/// Fills in what the flags say; an exit code where they ask for no more, or for
/// what cannot be.
static std::optional<int> readOptions(CompilerOptions &options) {
  if (trainFile == "default") {
    llvm::outs() << defaultTrainFile();
    return 0;
  }
  if (microBatches.getNumOccurrences() &&
      (trainFile.empty() || microBatches < 1))
    return usage("--micro-batches is at least 1 and goes with --train");
  if (trainFile.empty() && (printTrain || memoryReport || !trainSet.empty()))
    return usage("--train-set, --print-train and --memory-report go with "
                 "--train");

  options.model = model;
  options.reproducible = reproducible;
  options.train.file = trainFile;
  options.train.set.assign(trainSet.begin(), trainSet.end());
  options.train.microBatches = microBatches;
  if (bucketBytes < 0)
    return usage("--bucket-bytes is 0 at least");
  options.lower.bucketBytes = bucketBytes;
  options.train.recompute = recompute;
  options.train.plan = plan;
  if (!recompute.empty() && trainFile.empty())
    return usage("--recompute goes with --train");
  if (printTrain) {
    llvm::Expected<TrainFile> train = train::resolveTrainFile(options.train);
    if (!train)
      return fail(exitBadInput, train.takeError());
    llvm::outs() << printTrainFile(*train);
    return exitDone;
  }
  if (model.empty())
    return usage("MODEL is missing: an .onnx or .mlir file");
  for (const std::string &dim : dims)
    if (std::string error = options.import.bind(dim); !error.empty())
      return usage(error);
  if (!mesh.empty() && !plan.empty())
    return usage("--mesh and --plan exclude each other; the plan has the mesh");
  if (llvm::Expected<PlanFile> parsed =
          parseMesh(mesh.empty() ? "dp=1" : mesh.getValue());
      !parsed)
    return fail(exitUsage, parsed.takeError());
  options.plan.mesh = mesh.empty() ? "dp=1" : mesh.getValue();
  options.plan.plan = plan;
  options.plan.sp = sp;
  options.plan.spAxis = spAxis;
  options.plan.zero = zero;
  options.plan.zeroAxes = zeroAxes;
  if (zero.getNumOccurrences() && (zero < 0 || zero > 3))
    return usage("--zero can be 0 to 3");
  if (zero.getNumOccurrences() && trainFile.empty())
    return usage("--zero goes with --train");
  if (!plan.empty() && !(sp.empty() && spAxis.empty()))
    return usage("--sp goes with --mesh; a plan says for itself what is "
                 "sharded");
  bool isText = llvm::StringRef(model).ends_with(".mlir");
  if (compileFrom.getNumOccurrences() && !isText)
    return usage("--compile-from needs MLIR text, but the model is '" + model +
                 "'");
  if (isText && !dims.empty())
    return usage("--dim is for models with dynamic dimensions, not for .mlir");
  if (const cl::Option *late = findLate(compileFrom))
    return usage("--" + late->ArgStr + " acts before the end of the phase " +
                 phaseName(compileFrom) + ", behind which the model is");
  options.from = compileFrom;
  options.to = compileTo;
  options.dumpDir = dumpPhases;
  options.checkpoint = checkpoint;
  if (!checkpoint.empty() && options.from != Phase::Import)
    return usage("--checkpoint needs the model as it was imported, not the IR "
                 "after " +
                 phaseName(options.from));
  if (weights == WeightsMode::Reference && options.to != Phase::Emit)
    return usage("--weights is about a bundle, and --compile-to=" +
                 phaseName(options.to) + " makes none");
  if (ranks.getNumOccurrences() && ranks < 1)
    return usage("-n is 1 at least");
  if (ranks.getNumOccurrences() && !(mesh.empty() && plan.empty())) {
    llvm::Expected<PlanFile> given =
        plan.empty() ? parseMesh(mesh) : readPlan(plan);
    if (!given)
      return fail(exitBadInput, given.takeError());
    int64_t size = 1;
    for (const auto &[axis, each] : given->mesh)
      size *= each;
    if (size != ranks)
      return usage("-n " + llvm::Twine(ranks) + ", but the mesh has " +
                   llvm::Twine(size) + " ranks");
  }
  if ((!cluster.empty() || ranks > 1) && mesh.empty() && plan.empty()) {
    for (const cl::Option *option :
         {static_cast<cl::Option *>(&sp), static_cast<cl::Option *>(&spAxis),
          static_cast<cl::Option *>(&zero),
          static_cast<cl::Option *>(&zeroAxes),
          static_cast<cl::Option *>(&recompute)})
      if (option->getNumOccurrences())
        return usage("--" + option->ArgStr +
                     " goes with --mesh; with --cluster or -n alone the plan "
                     "is chosen, and vescale-plan takes decisions");
    if (compileFrom >= Phase::Prepare)
      return usage("a plan is chosen for a model as it was imported, not for "
                   "the IR after " +
                   phaseName(compileFrom));
  }
  if (!cluster.empty() && (options.to != Phase::Emit || memoryReport))
    return usage("--cluster goes with a bundle, of which its prediction is a "
                 "part");
  if (options.to == Phase::Emit && !memoryReport) {
    if (output.empty())
      return usage("-o DIR says where the bundle goes");
    if (llvm::Error error = checkBundleDir(output))
      return fail(exitUsage, std::move(error));
  }
  return std::nullopt;
}

/// Another tool of this build.
static std::string besideMe(const char *argv0, llvm::StringRef name) {
  std::string self = llvm::sys::fs::getMainExecutable(
      argv0, reinterpret_cast<void *>(&besideMe));
  llvm::SmallString<128> path(llvm::sys::path::parent_path(self));
  llvm::sys::path::append(path, name);
  return path.str().str();
}

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  registerPasses(); // by name, for the options below
  mlir::registerAsmPrinterCLOptions();
  mlir::registerPassManagerCLOptions();
  mlir::registerDefaultTimingManagerCLOptions();
  cl::HideUnrelatedOptions(category);
  if (!cl::ParseCommandLineOptions(
          argc, argv,
          "Compiles a model to a directory of executables, one program for "
          "all ranks of a mesh.\n\n"
          "  vescale-compile gpt2.onnx -o gpt2 --mesh=dp=2,tp=2 "
          "--dim=batch=4 --dim=sequence=512\n"
          "  vescale-run gpt2 -n 4 --input=in.npz --output=out.npz\n\n"
          "  vescale-compile --train=default > train.json\n"
          "  vescale-compile gpt2.onnx -o step --train=train.json "
          "--mesh=dp=2\n\n"
          "Also takes MLIR's options for debugging, such as --mlir-timing or\n"
          "--mlir-print-ir-after-all --mlir-print-ir-after-change "
          "(--help-hidden).\n"
          "Exit codes: 0 done, 1 failed, 2 usage, 3 bad input, 4 no feasible "
          "plan.\n",
          &llvm::errs()))
    return exitUsage;
  // lld registers an option of this name when it links.
  march.removeArgument();

  CompilerOptions options;
  if (std::optional<int> code = readOptions(options))
    return *code;
  std::optional<Machine> machine;
  bool isChosen = mesh.empty() && plan.empty();
  if (!cluster.empty() || (ranks > 1 && isChosen)) {
    llvm::Expected<Machine> read =
        cluster.empty()
            ? thisMachine(ranks, besideMe(argv[0], "vescale-profile"))
            : Machine::read(cluster);
    if (!read)
      return fail(exitBadInput, read.takeError());
    machine = std::move(*read);
    if (ranks.getNumOccurrences() && isChosen && machine->devices != ranks)
      return usage("-n " + llvm::Twine(ranks) + ", but " + cluster + " has " +
                   llvm::Twine(machine->devices) + " devices");
  }
  llvm::Expected<std::unique_ptr<CodegenTarget>> codegen =
      createTarget(target, march);
  if (!codegen)
    return fail(exitUsage, codegen.takeError());

  mlir::DialectRegistry registry;
  registerDialects(registry);
  registerCodegenDialects(registry);
  mlir::MLIRContext context(registry);
  context.printOpOnDiagnostic(false); // locations say where
  DiagnosticPrinter printer(&context);
  mlir::DefaultTimingManager timingManager;
  mlir::applyDefaultTimingManagerCLOptions(timingManager);
  mlir::TimingScope timing = timingManager.getRootScope();
  options.timing = &timing;
  Progress progress;
  options.progress = [&](Phase phase) { progress.begin(phase); };
  Phase failedAt;
  if (memoryReport) {
    std::vector<MemoryRow> rows =
        compareRecomputation(options, &context, failedAt);
    progress.end();
    if (rows.empty())
      return exitCodeOf(failedAt);
    printMemoryRows(rows, json, llvm::outs());
    return exitDone;
  }
  std::optional<TemporaryPlan> chosen;
  if (machine && isChosen) {
    std::optional<PlanFile> best =
        choosePlan(options, *machine, &context, failedAt);
    if (!best) {
      progress.end();
      return exitCodeOf(failedAt);
    }
    llvm::Expected<TemporaryPlan> file = TemporaryPlan::write(*best);
    if (!file)
      return fail(exitRunFailed, file.takeError());
    chosen.emplace(std::move(*file));
    options = chosen->in(options);
  }
  mlir::OwningOpRef<mlir::ModuleOp> module =
      compile(options, &context, failedAt);
  if (!module) {
    progress.end();
    return exitCodeOf(failedAt);
  }
  if (options.to != Phase::Emit) {
    progress.end();
    return writeIr(*module);
  }
  BundleOptions bundle;
  if (machine) {
    llvm::Expected<simulator::Prediction> prediction =
        simulator::predictStep(*module, *machine);
    progress.end();
    if (!prediction)
      return fail(exitBadInput, prediction.takeError());
    bundle.prediction = llvm::formatv("{0:2}\n", toJson(*prediction));
    llvm::errs() << simulator::summarize(*prediction) << "\n";
  }
  progress.begin(Phase::Emit);
  mlir::TimingScope scope = timing.nest(phaseName(Phase::Emit));
  // Before lld sets all options back to their defaults, when it links.
  bundle.dir = output;
  bundle.model = model;
  bundle.weights = weights;
  return emitBundle(*module, **codegen, bundle,
                    {/*asJson=*/json, /*isStep=*/!trainFile.empty()}, progress,
                    argv[0]);
}
