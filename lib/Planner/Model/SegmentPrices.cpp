//===- SegmentPrices.cpp - What ops and parameters take -------------------===//

#include "lib/Planner/Model/SegmentMaker.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::dist;
using namespace vescale::planner;

// A collective of fewer bytes shares one with others: it takes its part of
// that one's time.
static constexpr int64_t bucketBytes = int64_t(2) << 20;

void SegmentBuilder::Maker::priceParameter(Value value, LayoutAttr layout,
                                           ArrayRef<AxisRefAttr> summed,
                                           Parts &parts) const {
  // Of the element type that is stored, not of that which it is cast to.
  RankedTensorType type = graph::typeOf(value).clone(
      graph::typeOf(parameterOf(value).getResult()).getElementType());
  int64_t bytes = localBytes(type, layout, mesh);
  if (!with.training) {
    parts.parameters += bytes;
    return;
  }
  const TrainingCosts &training = *with.training;
  int64_t width = llvm::divideCeil(type.getElementTypeBitWidth(), 8);
  int64_t elements = bytes / width;
  int64_t gradient = elements * training.gradientBytes;
  parts.parameters += bytes;
  parts.gradients += gradient;
  parts.state += elements * training.stateBytes;
  auto inBuckets = [&](ArrayRef<AxisRefAttr> axes, Collective kind,
                       int64_t size) {
    if (size >= bucketBytes)
      return with.reshards.over(axes, kind, size);
    Moved all = with.reshards.over(axes, kind, bucketBytes);
    double part = static_cast<double>(size) / bucketBytes;
    return Moved{all.us * part,
                 static_cast<int64_t>(static_cast<double>(all.sent) * part)};
  };
  AxisList data, model;
  for (AxisRefAttr axis : summed)
    (axis.getName() == kModelAxis ? model : data).push_back(axis);
  parts.modelSum += inBuckets(model, Collective::AllReduce, gradient);
  parts.sum += inBuckets(data, Collective::AllReduce, gradient);
  parts.scatter += inBuckets(data, Collective::ReduceScatter, gradient);
  parts.gather += inBuckets(data, Collective::AllGather, bytes);
  // Reads and writes the parameter and its state, reads the gradient.
  constexpr double operations = 12;
  parts.update += with.machine.streamTime(
      operations * static_cast<double>(elements),
      static_cast<double>(elements * (2 * width + 2 * training.stateBytes +
                                      training.gradientBytes)));
}

Parts SegmentBuilder::Maker::price(Operation *op, const Strategy &strategy,
                                   const Derivative *derivative,
                                   ArrayRef<bool> wanted) const {
  Parts parts;
  SmallVector<RankedTensorType> operands, results, global;
  auto local = [&](Value value, LayoutAttr layout) {
    return getLocalType(withLayout(graph::typeOf(value), layout), mesh.mesh);
  };
  for (auto [value, layout] :
       llvm::zip_equal(op->getOperands(), strategy.operands)) {
    operands.push_back(local(value, layout));
    global.push_back(graph::typeOf(value));
  }
  for (auto [value, layout] :
       llvm::zip_equal(op->getResults(), strategy.results))
    results.push_back(local(value, layout));
  parts.forward = opTime(op, operands, results, with.machine);
  std::optional<ProductShape> mine = productOf(op, operands),
                              whole = productOf(op, global);
  bool isHeavy = mine || isa<graph::AttentionOp, graph::TakeOp>(op);
  if (!isHeavy)
    parts.light = parts.forward;
  for (RankedTensorType type : results)
    parts.transient += getBytes(type);
  for (RankedTensorType type : operands)
    parts.transient += getBytes(type);
  if (!derivative || !llvm::is_contained(wanted, true))
    return parts;
  auto split = static_cast<double>(strategy.split);
  if (derivative->flops > 0 || derivative->bytes > 0)
    parts.backward += with.machine.streamTime(derivative->flops / split,
                                              derivative->bytes / split);
  auto part = [](int64_t size, int64_t of, int64_t all) {
    return std::max<int64_t>(1, size * of / all);
  };
  for (auto [operand, product] : derivative->products) {
    ProductShape shape = product;
    if (mine && operand < 2) {
      shape = operand == 0 ? mine->forLhs() : mine->forRhs();
    } else if (mine && whole) {
      shape.m = part(product.m, mine->m, whole->m);
    } else {
      shape.m = std::max<int64_t>(1, product.m / strategy.split);
    }
    parts.backward +=
        with.machine.gemmTime(elementName(operands[0].getElementType()),
                              shape.batch, shape.m, shape.n, shape.k);
  }
  for (Operation *composite : derivative->composites) {
    // As the forward op, by the work of both.
    double ratio = static_cast<double>(getCost(composite).flops) /
                   static_cast<double>(std::max<int64_t>(1, getCost(op).flops));
    parts.backward += ratio * parts.forward;
  }
  return parts;
}

/// The value whose bytes these are.
static Value rootOf(Value value) {
  while (Operation *maker = value.getDefiningOp()) {
    if (!isa<graph::ReshapeOp, graph::TransposeOp>(maker))
      break;
    value = maker->getOperand(0);
  }
  return value;
}

/// What the backward program reads lies there in the meantime.
void SegmentBuilder::Maker::markKept(Operation *op) {
  if (!with.training)
    return;
  const Derivative *derivative = with.derivatives.of(op, wantedOf(op));
  if (!derivative)
    return;
  for (OpOperand &operand : op->getOpOperands())
    if (derivative->savedOperands[operand.getOperandNumber()])
      kept.insert(rootOf(operand.get()));
  for (OpResult result : op->getResults())
    if (derivative->savedResults[result.getResultNumber()])
      kept.insert(rootOf(result));
}

/// The value at the end counts as the next segment's.
void SegmentBuilder::Maker::priceKept() {
  for (Value value : kept) {
    Operation *maker = value.getDefiningOp();
    bool isIn = value == segment.in;
    if (!maker || value == segment.out || (!isInside(maker) && !isIn))
      continue;
    bool isHeavy =
        isIn || isa<graph::DotOp, graph::AttentionOp, graph::TakeOp>(maker);
    auto add = [&](Parts &parts, LayoutAttr layout) {
      int64_t bytes =
          localBytes(graph::typeOf(value), layout.withoutPartial(), mesh);
      parts.saved += bytes;
      if (isHeavy)
        parts.savedHeavy += bytes;
    };
    if (auto found = nodeOf.find(value); found != nodeOf.end()) {
      SegmentNode &node = graph.nodes[found->second];
      for (auto [layout, parts] : llvm::zip_equal(node.layouts, node.choices))
        add(parts, layout);
      continue;
    }
    SegmentNode &node = graph.nodes[opNode.lookup(maker)];
    unsigned result = cast<OpResult>(value).getResultNumber();
    for (auto [strategy, parts] :
         llvm::zip_equal(node.strategies, node.choices))
      add(parts, strategy.results[result]);
  }
}
