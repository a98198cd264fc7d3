//===- SegmentGraph.cpp - A segment's choices and what they take ----------===//

#include "lib/Planner/Model/SegmentGraph.h"
#include "dialects/Graph/Graph.h"
#include "lib/Planner/Model/Pins.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::dist;
using namespace vescale::planner;

// A collective of fewer bytes shares one with others: it takes its part of
// that one's time.
static constexpr int64_t bucketBytes = int64_t(2) << 20;

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

class SegmentBuilder::Maker {
public:
  Maker(SegmentBuilder &builder, const Segment &segment)
      : with(builder), program(builder.program), mesh(builder.mesh),
        segment(segment) {}

  SegmentGraph run() {
    if (segment.in)
      graph.in = addValue(segment.in);
    for (unsigned number = segment.begin; number < segment.end; ++number)
      addOp(program.ops()[number]);
    for (unsigned number = segment.begin; number < segment.end; ++number)
      connect(program.ops()[number]);
    priceKept();
    return std::move(graph);
  }

private:
  bool isInside(Operation *op) const {
    std::optional<unsigned> number = program.numberOf(op);
    return number && *number >= segment.begin && *number < segment.end;
  }

  static bool hasGradient(Value value) {
    if (!isa<FloatType>(graph::typeOf(value).getElementType()))
      return false;
    Operation *op = value.getDefiningOp();
    return op && (!isLeaf(op) || parameterOf(value));
  }

  /// Operands that the loss depends on through this op.
  SmallVector<bool> wantedOf(Operation *op) const {
    SmallVector<bool> wanted;
    auto differentiable = dyn_cast<DifferentiableOpInterface>(op);
    for (OpOperand &operand : op->getOpOperands())
      wanted.push_back(
          with.training && differentiable && hasGradient(operand.get()) &&
          differentiable.carriesGradient(operand.getOperandNumber()));
    return wanted;
  }

  /// Values with several uses, those that others than this segment's ops use,
  /// and the value at the end.
  bool needsNode(Value value) const {
    if (value == segment.out)
      return true;
    return !value.hasOneUse() || !isInside(*value.user_begin());
  }

  unsigned addValue(Value value) {
    SegmentNode node;
    node.value = value;
    // Other segments but the next take it whole.
    bool leaves =
        value != segment.out && value != segment.in &&
        llvm::any_of(value.getUsers(), [&](Operation *user) {
          return !isInside(user) && !user->hasTrait<OpTrait::IsTerminator>();
        });
    for (LayoutAttr layout : formsOf(value, mesh, program.samples()))
      for (bool partial : {false, true}) {
        if (partial && (!with.training || !mesh.model || !hasGradient(value) ||
                        layout.uses(mesh.model)))
          continue;
        if (leaves && mesh.model && layout.uses(mesh.model))
          continue;
        node.layouts.push_back(layout);
        node.partialGradient.push_back(partial);
        node.choices.push_back(unlessPinned(value, layout));
      }
    nodeOf[value] = graph.nodes.size();
    graph.nodes.push_back(std::move(node));
    return nodeOf[value];
  }

  /// What it takes that the value lies so: nothing, unless the user has decided
  /// otherwise.
  Parts unlessPinned(Value value, LayoutAttr layout) const {
    Parts parts;
    if (!isAllowed(value, layout, mesh))
      parts.exchange = std::numeric_limits<double>::infinity();
    return parts;
  }

  void addOp(Operation *op);
  void addParameter(Value value);
  Parts price(Operation *op, const Strategy &strategy,
              const Derivative *derivative, ArrayRef<bool> wanted) const;
  void priceParameter(Value value, LayoutAttr layout,
                      ArrayRef<AxisRefAttr> summed, Parts &parts) const;
  void connect(Operation *op);
  void connectOperand(OpOperand &operand, unsigned user);
  void addEdge(unsigned u, unsigned v,
               llvm::function_ref<Moved(unsigned, unsigned)> forward,
               llvm::function_ref<Moved(unsigned, unsigned)> backward);
  Moved moveBack(RankedTensorType type, LayoutAttr from,
                 ArrayRef<AxisRefAttr> summed, LayoutAttr to) const;
  void markKept(Operation *op);
  void priceKept();

  SegmentBuilder &with;
  const Program &program;
  const StageMesh &mesh;
  const Segment &segment;
  SegmentGraph graph;
  DenseMap<Value, unsigned> nodeOf; // values and parameters
  DenseMap<Operation *, unsigned> opNode;
  llvm::SetVector<Value> kept;
};

/// Only over `tp`: samples' sums are made once for a step.
static AxisList overModel(ArrayRef<AxisRefAttr> axes) {
  AxisList result;
  for (AxisRefAttr axis : axes)
    if (axis.getName() == kModelAxis)
      result.push_back(axis);
  return result;
}

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
  SegmentEdge edge{u, v, {}, {}};
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

SegmentGraph SegmentBuilder::build(const Segment &segment) {
  return Maker(*this, segment).run();
}
