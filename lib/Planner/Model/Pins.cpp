//===- Pins.cpp - Layouts that the user has decided -----------------------===//

#include "lib/Planner/Model/Pins.h"
#include "lib/Planner/Model/Program.h"
#include "vescale/Planner/PlanFile.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::dist;
using namespace vescale::planner;

SeedAttr vescale::planner::pinOf(Value value) {
  Attribute found;
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    auto func = cast<func::FuncOp>(argument.getOwner()->getParentOp());
    found = func.getArgAttr(argument.getArgNumber(), kSeedAttr);
  } else if (graph::ParameterOp parameter = parameterOf(value)) {
    found = parameter->getAttr(kSeedAttr);
  } else if (cast<OpResult>(value).getResultNumber() == 0) {
    found = value.getDefiningOp()->getAttr(kSeedAttr);
  }
  auto seed = dyn_cast_or_null<SeedAttr>(found);
  return seed && seed.getPinned() ? seed : SeedAttr();
}

/// The axes that the plan file names and that the mesh has.
static std::vector<std::string> namesOf(AxesAttr axes, const StageMesh *mesh) {
  std::vector<std::string> names = axisNames(axes);
  llvm::erase_if(names, [&](const std::string &name) {
    return StringRef(name).starts_with(kMicroAxis) ||
           (mesh && !StringRef(name).contains(':') &&
            !mesh->mesh.hasAxis(name));
  });
  return names;
}

bool vescale::planner::isAllowed(Value value, LayoutAttr layout,
                                 const StageMesh &mesh) {
  SeedAttr pin = pinOf(value);
  if (!pin)
    return true;
  LayoutAttr wanted = pin.getLayout();
  ArrayRef<AxesAttr> dims = wanted.getDims();
  if (static_cast<int64_t>(dims.size()) != layout.getRank())
    return false;
  SmallVector<int64_t> order =
      parameterOf(value)
          ? parameterDims(value)
          : llvm::to_vector(llvm::seq<int64_t>(0, layout.getRank()));
  for (auto [dim, axes] : llvm::enumerate(layout.getDims()))
    if (namesOf(axes, &mesh) != namesOf(dims[order[dim]], &mesh))
      return false;
  return namesOf(layout.getPartial(), &mesh) ==
         namesOf(wanted.getPartial(), &mesh);
}

std::string vescale::planner::printLayout(LayoutAttr layout) {
  std::vector<std::string> dims;
  for (AxesAttr axes : layout.getDims()) {
    std::vector<std::string> names = namesOf(axes, nullptr);
    dims.push_back(names.empty() ? "-" : llvm::join(names, "+"));
  }
  std::string text = "[" + llvm::join(dims, ", ") + "]";
  if (layout.isPartial())
    text += " partial over " +
            llvm::join(namesOf(layout.getPartial(), nullptr), "+");
  return text;
}

std::vector<std::string>
vescale::planner::possibleLayouts(Value value, const StageMesh &mesh,
                                  const graph::SampleDims &samples) {
  std::vector<std::string> found;
  auto add = [&](LayoutAttr layout) {
    std::string text = printLayout(layout);
    if (!llvm::is_contained(found, text))
      found.push_back(text);
  };
  Operation *op = value.getDefiningOp();
  if (auto shardable = dyn_cast_or_null<ShardableOpInterface>(op);
      shardable && !isLeaf(op))
    for (const Strategy &strategy : strategiesOf(shardable, mesh, samples))
      add(strategy.results.front());
  else
    for (LayoutAttr form : formsOf(value, mesh, samples))
      add(form);
  return found;
}
