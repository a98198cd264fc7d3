//===- Contraction.cpp - Evaluation of dot, conv and pool -------*- C++ -*-===//

#include "dialects/Graph/Evaluate/Evaluate.h"
#include "dialects/Graph/Evaluate/Reduce.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;

/// A copy with the dimensions in the order batch, free, contracted.
static Tensor arrange(const Tensor &tensor, ArrayRef<int64_t> batch,
                      ArrayRef<int64_t> free, ArrayRef<int64_t> contract) {
  SmallVector<int64_t> order(batch);
  order.append(free.begin(), free.end());
  order.append(contract.begin(), contract.end());
  return tensor.transposed(order);
}

static int64_t product(const Tensor &tensor, ArrayRef<int64_t> dims) {
  int64_t size = 1;
  for (int64_t dim : dims)
    size *= tensor.getDim(dim);
  return size;
}

/// The result is batch × lhs free × rhs free in row-major order; each element
/// is a product of two contiguous rows of the arranged operands.
Tensors DotOp::evaluate(Operands operands, EvaluateContext &context) {
  Elements e = context.elements(operands[0]->getElementType());
  SmallVector<int64_t> lhsFree = getLhsFree(), rhsFree = getRhsFree();
  Tensor lhs = arrange(*operands[0], getLhsBatch(), lhsFree, getLhsContract());
  Tensor rhs = arrange(*operands[1], getRhsBatch(), rhsFree, getRhsContract());
  int64_t batch = product(*operands[0], getLhsBatch());
  int64_t rows = product(*operands[0], lhsFree);
  int64_t columns = product(*operands[1], rhsFree);
  int64_t depth = product(*operands[0], getLhsContract());
  Tensor result(typeOf(getResult()));
  Element *to = result.data();
  for (int64_t b = 0; b < batch; ++b)
    for (int64_t i = 0; i < rows; ++i)
      for (int64_t j = 0; j < columns; ++j)
        *to++ = e.round(e.sumOfProducts(lhs.data() + (b * rows + i) * depth,
                                        rhs.data() + (b * columns + j) * depth,
                                        depth));
  return one(std::move(result));
}

/// Calls `body(window index, input position)` for each place in the window of
/// the result at `at` (spatial dimensions only) that lies inside the input;
/// `from` holds the position from dimension 2 on.
static void forEachInWindow(ArrayRef<int64_t> at, ArrayRef<int64_t> window,
                            ArrayRef<int64_t> strides,
                            ArrayRef<int64_t> dilations, ArrayRef<int64_t> low,
                            ArrayRef<int64_t> input,
                            MutableArrayRef<int64_t> from,
                            llvm::function_ref<void(ArrayRef<int64_t>)> body) {
  forEachIndex(window, [&](ArrayRef<int64_t> place, int64_t) {
    for (size_t dim = 0; dim < window.size(); ++dim) {
      int64_t position =
          at[dim] * strides[dim] + place[dim] * dilations[dim] - low[dim];
      if (position < 0 || position >= input[dim])
        return;
      from[dim] = position;
    }
    body(place);
  });
}

Tensors ConvOp::evaluate(Operands operands, EvaluateContext &context) {
  Elements e = context.elements(operands[0]->getElementType());
  const Tensor &input = *operands[0], &weight = *operands[1];
  int64_t outPerGroup = weight.getDim(0) / int64_t(getGroups());
  int64_t inPerGroup = weight.getDim(1);
  SmallVector<int64_t> from(input.getRank()), tap(input.getRank());
  return one(mapIndices(getResult(), [&](ArrayRef<int64_t> index) {
    Element sum = e.integer(0);
    int64_t group = index[1] / outPerGroup;
    from[0] = index[0];
    tap[0] = index[1];
    for (int64_t channel = 0; channel < inPerGroup; ++channel) {
      from[1] = group * inPerGroup + channel;
      tap[1] = channel;
      forEachInWindow(
          index.drop_front(2), weight.getShape().drop_front(2), getStrides(),
          getDilations(), getPadLow(), input.getShape().drop_front(2),
          MutableArrayRef(from).drop_front(2), [&](ArrayRef<int64_t> place) {
            llvm::copy(place, tap.begin() + 2);
            sum = e.add(sum, e.mul(input.at(from), weight.at(tap)));
          });
    }
    return e.round(sum);
  }));
}

Tensors PoolOp::evaluate(Operands operands, EvaluateContext &context) {
  Elements e = context.elements(operands[0]->getElementType());
  const Tensor &input = *operands[0];
  SmallVector<int64_t> from(input.getRank());
  return one(mapIndices(getResult(), [&](ArrayRef<int64_t> index) {
    Element value = neutral(getKind(), e);
    from[0] = index[0];
    from[1] = index[1];
    forEachInWindow(index.drop_front(2), getWindow(), getStrides(),
                    getDilations(), getPadLow(), input.getShape().drop_front(2),
                    MutableArrayRef(from).drop_front(2),
                    [&](ArrayRef<int64_t>) {
                      value = combine(getKind(), e, value, input.at(from));
                    });
    return e.round(value);
  }));
}

namespace {
/// What a window of pool read, in order.
struct Read {
  int64_t offset;
  Element element;
};
} // namespace

/// The first place that holds the extreme; a NaN counts as such.
static size_t findExtreme(bool isMax, const Elements &e,
                          ArrayRef<Read> window) {
  size_t best = 0;
  for (size_t i = 1; i < window.size(); ++i) {
    Element x = window[i].element, y = window[best].element;
    if (e.arithmetic.isNan(y))
      break;
    std::optional<int> order = e.compare(x, y);
    if (!order || (isMax ? *order > 0 : *order < 0))
      best = i;
  }
  return best;
}

/// What element `place` of a window gets of the window's gradient.
static Element poolShare(Reduction kind, const Elements &e,
                         ArrayRef<Read> window, size_t place, Element dy) {
  switch (kind) {
  case Reduction::Sum:
    return dy;
  case Reduction::Prod:
    for (auto [index, read] : llvm::enumerate(window))
      if (index != place)
        dy = e.mul(dy, read.element);
    return dy;
  case Reduction::Max:
  case Reduction::Min:
    return findExtreme(kind == Reduction::Max, e, window) == place
               ? dy
               : e.integer(0);
  }
  llvm_unreachable("all reductions are listed");
}

Tensors PoolGradOp::evaluate(Operands operands, EvaluateContext &context) {
  Elements e = context.elements(operands[0]->getElementType());
  const Tensor &input = *operands[0], &dy = *operands[1];
  Tensor result(typeOf(getResult()), e.integer(0));
  SmallVector<int64_t> from(input.getRank());
  forEachIndex(dy.getShape(), [&](ArrayRef<int64_t> index, int64_t offset) {
    SmallVector<Read> window;
    from[0] = index[0];
    from[1] = index[1];
    forEachInWindow(index.drop_front(2), getWindow(), getStrides(),
                    getDilations(), getPadLow(), input.getShape().drop_front(2),
                    MutableArrayRef(from).drop_front(2),
                    [&](ArrayRef<int64_t>) {
                      int64_t at = input.offset(from);
                      window.push_back({at, input[at]});
                    });
    for (auto [place, read] : llvm::enumerate(window)) {
      Element share = poolShare(getKind(), e, window, place, dy[offset]);
      result[read.offset] = e.add(result[read.offset], share);
    }
  });
  for (int64_t i = 0; i < result.getNumElements(); ++i)
    result[i] = e.round(result[i]);
  return one(std::move(result));
}
