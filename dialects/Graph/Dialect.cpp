//===- Dialect.cpp - The graph dialect --------------------------*- C++ -*-===//

#include "dialects/Graph/Graph.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;

#include "dialects/Graph/GraphDialect.cpp.inc"
#include "dialects/Graph/GraphEnums.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "dialects/Graph/GraphAttrs.cpp.inc"

#define GET_OP_CLASSES
#include "dialects/Graph/GraphOps.cpp.inc"

void GraphDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/Graph/GraphAttrs.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/Graph/GraphOps.cpp.inc"
      >();
}

Operation *GraphDialect::materializeConstant(OpBuilder &builder,
                                             Attribute value, Type type,
                                             Location loc) {
  auto elements = dyn_cast<ElementsAttr>(value);
  if (!elements || elements.getType() != type)
    return nullptr;
  return ConstantOp::create(builder, loc, elements);
}

bool graph::isGradient(Operation *op) {
  return op->hasAttr(kBackwardAttr) && !op->hasAttr(kRecomputedAttr);
}

RankedTensorType graph::typeOf(Value value) {
  return cast<RankedTensorType>(value.getType());
}
ArrayRef<int64_t> graph::shapeOf(Value value) {
  return typeOf(value).getShape();
}
int64_t graph::rankOf(Value value) { return typeOf(value).getRank(); }
