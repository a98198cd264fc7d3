//===- FeatureSlice.cpp - Parts of the last dimension -----------*- C++ -*-===//

#include "passes/Prepare/FeatureSlice.h"
#include "passes/Prepare/Match.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;
using namespace vescale::prepare;

/// Whether the slice takes everything of all dimensions but the last.
static bool isOfFeatures(SliceOp op) {
  return shapeOf(op.getInput()).drop_back() ==
         shapeOf(op.getResult()).drop_back();
}

/// base = …×h, made of column i of …×h×m, is every m-th element of …×(h·m).
bool FeatureSlice::readColumn() {
  auto reshape = base.getDefiningOp<ReshapeOp>();
  auto slice =
      reshape ? reshape.getInput().getDefiningOp<SliceOp>() : SliceOp();
  if (!slice || !isOfFeatures(slice) ||
      shapeOf(slice.getResult()).back() != 1 ||
      shapeOf(slice.getResult()).drop_back() != shapeOf(base))
    return false;
  int64_t columns = shapeOf(slice.getInput()).back();
  start = slice.getStarts().back() + start * columns;
  stride *= columns;
  base = slice.getInput();
  isSplit = true;
  // Where they were one dimension before, go on from there.
  auto split = base.getDefiningOp<ReshapeOp>();
  if (split && rankOf(split.getInput()) == rankOf(base) - 1 &&
      shapeOf(split.getInput()).drop_back() == shapeOf(base).drop_back(2)) {
    base = split.getInput();
    isSplit = false;
  }
  return true;
}

FeatureSlice FeatureSlice::of(Value value) {
  FeatureSlice slice;
  slice.base = value;
  slice.count = rankOf(value) ? shapeOf(value).back() : 0;
  if (rankOf(value) == 0)
    return slice;
  while (Operation *op = slice.base.getDefiningOp()) {
    int64_t rank = rankOf(slice.base);
    if (slice.readColumn()) {
      if (slice.isSplit)
        break;
      continue;
    }
    if (auto inner = dyn_cast<SliceOp>(op); inner && isOfFeatures(inner)) {
      slice.start =
          inner.getStarts().back() + slice.start * inner.getStrides().back();
      slice.stride *= inner.getStrides().back();
    } else if (auto inner = dyn_cast<TransposeOp>(op);
               inner && inner.getPermutation().back() == rank - 1) {
      slice.moves.push_back(
          {true, SmallVector<int64_t>(inner.getPermutation())});
    } else if (auto inner = dyn_cast<ReshapeOp>(op);
               inner && rankOf(inner.getInput()) > 0 &&
               shapeOf(inner.getInput()).back() == shapeOf(slice.base).back()) {
      slice.moves.push_back(
          {false, SmallVector<int64_t>(shapeOf(slice.base).drop_back())});
    } else {
      break;
    }
    slice.base = op->getOperand(0);
  }
  std::reverse(slice.moves.begin(), slice.moves.end());
  return slice;
}

bool FeatureSlice::isPartOf(const FeatureSlice &whole, int64_t first,
                            int64_t step, int64_t size) const {
  return sameSource(whole) && count == size &&
         start == whole.start + first * whole.stride &&
         (stride == whole.stride * step || size == 1);
}

Value FeatureSlice::build(OpBuilder &builder, Location loc) const {
  SmallVector<int64_t> shape(shapeOf(base));
  if (isSplit) {
    shape.pop_back();
    shape.back() *= shapeOf(base).back();
  }
  Value value = createReshape(builder, loc, base, shape);
  SmallVector<int64_t> limits(shape), starts(shape.size(), 0),
      strides(shape.size(), 1);
  starts.back() = start;
  limits.back() = start + (count - 1) * stride + 1;
  strides.back() = stride;
  bool isWhole = shape.back() == count;
  shape.back() = count;
  if (!isWhole)
    value = SliceOp::create(
        builder, loc,
        RankedTensorType::get(shape, typeOf(base).getElementType()), value,
        starts, limits, strides);
  for (const Move &move : moves) {
    if (move.isTranspose) {
      value = createTranspose(builder, loc, value, move.dims);
      continue;
    }
    SmallVector<int64_t> moved(move.dims);
    moved.push_back(count);
    value = createReshape(builder, loc, value, moved);
  }
  return value;
}
