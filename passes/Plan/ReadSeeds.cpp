//===- ReadSeeds.cpp - Where propagation starts -----------------*- C++ -*-===//
//
// The seeds of arguments and ops, layouts in types, what other functions have
// decided for what they share, and what says how parameters are stored.
//
//===----------------------------------------------------------------------===//
#include "passes/Plan/LayoutCompleter.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::dist;

Attribute dist::viewOf(graph::ParameterOp op) {
  Builder builder(op.getContext());
  return builder.getArrayAttr({op.getNameAttr(),
                               builder.getI64IntegerAttr(op.getOffset()),
                               builder.getDenseI64ArrayAttr(op.getStrides())});
}

Attribute dist::nameOf(BlockArgument argument) {
  auto func = cast<func::FuncOp>(argument.getOwner()->getParentOp());
  return func.getArgAttr(argument.getArgNumber(), graph::kNameAttr);
}

LogicalResult LayoutCompleter::addSeed(Operation *at, Value value,
                                       Attribute attribute) {
  auto seed = dyn_cast<SeedAttr>(attribute);
  if (!seed)
    return at->emitOpError("has a dist.seed that is none");
  LayoutAttr layout = seed.getLayout();
  if (layout.getMesh() != meshRef)
    return at->emitOpError("is seeded on mesh ")
           << layout.getMesh() << ", but the module's is " << meshRef;
  if (layout.isPartial() && (!seed.getPinned() || !isa<OpResult>(value) ||
                             isa<graph::ParameterOp>(at)))
    return at->emitOpError("cannot be seeded partial; only the pinned result "
                           "of an op can");
  auto type = cast<RankedTensorType>(value.getType());
  if (layout.getRank() != type.getRank())
    return at->emitOpError("is seeded with a layout of ")
           << layout.getRank() << " dimensions, but has " << type.getRank();
  for (AxesAttr axes : layout.getDims())
    for (AxisRefAttr axis : axes) {
      int64_t size = mesh.getAxisSize(axis.getName());
      if (!size)
        return at->emitOpError("is seeded on axis \"")
               << axis.getName() << "\", which the mesh lacks";
      if (!axis.isWhole() && size % (axis.getPreSize() * axis.getSubSize()))
        return at->emitOpError("is seeded on a part of axis \"")
               << axis.getName() << "\" that does not divide its " << size
               << " ranks";
    }
  propagation.addSeed(value, seed);
  return success();
}

/// Whether the op stands for what is stored of a parameter with storage axes,
/// which the optimizer works on, and not for what others gather of it.
static bool isStored(graph::ParameterOp op) {
  return llvm::any_of(op->getUsers(), [](Operation *user) {
    return user->hasAttr(graph::kOptimizerAttr);
  });
}

LogicalResult LayoutCompleter::readSeeds() {
  MLIRContext *context = func.getContext();
  // A layout in a type pins the value.
  auto fromType = [&](Value value) -> Attribute {
    if (LayoutAttr layout = getLayout(value.getType()))
      return SeedAttr::get(context, layout, 0, true, "the type in the IR");
    return {};
  };
  for (BlockArgument argument : func.getArguments()) {
    Attribute seed = fromType(argument);
    if (LayoutAttr layout = decided.lookup(nameOf(argument)); !seed && layout)
      seed = SeedAttr::get(context, layout, 0, true, "another function");
    if (!seed)
      seed = func.getArgAttr(argument.getArgNumber(), kSeedAttr);
    if (seed && failed(addSeed(func, argument, seed)))
      return failure();
    func.removeArgAttr(argument.getArgNumber(), kSeedAttr);
  }
  for (Operation &op : func.front()) {
    Attribute attribute = op.removeAttr(kSeedAttr);
    auto parameter = dyn_cast<graph::ParameterOp>(op);
    Attribute storage = op.getAttr(kStorageAttr);
    LayoutAttr layout =
        parameter ? decided.lookup(viewOf(parameter)) : LayoutAttr();
    if (storage && parameter && isStored(parameter)) {
      if (!layout)
        layout = dyn_cast<LayoutAttr>(storage);
      layout ? propagation.addStorage(parameter.getResult(), layout)
             : propagation.addStorage(parameter.getResult(),
                                      cast<AxesAttr>(storage));
    } else if (layout && !storage) {
      attribute = SeedAttr::get(context, layout.withoutPartial(), 0, true,
                                "another function");
    }
    for (OpResult result : op.getResults()) {
      Attribute seed = fromType(result);
      // The op's own seed speaks of its first result.
      bool isFirst = result.getResultNumber() == 0;
      if (!seed && isFirst)
        seed = attribute;
      if (seed && failed(addSeed(&op, result, seed)))
        return failure();
      bool isAsked = seed || op.hasAttr(kOfferAttr);
      if (isAsked && isFirst && !isa<graph::ParameterOp>(op))
        asked.push_back(result);
    }
  }
  return success();
}
