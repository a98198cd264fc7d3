//===- OwnParameters.cpp - train-own-parameters -----------------*- C++ -*-===//
//
// Gives each trained parameter to ops that store it: in the order in which it
// lies in its file, each element in one op. What the program reads otherwise
// becomes ops behind them, through which gradients find their way back.
//
// Steps for each stored tensor:
//   1. a view whose strides do not decrease is a transposed one that do;
//   2. if the views that are left share no element and have all of them, they
//      own the tensor: the queries, keys and values of a fused projection stay
//      apart, for layouts by heads;
//   3. else the whole tensor is one op, of which the views are slices.
//
//===----------------------------------------------------------------------===//
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "passes/Train/Options.h"
#include "passes/Train/Passes.h"
#include "llvm/ADT/MapVector.h"

namespace vescale::train {
#define GEN_PASS_DEF_TRAINOWNPARAMETERS
#include "passes/Train/Passes.h.inc"
} // namespace vescale::train

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;
using namespace vescale::train;

/// Another view of the same stored tensor, before `op`.
static ParameterOp createView(ParameterOp op, ArrayRef<int64_t> shape,
                              int64_t offset, ArrayRef<int64_t> strides) {
  OpBuilder builder(op);
  OperationState state(op.getLoc(), ParameterOp::getOperationName());
  state.addAttributes(op->getAttrs());
  state.addTypes(typeOf(op.getResult()).clone(shape));
  auto view = cast<ParameterOp>(builder.create(state));
  view.removeViewOffsetAttr();
  view.removeViewStridesAttr();
  bool isWhole = shape == op.getStoredType().getShape() && offset == 0 &&
                 strides == ArrayRef(computeStrides(shape));
  if (!isWhole) {
    view.setViewOffset(offset);
    view.setViewStrides(strides);
  }
  return view;
}

/// Replaces the view by a transposed one whose strides decrease.
static ParameterOp sortStrides(ParameterOp op) {
  SmallVector<int64_t> strides = op.getStrides();
  auto order = llvm::to_vector(llvm::seq<int64_t>(0, strides.size()));
  llvm::sort(order, [&](int64_t a, int64_t b) {
    return std::tie(strides[b], a) < std::tie(strides[a], b);
  });
  if (llvm::is_sorted(order))
    return op;
  SmallVector<int64_t> shape, sorted, back(order.size());
  for (auto [to, from] : llvm::enumerate(order)) {
    shape.push_back(shapeOf(op.getResult())[from]);
    sorted.push_back(strides[from]);
    back[from] = to;
  }
  ParameterOp view = createView(op, shape, op.getOffset(), sorted);
  OpBuilder builder(op);
  op.replaceAllUsesWith(TransposeOp::create(builder, op.getLoc(), op.getType(),
                                            view.getResult(), back)
                            .getResult());
  op.erase();
  return view;
}

namespace {
/// Rows of `length` elements side by side, repeated along (count, stride).
struct Rows {
  int64_t start, length;
  SmallVector<std::pair<int64_t, int64_t>> repeats; ///< strides decrease
};
} // namespace

/// The view as rows that are as long as can be; none for other strides.
static std::optional<Rows> rowsOf(ParameterOp view) {
  Rows rows{view.getOffset(), 1, {}};
  SmallVector<int64_t> strides = view.getStrides();
  if (!strides.empty() && strides.back() != 1)
    return std::nullopt;
  for (auto [count, stride] :
       llvm::reverse(llvm::zip_equal(shapeOf(view.getResult()), strides))) {
    if (count == 1)
      continue;
    if (rows.repeats.empty() && stride == rows.length)
      rows.length *= count;
    else if (!rows.repeats.empty() &&
             stride == rows.repeats.back().first * rows.repeats.back().second)
      rows.repeats.back().first *= count;
    else
      rows.repeats.emplace_back(count, stride);
  }
  std::reverse(rows.repeats.begin(), rows.repeats.end());
  return rows;
}

/// Where each of the rows begins and ends.
static void list(const Rows &rows,
                 std::vector<std::pair<int64_t, int64_t>> &spans) {
  SmallVector<int64_t> starts{rows.start};
  for (auto [count, stride] : rows.repeats) {
    SmallVector<int64_t> outer;
    std::swap(outer, starts);
    for (int64_t start : outer)
      for (int64_t i = 0; i < count; ++i)
        starts.push_back(start + i * stride);
  }
  for (int64_t start : starts)
    spans.emplace_back(start, start + rows.length);
}

/// Whether the views have each stored element once, in dense rows. What all of
/// them repeat alike is looked at once, so that columns of a matrix take no
/// longer than its rows; weights have more elements than can be walked.
static bool ownAll(ArrayRef<ParameterOp> views) {
  ParameterOp first = views.front();
  int64_t size = first.getStoredType().getNumElements();
  SmallVector<Rows> all;
  for (ParameterOp view : views) {
    std::optional<Rows> rows = rowsOf(view);
    if (!rows)
      return false;
    if (view.getType().getNumElements() > 0)
      all.push_back(std::move(*rows));
  }
  while (!all.empty() && !all.front().repeats.empty()) {
    std::pair<int64_t, int64_t> repeat = all.front().repeats.front();
    if (repeat.first * repeat.second != size ||
        !llvm::all_of(all, [&](const Rows &rows) {
          return !rows.repeats.empty() && rows.repeats.front() == repeat;
        }))
      break;
    for (Rows &rows : all)
      rows.repeats.erase(rows.repeats.begin());
    size = repeat.second;
  }
  std::vector<std::pair<int64_t, int64_t>> spans;
  for (const Rows &rows : all)
    list(rows, spans);
  llvm::sort(spans);
  int64_t next = 0;
  for (auto [start, end] : spans) {
    if (start != next)
      return false;
    next = end;
  }
  return next == size;
}

namespace {
/// One stored dimension seen as several, of which the view has a box.
struct SplitDim {
  SmallVector<int64_t> sizes, starts, limits;
};
} // namespace

/// The stored dimension of `size` elements `pace` apart, split so that each of
/// the view's dimensions in it is one of its own.
static std::optional<SplitDim> splitDim(int64_t size, int64_t pace,
                                        int64_t start, ArrayRef<int64_t> counts,
                                        ArrayRef<int64_t> strides) {
  SplitDim split;
  int64_t above = size;
  auto add = [&](int64_t unit, int64_t count) {
    if (unit == 0 || above % unit != 0)
      return false;
    split.sizes.push_back(above / unit);
    split.starts.push_back(start / unit);
    split.limits.push_back(start / unit + count);
    start %= unit;
    above = unit;
    return split.limits.back() <= split.sizes.back();
  };
  for (auto [count, stride] : llvm::zip_equal(counts, strides))
    if (stride % pace != 0 || !add(stride / pace, count))
      return std::nullopt;
  if (above > 1 && !add(1, 1))
    return std::nullopt;
  return split;
}

/// The view as slices and reshapes of the whole tensor; null if it is no box.
static Value sliceWhole(ParameterOp view, ParameterOp whole) {
  ArrayRef<int64_t> stored = shapeOf(whole.getResult()),
                    shape = shapeOf(view.getResult());
  SmallVector<int64_t> paces = computeStrides(stored), sizes, starts, limits;
  SmallVector<int64_t> strides = view.getStrides();
  int64_t offset = view.getOffset();
  size_t next = 0;
  for (auto [size, pace] : llvm::zip_equal(stored, paces)) {
    SmallVector<int64_t> counts, steps;
    for (; next < shape.size() && (strides[next] >= pace || shape[next] == 1);
         ++next)
      if (shape[next] != 1) {
        counts.push_back(shape[next]);
        steps.push_back(strides[next]);
      }
    std::optional<SplitDim> split =
        splitDim(size, pace, offset / pace, counts, steps);
    if (!split)
      return {};
    offset %= pace;
    sizes.append(split->sizes);
    starts.append(split->starts);
    limits.append(split->limits);
  }
  OpBuilder builder(view);
  Location loc = view.getLoc();
  RankedTensorType type = typeOf(view.getResult());
  Value value =
      ReshapeOp::create(builder, loc, type.clone(sizes), whole.getResult());
  SmallVector<int64_t> counts, ones(sizes.size(), 1);
  for (auto [start, limit] : llvm::zip_equal(starts, limits))
    counts.push_back(limit - start);
  value = SliceOp::create(builder, loc, type.clone(counts), value, starts,
                          limits, ones);
  return ReshapeOp::create(builder, loc, type, value);
}

static LogicalResult own(SmallVector<ParameterOp> views) {
  for (ParameterOp &view : views)
    view = sortStrides(view);
  // Equal ones are one.
  SmallVector<ParameterOp> distinct;
  for (ParameterOp view : views) {
    auto *same = llvm::find_if(distinct, [&](ParameterOp other) {
      return other.getType() == view.getType() &&
             other.getOffset() == view.getOffset() &&
             other.getStrides() == view.getStrides();
    });
    if (same == distinct.end()) {
      distinct.push_back(view);
      continue;
    }
    if (view->isBeforeInBlock(*same))
      (*same)->moveBefore(view);
    view.replaceAllUsesWith(same->getResult());
    view.erase();
  }
  if (ownAll(distinct))
    return success();
  ParameterOp first = distinct.front();
  for (ParameterOp view : distinct)
    if (view->isBeforeInBlock(first))
      first = view;
  ArrayRef<int64_t> stored = first.getStoredType().getShape();
  ParameterOp whole = createView(first, stored, 0, computeStrides(stored));
  for (ParameterOp view : distinct) {
    Value slice = sliceWhole(view, whole);
    if (!slice)
      return view.emitOpError("reads \"")
             << view.getName() << "\" in a way that cannot be trained: "
             << "elements " << view.getStrides()
             << " apart are no slice of what is stored, "
             << first.getStoredType()
             << "; list it in the train file's \"frozen\"";
    view.replaceAllUsesWith(slice);
    view.erase();
  }
  return success();
}

namespace {
struct OwnParameters
    : vescale::train::impl::TrainOwnParametersBase<OwnParameters> {
  void runOnOperation() override {
    FailureOr<TrainFile> options = trainOptions(getOperation());
    FailureOr<func::FuncOp> step = findStep(getOperation());
    if (failed(options) || failed(step))
      return signalPassFailure();
    llvm::MapVector<StringAttr, SmallVector<ParameterOp>> tensors;
    step->walk(
        [&](ParameterOp op) { tensors[op.getNameAttr()].push_back(op); });
    for (auto &[name, views] : tensors)
      if (isTrained(views.front(), *options) && failed(own(views)))
        return signalPassFailure();
  }
};
} // namespace
