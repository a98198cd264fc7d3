//===- CheckTrainable.cpp - Whether an export can be trained ----*- C++ -*-===//

#include "dialects/Graph/Dropout.h"
#include "dialects/Graph/UnnamedWeights.h"
#include "passes/Train/Options.h"
#include "passes/Train/Passes.h"

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

/// The gradient of batch normalization by stored statistics is not the one of
/// training, and statistics are no weights.
static LogicalResult checkStatistics(ModuleOp module,
                                     const TrainFile &options) {
  SmallVector<StringRef> trained, statistics = listed(module, kStatisticsAttr);
  module.walk([&](ParameterOp op) {
    if (llvm::is_contained(statistics, op.getName()) &&
        train::isTrained(op, options) &&
        !llvm::is_contained(trained, op.getName()))
      trained.push_back(op.getName());
  });
  if (trained.empty())
    return success();
  InFlightDiagnostic error = module.emitError();
  error << "the export normalizes batches by statistics that it has as "
           "parameters: ";
  append(error, trained);
  return error << "; training with the batch's own is not supported: list "
                  "\"*running_mean\" and \"*running_var\" under \"frozen\" in "
                  "the train file to train the rest of the model with these";
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
        failed(checkStatistics(getOperation(), *options)))
      signalPassFailure();
  }
};
} // namespace
