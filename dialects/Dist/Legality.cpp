//===- Legality.cpp - Which layouts an op accepts ---------------*- C++ -*-===//

#include "dialects/Dist/Legality.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::dist;

LayoutAttr dist::operandLayout(const ShardingRule &rule,
                               const OpSharding &sharding, unsigned index,
                               MeshAttr mesh, FlatSymbolRefAttr meshRef) {
  LayoutAttr layout = composeLayout(rule.operands[index], sharding.factors,
                                    rule, mesh, meshRef);
  if (!llvm::is_contained(sharding.partialOperands, index))
    return layout;
  return layout.withPartial(
      sharding.partialKind,
      AxesAttr::get(meshRef.getContext(), sharding.partial));
}

LayoutAttr dist::resultLayout(const ShardingRule &rule,
                              const OpSharding &sharding, unsigned index,
                              MeshAttr mesh, FlatSymbolRefAttr meshRef) {
  LayoutAttr layout =
      composeLayout(rule.results[index], sharding.factors, rule, mesh, meshRef);
  AxisList partial = sharding.partial;
  std::optional<ReductionKind> kind;
  if (!partial.empty())
    kind = sharding.partialKind;
  auto stands = [&](unsigned number) {
    return llvm::any_of(rule.results[index], [&](const DimFactors &dim) {
      return llvm::is_contained(dim, number);
    });
  };
  for (auto [number, axes] : llvm::enumerate(sharding.factors)) {
    const Factor &factor = rule.factors[number];
    if (factor.kind != FactorKind::Reduction || axes.empty() || stands(number))
      continue;
    if (kind && *kind != factor.reduction)
      return {};
    kind = factor.reduction;
    partial.append(axes.begin(), axes.end());
  }
  if (!kind)
    return layout;
  return layout.withPartial(*kind,
                            AxesAttr::get(meshRef.getContext(), partial));
}

FlatSymbolRefAttr dist::getMeshRef(Operation *op) {
  for (Type type : op->getOperandTypes())
    if (LayoutAttr layout = getLayout(type))
      return layout.getMesh();
  for (Type type : op->getResultTypes())
    if (LayoutAttr layout = getLayout(type))
      return layout.getMesh();
  return {};
}

namespace {
/// Collects the axes of each factor from all tensors of one op.
class Collector {
public:
  Collector(ShardableOpInterface op, const ShardingRule &rule, MeshAttr mesh)
      : op(op), rule(rule), mesh(mesh) {
    sharding.factors.resize(rule.factors.size());
    seenAt.resize(rule.factors.size());
  }

  LogicalResult add(const TensorFactors &tensor, LayoutAttr layout,
                    const Twine &name) {
    auto emitError = [&] { return op->emitOpError() << name << ": "; };
    if (failed(LayoutAttr::verify(emitError, layout.getMesh(), layout.getDims(),
                                  layout.getPartialKind(),
                                  layout.getPartial())))
      return failure();
    FactorAxes axes(rule.factors.size());
    for (auto [index, dim] : llvm::enumerate(tensor)) {
      bool fits = true;
      ArrayRef<AxisRefAttr> list = layout.getDims()[index].getAxes();
      projectDim(list, dim, rule, mesh, axes, fits);
      if (!fits || (dim.empty() && numShards(list, mesh) > 1))
        return op->emitOpError()
               << name << " is sharded " << formatAxes(list)
               << " along dimension " << index
               << ", which its sharding rule does not allow: " << rule.str();
      for (unsigned factor : dim)
        if (failed(merge(factor, axes[factor],
                         name + " dimension " + Twine(index))))
          return failure();
    }
    return success();
  }

  /// Distinct factors may not share an axis.
  LogicalResult verifyDisjoint() {
    for (size_t a = 0; a < sharding.factors.size(); ++a)
      for (size_t b = 0; b < a; ++b)
        if (overlaps(sharding.factors[a], sharding.factors[b]))
          return op->emitOpError("uses a mesh axis for ")
                 << seenAt[b] << " and again for " << seenAt[a];
    return success();
  }

  LogicalResult addPartial(unsigned operand, LayoutAttr layout) {
    if (!layout.isPartial())
      return success();
    ArrayRef<AxisRefAttr> axes = layout.getPartial().getAxes();
    if (!sharding.partialOperands.empty() &&
        (axes != ArrayRef<AxisRefAttr>(sharding.partial) ||
         layout.getPartialKind() != sharding.partialKind))
      return op->emitOpError("operand ")
             << operand << " is partial in another way than operand "
             << sharding.partialOperands.front();
    sharding.partialOperands.push_back(operand);
    sharding.partialKind = layout.getPartialKind();
    sharding.partial.assign(axes.begin(), axes.end());
    for (auto [factor, list] : llvm::enumerate(sharding.factors))
      if (overlaps(list, sharding.partial))
        return op->emitOpError("operand ")
               << operand << " is partial over an axis that shards "
               << seenAt[factor];
    return success();
  }

  LogicalResult verifyLinear() {
    if (sharding.partialOperands.empty() ||
        rule.findLinearity(sharding.partialOperands, sharding.partialKind))
      return success();
    return op->emitOpError("does not commute with a ")
           << stringifyReductionKind(sharding.partialKind) << ": operand "
           << sharding.partialOperands.front() << " must not be partial here";
  }

  OpSharding sharding;

private:
  LogicalResult merge(unsigned factor, const AxisList &axes,
                      const Twine &name) {
    std::string &first = seenAt[factor];
    if (first.empty()) {
      first = name.str();
      sharding.factors[factor] = axes;
      return success();
    }
    if (sharding.factors[factor] == axes)
      return success();
    return op->emitOpError()
           << name << " must be sharded as " << first << ", but one has "
           << formatAxes(axes) << " and the other "
           << formatAxes(sharding.factors[factor]);
  }

  ShardableOpInterface op;
  const ShardingRule &rule;
  MeshAttr mesh;
  SmallVector<std::string> seenAt;
};
} // namespace

LogicalResult dist::verifyLayouts(ShardableOpInterface op) {
  FlatSymbolRefAttr meshRef = getMeshRef(op);
  MeshAttr mesh = meshRef ? lookupMesh(op, meshRef) : MeshAttr();
  if (!mesh)
    return op->emitOpError("has no layout, or one on a mesh that does not "
                           "exist");
  ShardingRule rule = getRule(op);
  Collector collector(op, rule, mesh);
  for (auto [index, operand] : llvm::enumerate(op->getOperands())) {
    LayoutAttr layout = getLayout(operand.getType());
    if (!layout || layout.getMesh() != meshRef)
      return op->emitOpError("operand ")
             << index << " has no layout on mesh " << meshRef;
    if (failed(collector.add(rule.operands[index], layout,
                             "operand " + Twine(index))))
      return failure();
  }
  for (auto [index, result] : llvm::enumerate(op->getResults())) {
    LayoutAttr layout = getLayout(result.getType());
    if (!layout || layout.getMesh() != meshRef)
      return op->emitOpError("result ")
             << index << " has no layout on mesh " << meshRef;
    if (failed(collector.add(rule.results[index], layout,
                             "result " + Twine(index))))
      return failure();
  }
  if (failed(collector.verifyDisjoint()))
    return failure();
  for (auto [index, operand] : llvm::enumerate(op->getOperands()))
    if (failed(collector.addPartial(index, getLayout(operand.getType()))))
      return failure();
  if (failed(collector.verifyLinear()))
    return failure();
  for (auto [index, result] : llvm::enumerate(op->getResults())) {
    LayoutAttr expected =
        resultLayout(rule, collector.sharding, index, mesh, meshRef);
    LayoutAttr actual = getLayout(result.getType());
    if (rule.startsAsZeros && actual.getPartialKind() == ReductionKind::Sum)
      continue;
    if (!expected)
      return op->emitOpError("mixes reductions of different kinds");
    if (expected.getPartialKind() != actual.getPartialKind() ||
        sorted(expected.getPartial().getAxes()) !=
            sorted(actual.getPartial().getAxes()))
      return op->emitOpError("result ") << index << " should have layout "
                                        << expected << ", but has " << actual;
  }
  return success();
}
