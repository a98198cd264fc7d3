//===- Gradients.cpp - Reverse-mode differentiation -------------*- C++ -*-===//
//
// Terms. A value is *active* if it is one of those whose gradient is wanted or
// is computed from an active one through an operand that carries gradients.
// The *gradient* of a value is the derivative of the loss with respect to it.
//
// 1. Forward over the program: find the active values.
// 2. Ops on them may ask for another form of themselves.
// 3. The gradient of the loss is 1.
// 4. Backward over the program: each op of whose results one has a gradient
//    builds the gradients of its active operands. All users of a value come
//    before its op, so its gradient is complete by then. Where several users
//    contribute, their sum grows toward the first: the operands of each
//    addition stand in program order.
// 5. What was built and is not needed after all is dropped.
//
//===----------------------------------------------------------------------===//
#include "passes/Train/Gradients.h"
#include "dialects/Graph/SampleDims.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;

namespace {
/// Marks what is built as part of the backward program, and collects it.
struct MarkBackward : OpBuilder::Listener {
  void notifyOperationInserted(Operation *op,
                               OpBuilder::InsertPoint previous) override {
    op->setAttr(kBackwardAttr, UnitAttr::get(op->getContext()));
    built.push_back(op);
  }

  SmallVector<Operation *> built;
};

class ReverseMode {
public:
  ReverseMode(func::FuncOp function, Value loss, ValueRange values)
      : function(function), body(function.front()),
        builder(body.getTerminator(), &marker), loss(loss), values(values) {}

  LogicalResult run();
  train::Gradients takeGradients() {
    return {llvm::map_to_vector(
                values, [&](Value value) { return gradients.lookup(value); }),
            std::move(sampleSums)};
  }

private:
  void findActive();
  bool isActive(OpOperand &operand) const;
  SmallVector<bool> findWanted(Operation *op) const;
  void prepare();
  void replace(Operation *op, ValueRange by);
  void seed();
  LogicalResult differentiate(Operation *op, const SampleDims &samples);
  void add(Value value, Value gradient);
  void followSamples();
  void dropUnused();

  func::FuncOp function;
  Block &body;
  MarkBackward marker;
  OpBuilder builder;
  Value loss;
  SmallVector<Value> values;
  DenseSet<Value> active;
  DenseMap<Value, Value> gradients;
  DenseSet<Value> sampleSums, perSample;
  size_t followed = 0;
};
} // namespace

static bool isFloat(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type && isa<FloatType>(type.getElementType());
}

/// Whether the operand is active and its op hands gradients on to it. An op
/// that doesn't say counts as one that does, and is refused when it is reached.
bool ReverseMode::isActive(OpOperand &operand) const {
  if (!active.contains(operand.get()))
    return false;
  if (operand.getOwner()->hasAttr(kDetachedAttr))
    return false;
  auto op = dyn_cast<DifferentiableOpInterface>(operand.getOwner());
  return !op || op.carriesGradient(operand.getOperandNumber());
}

SmallVector<bool> ReverseMode::findWanted(Operation *op) const {
  return llvm::map_to_vector(op->getOpOperands(), [&](OpOperand &operand) {
    return isActive(operand);
  });
}

void ReverseMode::findActive() {
  active.clear();
  active.insert(values.begin(), values.end());
  for (Operation &op : body.without_terminator())
    if (llvm::is_contained(findWanted(&op), true))
      active.insert_range(llvm::make_filter_range(op.getResults(), isFloat));
}

void ReverseMode::replace(Operation *op, ValueRange by) {
  for (auto [result, value] : llvm::zip(op->getResults(), by)) {
    result.replaceAllUsesWith(value);
    llvm::replace(values, Value(result), value);
    if (loss == result)
      loss = value;
  }
  op->erase();
}

void ReverseMode::prepare() {
  bool changed = false;
  for (Operation &op : llvm::make_early_inc_range(body.without_terminator())) {
    SmallVector<bool> wanted = findWanted(&op);
    auto differentiable = dyn_cast<DifferentiableOpInterface>(op);
    if (!differentiable || !llvm::is_contained(wanted, true))
      continue;
    OpBuilder forward(&op);
    SmallVector<Value> other =
        differentiable.prepareToDifferentiate(forward, wanted);
    if (other.empty())
      continue;
    replace(&op, other);
    changed = true;
  }
  if (changed)
    findActive();
}

void ReverseMode::seed() {
  auto type = typeOf(loss);
  Attribute one =
      builder.getFloatAttr(cast<FloatType>(type.getElementType()), 1);
  gradients[loss] = ConstantOp::create(builder, loss.getLoc(),
                                       DenseElementsAttr::get(type, one));
}

void ReverseMode::add(Value value, Value gradient) {
  Value &sum = gradients[value];
  sum = sum ? Value(AddOp::create(builder, gradient.getLoc(),
                                  gradient.getType(), gradient, sum))
            : gradient;
}

LogicalResult ReverseMode::differentiate(Operation *op,
                                         const SampleDims &samples) {
  SmallVector<Value> results;
  for (Value result : op->getResults())
    results.push_back(gradients.lookup(result));
  SmallVector<bool> wanted = findWanted(op);
  if (llvm::none_of(results, [](Value value) { return bool(value); }) ||
      !llvm::is_contained(wanted, true))
    return success();
  auto differentiable = dyn_cast<DifferentiableOpInterface>(op);
  if (!differentiable)
    return op->emitOpError("has no derivative; a parameter whose gradient goes "
                           "through it can only be frozen");
  GradientBuilder rule(builder, op->getLoc(), results, wanted);
  if (failed(differentiable.differentiate(rule)))
    return failure();
  followSamples();
  bool hasSamples = llvm::any_of(op->getResults(), [&](Value result) {
    return samples.hasSamples(result);
  });
  // The last operand is the last use.
  for (auto [operand, gradient] :
       llvm::reverse(llvm::zip_equal(op->getOperands(), rule.get())))
    if (gradient) {
      // A derivative may also build the sum anew, in another form.
      if (!samples.hasSamples(operand) &&
          (hasSamples || perSample.contains(gradient)))
        sampleSums.insert(gradient);
      add(operand, gradient);
    }
  followSamples();
  return success();
}

/// What is built is computed from samples where an operand is, unless that is a
/// sum over them.
void ReverseMode::followSamples() {
  for (; followed < marker.built.size(); ++followed) {
    Operation *op = marker.built[followed];
    if (llvm::any_of(op->getOperands(), [&](Value operand) {
          return perSample.contains(operand) && !sampleSums.contains(operand);
        }))
      perSample.insert_range(op->getResults());
  }
}

void ReverseMode::dropUnused() {
  DenseSet<Value> results;
  for (Value value : values)
    results.insert(gradients.lookup(value));
  for (Operation *op : llvm::reverse(marker.built))
    if (op->use_empty() && llvm::none_of(op->getResults(), [&](Value result) {
          return results.contains(result);
        }))
      op->erase();
}

LogicalResult ReverseMode::run() {
  findActive();
  if (!active.contains(loss))
    return success();
  prepare();
  SmallVector<Operation *> forward;
  for (Operation &op : body.without_terminator())
    forward.push_back(&op);
  SampleDims samples(function);
  samples.visitAll();
  for (BlockArgument input : body.getArguments())
    if (samples.hasSamples(input))
      perSample.insert(input);
  for (Operation *op : forward)
    if (llvm::any_of(op->getOperands(), [&](Value operand) {
          return perSample.contains(operand);
        }))
      perSample.insert_range(op->getResults());
  seed();
  for (Operation *op : llvm::reverse(forward))
    if (failed(differentiate(op, samples)))
      return failure();
  dropUnused();
  return success();
}

FailureOr<train::Gradients>
train::buildGradients(func::FuncOp function, Value loss, ValueRange values) {
  if (!isFloat(loss) || rankOf(loss) != 0)
    return function.emitError("the loss must be a float scalar, but is ")
           << loss.getType();
  ReverseMode mode(function, loss, values);
  if (failed(mode.run()))
    return failure();
  return mode.takeGradients();
}
