//===- AddLoss.cpp - train-add-loss -----------------------------*- C++ -*-===//
//
// The loss that the train file names, as ops behind the model. Results are the
// sum of the losses of what counts and its number, not the mean: over ranks and
// micro-batches sums add up to the same mean wherever the batch is cut.
//
// Cross-entropy is log Σ exp(x - m) + m - x[label], where m, the largest logit
// of a row, counts as a constant: its derivative is zero, and leaving it out
// makes exp(x - m) / Σ - onehot of the rest. No op holds log-probabilities, and
// sharded classes need a maximum, a sum and the label's logit of each row from
// other ranks (Megatron-LM, section 3).
//
//===----------------------------------------------------------------------===//
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "passes/Train/Formula.h"
#include "passes/Train/Options.h"
#include "passes/Train/Passes.h"

namespace vescale::train {
#define GEN_PASS_DEF_TRAINADDLOSS
#include "passes/Train/Passes.h.inc"
} // namespace vescale::train

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;
using namespace vescale::train;

namespace {
class LossBuilder {
public:
  LossBuilder(func::FuncOp func, const LossOptions &options)
      : func(func), options(options), builder(func.front().getTerminator()),
        f(builder, func.getLoc()) {}

  LogicalResult build();

private:
  FailureOr<Value> findOutput();
  FailureOr<Value> addInput(RankedTensorType type);
  LogicalResult crossEntropy(Value logits);
  LogicalResult meanSquaredError(Value prediction);
  LogicalResult output(Value loss);
  void setResults(Value sum, Value count);

  func::FuncOp func;
  const LossOptions &options;
  OpBuilder builder;
  Formula f;
};
} // namespace

static StringRef resultName(func::FuncOp func, unsigned index) {
  auto name = func.getResultAttrOfType<StringAttr>(index, kNameAttr);
  return name ? name.getValue() : StringRef();
}

FailureOr<Value> LossBuilder::findOutput() {
  Operation *end = func.front().getTerminator();
  std::string names;
  for (auto [index, value] : llvm::enumerate(end->getOperands())) {
    StringRef name = resultName(func, index);
    if (name == options.output ||
        (options.output.empty() && end->getNumOperands() == 1))
      return value;
    names += (names.empty() ? "" : ", ") + name.str();
  }
  if (options.output.empty())
    return func.emitError("the loss must say which output of the model it "
                          "reads; there are ")
           << names;
  return func.emitError("the loss reads the output \"")
         << options.output << "\", which the model lacks; it has " << names;
}

FailureOr<Value> LossBuilder::addInput(RankedTensorType type) {
  for (unsigned index = 0; index < func.getNumArguments(); ++index)
    if (auto name = func.getArgAttrOfType<StringAttr>(index, kNameAttr);
        name && name.getValue() == options.labels)
      return func.emitError("the loss adds the input \"")
             << options.labels << "\", but the model has one of that name";
  auto attributes = DictionaryAttr::get(
      func.getContext(),
      builder.getNamedAttr(kNameAttr, builder.getStringAttr(options.labels)));
  if (failed(func.insertArgument(func.getNumArguments(), type, attributes,
                                 func.getLoc())))
    return failure();
  return Value(func.getArguments().back());
}

void LossBuilder::setResults(Value sum, Value count) {
  setNamedResults(func, {{"loss_sum", sum}, {"loss_count", count}});
}

LogicalResult LossBuilder::crossEntropy(Value logits) {
  if (!isa<FloatType>(typeOf(logits).getElementType()) || rankOf(logits) == 0)
    return func.emitError("the loss reads logits of ")
           << logits.getType()
           << "; they need a dimension of classes, the last";
  Type f32 = builder.getF32Type(), i64 = builder.getI64Type();
  if (!typeOf(logits).getElementType().isF64())
    logits = f.cast(logits, f32);
  Type element = typeOf(logits).getElementType();
  int64_t classes = shapeOf(logits).back();
  auto labelType = RankedTensorType::get(shapeOf(logits).drop_back(), i64);
  FailureOr<Value> labels = addInput(labelType);
  if (failed(labels))
    return failure();
  Value counts = f.notEqual(
      *labels, f.splat(labelType, static_cast<double>(options.ignoreIndex)));
  Value safe = f.select(counts, *labels, f.splat(labelType, 0));

  Value highest = f.reduceLast(logits, Reduction::Max);
  highest.getDefiningOp()->setAttr(kDetachedAttr, builder.getUnitAttr());
  Value shifted = f.sub(logits, f.broadcastLast(highest, classes));
  Value total = f.reduceLast(f.map<ExpOp>(shifted), Reduction::Sum);
  Value normalizer = f.add(f.map<LogOp>(total), highest);
  SmallVector<int64_t> one(labelType.getShape());
  one.push_back(1);
  Value index =
      ReshapeOp::create(builder, f.loc, RankedTensorType::get(one, i64), safe);
  Value picked =
      TakeAlongOp::create(builder, f.loc, RankedTensorType::get(one, element),
                          logits, index, rankOf(logits) - 1);
  picked = ReshapeOp::create(builder, f.loc, normalizer.getType(), picked);
  Value loss = f.sub(normalizer, picked);
  if (options.labelSmoothing != 0) {
    Value mean = f.mul(f.reduceLast(logits, Reduction::Sum), 1.0 / classes);
    loss = f.add(f.mul(loss, 1 - options.labelSmoothing),
                 f.mul(f.sub(normalizer, mean), options.labelSmoothing));
  }
  loss = f.select(counts, loss, f.splat(typeOf(loss), 0));
  setResults(f.sum(loss), f.sum(f.cast(counts, element)));
  return success();
}

LogicalResult LossBuilder::meanSquaredError(Value prediction) {
  RankedTensorType type = typeOf(prediction);
  if (!isa<FloatType>(type.getElementType()))
    return func.emitError("the loss reads a prediction of ") << type;
  if (!type.getElementType().isF64())
    type = type.clone(builder.getF32Type());
  FailureOr<Value> target = addInput(type);
  if (failed(target))
    return failure();
  Value difference = f.sub(f.cast(prediction, type.getElementType()), *target);
  setResults(f.sum(f.mul(difference, difference)),
             f.scalar(type.getElementType(), type.getNumElements()));
  return success();
}

LogicalResult LossBuilder::output(Value loss) {
  RankedTensorType type = typeOf(loss);
  if (!isa<FloatType>(type.getElementType()) || type.getNumElements() != 1)
    return func.emitError("the loss is to be an output of the model, which is ")
           << type << ", no single number";
  auto scalar = type.clone(ArrayRef<int64_t>{});
  if (scalar != type)
    loss = ReshapeOp::create(builder, f.loc, scalar, loss);
  if (!type.getElementType().isF64())
    loss = f.cast(loss, builder.getF32Type());
  setResults(loss, f.scalar(typeOf(loss).getElementType(), 1));
  return success();
}

LogicalResult LossBuilder::build() {
  FailureOr<Value> value = findOutput();
  if (failed(value))
    return failure();
  switch (options.kind) {
  case LossOptions::CrossEntropy:
    return crossEntropy(*value);
  case LossOptions::MeanSquaredError:
    return meanSquaredError(*value);
  case LossOptions::Output:
    return output(*value);
  }
  llvm_unreachable("all kinds are listed");
}

namespace {
struct AddLoss : vescale::train::impl::TrainAddLossBase<AddLoss> {
  void runOnOperation() override {
    FailureOr<TrainFile> options = trainOptions(getOperation());
    FailureOr<func::FuncOp> step = findStep(getOperation());
    if (failed(options) || failed(step) ||
        failed(LossBuilder(*step, options->loss).build()))
      signalPassFailure();
  }
};
} // namespace
