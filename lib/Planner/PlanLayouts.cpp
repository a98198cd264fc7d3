//===- PlanLayouts.cpp - Plan files and layout attributes -------*- C++ -*-===//

#include "dialects/Dist/Dist.h"
#include "vescale/Planner/PlanFile.h"
#include "llvm/Support/Errc.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::dist;

MeshAttr vescale::toMesh(const PlanFile &plan, MLIRContext *context) {
  SmallVector<MeshAxisAttr> axes;
  for (const auto &[name, size] : plan.mesh)
    axes.push_back(MeshAxisAttr::get(context, name, size));
  return MeshAttr::get(context, axes);
}

/// "tp" or "tp:(1)2".
static llvm::Expected<AxisRefAttr> toAxis(StringRef text, MeshAttr mesh) {
  MLIRContext *context = mesh.getContext();
  auto error = [&](const Twine &what) {
    return llvm::createStringError(llvm::errc::invalid_argument,
                                   "axis \"" + text + "\" " + what);
  };
  auto [name, part] = text.split(':');
  int64_t total = mesh.getAxisSize(name);
  if (!total)
    return error("is not in the mesh");
  if (name.size() == text.size())
    return AxisRefAttr::get(context, name);
  int64_t preSize, size;
  if (!part.consume_front("(") || part.consumeInteger(10, preSize) ||
      !part.consume_front(")") || part.getAsInteger(10, size) || preSize < 1 ||
      size < 2)
    return error("is not of the form name:(pre)size");
  if (preSize > total || total % preSize || (total / preSize) % size)
    return error("does not divide the " + Twine(total) + " ranks of \"" + name +
                 "\"");
  return AxisRefAttr::get(context, name, preSize, size);
}

llvm::Expected<AxesAttr> vescale::toAxes(const std::vector<std::string> &axes,
                                         MeshAttr mesh) {
  SmallVector<AxisRefAttr> list;
  for (const std::string &axis : axes) {
    llvm::Expected<AxisRefAttr> parsed = toAxis(axis, mesh);
    if (!parsed)
      return parsed.takeError();
    list.push_back(*parsed);
  }
  return AxesAttr::get(mesh.getContext(), list);
}

std::vector<std::string> vescale::axisNames(AxesAttr axes) {
  std::vector<std::string> names;
  for (AxisRefAttr axis : axes) {
    std::string &name = names.emplace_back(axis.getName());
    if (!axis.isWhole())
      name += ":(" + std::to_string(axis.getPreSize()) + ")" +
              std::to_string(axis.getSubSize());
  }
  return names;
}
