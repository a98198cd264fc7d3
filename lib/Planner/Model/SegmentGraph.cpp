//===- SegmentGraph.cpp - A segment's choices and what they take ----------===//

#include "dialects/Graph/Graph.h"
#include "lib/Planner/Model/SegmentMaker.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::dist;
using namespace vescale::planner;

void Parts::add(const Parts &other) {
  forward += other.forward;
  backward += other.backward;
  exchange += other.exchange;
  forwardExchange += other.forwardExchange;
  sent += other.sent;
  modelSum += other.modelSum;
  sum += other.sum;
  scatter += other.scatter;
  gather += other.gather;
  update += other.update;
  parameters += other.parameters;
  gradients += other.gradients;
  state += other.state;
  saved += other.saved;
  savedHeavy += other.savedHeavy;
  transient = std::max(transient, other.transient);
  light += other.light;
}

Parts SegmentGraph::total(ArrayRef<unsigned> choices) const {
  Parts sum;
  for (auto [node, choice] : llvm::zip_equal(nodes, choices))
    sum.add(node.choices[choice]);
  for (const SegmentEdge &edge : edges) {
    size_t at =
        choices[edge.u] * nodes[edge.v].choices.size() + choices[edge.v];
    sum.exchange += edge.forward[at] + edge.backward[at];
    sum.forwardExchange += edge.forward[at];
    sum.sent += edge.sent[at];
  }
  return sum;
}

SegmentBuilder::SegmentBuilder(const Program &program, const Machine &machine,
                               const StageMesh &mesh, Derivatives &derivatives,
                               ReshardPlans &plans,
                               std::optional<TrainingCosts> training)
    : program(program), machine(machine), mesh(mesh), derivatives(derivatives),
      training(training), reshards(machine, mesh, plans) {}

/// Only over `tp`: samples' sums are made once for a step.
static AxisList overModel(ArrayRef<AxisRefAttr> axes) {
  AxisList result;
  for (AxisRefAttr axis : axes)
    if (axis.getName() == kModelAxis)
      result.push_back(axis);
  return result;
}

void SegmentBuilder::Maker::addOp(Operation *op) {
  SegmentNode node;
  node.op = op;
  SmallVector<bool> wanted = wantedOf(op);
  const Derivative *derivative =
      with.training ? with.derivatives.of(op, wanted) : nullptr;
  node.strategies =
      strategiesOf(cast<ShardableOpInterface>(op), mesh, program.samples());
  for (const Strategy &strategy : node.strategies) {
    Parts parts = price(op, strategy, derivative, wanted);
    for (OpOperand &operand : op->getOpOperands()) {
      Value value = operand.get();
      unsigned index = operand.getOperandNumber();
      if (parameterOf(value) && value.hasOneUse())
        priceParameter(value, strategy.operands[index],
                       strategy.gradients[index], parts);
      if (parameterOf(value))
        parts.add(unlessPinned(value, strategy.operands[index]));
    }
    // Where others read the value it is their layout.
    if (Value result = op->getResult(0); !needsNode(result))
      parts.add(unlessPinned(result, strategy.results.front()));
    node.choices.push_back(parts);
  }
  opNode[op] = graph.nodes.size();
  graph.nodes.push_back(std::move(node));
  for (Value result : op->getResults())
    if (!result.use_empty() && needsNode(result)) {
      unsigned number = addValue(result);
      if (result == segment.out)
        graph.out = static_cast<int>(number);
    }
}

/// In each layout that one of its uses may ask for, which all must then.
void SegmentBuilder::Maker::addParameter(Value value) {
  SegmentNode node;
  node.value = value;
  nodeOf[value] = graph.nodes.size();
  for (LayoutAttr layout : formsOf(value, mesh, program.samples())) {
    node.layouts.push_back(layout);
    Parts parts = unlessPinned(value, layout);
    priceParameter(value, layout, mesh.samples, parts);
    node.choices.push_back(parts);
  }
  graph.nodes.push_back(std::move(node));
}

/// From where a consumer has the gradient, partial over the axes that it summed
/// there, to the producer's layout.
Moved SegmentBuilder::Maker::moveBack(RankedTensorType type, LayoutAttr from,
                                      ArrayRef<AxisRefAttr> summed,
                                      LayoutAttr to) const {
  from = from.withoutPartial();
  AxisList partial = overModel(summed);
  if (!partial.empty())
    from = from.withPartial(ReductionKind::Sum,
                            AxesAttr::get(type.getContext(), partial));
  return with.reshards.between(type, from, to.withoutPartial());
}

void SegmentBuilder::Maker::addEdge(
    unsigned u, unsigned v,
    llvm::function_ref<Moved(unsigned, unsigned)> forward,
    llvm::function_ref<Moved(unsigned, unsigned)> backward) {
  SegmentEdge edge{u, v, {}, {}, {}};
  for (unsigned a = 0; a < graph.nodes[u].choices.size(); ++a)
    for (unsigned b = 0; b < graph.nodes[v].choices.size(); ++b) {
      Moved there = forward(a, b), back = backward ? backward(a, b) : Moved();
      edge.forward.push_back(there.us);
      edge.backward.push_back(back.us);
      edge.sent.push_back(there.sent + back.sent);
    }
  graph.edges.push_back(std::move(edge));
}

void SegmentBuilder::Maker::connectOperand(OpOperand &operand, unsigned user) {
  Value value = operand.get();
  Operation *maker = value.getDefiningOp();
  unsigned index = operand.getOperandNumber();
  RankedTensorType type = graph::typeOf(value);
  auto need = [&](unsigned choice) -> const Strategy & {
    return graph.nodes[user].strategies[choice];
  };
  constexpr Moved never{std::numeric_limits<double>::infinity(), 0};
  auto moveTo = [&](LayoutAttr from, unsigned choice) {
    const Strategy &strategy = need(choice);
    if (strategy.partialFrom == index && from.getPartial().empty())
      return never;
    return with.reshards.between(type, from, strategy.operands[index]);
  };
  if (parameterOf(value)) {
    if (value.hasOneUse())
      return;
    if (!nodeOf.contains(value))
      addParameter(value);
    addEdge(
        nodeOf[value], user,
        [&](unsigned a, unsigned b) {
          return graph.nodes[nodeOf[value]].layouts[a] ==
                         need(b).operands[index].withoutPartial()
                     ? Moved()
                     : never;
        },
        nullptr);
    return;
  }
  // Leaves, and what comes from outside, are there whole.
  if (!maker || isLeaf(maker) || (!isInside(maker) && value != segment.in)) {
    return;
  }
  bool backward = wantedOf(operand.getOwner())[index];
  if (auto found = nodeOf.find(value); found != nodeOf.end()) {
    unsigned node = found->second;
    auto form = [&](unsigned choice) {
      return graph.nodes[node].layouts[choice];
    };
    auto back = [&](unsigned a, unsigned b) {
      bool partial = graph.nodes[node].partialGradient[a];
      AxisList summed = overModel(need(b).gradients[index]);
      LayoutAttr from = need(b).operands[index].withoutPartial();
      // Stays a sum, to be completed once for all uses.
      if (partial && from == form(a))
        return Moved();
      return moveBack(type, from, summed, form(a));
    };
    addEdge(
        node, user, [&](unsigned a, unsigned b) { return moveTo(form(a), b); },
        backward ? llvm::function_ref<Moved(unsigned, unsigned)>(back)
                 : nullptr);
    return;
  }
  unsigned producer = opNode.lookup(maker);
  unsigned result = cast<OpResult>(value).getResultNumber();
  auto made = [&](unsigned choice) {
    return graph.nodes[producer].strategies[choice].results[result];
  };
  auto back = [&](unsigned a, unsigned b) {
    return moveBack(type, need(b).operands[index], need(b).gradients[index],
                    made(a));
  };
  addEdge(
      producer, user,
      [&](unsigned a, unsigned b) { return moveTo(made(a), b); },
      backward ? llvm::function_ref<Moved(unsigned, unsigned)>(back) : nullptr);
}

void SegmentBuilder::Maker::connect(Operation *op) {
  unsigned number = opNode[op];
  for (OpOperand &operand : op->getOpOperands())
    connectOperand(operand, number);
  // From the op to the values of its own that have a node.
  for (OpResult result : op->getResults()) {
    auto found = nodeOf.find(result);
    if (found == nodeOf.end())
      continue;
    unsigned node = found->second;
    RankedTensorType type = graph::typeOf(result);
    auto made = [&](unsigned choice) {
      return graph.nodes[number]
          .strategies[choice]
          .results[result.getResultNumber()];
    };
    auto form = [&](unsigned choice) {
      return graph.nodes[node].layouts[choice];
    };
    auto back = [&](unsigned a, unsigned b) {
      AxisList summed;
      if (graph.nodes[node].partialGradient[b])
        summed.push_back(mesh.model);
      return moveBack(type, form(b), summed, made(a));
    };
    bool backward = with.training && hasGradient(result);
    addEdge(
        number, node,
        [&](unsigned a, unsigned b) {
          return with.reshards.between(type, made(a), form(b));
        },
        backward ? llvm::function_ref<Moved(unsigned, unsigned)>(back)
                 : nullptr);
  }
  markKept(op);
}

SegmentGraph SegmentBuilder::build(const Segment &segment) {
  return Maker(*this, segment).run();
}
