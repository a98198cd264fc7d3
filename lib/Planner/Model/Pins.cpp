//===- Pins.cpp - Layouts that the user has decided -----------------------===//

#include "lib/Planner/Model/Pins.h"
#include "lib/Planner/Model/Program.h"
#include "vescale/Planner/PlanFile.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSwitch.h"

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

SmallVector<LayoutAttr>
vescale::planner::possibleLayouts(Value value, const StageMesh &mesh,
                                  const graph::SampleDims &samples) {
  auto shardable = value.getDefiningOp<ShardableOpInterface>();
  // What several ops read has one layout in which all find it.
  if (!shardable || isLeaf(shardable) || !value.hasOneUse())
    return formsOf(value, mesh, samples);
  SmallVector<LayoutAttr> found;
  for (const Strategy &strategy : strategiesOf(shardable, mesh, samples))
    if (!llvm::is_contained(found, strategy.results.front()))
      found.push_back(strategy.results.front());
  return found;
}

LogicalResult vescale::planner::readPinnedMesh(func::FuncOp func,
                                               PlanPins &pins) {
  for (MeshOp op : func->getParentOfType<ModuleOp>().getOps<MeshOp>())
    for (MeshAxisAttr axis : op.getAxes().getAxes()) {
      auto *pin = llvm::StringSwitch<std::optional<int64_t> *>(axis.getName())
                      .Case("pp", &pins.pp)
                      .Case("dp", &pins.dp)
                      .Case("tp", &pins.tp)
                      .Default(nullptr);
      if (!pin)
        return op.emitError() << "plans have the axes pp, dp and tp, not '"
                              << axis.getName() << "'";
      if (pin->value_or(axis.getSize()) != axis.getSize())
        return op.emitError()
               << "the mesh of the decided layouts has " << axis.getName()
               << "=" << axis.getSize() << ", not " << **pin;
      *pin = axis.getSize();
    }
  return success();
}

LogicalResult vescale::planner::explainPins(const Program &program,
                                            const StageMesh &mesh) {
  for (Operation &op : program.function().front().without_terminator()) {
    if (op.getNumResults() == 0)
      continue;
    Value value = op.getResult(0);
    SeedAttr pin = pinOf(value);
    if (!pin || (isLeaf(&op) && !isa<graph::ParameterOp>(op)))
      continue;
    SmallVector<LayoutAttr> possible =
        possibleLayouts(value, mesh, program.samples());
    if (llvm::any_of(possible, [&](LayoutAttr layout) {
          return isAllowed(value, layout, mesh);
        }))
      continue;
    return op.emitError() << "cannot lie as " << pin.getOrigin() << " says, "
                          << printLayout(pin.getLayout())
                          << "; what can be chosen is "
                          << llvm::join(llvm::map_range(possible, printLayout),
                                        "; ");
  }
  return program.function().emitError()
         << "no plan has all layouts that were decided: they contradict each "
            "other";
}
