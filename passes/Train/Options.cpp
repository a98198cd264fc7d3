//===- Options.cpp - What the passes of training go by ----------*- C++ -*-===//

#include "passes/Train/Options.h"
#include "dialects/Graph/Statistics.h"
#include "passes/Train/TrainOptions.h"
#include "vescale/Planner/PlanFile.h"
#include "llvm/Support/GlobPattern.h"

using namespace mlir;
using namespace vescale;

llvm::Expected<TrainFile> train::resolveTrainFile(const TrainOptions &options) {
  llvm::Expected<TrainFile> train = readTrainFile(options.file, options.set);
  if (!train)
    return train.takeError();
  std::optional<int64_t> flag, field;
  if (options.microBatches)
    flag = options.microBatches;
  if (!options.plan.empty()) {
    llvm::Expected<PlanFile> plan = readPlan(options.plan);
    if (!plan)
      return plan.takeError();
    field = plan->microBatches;
  }
  llvm::Expected<std::optional<int64_t>> number =
      agree("micro-batches=" + Twine(options.microBatches), flag,
            options.plan + ": \"micro_batches\", which is " +
                Twine(field.value_or(0)),
            field);
  if (!number)
    return number.takeError();
  train->microBatches = number->value_or(train->microBatches);
  return train;
}

FailureOr<TrainFile> train::trainOptions(ModuleOp module) {
  auto text = module->getAttrOfType<StringAttr>(graph::kTrainAttr);
  if (!text)
    return module.emitError("has no train file; train-read-options puts it "
                            "into the attribute ")
           << graph::kTrainAttr;
  llvm::Expected<TrainFile> options =
      parseTrainFile(text.getValue(), graph::kTrainAttr);
  if (!options)
    return module.emitError(llvm::toString(options.takeError()));
  return *options;
}

FailureOr<func::FuncOp> train::findStep(ModuleOp module) {
  auto functions = llvm::make_filter_range(
      module.getOps<func::FuncOp>(),
      [](func::FuncOp func) { return func.getSymName() != kEvaluationName; });
  if (!llvm::hasSingleElement(functions))
    return module.emitError("needs one function, the model, to be trained");
  func::FuncOp step = *functions.begin();
  if (step.isExternal() || !step.getBody().hasOneBlock())
    return step.emitOpError("must have one block to be trained");
  return step;
}

void train::setNamedResults(func::FuncOp func,
                            ArrayRef<std::pair<StringRef, Value>> results) {
  Builder builder(func.getContext());
  SmallVector<Value> values;
  SmallVector<DictionaryAttr> attributes;
  for (auto [name, value] : results) {
    values.push_back(value);
    attributes.push_back(builder.getDictionaryAttr(
        builder.getNamedAttr(graph::kNameAttr, builder.getStringAttr(name))));
  }
  func.front().getTerminator()->setOperands(values);
  func.setFunctionType(
      builder.getFunctionType(func.getArgumentTypes(), TypeRange(values)));
  func.setAllResultAttrs(attributes);
}

bool train::matchesAny(ArrayRef<std::string> globs, graph::ParameterOp op) {
  SmallVector<StringRef> names = {op.getName()};
  if (std::optional<graph::AuthorAttr> author = op.getAuthor())
    for (StringAttr tied : author->getTied())
      names.push_back(tied);
  return llvm::any_of(globs, [&](StringRef glob) {
    llvm::Expected<llvm::GlobPattern> pattern = llvm::GlobPattern::create(glob);
    if (pattern)
      return llvm::any_of(names,
                          [&](StringRef name) { return pattern->match(name); });
    llvm::consumeError(pattern.takeError()); // refused when it was read
    return false;
  });
}

/// Whether the parameter is a running statistic.
static bool isStatistic(graph::ParameterOp op) {
  auto list = op->getParentOfType<ModuleOp>()->getAttrOfType<ArrayAttr>(
      graph::kStatisticsAttr);
  return list && llvm::is_contained(list, op.getNameAttr());
}

bool train::isTrained(graph::ParameterOp op, const TrainFile &options) {
  return op.getAuthor() &&
         isa<FloatType>(op.getStoredType().getElementType()) &&
         !isStatistic(op) && !matchesAny(options.frozen, op);
}
