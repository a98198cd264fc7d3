//===- Library.cpp - Ops that become library calls --------------*- C++ -*-===//

#include "passes/Lower/Library.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;

bool vescale::hasLibraryCall(Operation *op) {
  if (op->getNumResults() == 0)
    return false;
  auto result = dyn_cast<RankedTensorType>(op->getResult(0).getType());
  if (!result)
    return false;
  Type element = result.getElementType();
  if (isa<DotOp>(op))
    return element.isF32() || element.isBF16();
  return isa<ConvOp, AttentionOp, AttentionGradOp, ScatterAddOp>(op) &&
         element.isF32();
}

/// Rows and columns of a matrix as leading dimension and transposition.
static bool matchMatrix(Extent rows, Extent columns, Matrix &matrix) {
  if (rows.size == 1)
    rows.stride = std::max<int64_t>(columns.size, 1);
  if (columns.size == 1) {
    // Either way of reading a column does.
    columns.stride = rows.stride == 1 ? std::max<int64_t>(rows.size, 1) : 1;
  }
  if (columns.stride == 1 && rows.stride >= columns.size) {
    matrix.leading = rows.stride;
    return true;
  }
  matrix.transposed = true;
  matrix.leading = columns.stride;
  return rows.stride == 1 && columns.stride >= rows.size;
}

/// The batch dimensions of both operands as at most two.
static bool matchBatch(DotOp op, const View &lhs, const View &rhs, Gemm &gemm) {
  struct Pair {
    int64_t size, lhs, rhs;
  };
  SmallVector<Pair> pairs;
  for (auto [l, r] : llvm::zip_equal(op.getLhsBatch(), op.getRhsBatch())) {
    Pair next{lhs.shape[l], lhs.strides[l], rhs.strides[r]};
    if (next.size == 1)
      continue;
    if (!pairs.empty()) {
      Pair &last = pairs.back();
      if (last.lhs == next.lhs * next.size &&
          last.rhs == next.rhs * next.size) {
        last = {last.size * next.size, next.lhs, next.rhs};
        continue;
      }
    }
    pairs.push_back(next);
  }
  if (pairs.size() > 2)
    return false;
  for (auto [i, pair] : llvm::enumerate(pairs)) {
    size_t at = i + 2 - pairs.size();
    gemm.batch[at] = pair.size;
    gemm.a.batchStrides[at] = pair.lhs;
    gemm.b.batchStrides[at] = pair.rhs;
  }
  return true;
}

std::optional<Gemm> vescale::matchGemm(DotOp op, const View &lhs,
                                       const View &rhs) {
  Gemm gemm;
  auto lhsFree = collapse(lhs, op.getLhsFree());
  auto rhsFree = collapse(rhs, op.getRhsFree());
  auto lhsContract = collapse(lhs, op.getLhsContract());
  auto rhsContract = collapse(rhs, op.getRhsContract());
  if (!lhsFree || !rhsFree || !lhsContract || !rhsContract ||
      !matchBatch(op, lhs, rhs, gemm))
    return std::nullopt;
  gemm.m = lhsFree->size;
  gemm.n = rhsFree->size;
  gemm.k = lhsContract->size;
  gemm.leaves = dist::getLeaves(op);
  if (!matchMatrix(*lhsFree, *lhsContract, gemm.a) ||
      !matchMatrix(*rhsContract, *rhsFree, gemm.b))
    return std::nullopt;
  gemm.c.leading = std::max<int64_t>(gemm.n, 1);
  gemm.c.batchStrides[1] = gemm.m * gemm.n;
  gemm.c.batchStrides[0] = gemm.m * gemm.n * gemm.batch[1];
  return gemm;
}

bool vescale::acceptsView(Operation *op, unsigned operand, const View &view) {
  if (auto dot = dyn_cast<DotOp>(op)) {
    // The other operand's strides matter for batches only; a dense one has
    // collapsible ones wherever this one has.
    View lhs = operand == 0 ? view : View::dense(dot.getLhs());
    View rhs = operand == 1 ? view : View::dense(dot.getRhs());
    return matchGemm(dot, lhs, rhs).has_value();
  }
  if (isa<ConvOp, ScatterAddOp>(op))
    return view.isWhole();
  bool isRows = !view.shape.empty() &&
                (view.shape.back() == 1 || view.strides.back() == 1);
  if (auto attention = dyn_cast<AttentionOp>(op)) {
    if (operand >= attention.getCountersIndex())
      return view.isWhole();
    return operand == 3 || isRows;
  }
  if (auto grad = dyn_cast<AttentionGradOp>(op)) {
    if (grad.getMask() && operand == 3)
      return true;
    return operand >= grad.getLseIndex() ? view.isWhole() : isRows;
  }
  return false;
}
