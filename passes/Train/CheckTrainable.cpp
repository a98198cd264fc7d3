//===- CheckTrainable.cpp - Whether an export can be trained ----*- C++ -*-===//

#include "dialects/Graph/Dropout.h"
#include "dialects/Graph/Statistics.h"
#include "dialects/Graph/UnnamedWeights.h"
#include "passes/Train/Options.h"
#include "passes/Train/Passes.h"
#include "llvm/ADT/StringMap.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;

namespace vescale::train {
#define GEN_PASS_DEF_TRAINCHECKTRAINABLE
#include "passes/Train/Passes.h.inc"
} // namespace vescale::train

/// The list of texts that the importer left under this name.
static SmallVector<StringRef> listed(ModuleOp module, StringRef attribute) {
  SmallVector<StringRef> texts;
  if (auto list = module->getAttrOfType<ArrayAttr>(attribute))
    for (auto text : list.getAsRange<StringAttr>())
      texts.push_back(text);
  return texts;
}

static void append(InFlightDiagnostic &error, ArrayRef<StringRef> texts) {
  constexpr size_t most = 3;
  llvm::interleaveComma(texts.take_front(most), error);
  if (texts.size() > most)
    error << " and " << texts.size() - most << " more";
}

/// A training without the dropout that the author's has would go silently
/// another way.
static LogicalResult checkDropout(ModuleOp module, const TrainFile &options) {
  SmallVector<StringRef> off = listed(module, kDropoutsOffAttr);
  if (off.empty() || options.dropout)
    return success();
  InFlightDiagnostic error = module.emitError();
  error << "the export has dropout switched off: ";
  append(error, off);
  return error
         << "; export model.train() with optimize=False (attention's with "
            "attn_implementation=\"eager\"), or set rates under "
            "\"dropout\" in the train file, {} for none";
}

/// Why the running statistics cannot be state of the step, or nothing.
static std::string whyNotState(BatchStatisticsOp op,
                               llvm::StringMap<unsigned> &uses) {
  if (op.getCount() < 2)
    return "a batch has one element of each channel; it needs more samples "
           "(--dim)";
  for (Value running : {op.getRunningMean(), op.getRunningVariance()}) {
    auto parameter = running.getDefiningOp<ParameterOp>();
    if (!parameter || !parameter.getAuthor() ||
        parameter.getViewStrides().has_value())
      return "the export has its running statistics under no name of the "
             "model's; export it with optimize=False";
    if (uses[parameter.getName()] > 1)
      return ("\"" + parameter.getName() +
              "\" has other uses in the export, for which it cannot be "
              "updated; "
              "export it with dynamo=True and optimize=False, where equal "
              "tensors stay apart, or set \"batch_norm\" to \"frozen\"")
          .str();
  }
  return "";
}

/// Whose statistics a batch is normalized by is never chosen silently, and not
/// those of a part of it.
static LogicalResult checkBatchNorm(ModuleOp module, const TrainFile &options) {
  SmallVector<BatchStatisticsOp> norms;
  llvm::StringMap<unsigned> uses;
  module.walk([&](BatchStatisticsOp op) { norms.push_back(op); });
  module.walk([&](ParameterOp op) {
    uses[op.getName()] += llvm::range_size(op->getUses());
  });
  if (norms.empty())
    return options.batchNorm
               ? module.emitError("the train file has \"batch_norm\", but the "
                                  "model has no batch normalization")
               : success();
  for (BatchStatisticsOp op : norms)
    if (!op.getOfBatch() && !options.batchNorm)
      return op.emitError(
          "does not say what batches are normalized by in training: set "
          "\"batch_norm\" in the train file to \"batch\" for their own "
          "statistics, as model.train() has it, or to \"frozen\" for the "
          "running "
          "ones as they are");
  if (options.batchNorm == BatchNorm::Frozen)
    return success();
  if (options.microBatches > 1)
    return norms.front().emitError("normalizes by the statistics of a step's "
                                   "whole batch, which has ")
           << options.microBatches
           << " micro-batches: each would have its own. Set \"micro_batches\" "
              "to 1 and share the batch over ranks instead (--mesh=dp=N), or "
              "set \"batch_norm\" to \"frozen\"";
  for (BatchStatisticsOp op : norms)
    if (std::string why = whyNotState(op, uses); !why.empty())
      return op.emitError("cannot be trained: ") << why;
  return success();
}

namespace {
struct TrainCheckTrainablePass
    : train::impl::TrainCheckTrainableBase<TrainCheckTrainablePass> {
  void runOnOperation() override {
    if (failed(checkAllNamed(getOperation(),
                             "the model can't be trained as it is")))
      return signalPassFailure();
    FailureOr<TrainFile> options = train::trainOptions(getOperation());
    if (failed(options) || failed(checkDropout(getOperation(), *options)) ||
        failed(checkBatchNorm(getOperation(), *options)))
      signalPassFailure();
  }
};
} // namespace
