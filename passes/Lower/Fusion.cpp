//===- Fusion.cpp - Which values lie in memory ------------------*- C++ -*-===//

#include "passes/Lower/Fusion.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;

int64_t RowSpace::length() const {
  int64_t length = 1;
  for (int64_t dim : dims)
    length *= shape[dim];
  return length;
}

bool RowSpace::isTrailing() const {
  int64_t next = shape.size();
  for (int64_t dim : llvm::reverse(dims))
    if (dim != --next)
      return false;
  return true;
}

int64_t vescale::rowBytes(RowOpInterface op) {
  RankedTensorType type = typeOf(op->getResult(0));
  int64_t bytes =
      2 * computeType(type.getElementType()).getIntOrFloatBitWidth() / 8;
  for (int64_t dim : op.getRowDims())
    bytes *= type.getDimSize(dim);
  return bytes;
}

bool vescale::reducesOuterDims(Operation *op) {
  auto reduce = dyn_cast<ReduceOp>(op);
  if (!reduce || rankOf(reduce.getResult()) == 0)
    return false;
  constexpr int64_t worthwhile = 16;
  ArrayRef<int64_t> shape = shapeOf(reduce.getInput());
  int64_t count = 1;
  for (int64_t dim : reduce.getDims())
    count *= shape[dim];
  return count >= worthwhile && shape.back() > 1 &&
         !llvm::is_contained(reduce.getDims(), shape.size() - 1);
}

int64_t Group::rowBytes() const {
  int64_t bytes = 0;
  for (Operation *op : rowOps)
    bytes += vescale::rowBytes(cast<RowOpInterface>(op));
  return bytes;
}

FusionPlan::FusionPlan(func::FuncOp func, ValueRange kept) {
  Block &body = func.front();
  for (Value value : kept)
    if (!isLeaf(value))
      store(value);
  // Attention can write results with their dimensions permuted, if features
  // stay last.
  for (Operation &op : body) {
    if (!isa<AttentionOp, AttentionGradOp>(op) || !hasLibraryCall(&op))
      continue;
    for (Value result : op.getResults()) {
      auto transpose = result.hasOneUse()
                           ? dyn_cast<TransposeOp>(*result.user_begin())
                           : TransposeOp();
      if (!transpose || rankOf(result) != 4 ||
          transpose.getPermutation().back() != 3)
        continue;
      transposedResults[result] = transpose.getResult();
      store(transpose.getResult());
    }
  }
  for (Operation &op : llvm::reverse(body))
    visit(&op);
}

const Group *FusionPlan::getGroup(Value root) const {
  auto found = groups.find(root);
  return found == groups.end() ? nullptr : &found->second;
}

/// Arguments, parameters and constants of more than one value lie in memory as
/// they are.
bool FusionPlan::isLeaf(Value value) const {
  Operation *op = value.getDefiningOp();
  if (!op || isa<ParameterOp>(op))
    return true;
  auto constant = dyn_cast<ConstantOp>(op);
  return constant && !constant.getValue().isSplat();
}

std::optional<View> FusionPlan::getView(Value value) const {
  if (isStored(value) || isLeaf(value))
    return View::dense(value);
  Operation *op = value.getDefiningOp();
  if (!isViewOp(op))
    return std::nullopt;
  std::optional<View> operand = getView(op->getOperand(0));
  return operand ? viewThrough(op, *operand) : std::nullopt;
}

void FusionPlan::store(Value value) {
  if (stored.insert(value).second)
    groups[value].root = value;
}

void FusionPlan::demand(Value value, function_ref<bool(const View &)> accepts) {
  // Look through views for a base that can be stored in place of the value.
  SmallVector<Operation *> through;
  Value base = value;
  while (!isStored(base) && !isLeaf(base) && isViewOp(base.getDefiningOp())) {
    through.push_back(base.getDefiningOp());
    base = base.getDefiningOp()->getOperand(0);
  }
  std::optional<View> view = View::dense(base);
  for (Operation *op : llvm::reverse(through))
    if (view)
      view = viewThrough(op, *view);
  bool isSplat = base.getDefiningOp() &&
                 isa<ConstantOp, IotaOp>(base.getDefiningOp()) && !isLeaf(base);
  if (!view || isSplat || !accepts(*view)) {
    store(value);
    return;
  }
  if (!isLeaf(base))
    store(base);
}

void FusionPlan::visitDemands(Operation *op) {
  if (isa<func::ReturnOp>(op)) {
    for (Value value : op->getOperands())
      store(value);
    return;
  }
  if (auto update = dyn_cast<UpdateOp>(op))
    return store(update.getValue());
  if (isa<dist::CollectiveOpInterface>(op)) {
    demand(op->getOperand(0), [](const View &view) { return view.isWhole(); });
    return;
  }
  for (OpOperand &operand : op->getOpOperands())
    demand(operand.get(), [&](const View &view) {
      return acceptsView(op, operand.getOperandNumber(), view);
    });
}

FusionPlan::Readers FusionPlan::readersOf(Value value) {
  Readers result;
  auto addGroup = [&](Value root) {
    if (!llvm::is_contained(result.groups, root))
      result.groups.push_back(root);
  };
  for (OpOperand &use : value.getUses()) {
    Operation *user = use.getOwner();
    auto lowering = dyn_cast<LowerOpInterface>(user);
    if (!lowering || hasLibraryCall(user))
      continue; // its demands have been seen to
    unsigned operand = use.getOperandNumber();
    result.rereads |= lowering.rereads(operand);
    result.keepsPosition &= lowering.keepsPosition(operand);
    Value next = user->getResult(0);
    if (isStored(next)) {
      addGroup(next);
      continue;
    }
    auto found = readers.find(next);
    if (found == readers.end())
      continue; // nothing reads it
    for (Value root : found->second.groups)
      addGroup(root);
    result.rereads |= found->second.rereads;
    result.keepsPosition &= found->second.keepsPosition;
  }
  return result;
}

bool FusionPlan::joinsRows(Operation *op, const Readers &readers,
                           Group &group) {
  auto row = cast<RowOpInterface>(op);
  if (group.anchor || !readers.keepsPosition ||
      group.rowBytes() + rowBytes(row) > kMaxRowBytes)
    return false;
  RowSpace rows{SmallVector<int64_t>(shapeOf(op->getResult(0))),
                row.getRowDims()};
  // Rows in the middle of a shape survive no reshape.
  if (!rows.isTrailing() && rows.shape != shapeOf(group.root))
    return false;
  if (group.rows) {
    if (group.rows->length() != rows.length() ||
        group.rows->isTrailing() != rows.isTrailing())
      return false;
    if (!rows.isTrailing() && group.rows->dims != rows.dims)
      return false;
  }
  group.rows = rows;
  group.rowOps.push_back(op);
  return true;
}

/// Whether a row op reads its rows from this value, which kernels keep.
static bool isCachedByRow(Value value) {
  return llvm::any_of(value.getUsers(), [&](Operation *user) {
    return isa<RowOpInterface>(user) && user->getOperand(0) == value;
  });
}

bool FusionPlan::isReadInPlace(Value value) const {
  auto found = readers.find(value);
  return found != readers.end() && found->second.keepsPosition;
}

bool FusionPlan::joinsGroup(Operation *op, const Readers &readers) {
  if (readers.groups.size() != 1)
    return false;
  Group &group = groups[readers.groups.front()];
  if (hasLibraryCall(op)) {
    if (!takesEpilogue(op) || group.anchor || group.rows || readers.rereads ||
        !readers.keepsPosition ||
        !isa<LowerOpInterface>(group.root.getDefiningOp()) ||
        hasLibraryCall(group.root.getDefiningOp()))
      return false;
    group.anchor = op;
    anchored.insert(op);
    return true;
  }
  auto lowering = cast<LowerOpInterface>(op);
  // What a row op keeps of it is one row; other readers see others too.
  if (isCachedByRow(op->getResult(0)) && !readers.keepsPosition)
    return false;
  switch (lowering.getLoweringKind()) {
  case LoweringKind::Free:
    return true;
  case LoweringKind::Row:
    return !readers.rereads && joinsRows(op, readers, group);
  case LoweringKind::Cheap: {
    // Few elements that many read, such as indices of rows: the compiler moves
    // them out of the inner loop.
    constexpr int64_t spread = 16;
    return !readers.rereads ||
           typeOf(op->getResult(0)).getNumElements() * spread <=
               typeOf(group.root).getNumElements();
  }
  case LoweringKind::Heavy:
    return !readers.rereads && !reducesOuterDims(op);
  }
  llvm_unreachable("all kinds are listed");
}

void FusionPlan::visit(Operation *op) {
  // Of several results each is a library call's.
  if (op->getNumResults() > 1)
    for (Value result : op->getResults())
      if (!result.use_empty() && !transposedResults.contains(result))
        store(result);
  if (op->getNumResults() == 1 && !isLeaf(op->getResult(0))) {
    Value value = op->getResult(0);
    Readers found = readersOf(value);
    auto lowering = dyn_cast<LowerOpInterface>(op);
    bool isFree = lowering && lowering.getLoweringKind() == LoweringKind::Free;
    if (!isStored(value) && !transposedResults.contains(value)) {
      if (!lowering || hasLibraryCall(op)) {
        if (found.groups.empty() && value.use_empty())
          return;
        if (!lowering || !joinsGroup(op, found))
          store(value);
        else
          readers[value] = found;
      } else if (isFree) {
        readers[value] = found;
      } else if (!found.groups.empty()) {
        if (joinsGroup(op, found))
          readers[value] = found;
        else
          store(value);
      } else {
        return; // nothing reads it
      }
    }
    if (isStored(value))
      if (auto row = dyn_cast<RowOpInterface>(op)) {
        Group &group = groups[value];
        group.rows =
            RowSpace{SmallVector<int64_t>(shapeOf(value)), row.getRowDims()};
        group.rowOps.push_back(op);
      }
  }
  bool isComputed = isa<LowerOpInterface>(op) && !hasLibraryCall(op);
  if (!isComputed && !isa<dist::MeshOp>(op))
    visitDemands(op);
}
