//===- Strategies.cpp - The ways to compute an op on a mesh -----*- C++ -*-===//

#include "lib/Planner/Model/Strategies.h"
#include "dialects/Graph/Graph.h"
#include "lib/Planner/Model/Program.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::dist;
using namespace vescale::planner;

StageMesh::StageMesh(MLIRContext *context, int64_t microBatches, int64_t dp,
                     int64_t tp)
    : ref(FlatSymbolRefAttr::get(context, "mesh")), microBatches(microBatches),
      dp(dp), tp(tp) {
  SmallVector<MeshAxisAttr> axes;
  for (auto [name, size] :
       {std::pair(kMicroAxis, microBatches), std::pair(kDataAxis, dp),
        std::pair(kModelAxis, tp)})
    axes.push_back(MeshAxisAttr::get(context, name, size));
  mesh = MeshAttr::get(context, axes);
  if (microBatches > 1)
    samples.push_back(AxisRefAttr::get(context, kMicroAxis));
  if (dp > 1)
    samples.push_back(AxisRefAttr::get(context, kDataAxis));
  if (tp > 1)
    model = AxisRefAttr::get(context, kModelAxis);
}

namespace {
class Lister {
public:
  Lister(ShardableOpInterface op, const StageMesh &mesh,
         const graph::SampleDims &samples)
      : op(op), rule(op.getShardingRule()), mesh(mesh), samples(samples) {}

  std::vector<Strategy> run() {
    OpSharding base;
    base.factors = sampleFactors();
    add(base);
    if (!mesh.model)
      return std::move(result);
    std::optional<unsigned> ofSamples = sampleFactor();
    for (unsigned factor = 0; factor < rule.factors.size(); ++factor)
      if (factor != ofSamples) // they lie over dp, which does the same
        addOver(base, factor);
    for (const Linearity &linearity : rule.linearities)
      if (linearity.sum) {
        OpSharding partial = base;
        partial.partialOperands = linearity.operands;
        partial.partialKind = ReductionKind::Sum;
        partial.partial = {mesh.model};
        for (unsigned from : linearity.operands)
          if (canArrivePartial(op->getOperand(from)))
            add(partial, from);
      }
    return std::move(result);
  }

private:
  /// What several ops read is complete.
  static bool canArrivePartial(Value value) {
    return value.getDefiningOp() && !isLeaf(value.getDefiningOp()) &&
           value.hasOneUse();
  }

  /// The factor that counts samples.
  std::optional<unsigned> sampleFactor() const {
    auto find = [&](Value value,
                    const TensorFactors &tensor) -> std::optional<unsigned> {
      std::optional<graph::SampleDim> dim = samples.lookup(value);
      if (!dim || tensor[dim->dim].empty())
        return std::nullopt;
      return tensor[dim->dim].front();
    };
    for (auto [value, tensor] :
         llvm::zip_equal(op->getOperands(), rule.operands))
      if (std::optional<unsigned> factor = find(value, tensor))
        return factor;
    for (auto [value, tensor] : llvm::zip_equal(op->getResults(), rule.results))
      if (std::optional<unsigned> factor = find(value, tensor))
        return factor;
    return std::nullopt;
  }

  /// The factors that samples lie along.
  FactorAxes sampleFactors() const {
    FactorAxes axes(rule.factors.size());
    auto take = [&](Value value, const TensorFactors &tensor) {
      auto dim = samples.lookup(value);
      if (!dim || mesh.samples.empty() ||
          llvm::any_of(axes, [](auto &list) { return !list.empty(); }))
        return;
      FactorAxes projected(rule.factors.size());
      bool fits = true;
      projectDim(mesh.samples, tensor[dim->dim], rule, mesh.mesh, projected,
                 fits);
      if (fits)
        axes = projected;
    };
    for (auto [value, tensor] :
         llvm::zip_equal(op->getOperands(), rule.operands))
      take(value, tensor);
    for (auto [value, tensor] : llvm::zip_equal(op->getResults(), rule.results))
      take(value, tensor);
    return axes;
  }

  void addOver(const OpSharding &base, unsigned factor) {
    OpSharding sharding = base;
    AxisList &axes = sharding.factors[factor];
    axes.push_back(mesh.model);
    // Without padding, so that all ranks have as much to do.
    if (rule.factors[factor].size % numShards(axes, mesh.mesh) == 0 &&
        isAllowed(rule, factor, axes, mesh.mesh) && fits(sharding.factors))
      add(sharding);
  }

  /// A minor factor of a dimension counts only below full ones.
  bool fits(const FactorAxes &factors) const {
    bool fits = true;
    for (const auto *tensors : {&rule.operands, &rule.results})
      for (const TensorFactors &tensor : *tensors)
        for (const DimFactors &dim : tensor)
          composeDim(dim, factors, rule, mesh.mesh, fits);
    return fits;
  }

  void add(const OpSharding &sharding,
           std::optional<unsigned> partialFrom = std::nullopt) {
    Strategy strategy;
    strategy.sharding = sharding;
    strategy.partialFrom = partialFrom;
    for (unsigned index = 0; index < op->getNumOperands(); ++index) {
      strategy.operands.push_back(
          operandLayout(rule, sharding, index, mesh.mesh, mesh.ref));
      strategy.gradients.push_back(absentFrom(rule.operands[index], sharding));
    }
    for (unsigned index = 0; index < op->getNumResults(); ++index) {
      LayoutAttr layout =
          resultLayout(rule, sharding, index, mesh.mesh, mesh.ref);
      if (!layout)
        return;
      strategy.results.push_back(layout);
    }
    for (const AxisList &axes : sharding.factors)
      strategy.split *= numShards(axes, mesh.mesh);
    result.push_back(std::move(strategy));
  }

  /// The axes of factors that the tensor lacks: over them its gradient is
  /// summed up.
  AxisList absentFrom(const TensorFactors &tensor,
                      const OpSharding &sharding) const {
    AxisList axes;
    for (unsigned factor = 0; factor < sharding.factors.size(); ++factor)
      if (llvm::none_of(tensor, [&](const DimFactors &dim) {
            return llvm::is_contained(dim, factor);
          }))
        axes.append(sharding.factors[factor].begin(),
                    sharding.factors[factor].end());
    return axes;
  }

  ShardableOpInterface op;
  ShardingRule rule;
  const StageMesh &mesh;
  const graph::SampleDims &samples;
  std::vector<Strategy> result;
};
} // namespace

std::vector<Strategy>
vescale::planner::strategiesOf(ShardableOpInterface op, const StageMesh &mesh,
                               const graph::SampleDims &samples) {
  return Lister(op, mesh, samples).run();
}

SmallVector<LayoutAttr>
vescale::planner::formsOf(Value value, const StageMesh &mesh,
                          const graph::SampleDims &samples) {
  MLIRContext *context = value.getContext();
  RankedTensorType type = graph::typeOf(value);
  LayoutAttr base = LayoutAttr::getReplicated(mesh.ref, type.getRank());
  std::optional<graph::SampleDim> at = samples.lookup(value);
  // Samples that are several positions long divide where their number does.
  if (at && !mesh.samples.empty())
    base = base.withDim(at->dim, AxesAttr::get(context, mesh.samples));
  SmallVector<LayoutAttr> forms = {base};
  if (!mesh.model)
    return forms;
  for (int64_t dim = 0; dim < type.getRank(); ++dim) {
    if (at && dim == at->dim && at->inner == 1)
      continue; // samples lie over dp
    AxisList axes(base.getDims()[dim].begin(), base.getDims()[dim].end());
    axes.push_back(mesh.model);
    if (type.getDimSize(dim) % numShards(axes, mesh.mesh) == 0)
      forms.push_back(base.withDim(dim, AxesAttr::get(context, axes)));
  }
  return forms;
}
