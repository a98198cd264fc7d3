//===- RotaryTable.cpp - Tables of cosines and sines ------------*- C++ -*-===//
//
// Exports compute the table for all features, from angles that were repeated
// before. The same computation without the repetition gives one entry per pair.
//
//===----------------------------------------------------------------------===//
#include "passes/Prepare/RotaryTable.h"
#include "dialects/Graph/Fold/DimGroups.h"
#include "mlir/IR/IRMapping.h"
#include "passes/Prepare/Match.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;
using namespace vescale::prepare;

static SmallVector<int64_t> halved(Value value) {
  SmallVector<int64_t> shape(shapeOf(value));
  shape.back() /= 2;
  return shape;
}
static RankedTensorType halvedType(Value value) {
  return RankedTensorType::get(halved(value), typeOf(value).getElementType());
}

/// The value of half as many features if `value` is it twice; a concat of equal
/// operands, or a new dimension merged with the features.
static Value matchRepetition(Value value, PairOrder order) {
  auto concat = value.getDefiningOp<ConcatOp>();
  if (concat && order == PairOrder::Halves && concat.getInputs().size() == 2 &&
      concat.getDim() == static_cast<uint64_t>(rankOf(value) - 1) &&
      concat.getInputs()[0] == concat.getInputs()[1])
    return concat.getInputs()[0];
  auto reshape = value.getDefiningOp<ReshapeOp>();
  auto broadcast =
      reshape ? reshape.getInput().getDefiningOp<BroadcastOp>() : BroadcastOp();
  if (!broadcast)
    return {};
  ArrayRef<int64_t> from = shapeOf(reshape.getInput());
  int64_t rank = from.size();
  std::optional<SmallVector<DimGroup>> groups = groupDims(from, shapeOf(value));
  if (!groups || groups->empty())
    return {};
  const DimGroup &last = groups->back();
  int64_t fresh = order == PairOrder::Halves ? rank - 2 : rank - 1;
  if (last.fromBegin != rank - 2 || last.fromEnd != rank ||
      last.toSize() != 1 || from[fresh] != 2 ||
      static_cast<int64_t>(broadcast.getDims().size()) != rank - 1 ||
      llvm::is_contained(broadcast.getDims(), fresh))
    return {};
  return broadcast.getInput();
}

DenseElementsAttr RotaryTables::halve(DenseElementsAttr table,
                                      PairOrder order) {
  auto [entry, isNew] =
      halves.try_emplace({table, static_cast<int>(order)}, DenseElementsAttr());
  if (!isNew)
    return entry->second;
  auto whole = cast<RankedTensorType>(table.getType());
  SmallVector<int64_t> shape(whole.getShape());
  shape.back() /= 2;
  RankedTensorType type = whole.clone(shape);
  if (table.isSplat())
    return entry->second = table.resizeSplat(type);
  if (!isa<FloatType>(whole.getElementType()))
    return {};
  // A run of entries, behind which the other features of its pairs follow.
  size_t run = whole.getElementTypeBitWidth() / 8;
  if (order == PairOrder::Halves)
    run *= shape.back();
  ArrayRef<char> raw = table.getRawData();
  std::vector<char> kept;
  kept.reserve(raw.size() / 2);
  for (; !raw.empty(); raw = raw.drop_front(2 * run)) {
    if (raw.take_front(run) != raw.slice(run, run))
      return {};
    llvm::append_range(kept, raw.take_front(run));
  }
  return entry->second = DenseElementsAttr::getFromRawBuffer(type, kept);
}

/// Which operands a table's op reads features from; fails for other ops.
static bool tableOperands(Operation *op, SmallVectorImpl<unsigned> &operands) {
  Value result = op->getResult(0);
  int64_t rank = rankOf(result);
  if (isElementwise(op)) {
    llvm::append_range(operands, llvm::seq<unsigned>(0, op->getNumOperands()));
    return true;
  }
  operands.push_back(0);
  if (auto broadcast = dyn_cast<BroadcastOp>(op))
    return !broadcast.getDims().empty() &&
           broadcast.getDims().back() == rank - 1;
  if (auto transpose = dyn_cast<TransposeOp>(op))
    return transpose.getPermutation().back() == rank - 1;
  if (auto reshape = dyn_cast<ReshapeOp>(op))
    return rankOf(reshape.getInput()) > 0 &&
           shapeOf(reshape.getInput()).back() == shapeOf(result).back();
  if (auto slice = dyn_cast<SliceOp>(op))
    return shapeOf(slice.getInput()).back() == shapeOf(result).back();
  if (auto take = dyn_cast<TakeOp>(op))
    return static_cast<int64_t>(take.getAxis()) < rankOf(take.getData()) - 1;
  return false;
}

bool RotaryTables::repeatsPairs(Value table, PairOrder order) {
  if (rankOf(table) == 0 || shapeOf(table).back() % 2)
    return false;
  if (matchRepetition(table, order))
    return true;
  Operation *op = table.getDefiningOp();
  if (!op)
    return false;
  if (auto constant = dyn_cast<ConstantOp>(op)) {
    auto dense = dyn_cast<DenseElementsAttr>(constant.getValue());
    return dense && halve(dense, order);
  }
  SmallVector<unsigned> operands;
  if (!tableOperands(op, operands))
    return false;
  return llvm::all_of(operands, [&](unsigned index) {
    return repeatsPairs(op->getOperand(index), order);
  });
}

Value RotaryTables::onePerPair(OpBuilder &builder, Value table,
                               PairOrder order) {
  if (Value half = matchRepetition(table, order))
    return createReshape(builder, table.getLoc(), half, halved(table));
  Operation *op = table.getDefiningOp();
  if (auto constant = dyn_cast<ConstantOp>(op))
    return ConstantOp::create(
        builder, constant.getLoc(),
        halve(cast<DenseElementsAttr>(constant.getValue()), order));
  SmallVector<unsigned> operands;
  tableOperands(op, operands);
  IRMapping mapping;
  for (unsigned index : operands)
    mapping.map(op->getOperand(index),
                onePerPair(builder, op->getOperand(index), order));
  Operation *copy = builder.clone(*op, mapping);
  copy->getResult(0).setType(halvedType(table));
  if (auto slice = dyn_cast<SliceOp>(copy)) {
    SmallVector<int64_t> limits(slice.getLimits());
    limits.back() = shapeOf(slice.getInput()).back();
    slice.setLimits(limits);
  }
  return copy->getResult(0);
}
