//===- Layouts.cpp - Random legal layouts for a program ---------*- C++ -*-===//
//
// What is legal is said here once more, straight from the sharding rule: axes
// go to factors one by one, as long as the factor is not whole, divides where
// it must, and stands behind fully sharded factors only.
//
//===----------------------------------------------------------------------===//
#include "Layouts.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::test;
using dist::AxesAttr;
using dist::AxisList;
using dist::AxisRefAttr;
using dist::FactorKind;
using dist::LayoutAttr;
using dist::MeshAttr;
using dist::OpSharding;
using dist::ReductionKind;
using dist::ShardingRule;

static constexpr int64_t kMaxRanks = 24;

MeshAttr test::addMesh(ModuleOp module, Dice &dice) {
  SmallVector<int64_t> sizes;
  int64_t ranks = 1, count = dice.between(1, 3);
  for (int64_t axis = 0; axis < count; ++axis) {
    int64_t size =
        dice.chance(10) ? 1 : dice.pick(ArrayRef<int64_t>{2, 3, 4, 2, 3, 4, 6});
    if (ranks * size > kMaxRanks)
      size = 2;
    ranks *= size;
    sizes.push_back(size);
  }
  return addMesh(module, sizes);
}

MeshAttr test::addMesh(ModuleOp module, ArrayRef<int64_t> sizes) {
  MLIRContext *context = module.getContext();
  SmallVector<dist::MeshAxisAttr> axes;
  static constexpr const char *names[] = {"a", "b", "c"};
  for (auto [name, size] : llvm::zip(names, sizes))
    axes.push_back(dist::MeshAxisAttr::get(context, name, size));
  auto mesh = MeshAttr::get(context, axes);
  auto builder = OpBuilder::atBlockBegin(module.getBody());
  dist::MeshOp::create(builder, module.getLoc(), "m", mesh);
  return mesh;
}

namespace {
class Annotator {
public:
  Annotator(func::FuncOp function, MeshAttr mesh, Dice &dice)
      : function(function), mesh(mesh), dice(dice),
        context(function.getContext()),
        meshRef(FlatSymbolRefAttr::get(context, "m")) {}

  void run() {
    for (Operation &op : llvm::make_early_inc_range(function.front()))
      if (auto shardable = dyn_cast<dist::ShardableOpInterface>(op))
        annotate(shardable);
    for (BlockArgument argument : function.getArguments())
      if (!dist::getLayout(argument.getType()))
        setLayout(argument, randomLayout(argument.getType(), true));
    Operation *end = function.front().getTerminator();
    for (OpOperand &operand : end->getOpOperands()) {
      LayoutAttr have = dist::getLayout(operand.get().getType());
      if (have.isPartial() || dice.chance(50))
        reshard(operand, randomLayout(operand.get().getType(), false));
    }
    function.setFunctionType(FunctionType::get(
        context, function.front().getArgumentTypes(), end->getOperandTypes()));
  }

  void seed() {
    for (BlockArgument argument : function.getArguments())
      if (dice.chance(60))
        setLayout(argument, randomLayout(argument.getType(), false));
    for (Operation &op : function.front().without_terminator())
      if (dice.chance(15))
        setLayout(op.getResult(0),
                  randomLayout(op.getResult(0).getType(), false));
    function.setFunctionType(
        FunctionType::get(context, function.front().getArgumentTypes(),
                          function.front().getTerminator()->getOperandTypes()));
  }

private:
  /// All axes in random order; some of 4 or 6 ranks are cut in two.
  AxisList axes() {
    AxisList list;
    for (dist::MeshAxisAttr axis : mesh.getAxes()) {
      if (axis.getSize() == 1)
        continue;
      if (axis.getSize() % 2 == 0 && axis.getSize() > 2 && dice.chance(40)) {
        int64_t major = axis.getSize() == 6 ? dice.between(2, 3) : 2;
        list.push_back(AxisRefAttr::get(context, axis.getName(), 1, major));
        list.push_back(AxisRefAttr::get(context, axis.getName(), major,
                                        axis.getSize() / major));
      } else {
        list.push_back(AxisRefAttr::get(context, axis.getName()));
      }
    }
    dice.shuffle(list);
    return list;
  }

  ReductionKind randomKind(Type element) {
    if (element.isInteger(1))
      return dice.chance(50) ? ReductionKind::Max : ReductionKind::Min;
    return static_cast<ReductionKind>(dice.below(3));
  }

  LayoutAttr randomLayout(Type type, bool mayBePartial) {
    auto tensor = cast<RankedTensorType>(type);
    SmallVector<AxisList> dims(tensor.getRank());
    AxisList partial;
    for (AxisRefAttr axis : axes()) {
      if (tensor.getRank() > 0 && dice.chance(60))
        dims[dice.below(dims.size())].push_back(axis);
      else if (mayBePartial && dice.chance(30))
        partial.push_back(axis);
    }
    SmallVector<AxesAttr> attributes;
    for (const AxisList &list : dims)
      attributes.push_back(AxesAttr::get(context, dist::normalize(list, mesh)));
    return LayoutAttr::get(meshRef, attributes)
        .withPartial(randomKind(tensor.getElementType()),
                     AxesAttr::get(context, dist::normalize(partial, mesh)));
  }

  static void setLayout(Value value, LayoutAttr layout) {
    value.setType(dist::withLayout(value.getType(), layout));
  }

  void reshard(OpOperand &operand, LayoutAttr layout) {
    Value value = operand.get();
    if (dist::getLayout(value.getType()) == layout)
      return;
    OpBuilder builder(operand.getOwner());
    operand.set(
        dist::ReshardOp::create(builder, operand.getOwner()->getLoc(),
                                dist::withLayout(value.getType(), layout),
                                value, builder.getStringAttr("test")));
  }

  bool isFull(const ShardingRule &rule, const OpSharding &sharding,
              unsigned factor) {
    return dist::numShards(sharding.factors[factor], mesh) ==
           rule.factors[factor].size;
  }

  bool mayTake(const ShardingRule &rule, const OpSharding &sharding,
               unsigned index, AxisRefAttr axis,
               std::optional<ReductionKind> kind) {
    const dist::Factor &factor = rule.factors[index];
    int64_t shards =
        dist::numShards(sharding.factors[index], mesh) * axis.getSize(mesh);
    if (factor.kind == FactorKind::Whole)
      return false;
    if (factor.kind == FactorKind::Reduction && kind &&
        *kind != factor.reduction)
      return false;
    if ((!factor.allowsPadding || rule.isCompound(index)) &&
        factor.size % shards != 0)
      return false;
    for (ArrayRef<dist::TensorFactors> tensors : {rule.operands, rule.results})
      for (const dist::TensorFactors &tensor : tensors)
        for (const dist::DimFactors &dim : tensor) {
          if (!llvm::is_contained(dim, index))
            continue;
          for (unsigned major : dim) {
            if (major == index)
              break;
            if (!isFull(rule, sharding, major))
              return false;
          }
        }
    return true;
  }

  /// Picks operands that stay partial, over axes that they all are partial over
  /// already, or, if they are inputs without a layout, over any.
  void choosePartial(dist::ShardableOpInterface op, const ShardingRule &rule,
                     OpSharding &sharding) {
    if (rule.linearities.empty() || !dice.chance(70))
      return;
    const dist::Linearity &linearity = dice.pick(rule.linearities);
    std::optional<ReductionKind> kind;
    std::optional<AxisList> common;
    for (unsigned index : linearity.operands) {
      Value operand = op->getOperand(index);
      LayoutAttr layout = dist::getLayout(operand.getType());
      if (!layout)
        continue;
      if (!layout.isPartial() || (kind && *kind != layout.getPartialKind()))
        return;
      kind = layout.getPartialKind();
      AxisList axes;
      for (AxisRefAttr axis : layout.getPartial())
        if (!common || llvm::is_contained(*common, axis))
          axes.push_back(axis);
      common = axes;
    }
    if (!common) {
      Type element = cast<RankedTensorType>(
                         op->getOperand(linearity.operands.front()).getType())
                         .getElementType();
      kind = randomKind(element);
      common = axes();
    }
    if (!linearity.allows(*kind))
      return;
    AxisList chosen;
    for (AxisRefAttr axis : *common)
      if (dice.chance(60))
        chosen.push_back(axis);
    if (chosen.empty())
      return;
    sharding.partialOperands = linearity.operands;
    sharding.partialKind = *kind;
    sharding.partial = dist::normalize(chosen, mesh);
  }

  OpSharding choose(dist::ShardableOpInterface op, const ShardingRule &rule) {
    OpSharding sharding;
    sharding.factors.resize(rule.factors.size());
    choosePartial(op, rule, sharding);
    std::optional<ReductionKind> kind;
    if (!sharding.partial.empty())
      kind = sharding.partialKind;
    for (AxisRefAttr axis : axes()) {
      if (dist::overlaps(sharding.partial, axis) || dice.chance(15))
        continue;
      SmallVector<unsigned> takers;
      for (unsigned factor = 0; factor < rule.factors.size(); ++factor)
        if (mayTake(rule, sharding, factor, axis, kind))
          takers.push_back(factor);
      if (takers.empty())
        continue;
      unsigned factor = dice.pick(takers);
      sharding.factors[factor].push_back(axis);
      if (rule.factors[factor].kind == FactorKind::Reduction)
        kind = rule.factors[factor].reduction;
    }
    for (AxisList &list : sharding.factors)
      list = dist::normalize(list, mesh);
    return sharding;
  }

  void annotate(dist::ShardableOpInterface op) {
    ShardingRule rule = getRule(op);
    OpSharding sharding = choose(op, rule);
    // First what stays partial: a reshard cannot make it so.
    for (unsigned index : sharding.partialOperands)
      if (Value operand = op->getOperand(index);
          !dist::getLayout(operand.getType()))
        setLayout(operand,
                  dist::operandLayout(rule, sharding, index, mesh, meshRef));
    for (OpOperand &operand : op->getOpOperands()) {
      LayoutAttr wanted = dist::operandLayout(
          rule, sharding, operand.getOperandNumber(), mesh, meshRef);
      Value value = operand.get();
      if (!dist::getLayout(value.getType()))
        setLayout(value, dice.chance(60) ? wanted
                                         : randomLayout(value.getType(), true));
      reshard(operand, wanted);
    }
    for (OpResult result : op->getResults())
      setLayout(result,
                dist::resultLayout(rule, sharding, result.getResultNumber(),
                                   mesh, meshRef));
  }

  func::FuncOp function;
  MeshAttr mesh;
  Dice &dice;
  MLIRContext *context;
  FlatSymbolRefAttr meshRef;
};
} // namespace

void test::addLayouts(func::FuncOp function, MeshAttr mesh, Dice &dice) {
  Annotator(function, mesh, dice).run();
}

void test::addSeeds(func::FuncOp function, MeshAttr mesh, Dice &dice) {
  Annotator(function, mesh, dice).seed();
}
