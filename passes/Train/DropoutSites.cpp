//===- DropoutSites.cpp - Where a model has dropout -------------*- C++ -*-===//
//
// Terms. A *projection* is a product with a weight, behind it perhaps a bias,
// casts, reshapes and a dropout: the end of attention or of an MLP. A *residual
// sum* adds a projection to another value computed from inputs, the *stream*.
//
// - "attention": the weights of each attention.
// - "residual": the projections of residual sums.
// - "embedding": the stream of the first of them, wherever it is read.
//
// Structure decides, not names, which exporters change.
//
//===----------------------------------------------------------------------===//
#include "passes/Train/DropoutSites.h"
#include "dialects/Graph/Graph.h"
#include "vescale/Support/Location.h"
#include "llvm/Support/GlobPattern.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;
using namespace vescale::train;

namespace {
class Sites {
public:
  explicit Sites(func::FuncOp func) : func(func), body(func.front()) {
    fed.insert_range(body.getArguments());
    for (Operation &op : body)
      if (llvm::any_of(op.getOperands(),
                       [&](Value value) { return fed.contains(value); }))
        fed.insert_range(op.getResults());
  }

  LogicalResult setExported(ArrayRef<DropoutOptions::Rate> rates);
  LogicalResult setAttention(double rate);
  LogicalResult setResidual(double rate);
  LogicalResult setEmbedding(double rate);

private:
  DropAttr drop(double rate) {
    Builder builder(func.getContext());
    return DropAttr::get(func.getContext(), builder.getF64FloatAttr(rate), 0,
                         0);
  }
  /// The end of the projection whose value this is, or null.
  DotOp findProjection(Value value) const;
  /// The sums of a stream and projections, in order.
  SmallVector<AddOp> findResidualSums() const;
  LogicalResult lacks(StringRef what, StringRef field) {
    return func.emitError("the model has no ")
           << what << ", for which the train file sets \"dropout." << field
           << "\"";
  }

  func::FuncOp func;
  Block &body;
  /// What is computed from inputs.
  DenseSet<Value> fed;
};
} // namespace

DotOp Sites::findProjection(Value value) const {
  while (Operation *op = value.getDefiningOp()) {
    if (auto dot = dyn_cast<DotOp>(op))
      return fed.contains(dot.getLhs()) != fed.contains(dot.getRhs()) ? dot
                                                                      : DotOp();
    if (auto add = dyn_cast<AddOp>(op)) {
      bool left = fed.contains(add.getLhs());
      if (left == fed.contains(add.getRhs()))
        return {};
      value = left ? add.getLhs() : add.getRhs();
    } else if (isa<CastOp, ReshapeOp, TransposeOp, DropoutOp>(op)) {
      value = op->getOperand(0);
    } else {
      return {};
    }
  }
  return {};
}

SmallVector<AddOp> Sites::findResidualSums() const {
  SmallVector<AddOp> sums;
  for (auto add : body.getOps<AddOp>())
    if (fed.contains(add.getLhs()) && fed.contains(add.getRhs()) &&
        (findProjection(add.getLhs()) || findProjection(add.getRhs())))
      sums.push_back(add);
  return sums;
}

/// The dropout on the way to the product that the value is made of.
static DropoutOp findDropout(Value value) {
  while (Operation *op = value.getDefiningOp()) {
    if (auto dropout = dyn_cast<DropoutOp>(op))
      return dropout;
    if (!isa<CastOp, ReshapeOp, TransposeOp>(op))
      return {};
    value = op->getOperand(0);
  }
  return {};
}

static bool matches(StringRef glob, Location loc) {
  llvm::Expected<llvm::GlobPattern> pattern = llvm::GlobPattern::create(glob);
  if (!pattern) { // refused when it was read
    llvm::consumeError(pattern.takeError());
    return false;
  }
  SmallVector<std::string> names = nodeNames(loc);
  llvm::append_range(names, moduleNames(loc));
  return llvm::any_of(
      names, [&](const std::string &name) { return pattern->match(name); });
}

LogicalResult Sites::setExported(ArrayRef<DropoutOptions::Rate> rates) {
  for (const DropoutOptions::Rate &rate : rates) {
    bool found = false;
    for (Operation &op : body) {
      if (!op.getAttrOfType<DropAttr>("drop") ||
          !matches(rate.match, op.getLoc()))
        continue;
      op.setAttr("drop", drop(rate.rate));
      found = true;
    }
    if (!found)
      return func.emitError("\"dropout.exported\" of the train file matches \"")
             << rate.match
             << "\", but no dropout of the export, nor its module, has such a "
                "name";
  }
  return success();
}

LogicalResult Sites::setAttention(double rate) {
  bool found = false;
  for (auto attention : body.getOps<AttentionOp>()) {
    attention.setDropAttr(drop(rate));
    found = true;
  }
  return found ? success() : lacks("attention", "attention");
}

/// The value behind a dropout of its own for this use.
static Value dropped(OpBuilder &builder, Value value, DropAttr drop) {
  return DropoutOp::create(builder, value.getLoc(), value.getType(), value,
                           Value(), Value(), drop);
}

LogicalResult Sites::setResidual(double rate) {
  SmallVector<AddOp> sums = findResidualSums();
  for (AddOp add : sums)
    for (OpOperand &operand : add->getOpOperands()) {
      if (!findProjection(operand.get()))
        continue;
      if (DropoutOp has = findDropout(operand.get())) {
        has.setDropAttr(drop(rate));
        continue;
      }
      OpBuilder builder(add);
      operand.set(dropped(builder, operand.get(), drop(rate)));
    }
  return sums.empty() ? lacks("sum of a state and a projection", "residual")
                      : success();
}

LogicalResult Sites::setEmbedding(double rate) {
  SmallVector<AddOp> sums = findResidualSums();
  if (sums.empty())
    return lacks("sum of a state and a projection", "embedding");
  AddOp first = sums.front();
  Value stream =
      findProjection(first.getLhs()) ? first.getRhs() : first.getLhs();
  if (findProjection(stream) && !findDropout(stream))
    return lacks("state before its first layer", "embedding");
  if (DropoutOp has = findDropout(stream)) {
    has.setDropAttr(drop(rate));
    return success();
  }
  OpBuilder builder(func.getContext());
  builder.setInsertionPointAfterValue(stream);
  Value other = dropped(builder, stream, drop(rate));
  stream.replaceAllUsesExcept(other, other.getDefiningOp());
  return success();
}

LogicalResult train::setDropoutRates(func::FuncOp func,
                                     const DropoutOptions &options) {
  Sites sites(func);
  if (failed(sites.setExported(options.exported)) ||
      (options.attention && failed(sites.setAttention(*options.attention))))
    return failure();
  // What is put in is neither stream nor projection for the search after it.
  if (options.embedding && failed(sites.setEmbedding(*options.embedding)))
    return failure();
  if (options.residual && failed(Sites(func).setResidual(*options.residual)))
    return failure();
  return success();
}
