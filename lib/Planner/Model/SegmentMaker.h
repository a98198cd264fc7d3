//===- SegmentMaker.h - Makes a segment's graph -----------------*- C++ -*-===//
#ifndef VESCALE_LIB_PLANNER_MODEL_SEGMENTMAKER_H
#define VESCALE_LIB_PLANNER_MODEL_SEGMENTMAKER_H

#include "dialects/Graph/Graph.h"
#include "lib/Planner/Model/Pins.h"
#include "lib/Planner/Model/SegmentGraph.h"

namespace vescale::planner {

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
  bool isInside(mlir::Operation *op) const {
    std::optional<unsigned> number = program.numberOf(op);
    return number && *number >= segment.begin && *number < segment.end;
  }

  static bool hasGradient(mlir::Value value) {
    if (!llvm::isa<mlir::FloatType>(graph::typeOf(value).getElementType()))
      return false;
    mlir::Operation *op = value.getDefiningOp();
    return op && (!isLeaf(op) || parameterOf(value));
  }

  /// Operands that the loss depends on through this op.
  llvm::SmallVector<bool> wantedOf(mlir::Operation *op) const {
    llvm::SmallVector<bool> wanted;
    auto differentiable = llvm::dyn_cast<DifferentiableOpInterface>(op);
    for (mlir::OpOperand &operand : op->getOpOperands())
      wanted.push_back(
          with.training && differentiable && hasGradient(operand.get()) &&
          differentiable.carriesGradient(operand.getOperandNumber()));
    return wanted;
  }

  /// Values with several uses, those that others than this segment's ops use,
  /// and the value at the end.
  bool needsNode(mlir::Value value) const {
    if (value == segment.out)
      return true;
    return !value.hasOneUse() || !isInside(*value.user_begin());
  }

  unsigned addValue(mlir::Value value) {
    SegmentNode node;
    node.value = value;
    // Other segments but the next take it whole.
    bool leaves = value != segment.out && value != segment.in &&
                  llvm::any_of(value.getUsers(), [&](mlir::Operation *user) {
                    return !isInside(user) &&
                           !user->hasTrait<mlir::OpTrait::IsTerminator>();
                  });
    for (dist::LayoutAttr layout : formsOf(value, mesh, program.samples()))
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
  Parts unlessPinned(mlir::Value value, dist::LayoutAttr layout) const {
    Parts parts;
    if (!isAllowed(value, layout, mesh))
      parts.exchange = std::numeric_limits<double>::infinity();
    return parts;
  }

  void addOp(mlir::Operation *op);
  void addParameter(mlir::Value value);
  Parts price(mlir::Operation *op, const Strategy &strategy,
              const Derivative *derivative, llvm::ArrayRef<bool> wanted) const;
  void priceParameter(mlir::Value value, dist::LayoutAttr layout,
                      llvm::ArrayRef<dist::AxisRefAttr> summed,
                      Parts &parts) const;
  void connect(mlir::Operation *op);
  void connectOperand(mlir::OpOperand &operand, unsigned user);
  void addEdge(unsigned u, unsigned v,
               llvm::function_ref<Moved(unsigned, unsigned)> forward,
               llvm::function_ref<Moved(unsigned, unsigned)> backward);
  Moved moveBack(mlir::RankedTensorType type, dist::LayoutAttr from,
                 llvm::ArrayRef<dist::AxisRefAttr> summed,
                 dist::LayoutAttr to) const;
  void markKept(mlir::Operation *op);
  void priceKept();

  SegmentBuilder &with;
  const Program &program;
  const StageMesh &mesh;
  const Segment &segment;
  SegmentGraph graph;
  llvm::DenseMap<mlir::Value, unsigned> nodeOf; // values and parameters
  llvm::DenseMap<mlir::Operation *, unsigned> opNode;
  llvm::SetVector<mlir::Value> kept;
};

} // namespace vescale::planner

#endif // VESCALE_LIB_PLANNER_MODEL_SEGMENTMAKER_H
