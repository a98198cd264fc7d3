//===- Compiler.cpp - Takes a model through the phases ----------*- C++ -*-===//

#include "vescale/Driver/Compiler.h"
#include "lib/Driver/BindCheckpoint.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Support/FileUtilities.h"
#include "mlir/Support/Timing.h"
#include "mlir/Transforms/Passes.h"
#include "passes/Partition/Passes.h"
#include "passes/Prepare/Passes.h"
#include "passes/Train/Passes.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/ToolOutputFile.h"

using namespace mlir;
using namespace vescale;

/// Parses MLIR text; the source manager lives as long as the call, and messages
/// print through the context's handlers.
static OwningOpRef<ModuleOp> parse(StringRef file, MLIRContext *context) {
  std::string message;
  std::unique_ptr<llvm::MemoryBuffer> buffer = openInputFile(file, &message);
  if (!buffer) {
    emitError(UnknownLoc::get(context), message);
    return {};
  }
  llvm::SourceMgr sources;
  sources.AddNewSourceBuffer(std::move(buffer), llvm::SMLoc());
  return parseSourceFile<ModuleOp>(sources, context);
}

static void addPasses(Phase phase, PassManager &pm,
                      const CompilerOptions &options) {
  switch (phase) {
  case Phase::Import:
  case Phase::Emit:
    return;
  case Phase::Prepare:
    if (options.train.file.empty()) {
      pm.addPass(prepare::createGraphRemoveDropout());
      pm.addPass(prepare::createGraphDecomposeStatistics());
    }
    prepare::buildPreparePipeline(pm);
    if (!options.train.file.empty())
      train::buildTrainPipeline(pm, options.train);
    return;
  case Phase::Plan:
    return dist::buildPlanPipeline(pm, options.plan);
  case Phase::Partition:
    return dist::buildPartitionPipeline(pm);
  case Phase::Schedule:
    // Types are local: what partition made twice folds safely now, and what
    // is left runs in the order of the text.
    pm.addPass(createCanonicalizerPass());
    pm.addPass(createCSEPass());
    return;
  case Phase::Lower:
    return buildLowerPipeline(pm, options.lower);
  }
}

static LogicalResult dump(ModuleOp module, Phase phase, StringRef dir) {
  if (dir.empty())
    return success();
  SmallString<128> path(dir);
  llvm::sys::path::append(path, Twine(static_cast<int>(phase)) + "." +
                                    phaseName(phase) + ".mlir");
  std::string message;
  std::unique_ptr<llvm::ToolOutputFile> file;
  std::error_code error = llvm::sys::fs::create_directories(dir);
  if (error)
    message = (dir + ": " + error.message()).str();
  else
    file = openOutputFile(path, &message);
  if (!file)
    return emitError(UnknownLoc::get(module.getContext()), message);
  module->print(file->os(), OpPrintingFlags().enableDebugInfo());
  file->keep();
  return success();
}

OwningOpRef<ModuleOp> vescale::compile(const CompilerOptions &options,
                                       MLIRContext *context, Phase &failedAt) {
  failedAt = Phase::Import;
  if (options.progress)
    options.progress(Phase::Import);
  TimingScope none;
  TimingScope &timing = options.timing ? *options.timing : none;
  TimingScope import = timing.nest(phaseName(Phase::Import));
  bool isText = StringRef(options.model).ends_with(".mlir");
  ImportOptions importOptions = options.import;
  importOptions.weightsElsewhere = !options.checkpoint.empty();
  importOptions.weightsRead =
      options.to == Phase::Emit && options.checkpoint.empty();
  OwningOpRef<ModuleOp> module =
      isText ? parse(options.model, context)
             : importModel(options.model, importOptions, context);
  import.stop();
  if (!module)
    return {};
  if (!options.checkpoint.empty() &&
      failed(bindCheckpoint(*module, options.checkpoint)))
    return {};
  if (options.reproducible)
    (*module)->setAttr(dist::kReproducibleAttr, UnitAttr::get(context));
  Phase from = isText ? options.from : Phase::Import;
  if (failed(dump(*module, from, options.dumpDir)))
    return {};
  for (const PhaseInfo &info : phases()) {
    if (info.phase <= from || info.phase > options.to ||
        info.phase == Phase::Emit)
      continue;
    failedAt = info.phase;
    if (options.progress)
      options.progress(info.phase);
    PassManager pm(context);
    TimingScope phase = timing.nest(info.name);
    pm.enableTiming(phase);
    // Fails where no tool has registered the options.
    (void)applyPassManagerCLOptions(pm);
    addPasses(info.phase, pm, options);
    if (failed(pm.run(*module)) ||
        failed(dump(*module, info.phase, options.dumpDir)))
      return {};
  }
  return module;
}
