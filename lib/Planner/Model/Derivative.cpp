//===- Derivative.cpp - What an op's backward program does ------*- C++ -*-===//
//
// The op is copied into a function of its own whose arguments are its operands
// and the gradients of its results, and differentiated there by its interface.
//
//===----------------------------------------------------------------------===//
#include "lib/Planner/Model/Derivative.h"
#include "dialects/Graph/Graph.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::planner;

Derivatives::Derivatives(MLIRContext *context)
    : module(ModuleOp::create(UnknownLoc::get(context)).getOperation()) {}

Derivatives::~Derivatives() = default;

namespace {
/// Adds up what a stretch of ops does.
class Reader {
public:
  Reader(Operation *forward, Derivative &derivative)
      : forward(forward), derivative(derivative) {}

  void run(ArrayRef<Value> gradients) {
    for (auto [operand, gradient] : llvm::enumerate(gradients))
      if (gradient)
        visit(gradient, operand);
    for (Operation *op : visited)
      count(op);
    for (Value value : outside)
      derivative.bytes += bytesOf(value);
    for (Value gradient : gradients)
      if (gradient && isStreamed(gradient.getDefiningOp()))
        derivative.bytes += bytesOf(gradient);
  }

private:
  static double bytesOf(Value value) {
    return static_cast<double>(getBytes(graph::typeOf(value)));
  }

  bool isStreamed(Operation *op) const {
    return op && owners.contains(op) && !isFree(op) &&
           !isa<graph::DotOp, graph::AttentionGradOp>(op);
  }

  void visit(Value value, unsigned operand) {
    Operation *op = value.getDefiningOp();
    if (!op || forwardOps.contains(op) || isForward(op)) {
      mark(value);
      return;
    }
    if (!owners.try_emplace(op, operand).second)
      return;
    for (Value each : op->getOperands())
      visit(each, operand);
    visited.push_back(op);
  }

  /// Ops that stand before the gradient program: the op, and what it asked to
  /// be computed with it.
  bool isForward(Operation *op) {
    if (op != forward && !op->isBeforeInBlock(forward))
      return false;
    forwardOps.insert(op);
    return true;
  }

  void mark(Value value) {
    if (auto argument = dyn_cast<BlockArgument>(value)) {
      if (argument.getArgNumber() < derivative.savedOperands.size())
        derivative.savedOperands[argument.getArgNumber()] = true;
    } else if (value.getDefiningOp()->getNumOperands() > 0) {
      derivative.savedResults.front() = true;
    }
  }

  void count(Operation *op) {
    if (isa<graph::AttentionGradOp>(op)) {
      derivative.composites.push_back(op);
      return;
    }
    SmallVector<RankedTensorType> types = llvm::map_to_vector(
        op->getOperands(), [](Value value) { return graph::typeOf(value); });
    if (std::optional<ProductShape> product = productOf(op, types)) {
      derivative.products.push_back({owners.lookup(op), *product});
      return;
    }
    if (!isStreamed(op))
      return;
    if (auto costs = dyn_cast<CostOpInterface>(op))
      derivative.flops += static_cast<double>(getCost(op).flops);
    for (Value operand : op->getOperands()) {
      Value from = operand;
      while (Operation *maker = from.getDefiningOp()) {
        if (!isFree(maker) || maker->getNumOperands() == 0)
          break;
        from = maker->getOperand(0);
      }
      if (!isStreamed(from.getDefiningOp()) &&
          !(from.getDefiningOp() && isLeafOp(from.getDefiningOp())))
        outside.insert(from);
    }
  }

  static bool isLeafOp(Operation *op) { return op->getNumOperands() == 0; }

  Operation *forward;
  Derivative &derivative;
  DenseMap<Operation *, unsigned> owners;
  DenseSet<Operation *> forwardOps;
  SmallVector<Operation *> visited;
  llvm::SetVector<Value> outside;
};
} // namespace

bool Derivatives::build(Operation *op, Derivative &derivative) {
  auto builder = OpBuilder::atBlockEnd(cast<ModuleOp>(*module).getBody());
  SmallVector<Type> arguments(op->getOperandTypes());
  llvm::append_range(arguments, op->getResultTypes());
  auto func = func::FuncOp::create(builder, op->getLoc(), "derivative",
                                   builder.getFunctionType(arguments, {}));
  Block *body = func.addEntryBlock();
  builder.setInsertionPointToStart(body);
  IRMapping mapping;
  SmallVector<Value> gradients;
  for (auto [index, operand] : llvm::enumerate(op->getOperands())) {
    // A leaf stays what it is: a constant's value may matter.
    mapping.map(operand, body->getArgument(index));
    if (Operation *maker = operand.getDefiningOp();
        maker && maker->getNumOperands() == 0 &&
        !isa<graph::ParameterOp>(maker))
      mapping.map(operand, builder.clone(*maker)->getResult(0));
  }
  for (unsigned index = 0; index < op->getNumResults(); ++index)
    gradients.push_back(body->getArgument(op->getNumOperands() + index));
  // Of several results one alone has a gradient.
  for (size_t index = 1; index < gradients.size(); ++index)
    gradients[index] = {};
  Operation *copy = builder.clone(*op, mapping);
  derivative.savedOperands.assign(op->getNumOperands(), false);
  derivative.savedResults.assign(op->getNumResults(), false);
  auto differentiable = dyn_cast<DifferentiableOpInterface>(copy);
  if (!differentiable)
    return op->emitOpError("has no derivative"), false;
  builder.setInsertionPoint(copy);
  SmallVector<Value> other =
      differentiable.prepareToDifferentiate(builder, derivative.wanted);
  if (!other.empty()) {
    Operation *replaced = other.front().getDefiningOp();
    copy->erase();
    copy = replaced;
    // What it became may be several ops; the last of them stands for all.
    differentiable = dyn_cast<DifferentiableOpInterface>(copy);
    if (!differentiable || copy->getNumOperands() != derivative.wanted.size())
      return true;
    gradients.resize(copy->getNumResults());
  }
  builder.setInsertionPointToEnd(body);
  GradientBuilder made(builder, op->getLoc(), gradients, derivative.wanted);
  if (failed(differentiable.differentiate(made)))
    return false;
  Reader(copy, derivative).run(made.get());
  return true;
}

const Derivative *Derivatives::of(Operation *op, ArrayRef<bool> wanted) {
  auto [place, isNew] = known.try_emplace(op);
  if (isNew) {
    place->second = std::make_unique<Derivative>();
    place->second->wanted.assign(wanted.begin(), wanted.end());
    if (llvm::is_contained(wanted, true) && !build(op, *place->second)) {
      place->second = nullptr;
      isMissing = true;
    }
  }
  return place->second.get();
}
