//===- Contraction.cpp - Derivative of dot ----------------------*- C++ -*-===//

#include "dialects/Graph/Gradient/Term.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;

VESCALE_CARRIES_FLOATS(DotOp)

namespace {
/// One operand of the product as its gradient sees it.
struct Side {
  Value value;
  ArrayRef<int64_t> batch, contract;
  SmallVector<int64_t> free;
  /// Where the free dimensions are in the result.
  SmallVector<int64_t> inResult;
};
} // namespace

/// The gradient of `own`: a product of dy and the other operand over the
/// other's free dimensions. Its dimensions are own's batch, free and contracted
/// ones, or, with the factors exchanged, its batch, contracted and free ones:
/// the order that needs no transpose is chosen if there is one, else one that
/// leaves the last dimension the last.
static Term dotGradient(Term dy, const Side &own, const Side &other) {
  // Contracted dimensions come in the order that they have in the other.
  SmallVector<int64_t> otherContract(other.contract), ownContract;
  llvm::sort(otherContract);
  for (int64_t dim : otherContract)
    ownContract.push_back(
        own.contract[llvm::find(other.contract, dim) - other.contract.begin()]);
  auto join = [&](ArrayRef<int64_t> first, ArrayRef<int64_t> second) {
    SmallVector<int64_t> order(own.batch);
    llvm::append_range(order, first);
    llvm::append_range(order, second);
    return order;
  };
  SmallVector<int64_t> dyFirst = join(own.free, ownContract);
  SmallVector<int64_t> dyLast = join(ownContract, own.free);
  int64_t rank = dyFirst.size();
  auto fits = [&](ArrayRef<int64_t> order) {
    if (llvm::equal(order, llvm::seq<int64_t>(0, rank)))
      return 2;
    return order.empty() || order.back() == rank - 1 ? 1 : 0;
  };
  bool exchange = fits(dyLast) > fits(dyFirst);
  ArrayRef<int64_t> order = exchange ? dyLast : dyFirst;
  SmallVector<int64_t> shape;
  for (int64_t dim : order)
    shape.push_back(shapeOf(own.value)[dim]);
  SmallVector<int64_t> dyBatch = dimRange(0, own.batch.size());
  Term product =
      exchange ? dy.makeShaped<DotOp>(shape, other.value, dy, other.batch,
                                      dyBatch, other.free, other.inResult)
               : dy.makeShaped<DotOp>(shape, dy, other.value, dyBatch,
                                      other.batch, other.inResult, other.free);
  return product.transpose(invertPermutationVector(order));
}

LogicalResult DotOp::differentiate(GradientBuilder &gradients) {
  Term dy(gradients, gradients.result());
  Side lhs{getLhs(), getLhsBatch(), getLhsContract(), getLhsFree(), {}};
  Side rhs{getRhs(), getRhsBatch(), getRhsContract(), getRhsFree(), {}};
  int64_t batch = lhs.batch.size(), middle = batch + lhs.free.size();
  lhs.inResult = dimRange(batch, middle);
  rhs.inResult = dimRange(middle, dy.rank());
  if (gradients.wants(0))
    gradients.set(0, dotGradient(dy, lhs, rhs));
  if (gradients.wants(1))
    gradients.set(1, dotGradient(dy, rhs, lhs));
  return success();
}
