//===- RecordedLayouts.cpp - Layouts of ops that a plan keeps ---*- C++ -*-===//
//
// A plan's entry speaks of all ops with a name. So a name can carry a layout
// only if all ops that have it have this layout.
//
//===----------------------------------------------------------------------===//
#include "passes/Plan/RecordedLayouts.h"
#include "dialects/Dist/Dist.h"
#include "dialects/Graph/Graph.h"
#include "vescale/Support/Location.h"
#include "llvm/ADT/StringMap.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::dist;

void dist::recordLayouts(func::FuncOp func, ArrayRef<OpResult> values) {
  // The layout that all ops of a name have, or null.
  llvm::StringMap<LayoutAttr> layouts;
  for (Operation &op : func.front()) {
    if (op.getNumResults() == 0 || isa<ReshardOp, graph::ParameterOp>(op))
      continue;
    LayoutAttr layout = getLayout(op.getResult(0).getType());
    for (const std::string &name : nodeNames(op.getLoc())) {
      auto [it, first] = layouts.try_emplace(name, layout);
      if (it->second != layout)
        it->second = {};
    }
  }
  Builder builder(func.getContext());
  SmallVector<Attribute> entries;
  if (auto earlier =
          func->getParentOp()->getAttrOfType<ArrayAttr>(kRecordedAttr))
    llvm::append_range(entries, earlier);
  for (OpResult value : values)
    for (const std::string &name : nodeNames(value.getLoc()))
      if (LayoutAttr layout = layouts.lookup(name);
          layout && layout == getLayout(value.getType())) {
        entries.push_back(builder.getArrayAttr(
            {builder.getStringAttr(name), cast<Attribute>(layout)}));
        break;
      }
  if (!entries.empty())
    func->getParentOp()->setAttr(kRecordedAttr, builder.getArrayAttr(entries));
}
