//===- RecordedLayouts.cpp - Layouts of ops that a plan keeps ---*- C++ -*-===//
//
// A plan's entry speaks of all ops with a name but those of its gradient. So a
// name can carry a layout only if all these have this layout.
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

namespace {
/// The layout that all ops of a name have, or null.
struct CommonLayouts {
  llvm::StringMap<LayoutAttr> layouts;

  void add(Operation &op) {
    LayoutAttr layout = getLayout(op.getResult(0).getType());
    for (const std::string &name : nodeNames(op.getLoc())) {
      auto [it, first] = layouts.try_emplace(name, layout);
      if (it->second != layout)
        it->second = {};
    }
  }
  /// A name by which the value's layout can be said, or nothing.
  std::string findName(OpResult value) const {
    for (const std::string &name : nodeNames(value.getLoc()))
      if (LayoutAttr layout = layouts.lookup(name);
          layout && layout == getLayout(value.getType()))
        return name;
    return "";
  }
};
} // namespace

void dist::recordLayouts(func::FuncOp func, ArrayRef<OpResult> values) {
  CommonLayouts pinned, offered;
  for (Operation &op : func.front()) {
    if (op.getNumResults() == 0 || isa<ReshardOp, graph::ParameterOp>(op) ||
        graph::isGradient(&op))
      continue;
    pinned.add(op);
    if (op.hasAttr(kOfferAttr))
      offered.add(op);
  }
  Builder builder(func.getContext());
  SmallVector<Attribute> entries;
  if (auto earlier =
          func->getParentOp()->getAttrOfType<ArrayAttr>(kRecordedAttr))
    llvm::append_range(entries, earlier);
  for (OpResult value : values) {
    if (graph::isGradient(value.getOwner()))
      continue;
    bool isOffer = value.getOwner()->hasAttr(kOfferAttr);
    std::string name = (isOffer ? offered : pinned).findName(value);
    if (name.empty())
      continue;
    SmallVector<Attribute> entry = {builder.getStringAttr(name),
                                    getLayout(value.getType())};
    if (isOffer)
      entry.push_back(builder.getUnitAttr());
    entries.push_back(builder.getArrayAttr(entry));
  }
  if (!entries.empty())
    func->getParentOp()->setAttr(kRecordedAttr, builder.getArrayAttr(entries));
}
