//===- Program.cpp - What a function says of its program --------*- C++ -*-===//

#include "vescale/Interpreter/Interpreter.h"

using namespace mlir;
using namespace vescale;

/// The global type of a value: the attribute's, with the layout if there is
/// one, else its own.
static RankedTensorType globalType(Type own, TypeAttr global,
                                   dist::LayoutAttr layout) {
  auto type = cast<RankedTensorType>(global ? global.getValue() : own);
  return layout ? dist::withLayout(type, layout) : type;
}

RankedTensorType vescale::globalArgumentType(func::FuncOp function,
                                             unsigned index) {
  return globalType(
      function.getArgumentTypes()[index],
      function.getArgAttrOfType<TypeAttr>(index, graph::kGlobalTypeAttr),
      function.getArgAttrOfType<dist::LayoutAttr>(index, graph::kLayoutAttr));
}

RankedTensorType vescale::globalResultType(func::FuncOp function,
                                           unsigned index) {
  return globalType(
      function.getResultTypes()[index],
      function.getResultAttrOfType<TypeAttr>(index, graph::kGlobalTypeAttr),
      function.getResultAttrOfType<dist::LayoutAttr>(index,
                                                     graph::kLayoutAttr));
}

bool vescale::isPartitioned(func::FuncOp function) {
  for (unsigned index = 0; index < function.getNumArguments(); ++index)
    if (function.getArgAttr(index, graph::kGlobalTypeAttr))
      return true;
  for (unsigned index = 0; index < function.getNumResults(); ++index)
    if (function.getResultAttr(index, graph::kGlobalTypeAttr))
      return true;
  return false;
}

FailureOr<func::FuncOp> vescale::findMain(ModuleOp module) {
  if (auto main = module.lookupSymbol<func::FuncOp>("main"))
    return main;
  func::FuncOp only;
  for (auto function : module.getOps<func::FuncOp>()) {
    if (!function.isPublic() || function.isDeclaration())
      continue;
    if (only)
      return module.emitError("has no function main, and several others");
    only = function;
  }
  if (!only)
    return module.emitError("has no function to run");
  return only;
}
