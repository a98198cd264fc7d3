//===- Conflicts.cpp - Where two wishes for a layout met --------*- C++ -*-===//
#include "passes/Plan/Conflicts.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::dist;

std::optional<Conflicts::Rival> Conflicts::rivalOf(Value value, SeedAttr seed,
                                                   const Twine &what,
                                                   StringRef verb) {
  for (auto [dim, axes] : llvm::enumerate(propagation.get(value).dims)) {
    SeedAttr rival = propagation.seedOf(value, dim);
    if (axes.empty() || !rival || rival == seed ||
        rival.getPriority() != seed.getPriority())
      continue;
    std::string text;
    llvm::raw_string_ostream(text) << what << " dimension " << dim << " is "
                                   << verb << " " << formatAxes(axes);
    return Rival{rival, text};
  }
  return std::nullopt;
}

std::optional<Conflicts::Rival>
Conflicts::findRival(Operation *user, unsigned operand, SeedAttr seed,
                     ArrayRef<AxisRefAttr> from) {
  for (Value result : user->getResults())
    if (auto rival = rivalOf(result, seed, "result", "wanted"))
      return rival;
  for (auto [index, other] : llvm::enumerate(user->getOperands())) {
    bool shares =
        llvm::any_of(propagation.get(other).dims, [&](const AxisList &axes) {
          return overlaps(axes, from);
        });
    if (index == operand || !shares)
      continue;
    if (auto rival = rivalOf(other, seed, "operand " + Twine(index), "sharded"))
      return rival;
  }
  return std::nullopt;
}

void Conflicts::add(Operation *user, unsigned operand, LayoutAttr to,
                    int64_t bytes) {
  Value value = user->getOperand(operand);
  auto type = cast<RankedTensorType>(value.getType());
  for (auto [dim, axes] : llvm::enumerate(getLayout(type).getDims())) {
    ArrayRef<AxisRefAttr> target = to.getDims()[dim].getAxes();
    SeedAttr seed = propagation.seedOf(value, dim);
    if (!seed || dropPrefix(target, axes.getAxes(), mesh))
      continue; // slicing needs no transfer
    std::optional<Rival> rival = findRival(user, operand, seed, axes.getAxes());
    if (!rival)
      continue;
    Conflict conflict{user,
                      value.getLoc(),
                      operand,
                      static_cast<int64_t>(dim),
                      AxisList(axes.begin(), axes.end()),
                      AxisList(target),
                      rival->text,
                      bytes};
    auto [it, first] = found.insert({{seed, rival->seed}, conflict});
    if (!first) {
      conflict.others = ++it->second.others;
      if (conflict.bytes > it->second.bytes)
        it->second = conflict;
    }
    return;
  }
}

void Conflicts::report(int64_t minBytes) const {
  for (const auto &[seeds, conflict] : found) {
    if (conflict.bytes < minBytes)
      continue;
    InFlightDiagnostic remark =
        conflict.user->emitRemark("moves operand ")
        << conflict.operand << " from " << formatAxes(conflict.from) << " to "
        << formatAxes(conflict.to) << " along dimension " << conflict.dim
        << ", which makes each rank send " << conflict.bytes << " bytes";
    if (conflict.others)
      remark << " (and " << conflict.others << " more like it)";
    remark.attachNote(conflict.source)
        << "it is sharded for " << seeds.first.getOrigin();
    remark.attachNote(conflict.user->getLoc())
        << conflict.rival << " for " << seeds.second.getOrigin();
    remark.attachNote(conflict.user->getLoc())
        << "a plan file that gives both the same axes, or either none, saves "
           "the transfer";
  }
}
