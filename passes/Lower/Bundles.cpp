//===- Bundles.cpp - Groups that one kernel computes ------------*- C++ -*-===//

#include "passes/Lower/Bundles.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;

/// Elements of so many roots are held in registers until all are computed.
constexpr size_t kMaxRoots = 8;

Bundles::Bundles(func::FuncOp func, const FusionPlan &plan,
                 const DenseMap<Value, Value> &overwritten)
    : plan(plan), overwritten(overwritten) {
  for (Operation &op : func.front())
    visit(&op);
  close();
}

const Bundle *Bundles::endingWith(Value root) const {
  auto found = ending.find(root);
  return found == ending.end() ? nullptr : &found->second;
}

void Bundles::visit(Operation *op) {
  bool isCall = hasLibraryCall(op) && !plan.hasEpilogue(op);
  // Indices are checked in a step before the lookup.
  if (isCall ||
      isa<dist::CollectiveOpInterface, TakeOp, TakeAlongOp, ScatterAddOp>(op))
    close();
  if (isCall || op->use_empty() || op->getNumResults() != 1 ||
      !isa<LowerOpInterface>(op))
    return;
  Value root = op->getResult(0);
  const Group *group = plan.getGroup(root);
  if (!group)
    return;
  Reads reads;
  bool isPoints = isPointwise(*group, reads);
  if (!isPoints || !joins(root, reads))
    close();
  current.roots.push_back(root);
  currentReads.push_back(std::move(reads));
  if (!isPoints)
    close();
}

bool Bundles::isPointwise(const Group &group, Reads &reads) const {
  Operation *op = group.root.getDefiningOp();
  // A view that is stored is a copy, or written by the call that it views.
  return !group.anchor && !group.rows && !isViewOp(op) &&
         collect(op, /*inPlace=*/true, reads);
}

bool Bundles::collect(Operation *op, bool inPlace, Reads &reads) const {
  auto lowering = cast<LowerOpInterface>(op);
  LoweringKind kind = lowering.getLoweringKind();
  if (kind == LoweringKind::Row)
    return false;
  return llvm::all_of(op->getOpOperands(), [&](OpOperand &operand) {
    unsigned number = operand.getOperandNumber();
    bool isElementwise =
        lowering.keepsPosition(number) && !lowering.rereads(number);
    if (kind == LoweringKind::Heavy && !isElementwise)
      return false; // a loop of its own
    bool same = inPlace && isElementwise;
    if (std::optional<View> view = plan.getView(operand.get())) {
      reads.bases.insert(view->base);
      if (!same || !view->isWhole())
        reads.elsewhere.insert(view->base);
      return true;
    }
    return collect(operand.get().getDefiningOp(), same, reads);
  });
}

bool Bundles::joins(Value root, const Reads &reads) const {
  if (current.roots.empty())
    return true;
  if (current.roots.size() == kMaxRoots ||
      shapeOf(root) != shapeOf(current.roots.front()))
    return false;
  Value parameter = overwritten.lookup(root);
  bool shares = false;
  for (auto [other, otherReads] :
       llvm::zip_equal(current.roots, currentReads)) {
    Value otherParameter = overwritten.lookup(other);
    if (reads.elsewhere.contains(other) ||
        (otherParameter && reads.elsewhere.contains(otherParameter)) ||
        (parameter && otherReads.elsewhere.contains(parameter)))
      return false;
    shares |= reads.bases.contains(other);
    for (Value base : otherReads.bases)
      shares |= reads.bases.contains(base) && !reads.elsewhere.contains(base);
  }
  return shares;
}

bool Bundles::isReadOutside(Value value) const {
  return llvm::any_of(value.getUsers(), [&](Operation *user) {
    if (user->getNumResults() != 1 || !isa<LowerOpInterface>(user) ||
        hasLibraryCall(user))
      return true;
    Value result = user->getResult(0);
    if (plan.isStored(result))
      return !llvm::is_contained(current.roots, result);
    return isReadOutside(result);
  });
}

void Bundles::close() {
  if (current.roots.empty())
    return;
  for (Value root : ArrayRef(current.roots).drop_back())
    if (!isReadOutside(root))
      current.unwritten.insert(root);
  Value last = current.roots.back();
  ending[last] = std::move(current);
  current = {};
  currentReads.clear();
}
