//===- Contraction.cpp - Evaluation of dot, conv and pool -------*- C++ -*-===//

#include "dialects/Graph/Evaluate/Evaluate.h"
#include "dialects/Graph/Evaluate/Reduce.h"

#include "mlir/Dialect/Utils/IndexingUtils.h"

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

/// What element `place` of a window gets of the window's gradient.
static Element poolShare(Reduction kind, const Elements &e,
                         ArrayRef<Element> window, size_t place, Element dy) {
  if (kind == Reduction::Sum)
    return dy;
  for (auto [index, other] : llvm::enumerate(window))
    if (index != place)
      dy = e.mul(dy, other);
  return dy;
}

Tensors PoolGradOp::evaluate(Operands operands, EvaluateContext &context) {
  Elements e = context.elements(operands[0]->getElementType());
  const Tensor &input = *operands[0], &dy = *operands[1];
  Tensor result(typeOf(getResult()), e.integer(0));
  SmallVector<int64_t> from(input.getRank());
  forEachIndex(dy.getShape(), [&](ArrayRef<int64_t> index, int64_t offset) {
    SmallVector<Element> window;
    SmallVector<int64_t> places;
    from[0] = index[0];
    from[1] = index[1];
    forEachInWindow(index.drop_front(2), getWindow(), getStrides(),
                    getDilations(), getPadLow(), input.getShape().drop_front(2),
                    MutableArrayRef(from).drop_front(2),
                    [&](ArrayRef<int64_t>) {
                      places.push_back(input.offset(from));
                      window.push_back(input[places.back()]);
                    });
    for (auto [place, at] : llvm::enumerate(places)) {
      Element share = poolShare(getKind(), e, window, place, dy[offset]);
      result[at] = e.add(result[at], share);
    }
  });
  for (int64_t i = 0; i < result.getNumElements(); ++i)
    result[i] = e.round(result[i]);
  return one(std::move(result));
}

/// Whether x takes the place of the extreme so far; of equals the first stays,
/// and a NaN for good.
static bool isMoreExtreme(bool isMax, const Elements &e, Element x,
                          Element best) {
  if (e.arithmetic.isNan(best))
    return false;
  std::optional<int> order = e.compare(x, best);
  return !order || (isMax ? *order > 0 : *order < 0);
}

Tensors PoolPlaceOp::evaluate(Operands operands, EvaluateContext &context) {
  Elements e = context.elements(operands[0]->getElementType());
  Elements numbers = context.elements(typeOf(getResult()).getElementType());
  const Tensor &input = *operands[0];
  SmallVector<int64_t> from(input.getRank()),
      strides = computeStrides(getWindow());
  return one(mapIndices(getResult(), [&](ArrayRef<int64_t> index) {
    std::optional<Element> best;
    int64_t found = -1;
    from[0] = index[0];
    from[1] = index[1];
    forEachInWindow(
        index.drop_front(2), getWindow(), getStrides(), getDilations(),
        getPadLow(), input.getShape().drop_front(2),
        MutableArrayRef(from).drop_front(2), [&](ArrayRef<int64_t> place) {
          Element x = input.at(from);
          if (best && !isMoreExtreme(getKind() == Reduction::Max, e, x, *best))
            return;
          best = x;
          found = linearize(place, strides);
        });
    return numbers.integer(found);
  }));
}

Tensors UnpoolOp::evaluate(Operands operands, EvaluateContext &context) {
  Elements e = context.elements(operands[0]->getElementType());
  const Tensor &input = *operands[0], &places = *operands[1];
  Tensor result(typeOf(getResult()), e.integer(0));
  SmallVector<int64_t> to(result.getRank()),
      strides = computeStrides(getWindow());
  forEachIndex(input.getShape(), [&](ArrayRef<int64_t> index, int64_t offset) {
    to[0] = index[0];
    to[1] = index[1];
    forEachInWindow(
        index.drop_front(2), getWindow(), getStrides(), getDilations(),
        getPadLow(), result.getShape().drop_front(2),
        MutableArrayRef(to).drop_front(2), [&](ArrayRef<int64_t> place) {
          if (linearize(place, strides) != int64_t(places[offset]))
            return;
          Element &element = result.at(to);
          element = e.add(element, input[offset]);
        });
  });
  for (int64_t i = 0; i < result.getNumElements(); ++i)
    result[i] = e.round(result[i]);
  return one(std::move(result));
}
