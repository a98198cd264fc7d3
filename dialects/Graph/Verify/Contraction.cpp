//===- Contraction.cpp - Verification of dot, conv and pool -----*- C++ -*-===//

#include "dialects/Graph/Verify/Verify.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;

static SmallVector<int64_t> freeDims(int64_t rank, ArrayRef<int64_t> batch,
                                     ArrayRef<int64_t> contract) {
  SmallVector<int64_t> dims;
  for (int64_t dim = 0; dim < rank; ++dim)
    if (!llvm::is_contained(batch, dim) && !llvm::is_contained(contract, dim))
      dims.push_back(dim);
  return dims;
}

SmallVector<int64_t> DotOp::getLhsFree() {
  return freeDims(rankOf(getLhs()), getLhsBatch(), getLhsContract());
}
SmallVector<int64_t> DotOp::getRhsFree() {
  return freeDims(rankOf(getRhs()), getRhsBatch(), getRhsContract());
}

LogicalResult DotOp::verify() {
  if (failed(verifySameElementType(*this, {getLhs(), getRhs(), getResult()})))
    return failure();
  SmallVector<int64_t> lhs(getLhsBatch()), rhs(getRhsBatch());
  llvm::append_range(lhs, getLhsContract());
  llvm::append_range(rhs, getRhsContract());
  if (getLhsBatch().size() != getRhsBatch().size() || lhs.size() != rhs.size())
    return emitOpError("pairs different numbers of dimensions");
  if (failed(verifyDims(*this, "lhs", lhs, rankOf(getLhs()), false)) ||
      failed(verifyDims(*this, "rhs", rhs, rankOf(getRhs()), false)))
    return failure();
  for (auto [l, r] : llvm::zip_equal(lhs, rhs))
    if (shapeOf(getLhs())[l] != shapeOf(getRhs())[r])
      return emitOpError("pairs lhs dimension ")
             << l << " of size " << shapeOf(getLhs())[l]
             << " with rhs dimension " << r << " of size "
             << shapeOf(getRhs())[r];
  SmallVector<int64_t> expected;
  for (int64_t dim : getLhsBatch())
    expected.push_back(shapeOf(getLhs())[dim]);
  for (int64_t dim : getLhsFree())
    expected.push_back(shapeOf(getLhs())[dim]);
  for (int64_t dim : getRhsFree())
    expected.push_back(shapeOf(getRhs())[dim]);
  return verifyResultShape(*this, expected);
}

/// The result's size of one spatial dimension, or failure.
static FailureOr<int64_t> windowed(Operation *op, int64_t size, int64_t window,
                                   int64_t stride, int64_t dilation,
                                   int64_t low, int64_t high) {
  int64_t reach = dilation * (window - 1) + 1;
  int64_t padded = size + low + high;
  if (padded < reach)
    return op->emitOpError("a window that spans ")
           << reach << " elements does not fit into " << padded;
  return (padded - reach) / stride + 1;
}

/// Checks the attributes that conv and pool share and computes spatial sizes.
template <typename Op>
static LogicalResult verifyWindows(Op op, ArrayRef<int64_t> spatial,
                                   ArrayRef<int64_t> window,
                                   SmallVectorImpl<int64_t> &result) {
  int64_t count = spatial.size();
  if (failed(verifyCount(op, "window", window, count)) ||
      failed(verifyCount(op, "strides", op.getStrides(), count)) ||
      failed(verifyCount(op, "dilations", op.getDilations(), count)) ||
      failed(verifyCount(op, "pad_low", op.getPadLow(), count)) ||
      failed(verifyCount(op, "pad_high", op.getPadHigh(), count)) ||
      failed(verifyAtLeast(op, "window", window, 1)) ||
      failed(verifyAtLeast(op, "strides", op.getStrides(), 1)) ||
      failed(verifyAtLeast(op, "dilations", op.getDilations(), 1)) ||
      failed(verifyAtLeast(op, "pad_low", op.getPadLow(), 0)) ||
      failed(verifyAtLeast(op, "pad_high", op.getPadHigh(), 0)))
    return failure();
  for (int64_t dim = 0; dim < count; ++dim) {
    FailureOr<int64_t> size = windowed(
        op, spatial[dim], window[dim], op.getStrides()[dim],
        op.getDilations()[dim], op.getPadLow()[dim], op.getPadHigh()[dim]);
    if (failed(size))
      return failure();
    result.push_back(*size);
  }
  return success();
}

LogicalResult ConvOp::verify() {
  ArrayRef<int64_t> input = shapeOf(getInput()), weight = shapeOf(getWeight());
  if (failed(
          verifySameElementType(*this, {getInput(), getWeight(), getResult()})))
    return failure();
  if (input.size() < 3 || input.size() > 5 || weight.size() != input.size())
    return emitOpError("needs input and weight of one rank from 3 to 5, but "
                       "has ")
           << input.size() << " and " << weight.size();
  int64_t groups = getGroups();
  if (groups < 1 || input[1] % groups || weight[0] % groups)
    return emitOpError("groups ")
           << groups << " must divide the " << input[1] << " input and "
           << weight[0] << " output channels";
  if (weight[1] * groups != input[1])
    return emitOpError("weight has ")
           << weight[1] << " input channels for each of " << groups
           << " groups, but the input has " << input[1];
  SmallVector<int64_t> expected = {input[0], weight[0]};
  if (failed(verifyWindows(*this, input.drop_front(2), weight.drop_front(2),
                           expected)))
    return failure();
  return verifyResultShape(*this, expected);
}

/// The shape of what a pool of `op`'s attributes gives of `whole`.
template <typename Op>
static FailureOr<SmallVector<int64_t>> pooledShape(Op op, Value whole) {
  ArrayRef<int64_t> input = shapeOf(whole);
  if (input.size() < 3 || input.size() > 5)
    return op.emitOpError("pools a tensor of rank 3 to 5, but has ")
           << input.size();
  SmallVector<int64_t> shape(input.take_front(2));
  if (failed(verifyWindows(op, input.drop_front(2), op.getWindow(), shape)))
    return failure();
  return shape;
}

LogicalResult PoolOp::verify() {
  if (failed(verifySameElementType(*this, {getInput(), getResult()})))
    return failure();
  FailureOr<SmallVector<int64_t>> expected = pooledShape(*this, getInput());
  return failed(expected) ? failure() : verifyResultShape(*this, *expected);
}

LogicalResult PoolGradOp::verify() {
  if (getKind() != Reduction::Sum && getKind() != Reduction::Prod)
    return emitOpError("is of sums and products; the gradient of a maximum or "
                       "minimum is graph.unpool");
  if (failed(verifySameElementType(*this,
                                   {getInput(), getResultGrad(), getResult()})))
    return failure();
  FailureOr<SmallVector<int64_t>> pooled = pooledShape(*this, getInput());
  if (failed(pooled) ||
      failed(verifyOperandShape(*this, 1, "result_grad", *pooled)))
    return failure();
  return verifyResultShape(*this, shapeOf(getInput()));
}

LogicalResult PoolPlaceOp::verify() {
  if (getKind() != Reduction::Max && getKind() != Reduction::Min)
    return emitOpError("is of a maximum or minimum");
  if (computeProduct(getWindow()) > std::numeric_limits<int32_t>::max())
    return emitOpError("has windows of more places than i32 has numbers");
  FailureOr<SmallVector<int64_t>> expected = pooledShape(*this, getInput());
  return failed(expected) ? failure() : verifyResultShape(*this, *expected);
}

LogicalResult UnpoolOp::verify() {
  if (failed(verifySameElementType(*this, {getInput(), getResult()})))
    return failure();
  FailureOr<SmallVector<int64_t>> pooled = pooledShape(*this, getResult());
  if (failed(pooled) || failed(verifyOperandShape(*this, 0, "input", *pooled)))
    return failure();
  return verifyOperandShape(*this, 1, "places", *pooled);
}
