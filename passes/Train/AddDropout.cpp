//===- AddDropout.cpp - train-add-dropout -----------------------*- C++ -*-===//
//
// Gives each dropout what decides about its elements: their numbers in the
// whole batch of the step, and the step. A row of the last dimension has as
// many numbers as it has elements, rounded up to 64, of which vectors use all
// words
// (#graph.drop); rows are numbered in row-major order, with all samples of the
// step where the model has a batch of them.
//
//===----------------------------------------------------------------------===//
#include "dialects/Graph/SampleDims.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "passes/Train/DropoutSites.h"
#include "passes/Train/Formula.h"
#include "passes/Train/Options.h"
#include "passes/Train/Passes.h"
#include "runtime/core/abi.h"
#include "llvm/Support/MathExtras.h"

namespace vescale::train {
#define GEN_PASS_DEF_TRAINADDDROPOUT
#include "passes/Train/Passes.h.inc"
} // namespace vescale::train

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;
using namespace vescale::train;

namespace {
class Drawing {
public:
  Drawing(func::FuncOp func, const TrainFile &options)
      : func(func), options(options), samples(func), batch(samples.getBatch()) {
    for (auto op : func.front().getOps<dist::ShardableOpInterface>())
      samples.visit(op, op.getShardingRule());
  }

  LogicalResult run(ArrayRef<Operation *> sites);

private:
  LogicalResult addInputs();
  FailureOr<std::optional<SampleDim>> findSamples(Operation *op, Value value);
  /// The numbers of the first element of each row of `length`, of rows of this
  /// shape.
  Value number(OpBuilder &builder, Location loc, ArrayRef<int64_t> rows,
               int64_t length, std::optional<SampleDim> at);
  Value positions(Formula &f, ArrayRef<int64_t> rows, int64_t dim,
                  std::optional<SampleDim> at);
  LogicalResult draw(DropoutOp op);
  LogicalResult draw(AttentionOp op);
  DropAttr numbered(DropAttr drop) {
    return DropAttr::get(func.getContext(), drop.getRate(),
                         static_cast<int64_t>(options.seed), site++);
  }

  func::FuncOp func;
  const TrainFile &options;
  SampleDims samples;
  int64_t batch;
  Value step, sampleRows;
  int64_t site = 0;
};
} // namespace

LogicalResult Drawing::addInputs() {
  Type i64 = IntegerType::get(func.getContext(), 64);
  auto scalar = RankedTensorType::get({}, i64);
  OpBuilder builder(&func.front(), func.front().begin());
  auto counter = ParameterOp::create(builder, func.getLoc(), scalar, kStepName);
  counter.setInitAttr(DenseElementsAttr::get(scalar, int64_t(0)));
  step = counter.getResult();
  auto attributes = DictionaryAttr::get(
      func.getContext(),
      builder.getNamedAttr(kNameAttr, builder.getStringAttr(VS_ROWS_INPUT)));
  if (failed(func.insertArgument(func.getNumArguments(),
                                 RankedTensorType::get({batch}, i64),
                                 attributes, func.getLoc())))
    return failure();
  sampleRows = func.getArguments().back();
  return success();
}

/// Nothing where the value is the same for all samples.
FailureOr<std::optional<SampleDim>> Drawing::findSamples(Operation *op,
                                                         Value value) {
  std::optional<SampleDim> at = samples.lookup(value);
  if (!at && samples.hasSamples(value) && options.microBatches > 1)
    return op->emitOpError(
        "drops elements of a value that does not keep the "
        "samples apart in one dimension, so that what is "
        "dropped would depend on the cut into micro-batches; "
        "set \"micro_batches\" to 1, or its rate to 0");
  return at;
}

Value Drawing::positions(Formula &f, ArrayRef<int64_t> rows, int64_t dim,
                         std::optional<SampleDim> at) {
  Type i64 = f.builder.getI64Type();
  auto type = RankedTensorType::get(rows, i64);
  if (!at || at->dim != dim)
    return IotaOp::create(f.builder, f.loc, type, dim);
  Value position = sampleRows;
  if (at->inner != 1) {
    auto split = RankedTensorType::get({batch, at->inner}, i64);
    position = BroadcastOp::create(f.builder, f.loc, split, position,
                                   ArrayRef<int64_t>{0});
    position = f.add(f.mul(position, static_cast<double>(at->inner)),
                     IotaOp::create(f.builder, f.loc, split, 1).getResult());
    position = ReshapeOp::create(
        f.builder, f.loc, RankedTensorType::get({rows[dim]}, i64), position);
  }
  return BroadcastOp::create(f.builder, f.loc, type, position,
                             ArrayRef<int64_t>{dim});
}

Value Drawing::number(OpBuilder &builder, Location loc, ArrayRef<int64_t> rows,
                      int64_t length, std::optional<SampleDim> at) {
  Formula f(builder, loc);
  Value sum;
  int64_t stride = llvm::alignTo(length, 64);
  for (int64_t dim = rows.size(); dim-- > 0;) {
    Value term =
        f.mul(positions(f, rows, dim, at), static_cast<double>(stride));
    sum = sum ? f.add(term, sum) : term;
    stride *= rows[dim];
    if (at && at->dim == dim)
      stride *= options.microBatches;
  }
  return sum ? sum : f.scalar(builder.getI64Type(), 0);
}

LogicalResult Drawing::draw(DropoutOp op) {
  FailureOr<std::optional<SampleDim>> at = findSamples(op, op.getInput());
  if (failed(at))
    return failure();
  OpBuilder builder(op);
  ArrayRef<int64_t> shape = shapeOf(op.getInput());
  int64_t last = shape.size() - 1;
  op.setDropAttr(numbered(op.getDrop()));
  if (!*at || (*at)->dim != last) {
    op.getCountersMutable().assign(
        number(builder, op.getLoc(), shape.drop_back(), shape.back(), *at));
    op.getStepMutable().assign(step);
    return success();
  }
  // Samples that make up rows become rows of one element.
  SmallVector<int64_t> single(shape);
  single.push_back(1);
  Value counters = number(builder, op.getLoc(), shape, 1, *at);
  RankedTensorType type = typeOf(op.getInput()).clone(single);
  Value input = ReshapeOp::create(builder, op.getLoc(), type, op.getInput());
  Value result = DropoutOp::create(builder, op.getLoc(), type, input, counters,
                                   step, op.getDropAttr());
  op.replaceAllUsesWith(
      ReshapeOp::create(builder, op.getLoc(), op.getType(), result)
          .getResult());
  op.erase();
  return success();
}

LogicalResult Drawing::draw(AttentionOp op) {
  FailureOr<std::optional<SampleDim>> at = findSamples(op, op.getResult());
  if (failed(at))
    return failure();
  OpBuilder builder(op);
  ArrayRef<int64_t> rows = shapeOf(op.getQuery()).drop_back();
  Value counters =
      number(builder, op.getLoc(), rows, shapeOf(op.getKey())[2], *at);
  op.setDropAttr(numbered(*op.getDrop()));
  op.getCountersMutable().assign(counters);
  op.getStepMutable().assign(step);
  return success();
}

LogicalResult Drawing::run(ArrayRef<Operation *> sites) {
  if (failed(addInputs()))
    return failure();
  for (Operation *op : sites) {
    auto dropout = dyn_cast<DropoutOp>(op);
    if (failed(dropout ? draw(dropout) : draw(cast<AttentionOp>(op))))
      return failure();
  }
  return success();
}

namespace {
struct AddDropout : vescale::train::impl::TrainAddDropoutBase<AddDropout> {
  void runOnOperation() override {
    FailureOr<TrainFile> options = trainOptions(getOperation());
    FailureOr<func::FuncOp> step = findStep(getOperation());
    if (failed(options) || failed(step))
      return signalPassFailure();
    if (options->dropout && failed(setDropoutRates(*step, *options->dropout)))
      return signalPassFailure();
    SmallVector<Operation *> sites;
    for (Operation &op : llvm::make_early_inc_range(step->front())) {
      auto drop = op.getAttrOfType<DropAttr>("drop");
      if (!drop)
        continue;
      if (drop.getRate().getValueAsDouble() > 0) {
        sites.push_back(&op);
      } else if (auto dropout = dyn_cast<DropoutOp>(op)) {
        dropout.replaceAllUsesWith(dropout.getInput());
        dropout.erase();
      } else {
        op.removeAttr("drop");
      }
    }
    dropouts += sites.size();
    if (!sites.empty() && failed(Drawing(*step, *options).run(sites)))
      signalPassFailure();
  }
};
} // namespace
