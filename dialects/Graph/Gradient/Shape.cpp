//===- Shape.cpp - Derivatives of ops that move elements --------*- C++ -*-===//

#include "dialects/Graph/Gradient/Term.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;

VESCALE_CARRIES_FLOATS(BroadcastOp)
VESCALE_CARRIES_FLOATS(ReshapeOp)
VESCALE_CARRIES_FLOATS(TransposeOp)
VESCALE_CARRIES_FLOATS(SliceOp)
VESCALE_CARRIES_FLOATS(ReverseOp)
VESCALE_CARRIES_FLOATS(ConcatOp)
VESCALE_CARRIES_FLOATS(PadOp)

/// The sum over `dims`, in which a factor that is the same for all that is
/// added up comes last: so what a shift and a scale of many elements have for
/// gradients share one sum. Not in reproducible programs: where a batch is one
/// sample nothing shows that this is the same sum.
static Term sumOver(GradientBuilder &gradients, Term x,
                    ArrayRef<int64_t> dims) {
  Operation *op = Value(x).getDefiningOp();
  if (auto negated = dyn_cast_or_null<NegOp>(op))
    return -sumOver(gradients, {gradients, negated.getInput()}, dims);
  auto product = dyn_cast_or_null<MulOp>(op);
  if (!product)
    return x.sum(dims);
  for (unsigned index : {1, 0}) {
    auto factor = product->getOperand(index).getDefiningOp<BroadcastOp>();
    if (!factor || llvm::any_of(factor.getDims(), [&](int64_t dim) {
          return llvm::is_contained(dims, dim);
        }))
      continue;
    Term sum =
        sumOver(gradients, {gradients, product->getOperand(1 - index)}, dims);
    SmallVector<int64_t> places;
    for (int64_t dim : factor.getDims())
      places.push_back(dim - llvm::count_if(dims, [&](int64_t summed) {
                         return summed < dim;
                       }));
    return sum *
           Term(gradients, factor.getInput()).broadcast(sum.shape(), places);
  }
  return x.sum(dims);
}

LogicalResult BroadcastOp::differentiate(GradientBuilder &gradients) {
  Term dy(gradients, gradients.result());
  SmallVector<int64_t> added;
  for (int64_t dim : dimRange(0, dy.rank()))
    if (!llvm::is_contained(getDims(), dim))
      added.push_back(dim);
  gradients.set(0, dist::isReproducible(*this) ? dy.sum(added)
                                               : sumOver(gradients, dy, added));
  return success();
}

LogicalResult ReshapeOp::differentiate(GradientBuilder &gradients) {
  Term dy(gradients, gradients.result());
  gradients.set(0, dy.reshape(shapeOf(getInput())));
  return success();
}

/// The product with its factors exchanged, if that puts its dimensions into
/// this order; else null.
static Value exchangeFactors(Term product, ArrayRef<int64_t> permutation) {
  auto dot = Value(product).getDefiningOp<DotOp>();
  if (!dot)
    return {};
  int64_t batch = dot.getLhsBatch().size(), rank = product.rank();
  int64_t middle = batch + dot.getLhsFree().size();
  SmallVector<int64_t> exchanged = dimRange(0, batch), shape;
  llvm::append_range(exchanged, dimRange(middle, rank));
  llvm::append_range(exchanged, dimRange(batch, middle));
  if (ArrayRef(exchanged) != permutation)
    return {};
  for (int64_t dim : permutation)
    shape.push_back(product.shape()[dim]);
  return product.makeShaped<DotOp>(shape, dot.getRhs(), dot.getLhs(),
                                   dot.getRhsBatch(), dot.getLhsBatch(),
                                   dot.getRhsContract(), dot.getLhsContract());
}

/// Where the transposed value is a weight, its gradient is a product.
LogicalResult TransposeOp::differentiate(GradientBuilder &gradients) {
  Term dy(gradients, gradients.result());
  SmallVector<int64_t> inverse = invertPermutationVector(getPermutation());
  Value gradient = exchangeFactors(dy, inverse);
  gradients.set(0, gradient ? gradient : Value(dy.transpose(inverse)));
  return success();
}

/// Zeros where nothing was read.
LogicalResult SliceOp::differentiate(GradientBuilder &gradients) {
  Term dy = Term(gradients, gradients.result()).dilate(getStrides());
  SmallVector<int64_t> high;
  for (auto [whole, start, size] :
       llvm::zip_equal(shapeOf(getInput()), getStarts(), dy.shape()))
    high.push_back(whole - start - size);
  gradients.set(0, dy.pad(getStarts(), high));
  return success();
}

LogicalResult ReverseOp::differentiate(GradientBuilder &gradients) {
  Term dy(gradients, gradients.result());
  gradients.set(0, dy.make<ReverseOp>(dy, getDimAttr()));
  return success();
}

LogicalResult ConcatOp::differentiate(GradientBuilder &gradients) {
  Term dy(gradients, gradients.result());
  int64_t dim = getDim(), start = 0;
  for (auto [index, input] : llvm::enumerate(getInputs())) {
    int64_t size = shapeOf(input)[dim];
    if (gradients.wants(index))
      gradients.set(index, dy.slice(dim, start, size));
    start += size;
  }
  return success();
}

LogicalResult PadOp::differentiate(GradientBuilder &gradients) {
  Term dy(gradients, gradients.result());
  if (gradients.wants(0)) {
    auto negative = [](ArrayRef<int64_t> values) {
      return llvm::map_to_vector(values, [](int64_t value) { return -value; });
    };
    gradients.set(0, dy.pad(negative(getLow()), negative(getHigh())));
  }
  if (gradients.wants(1)) {
    // 1 wherever the scalar is.
    Term inside = Term(gradients, getInput()).number(0);
    Term outside =
        dy.make<PadOp>(inside, dy.scalar(1), getLowAttr(), getHighAttr());
    gradients.set(1, (dy * outside).sum(dimRange(0, dy.rank())));
  }
  return success();
}
