//===- SampleDims.cpp - Where a batch's samples are in values ---*- C++ -*-===//
//
// Follows the inputs' first dimension through the factors of sharding rules,
// which say how dimensions of operands and results walk together, and through
// reshapes by the order of elements.
//
//===----------------------------------------------------------------------===//
#include "dialects/Graph/SampleDims.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;

SampleDims::SampleDims(func::FuncOp func) : func(func) {
  if (func.getNumArguments() == 0)
    return;
  ArrayRef<int64_t> first = shapeOf(func.getArgument(0));
  if (!first.empty() && first[0] != 0)
    batch = first[0];
  for (BlockArgument argument : func.getArguments()) {
    ArrayRef<int64_t> shape = shapeOf(argument);
    if (shape.empty() || shape[0] != batch)
      continue;
    dims[argument] = {0, 1};
    fed.insert(argument);
  }
}

std::optional<SampleDim> SampleDims::lookup(Value value) const {
  auto found = dims.find(value);
  if (found == dims.end())
    return std::nullopt;
  return found->second;
}

/// The outermost factor of a dimension that is not of size 1, if there is one.
static std::optional<unsigned> leadingFactor(const dist::ShardingRule &rule,
                                             const dist::DimFactors &dim) {
  for (unsigned factor : dim)
    if (rule.factors[factor].size != 1)
      return factor;
  return dim.empty() ? std::nullopt : std::optional(dim.front());
}

/// The factor of a dimension that has samples, with perhaps what is inside of
/// each.
static std::optional<unsigned> samplesFactor(const dist::ShardingRule &rule,
                                             const dist::DimFactors &dim,
                                             int64_t batch) {
  std::optional<unsigned> factor = leadingFactor(rule, dim);
  if (!factor || rule.factors[*factor].size % batch != 0)
    return std::nullopt;
  return factor;
}

/// A reshape keeps the order of elements: what is outside of the samples still
/// is. (Its rule has no factor for a batch of one.)
static std::optional<SampleDim> reshaped(ReshapeOp op, SampleDim at,
                                         int64_t batch) {
  int64_t outside = computeProduct(shapeOf(op.getInput()).take_front(at.dim)),
          before = 1;
  for (auto [dim, size] : llvm::enumerate(shapeOf(op.getResult()))) {
    if (before == outside && size % batch == 0)
      return SampleDim{static_cast<int64_t>(dim), size / batch};
    before *= size;
  }
  return std::nullopt;
}

void SampleDims::visit(dist::ShardableOpInterface op,
                       const dist::ShardingRule &rule) {
  bool isFed = llvm::any_of(op->getOperands(),
                            [&](Value value) { return fed.contains(value); });
  if (!isFed)
    return;
  fed.insert_range(op->getResults());
  if (auto reshape = dyn_cast<ReshapeOp>(op.getOperation())) {
    if (std::optional<SampleDim> at = lookup(reshape.getInput()))
      if (std::optional<SampleDim> to = reshaped(reshape, *at, batch))
        dims[reshape.getResult()] = *to;
    return;
  }
  for (OpOperand &operand : op->getOpOperands()) {
    std::optional<SampleDim> at = lookup(operand.get());
    if (!at)
      continue;
    std::optional<unsigned> samples = samplesFactor(
        rule, rule.operands[operand.getOperandNumber()][at->dim], batch);
    if (!samples)
      continue;
    for (OpResult result : op->getResults())
      for (auto [dim, factors] :
           llvm::enumerate(rule.results[result.getResultNumber()]))
        if (leadingFactor(rule, factors) == samples)
          dims.try_emplace(result, SampleDim{static_cast<int64_t>(dim),
                                             shapeOf(result)[dim] / batch});
  }
}

/// Whether the value, where it stands beside samples, has a part for each. With
/// a batch of one that is what is broadcast, as it would be to more samples as
/// well: other values but happen to have a dimension of one.
bool SampleDims::isRepeated(Value value) const {
  if (batch > 1)
    return !value.getDefiningOp<ParameterOp>();
  return value.getDefiningOp<BroadcastOp>() != nullptr;
}

void SampleDims::visitOperands(dist::ShardableOpInterface op,
                               const dist::ShardingRule &rule) {
  for (OpResult result : op->getResults()) {
    std::optional<SampleDim> at = lookup(result);
    if (!at)
      continue;
    std::optional<unsigned> samples = samplesFactor(
        rule, rule.results[result.getResultNumber()][at->dim], batch);
    if (!samples)
      continue;
    for (OpOperand &operand : op->getOpOperands())
      for (auto [dim, factors] :
           llvm::enumerate(rule.operands[operand.getOperandNumber()]))
        if (leadingFactor(rule, factors) == samples &&
            isRepeated(operand.get())) {
          fed.insert(operand.get());
          dims.try_emplace(operand.get(),
                           SampleDim{static_cast<int64_t>(dim),
                                     shapeOf(operand.get())[dim] / batch});
        }
  }
}

void SampleDims::visitAll() {
  for (Operation &op : func.front())
    if (auto shardable = dyn_cast<dist::ShardableOpInterface>(op))
      visit(shardable, shardable.getShardingRule());
  for (Operation &op : llvm::reverse(func.front()))
    if (auto shardable = dyn_cast<dist::ShardableOpInterface>(op))
      visitOperands(shardable, shardable.getShardingRule());
}
