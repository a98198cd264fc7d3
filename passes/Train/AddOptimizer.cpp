//===- AddOptimizer.cpp - train-add-optimizer -------------------*- C++ -*-===//
//
// Turns a function from inputs to the sum of losses and the number of what
// counts into a training step:
//   1. gradients of the sum, for each trained parameter (Gradients.h);
//   2. their scale: 1 / number, and what clips their global norm;
//   3. the learning rate and the bias corrections of the step, in f64;
//   4. new optimizer state and parameters.
//
// With several micro-batches gradients, losses and numbers are those of all
// (MicroBatches.h).
//
//===----------------------------------------------------------------------===//
#include "dialects/Graph/Statistics.h"
#include "passes/Train/Gradients.h"
#include "passes/Train/MicroBatches.h"
#include "passes/Train/Options.h"
#include "passes/Train/Passes.h"
#include "passes/Train/Schedule.h"

namespace vescale::train {
#define GEN_PASS_DEF_TRAINADDOPTIMIZER
#include "passes/Train/Passes.h.inc"
} // namespace vescale::train

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;
using namespace vescale::train;

namespace {
struct Trained {
  ParameterOp parameter;
  Value gradient;
};

class StepBuilder {
public:
  StepBuilder(func::FuncOp func, const TrainFile &options)
      : func(func), options(options),
        builder(func.front().getTerminator(), &marker),
        f(builder, func.getLoc()) {}

  LogicalResult build();

private:
  LogicalResult checkReproducible();
  LogicalResult findGradients();
  void accumulate();
  Value squaredNorm();
  void setScale();
  void updateAdamW(Trained &trained);
  void updateSgd(Trained &trained);
  void setResults();
  ParameterOp findCounter();
  double decayOf(ParameterOp parameter) const;
  ParameterOp createState(ParameterOp of, StringRef suffix) {
    return train::createState(f, of, suffix,
                              typeOf(of.getResult()).getElementType());
  }
  void update(ParameterOp parameter, Value value) {
    UpdateOp::create(builder, f.loc, parameter, value);
  }
  /// The f64 scalar in the parameter's element type.
  Value as(Value scalar, Value like) {
    return f.cast(scalar, typeOf(like).getElementType());
  }

  func::FuncOp func;
  const TrainFile &options;
  MarkOptimizer marker;
  OpBuilder builder;
  Formula f;
  SmallVector<Trained> trained;
  llvm::DenseSet<Value> sampleSums;
  /// Scalars of the step: what gradients are multiplied with, f32 or f64 as
  /// the loss; the learning rate and AdamW's corrections, f64.
  Value scale, norm, rate, correction1, correction2;
};
} // namespace

LogicalResult StepBuilder::findGradients() {
  Operation *end = func.front().getTerminator();
  SmallVector<Value> values;
  for (auto parameter : func.front().getOps<ParameterOp>())
    if (isTrained(parameter, options)) {
      trained.push_back({parameter, Value()});
      values.push_back(parameter.getResult());
    }
  if (trained.empty())
    return func.emitError("has no parameter to train: none has the author's "
                          "name and is not frozen; export the model with "
                          "optimize=False");
  auto gradients = buildGradients(func, end->getOperand(0), values);
  if (failed(gradients))
    return failure();
  // Their derivative is taken; what they are made of ranks can share.
  decomposeStatistics(func);
  for (auto [each, gradient] : llvm::zip_equal(trained, gradients->values)) {
    each.gradient = gradient;
    // Summed over ranks behind the cast, or before it.
    if (auto cast = gradient ? gradient.getDefiningOp<CastOp>() : CastOp();
        cast && options.reduce == TrainFile::F32)
      cast->setAttr(dist::kKeepPartialAttr, builder.getUnitAttr());
  }
  // What the loss does not depend on stays as it is.
  llvm::erase_if(trained, [](const Trained &each) { return !each.gradient; });
  if (trained.empty())
    return func.emitError("has a loss that depends on no trained parameter");
  sampleSums = std::move(gradients->sampleSums);
  builder.setInsertionPoint(end);
  return success();
}

/// Adds up over the micro-batches what the step's sums are.
void StepBuilder::accumulate() {
  Operation *end = func.front().getTerminator();
  MicroBatches sums(func, f, options.microBatches, std::move(sampleSums));
  for (Trained &each : trained)
    each.gradient = sums.addGradient(each.parameter, each.gradient);
  Value sum = sums.add("#loss_sum", end->getOperand(0));
  Value count = sums.add("#loss_count", end->getOperand(1));
  end->setOperands({sum, count});
  sums.splitOff();
}

/// Σ g² over all gradients, each added to the sum of those before.
Value StepBuilder::squaredNorm() {
  Value total;
  for (Trained &each : trained) {
    Value square = as(f.sum(f.mul(each.gradient, each.gradient)), scale);
    total = total ? f.add(total, square) : square;
  }
  return total;
}

void StepBuilder::setScale() {
  Operation *end = func.front().getTerminator();
  Value count = f.max(end->getOperand(1), 1);
  scale = f.div(f.scalar(typeOf(count).getElementType(), 1), count);
  norm = f.mul(f.map<SqrtOp>(squaredNorm()), scale);
  if (options.clipNorm > 0) {
    // PyTorch's clip_grad_norm_, with its 1e-6.
    Value clip =
        f.min(f.div(f.scalar(typeOf(norm).getElementType(), options.clipNorm),
                    f.add(norm, 1e-6)),
              1.0);
    scale = f.mul(scale, clip);
  }
}

double StepBuilder::decayOf(ParameterOp parameter) const {
  const OptimizerOptions &optimizer = options.optimizer;
  bool exempts1d = llvm::is_contained(optimizer.noDecay, "1d");
  if ((exempts1d && parameter.getStoredType().getRank() <= 1) ||
      matchesAny(optimizer.noDecay, parameter))
    return 0;
  return optimizer.weightDecay;
}

void StepBuilder::updateAdamW(Trained &each) {
  const OptimizerOptions &o = options.optimizer;
  ParameterOp first = createState(each.parameter, "exp_avg"),
              second = createState(each.parameter, "exp_avg_sq");
  Value w = each.parameter.getResult();
  Value g = f.mul(each.gradient, as(scale, w));
  Value m = f.add(f.mul(first.getResult(), o.beta1), f.mul(g, 1 - o.beta1));
  Value v = f.add(f.mul(second.getResult(), o.beta2),
                  f.mul(f.mul(g, g), 1 - o.beta2));
  update(first, m);
  update(second, v);
  Value denominator =
      f.add(f.mul(f.map<SqrtOp>(v), as(correction2, w)), o.epsilon);
  Value step = f.mul(f.div(m, denominator), as(f.mul(rate, correction1), w));
  if (double decay = decayOf(each.parameter); decay != 0)
    w = f.mul(w, as(f.sub(1.0, f.mul(rate, decay)), w));
  update(each.parameter, f.sub(w, step));
}

void StepBuilder::updateSgd(Trained &each) {
  const OptimizerOptions &o = options.optimizer;
  Value w = each.parameter.getResult();
  Value g = f.mul(each.gradient, as(scale, w));
  if (double decay = decayOf(each.parameter); decay != 0)
    g = f.add(g, f.mul(w, decay));
  if (o.momentum != 0) {
    ParameterOp momentum = createState(each.parameter, "momentum");
    g = f.add(f.mul(momentum.getResult(), o.momentum), g);
    update(momentum, g);
  }
  update(each.parameter, f.sub(w, f.mul(g, as(rate, w))));
}

/// What a log shows of a step.
void StepBuilder::setResults() {
  Operation *end = func.front().getTerminator();
  Value count = f.max(end->getOperand(1), 1);
  setNamedResults(func, {{"loss", f.div(end->getOperand(0), count)},
                         {"gradient_norm", norm},
                         {"learning_rate", rate}});
}

/// What has no order of sums that all layouts share.
LogicalResult StepBuilder::checkReproducible() {
  if (!dist::isReproducible(func))
    return success();
  if (!llvm::isPowerOf2_64(options.microBatches))
    return func.emitError("has ")
           << options.microBatches
           << " micro-batches; a reproducible step needs a power of two";
  if (options.reduce != TrainFile::F32)
    return func.emitError("adds up gradients in bf16 (reduce in the train "
                          "file), which a reproducible step cannot; use f32");
  return success();
}

/// The number of steps done; dropouts read it as well.
ParameterOp StepBuilder::findCounter() {
  for (auto parameter : func.front().getOps<ParameterOp>())
    if (parameter.getName() == kStepName)
      return parameter;
  auto scalar = RankedTensorType::get({}, builder.getI64Type());
  auto counter = ParameterOp::create(builder, f.loc, scalar, kStepName);
  counter.setInitAttr(DenseElementsAttr::get(scalar, int64_t(0)));
  return counter;
}

LogicalResult StepBuilder::build() {
  if (failed(checkReproducible()) || failed(findGradients()))
    return failure();
  if (options.microBatches > 1)
    accumulate();
  setScale();
  ParameterOp counter = findCounter();
  Value next = f.add(counter.getResult(), 1);
  update(counter, next);
  Value step = f.cast(counter.getResult(), builder.getF64Type());
  rate = learningRate(f, options.learningRate, step);
  bool isAdam = options.optimizer.kind == OptimizerOptions::AdamW;
  if (isAdam) {
    Value count = f.add(step, 1);
    auto inverse = [&](double beta) {
      Value rest = f.sub(1.0, f.pow(beta, count));
      return f.map<ReciprocalOp>(rest);
    };
    correction1 = inverse(options.optimizer.beta1);
    correction2 = f.map<SqrtOp>(inverse(options.optimizer.beta2));
  }
  for (Trained &each : trained)
    isAdam ? updateAdamW(each) : updateSgd(each);
  setResults();
  return success();
}

namespace {
struct AddOptimizer
    : vescale::train::impl::TrainAddOptimizerBase<AddOptimizer> {
  void runOnOperation() override {
    FailureOr<TrainFile> options = trainOptions(getOperation());
    FailureOr<func::FuncOp> step = findStep(getOperation());
    if (failed(options) || failed(step) ||
        failed(StepBuilder(*step, *options).build()))
      signalPassFailure();
  }
};
} // namespace
