//===- AddReshards.cpp - Operands in the layouts that ops want --*- C++ -*-===//
//
// One reshard for all users that want the same, with its origin: what asked for
// the sharding that makes it necessary.
//
//===----------------------------------------------------------------------===//
#include "passes/Plan/LayoutCompleter.h"
#include "vescale/Planner/ReshardSteps.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::dist;

/// Says in a few words why `user` wants the operand in another layout.
std::string LayoutCompleter::origin(Operation *user, unsigned operand,
                                    LayoutAttr to) {
  Value value = user->getOperand(operand);
  LayoutAttr from = getLayout(value.getType());
  if (from.isPartial() && to.getPartial() != from.getPartial()) {
    auto it = partialOrigins.find(value);
    return it == partialOrigins.end() ? "a partial argument" : it->second;
  }
  for (auto [dim, axes] : llvm::enumerate(from.getDims()))
    if (axes != to.getDims()[dim] && !axes.empty())
      return propagation.describe(value, dim).str();
  for (Value result : user->getResults())
    for (int64_t dim = 0, rank = propagation.get(result).dims.size();
         dim < rank; ++dim)
      if (!propagation.get(result).dims[dim].empty())
        return propagation.describe(result, dim).str();
  return "a replicated operand";
}

/// Whether an operand is moved because of the order of the op's sums: in a
/// dimension of which no rank may have a part.
bool LayoutCompleter::isGatheredForOrder(Operation *user, unsigned operand,
                                         LayoutAttr to) {
  auto op = dyn_cast<ShardableOpInterface>(user);
  if (!op || getLeaves(user) == 0)
    return false;
  const ShardingRule &rule = propagation.getRule(op);
  ShardingRule free = op.getShardingRule();
  LayoutAttr layout = getLayout(user->getOperand(operand).getType());
  for (auto [factors, unordered, from, then] :
       llvm::zip(rule.operands[operand], free.operands[operand],
                 layout.getDims(), to.getDims()))
    if (!unordered.empty() && from != then &&
        free.factors[unordered.front()].kind == FactorKind::Reduction &&
        rule.factors[factors.back()].kind == FactorKind::Whole)
      return true;
  return false;
}

/// Gives the operand the layout, by a reshard unless it has it.
LogicalResult LayoutCompleter::reshard(Operation *user, unsigned operand,
                                       LayoutAttr to) {
  Value value = user->getOperand(operand);
  auto type = cast<RankedTensorType>(value.getType());
  if (getLayout(type) == to)
    return success();
  Value &made = resharded[{value, to}];
  if (!made) {
    auto plan = planReshard(type, to, mesh, isReproducible(user));
    if (!plan)
      return user->emitOpError("needs operand ")
             << operand << " as " << to << ", but it is " << getLayout(type)
             << ": a value cannot be made partial over more than it is";
    if (isGatheredForOrder(user, operand, to)) {
      gathered.insert(user);
      gatheredBytes += plan->bytes;
    }
    conflicts.add(user, operand, to, plan->bytes);
    builder.setInsertionPoint(user);
    Operation *source = value.getDefiningOp();
    made =
        ReshardOp::create(builder, source ? source->getLoc() : user->getLoc(),
                          withLayout(type, to), value,
                          builder.getStringAttr(origin(user, operand, to)));
    ++reshards;
    if (getLayout(type).isPartial() && !to.isPartial())
      completed.try_emplace(value, made);
  }
  user->setOperand(operand, made);
  return success();
}

/// What sharded the dimensions that the op reduces, and what it adds up.
std::string LayoutCompleter::whyPartial(ShardableOpInterface op,
                                        const ShardingRule &rule,
                                        const OpSharding &sharding) {
  llvm::SetVector<StringRef> origins;
  for (auto [number, operand] : llvm::enumerate(op->getOperands()))
    for (auto [dim, factors] : llvm::enumerate(rule.operands[number]))
      for (unsigned factor : factors)
        if (!sharding.factors[factor].empty() &&
            rule.factors[factor].kind == FactorKind::Reduction)
          origins.insert(propagation.describe(operand, dim));
  for (unsigned number : llvm::reverse(sharding.partialOperands))
    origins.insert(partialOrigins[op->getOperand(number)]);
  // The latest is what the reader of a deep sum looks for.
  return origins.empty() ? "a partial argument" : origins.front().str();
}
