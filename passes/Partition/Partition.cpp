//===- Partition.cpp - Turns layouts into local programs --------*- C++ -*-===//
//
// The SPMD partitioner. Every op becomes its local self (ShardableOpInterface),
// every reshard a sequence of collectives. Steps for each function:
//   1. check each op's layouts against its rule;
//   2. walk the ops in order with a map from global to local values;
//   3. before an op, mask operand padding that one of its reductions would see;
//   4. give arguments and results their local types.
//
//===----------------------------------------------------------------------===//
#include "dialects/Dist/Legality.h"
#include "dialects/Graph/Graph.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/IRMapping.h"
#include "passes/Partition/Passes.h"
#include "vescale/Planner/ReshardSteps.h"

namespace vescale::dist {
#define GEN_PASS_DEF_PARTITIONPASS
#include "passes/Partition/Passes.h.inc"
} // namespace vescale::dist

using namespace mlir;
using namespace vescale;
using namespace vescale::dist;

namespace {
class FunctionPartitioner {
public:
  FunctionPartitioner(func::FuncOp func) : func(func), builder(func) {}

  LogicalResult run();

  int64_t collectives = 0, sentBytes = 0;

private:
  LogicalResult partition(Operation *op);
  LogicalResult partition(ShardableOpInterface op);
  LogicalResult partition(ReshardOp op);
  void setLocalLeaves(ShardableOpInterface op, const ShardingRule &rule,
                      Operation *local);
  Value maskPadding(ShardableOpInterface op, unsigned operand, Value local,
                    const ShardingRule &rule);
  Value emit(const ReshardStep &step, Value value, ReshardOp op);
  LogicalResult setLocalSignature();

  func::FuncOp func;
  OpBuilder builder;
  MeshAttr mesh;
  FlatSymbolRefAttr meshRef;
  IRMapping locals;
};
} // namespace

static TypedAttr neutral(Type type, ReductionKind kind) {
  OpBuilder builder(type.getContext());
  if (auto floatType = dyn_cast<FloatType>(type)) {
    const llvm::fltSemantics &semantics = floatType.getFloatSemantics();
    if (kind == ReductionKind::Sum)
      return builder.getFloatAttr(floatType, llvm::APFloat::getZero(semantics));
    return builder.getFloatAttr(
        floatType,
        llvm::APFloat::getInf(semantics,
                              /*Negative=*/kind == ReductionKind::Max));
  }
  unsigned width = type.getIntOrFloatBitWidth();
  switch (kind) {
  case ReductionKind::Sum:
    return builder.getIntegerAttr(type, 0);
  case ReductionKind::Max:
    return builder.getIntegerAttr(type, llvm::APInt::getSignedMinValue(width));
  case ReductionKind::Min:
    return builder.getIntegerAttr(type, llvm::APInt::getSignedMaxValue(width));
  }
  return {};
}

Value FunctionPartitioner::maskPadding(ShardableOpInterface op,
                                       unsigned operand, Value local,
                                       const ShardingRule &rule) {
  auto global = cast<RankedTensorType>(op->getOperand(operand).getType());
  LayoutAttr layout = getLayout(global);
  for (auto [dim, factors] : llvm::enumerate(rule.operands[operand])) {
    if (factors.size() != 1)
      continue; // shards of compound dimensions divide
    const Factor &factor = rule.factors[factors.front()];
    AxesAttr axes = layout.getDims()[dim];
    if (factor.kind != FactorKind::Reduction || !factor.readsPadding ||
        factor.size % axes.getNumShards(mesh) == 0)
      continue;
    local = MaskOp::create(builder, op.getLoc(), local.getType(), local, dim,
                           factor.size,
                           neutral(global.getElementType(), factor.reduction),
                           meshRef.getValue(), axes);
  }
  return local;
}

/// A rank's sums are over its part of the leaves.
void FunctionPartitioner::setLocalLeaves(ShardableOpInterface op,
                                         const ShardingRule &rule,
                                         Operation *local) {
  int64_t leaves = getLeaves(op);
  for (auto [index, tensor] : llvm::enumerate(rule.operands)) {
    LayoutAttr layout = getLayout(op->getOperand(index).getType());
    for (auto [dim, factors] : llvm::enumerate(tensor))
      if (!factors.empty() &&
          rule.factors[factors.front()].kind == FactorKind::Reduction) {
        leaves /= layout.getDims()[dim].getNumShards(mesh);
        local->setAttr(kLeavesAttr, builder.getI64IntegerAttr(leaves));
        return;
      }
  }
  local->setAttr(kLeavesAttr, builder.getI64IntegerAttr(leaves));
}

LogicalResult FunctionPartitioner::partition(ShardableOpInterface op) {
  if (failed(verifyLayouts(op)))
    return failure();
  ShardingRule rule = getRule(op);
  PartitionContext context;
  context.mesh = mesh;
  context.meshRef = meshRef;
  SmallVector<Value> operands;
  SmallVector<RankedTensorType> localTypes;
  for (auto [index, operand] : llvm::enumerate(op->getOperands())) {
    context.operandTypes.push_back(cast<RankedTensorType>(operand.getType()));
    operands.push_back(maskPadding(op, index, locals.lookup(operand), rule));
  }
  for (Type type : op->getResultTypes()) {
    context.resultTypes.push_back(cast<RankedTensorType>(type));
    localTypes.push_back(getLocalType(context.resultTypes.back(), mesh));
  }
  FailureOr<SmallVector<Value>> results =
      op.partition(builder, operands, localTypes, context);
  if (failed(results))
    return failure();
  if (getLeaves(op))
    setLocalLeaves(op, rule, results->front().getDefiningOp());
  locals.map(op->getResults(), *results);
  return success();
}

Value FunctionPartitioner::emit(const ReshardStep &step, Value value,
                                ReshardOp op) {
  auto global = cast<RankedTensorType>(op.getResult().getType());
  SmallVector<int64_t> shape(global.getShape());
  for (auto [size, axes] : llvm::zip_equal(shape, step.dims))
    size = shardSize(size, numShards(axes, mesh));
  auto type = RankedTensorType::get(shape, global.getElementType());
  Location loc = op.getLoc();
  auto axes = AxesAttr::get(op.getContext(), normalize(step.axes, mesh));
  StringAttr origin = op.getOriginAttr();
  ReductionKind kind = getLayout(op.getInput().getType()).getPartialKind();
  switch (step.kind) {
  case ReshardStep::Slice:
    return ShardSliceOp::create(builder, loc, type, value, step.dim,
                                meshRef.getValue(), axes);
  case ReshardStep::AllGather:
    return AllGatherOp::create(builder, loc, type, value, step.dim,
                               meshRef.getValue(), axes, origin);
  case ReshardStep::AllReduce:
    return AllReduceOp::create(builder, loc, type, value, kind,
                               meshRef.getValue(), axes, origin);
  case ReshardStep::ReduceScatter:
    return ReduceScatterOp::create(builder, loc, type, value, kind, step.dim,
                                   meshRef.getValue(), axes, origin);
  case ReshardStep::AllToAll:
    return AllToAllOp::create(builder, loc, type, value, step.dim, step.fromDim,
                              meshRef.getValue(), axes, origin);
  case ReshardStep::Permute:
    // The targets count in atoms, so these axes must not be merged.
    return PermuteOp::create(builder, loc, type, value, step.targets,
                             meshRef.getValue(),
                             AxesAttr::get(op.getContext(), step.axes), origin);
  }
  return {};
}

LogicalResult FunctionPartitioner::partition(ReshardOp op) {
  auto from = cast<RankedTensorType>(op.getInput().getType());
  auto plan = planReshard(from, getLayout(op.getResult().getType()), mesh,
                          /*treeOrder=*/isReproducible(op));
  if (!plan)
    return op.emitOpError("would complete the value over some axes before the "
                          "minor ones it stays partial over, which is not the "
                          "order of a reproducible sum");
  Value value = locals.lookup(op.getInput());
  for (const ReshardStep &step : plan->steps) {
    value = emit(step, value, op);
    // The same gather in both directions is two.
    if (Attribute backward = op->getAttr(graph::kBackwardAttr))
      value.getDefiningOp()->setAttr(graph::kBackwardAttr, backward);
    collectives += step.kind != ReshardStep::Slice;
  }
  sentBytes += plan->bytes;
  locals.map(op.getResult(), value);
  return success();
}

LogicalResult FunctionPartitioner::partition(Operation *op) {
  builder.setInsertionPoint(op);
  if (auto reshard = dyn_cast<ReshardOp>(op))
    return partition(reshard);
  if (auto shardable = dyn_cast<ShardableOpInterface>(op))
    return partition(shardable);
  if (isa<func::ReturnOp>(op)) {
    for (OpOperand &operand : op->getOpOperands()) {
      LayoutAttr layout = getLayout(operand.get().getType());
      if (!layout || layout.isPartial())
        return op->emitOpError("result ")
               << operand.getOperandNumber()
               << " needs a layout that is not partial";
    }
    SmallVector<Value> results;
    for (Value operand : op->getOperands())
      results.push_back(locals.lookup(operand));
    op->setOperands(results);
    return success();
  }
  InFlightDiagnostic error =
      op->emitOpError("has no sharding rule, so it cannot be partitioned");
  error.attachNote() << "implement ShardableOpInterface for it; see "
                        "docs/Tutorial/adding-an-op.md";
  return error;
}

LogicalResult FunctionPartitioner::setLocalSignature() {
  FunctionType type = func.getFunctionType();
  SmallVector<Type> inputs, results;
  for (auto [index, input] : llvm::enumerate(type.getInputs())) {
    inputs.push_back(getLocalType(cast<RankedTensorType>(input), mesh));
    func.setArgAttr(index, graph::kGlobalTypeAttr, TypeAttr::get(input));
  }
  for (auto [index, result] : llvm::enumerate(type.getResults())) {
    results.push_back(getLocalType(cast<RankedTensorType>(result), mesh));
    func.setResultAttr(index, graph::kGlobalTypeAttr, TypeAttr::get(result));
  }
  func.setFunctionType(builder.getFunctionType(inputs, results));
  return success();
}

LogicalResult FunctionPartitioner::run() {
  Block &body = func.getBody().front();
  for (Type type : func.getFunctionType().getInputs())
    if (LayoutAttr layout = getLayout(type))
      meshRef = layout.getMesh();
  for (Operation &op : body)
    if (!meshRef)
      meshRef = getMeshRef(&op);
  if (meshRef)
    mesh = lookupMesh(func, meshRef);
  if (!mesh)
    return func.emitOpError("has no layouts on a mesh; dist-propagate should "
                            "have given it some");
  for (BlockArgument argument : body.getArguments())
    if (!getLayout(argument.getType()))
      return func.emitOpError("argument ")
             << argument.getArgNumber() << " has no layout";

  SmallVector<Operation *> ops;
  for (Operation &op : body)
    ops.push_back(&op);
  // Local stand-ins for the arguments; the arguments take their place once
  // nothing global is left that uses them.
  SmallVector<BlockArgument> arguments(body.getArguments());
  for (BlockArgument argument : arguments)
    locals.map(
        argument,
        body.addArgument(
            getLocalType(cast<RankedTensorType>(argument.getType()), mesh),
            argument.getLoc()));
  for (Operation *op : ops)
    if (failed(partition(op)))
      return failure();
  for (Operation *op : llvm::reverse(ops))
    if (!isa<func::ReturnOp>(op))
      op->erase();
  body.eraseArguments(0, func.getNumArguments());
  return setLocalSignature();
}

namespace {
struct Partition : vescale::dist::impl::PartitionPassBase<Partition> {
  void runOnOperation() override {
    for (auto func : getOperation().getOps<func::FuncOp>()) {
      if (func.isExternal())
        continue;
      FunctionPartitioner partitioner(func);
      if (failed(partitioner.run()))
        return signalPassFailure();
      collectives += partitioner.collectives;
      sentBytes += partitioner.sentBytes;
    }
  }
};
} // namespace
