//===- OpChoice.cpp - How one op is computed on the mesh --------*- C++ -*-===//
//
// A candidate takes the axes of the op's factors from its tensors one after the
// other, each time in another order, leaving out what is taken or clashes. Each
// candidate is priced by the reshards that it needs on both sides.
//
//===----------------------------------------------------------------------===//
#include "passes/Plan/OpChoice.h"
#include "vescale/Planner/ReshardSteps.h"

#include "dialects/Graph/Graph.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::dist;

namespace {
class Chooser {
public:
  Chooser(ShardableOpInterface op, const ShardingRule &rule,
          ArrayRef<LayoutAttr> wanted, MeshAttr mesh, FlatSymbolRefAttr meshRef,
          IsMade isMade);
  std::optional<OpSharding> run();

private:
  FactorAxes project(const TensorFactors &tensor,
                     ArrayRef<AxisList> dims) const;
  FactorAxes merge(size_t first) const;
  void keepPartial(OpSharding &sharding) const;
  std::optional<ChoiceCost> price(const OpSharding &sharding) const;
  void consider(const FactorAxes &factors);
  int64_t localBytes(RankedTensorType type) const;

  ShardableOpInterface op;
  const ShardingRule &rule;
  ArrayRef<LayoutAttr> wanted;
  MeshAttr mesh;
  FlatSymbolRefAttr meshRef;
  IsMade isMade;
  bool makesGradient, treeOrder;
  /// What each tensor proposes, results first.
  SmallVector<FactorAxes> proposals;
  std::optional<ChoiceCost> bestCost;
  OpSharding best;
};
} // namespace

static SmallVector<AxisList> dimsOf(LayoutAttr layout) {
  SmallVector<AxisList> dims;
  for (AxesAttr axes : layout.getDims())
    dims.emplace_back(axes.begin(), axes.end());
  return dims;
}

/// Whether the op makes the gradient of a parameter, or a term of it.
static bool makesParameterGradient(Operation *op) {
  if (!op->hasAttr(graph::kBackwardAttr) || op->use_empty())
    return false;
  return llvm::all_of(op->getUsers(), [](Operation *user) {
    if (user->hasAttr(graph::kOptimizerAttr))
      return true;
    return isa<graph::AddOp, graph::ReshapeOp, graph::TransposeOp>(user) &&
           makesParameterGradient(user);
  });
}

Chooser::Chooser(ShardableOpInterface op, const ShardingRule &rule,
                 ArrayRef<LayoutAttr> wanted, MeshAttr mesh,
                 FlatSymbolRefAttr meshRef, IsMade isMade)
    : op(op), rule(rule), wanted(wanted), mesh(mesh), meshRef(meshRef),
      isMade(isMade), makesGradient(makesParameterGradient(op)),
      treeOrder(isReproducible(op)) {
  for (auto [tensor, layout] : llvm::zip_equal(rule.results, wanted))
    proposals.push_back(project(tensor, dimsOf(layout)));
  for (auto [tensor, operand] :
       llvm::zip_equal(rule.operands, op->getOperands()))
    proposals.push_back(project(tensor, dimsOf(getLayout(operand.getType()))));
  if (auto offer = op->getAttrOfType<LayoutAttr>(kOfferAttr))
    proposals.push_back(project(rule.results.front(), dimsOf(offer)));
}

FactorAxes Chooser::project(const TensorFactors &tensor,
                            ArrayRef<AxisList> dims) const {
  FactorAxes axes(rule.factors.size());
  for (auto [list, factors] : llvm::zip_equal(dims, tensor)) {
    bool fits = true;
    projectDim(list, factors, rule, mesh, axes, fits);
  }
  return axes;
}

/// The axes of all factors, the proposals of tensor `first` before the others.
FactorAxes Chooser::merge(size_t first) const {
  FactorAxes axes(rule.factors.size());
  auto add = [&](const FactorAxes &proposal) {
    for (auto [factor, list] : llvm::enumerate(proposal)) {
      std::optional<AxisList> added = dropPrefix(list, axes[factor], mesh);
      if (!added || added->empty())
        continue;
      bool used = llvm::any_of(
          axes, [&](const AxisList &other) { return overlaps(other, *added); });
      if (!used)
        axes[factor] = list;
    }
  };
  add(proposals[first]);
  for (const FactorAxes &proposal : proposals)
    add(proposal);
  return axes;
}

int64_t Chooser::localBytes(RankedTensorType type) const {
  return getLocalType(type, mesh).getNumElements() *
         llvm::divideCeil(type.getElementTypeBitWidth(), 8);
}

/// Leaves operands partial where the op is linear in them, their axes are free
/// and the result is no larger than they are together, or wanted partial.
void Chooser::keepPartial(OpSharding &sharding) const {
  SmallVector<unsigned, 2> operands;
  LayoutAttr first;
  int64_t bytes = 0;
  for (auto [index, operand] : llvm::enumerate(op->getOperands())) {
    auto type = cast<RankedTensorType>(operand.getType());
    LayoutAttr layout = getLayout(type);
    if (!layout.isPartial())
      continue;
    if (first && (layout.getPartial() != first.getPartial() ||
                  layout.getPartialKind() != first.getPartialKind()))
      return;
    first = layout;
    operands.push_back(index);
    bytes += localBytes(type);
  }
  if (!first || !rule.findLinearity(operands, first.getPartialKind()))
    return;
  for (const AxisList &axes : sharding.factors)
    if (overlaps(axes, first.getPartial().getAxes()))
      return;
  OpSharding kept = sharding;
  kept.partialOperands = operands;
  kept.partialKind = first.getPartialKind();
  kept.partial.assign(first.getPartial().begin(), first.getPartial().end());
  int64_t resultBytes = 0;
  for (auto [index, type] : llvm::enumerate(op->getResultTypes())) {
    LayoutAttr layout = resultLayout(rule, kept, index, mesh, meshRef);
    if (!layout)
      return;
    resultBytes += localBytes(withLayout(type, layout));
  }
  if (resultBytes <= bytes || op->hasAttr(kKeepPartialAttr) ||
      llvm::any_of(wanted, [](LayoutAttr each) { return each.isPartial(); }))
    sharding = kept;
}

std::optional<ChoiceCost> Chooser::price(const OpSharding &sharding) const {
  ChoiceCost cost;
  for (auto [index, operand] : llvm::enumerate(op->getOperands())) {
    auto type = cast<RankedTensorType>(operand.getType());
    LayoutAttr layout = operandLayout(rule, sharding, index, mesh, meshRef);
    if (layout == getLayout(type) || isMade(operand, layout))
      continue;
    auto plan = planReshard(type, layout, mesh, treeOrder);
    if (!plan)
      return std::nullopt;
    (operand.getDefiningOp<graph::ParameterOp>() ? cost.parameterBytes
                                                 : cost.bytes) += plan->bytes;
  }
  for (auto [index, type] : llvm::enumerate(op->getResultTypes())) {
    LayoutAttr layout = resultLayout(rule, sharding, index, mesh, meshRef);
    LayoutAttr target = wanted[index];
    if (!layout)
      return std::nullopt;
    auto plan = planReshard(withLayout(type, layout), target, mesh, treeOrder);
    if (!plan)
      return std::nullopt;
    cost.bytes += plan->bytes;
  }
  int64_t split = 1;
  for (const AxisList &axes : sharding.factors)
    split *= numShards(axes, mesh);
  (makesGradient ? cost.gradientRanksUnused : cost.ranksUnused) = -split;
  return cost;
}

void Chooser::consider(const FactorAxes &factors) {
  OpSharding sharding;
  sharding.factors = factors;
  // A minor factor of a compound dimension counts only below full ones.
  bool fits = true;
  for (const TensorFactors &tensor : rule.operands)
    for (const DimFactors &dim : tensor)
      composeDim(dim, factors, rule, mesh, fits);
  for (const TensorFactors &tensor : rule.results)
    for (const DimFactors &dim : tensor)
      composeDim(dim, factors, rule, mesh, fits);
  if (!fits)
    return;
  keepPartial(sharding);
  std::optional<ChoiceCost> cost = price(sharding);
  if (cost && (!bestCost || *cost < *bestCost)) {
    bestCost = cost;
    best = sharding;
  }
}

std::optional<OpSharding> Chooser::run() {
  for (size_t first = 0; first < proposals.size(); ++first)
    consider(merge(first));
  for (const FactorAxes &proposal : proposals)
    consider(proposal);
  consider(FactorAxes(rule.factors.size()));
  if (!bestCost)
    return std::nullopt;
  return best;
}

std::optional<OpSharding>
dist::chooseSharding(ShardableOpInterface op, const ShardingRule &rule,
                     ArrayRef<LayoutAttr> wanted, MeshAttr mesh,
                     FlatSymbolRefAttr meshRef, IsMade isMade) {
  return Chooser(op, rule, wanted, mesh, meshRef, isMade).run();
}
